"""One cell, one quantity, one token: every part of the view follows them."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from engine.cells import Cell
from engine.requests import CorpusTextRequest, Scanned
from engine.results import Notice
from gui import theme
from gui.cells.marks import Marks
from gui.cells.view import CellsView, followed
from tests.gui import made_cells, made_corpus

QUOTE = Cell(0, made_cells.QUOTES)


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> CellsView:
    theme.apply(qapp, theme.LIGHT)
    made_one = CellsView()
    qtbot.addWidget(made_one)
    made_one.resize(760, 520)
    made_one.show()
    return made_one


def choose(view: CellsView, name: str, data: object) -> None:
    box = view.findChild(QComboBox, name)
    assert box is not None
    place = next(at for at in range(box.count()) if box.itemData(at) == data)
    box.setCurrentIndex(place)
    box.activated.emit(place)


def everywhere(view: CellsView) -> set[Cell | None]:
    """The cell that each part shows as chosen."""
    field = view.findChild(QLineEdit, "cellName")
    assert field is not None
    grid, ranking = view.browser.grid, view.browser.ranking
    return {view.cell, Cell.read(field.text()), grid.cell(grid.current), ranking.cell(ranking.current)}


def test_it_begins_with_the_cell_that_varies_most(view: CellsView) -> None:
    result = made_cells.cells_result(cells=5)
    view.show_result(result)
    spread = np.tanh(result.quantities["cell_state"]).var(axis=0)[:, 0]
    assert (view.cell.layer, view.cell.index) == np.unravel_index(spread.argmax(), spread.shape)
    assert view.quantity == "tanh_cell_state"


def test_all_parts_follow_the_cell(view: CellsView, qtbot: QtBot) -> None:
    view.show_result(made_cells.cells_result())
    view.choose_token(4)
    grid = view.browser.grid
    for item in (3, 15):
        qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.item_rect(item).center())
        assert everywhere(view) == {grid.cell(item)}
    qtbot.keyClick(grid, Qt.Key.Key_Left)
    assert everywhere(view) == {Cell(1, 2)}
    view.browser.show_page("position")
    ranking = view.browser.ranking
    qtbot.mouseClick(ranking.viewport(), Qt.MouseButton.LeftButton, pos=ranking.item_rect(1).center())
    assert everywhere(view) == {ranking.cell(1)}
    view.browser.show_page("saturation")
    scatter = view.browser.saturation
    place = scatter.dot_place("forget_gate", Cell(0, 2)).toPoint()
    qtbot.mouseClick(scatter.viewport(), Qt.MouseButton.LeftButton, pos=place)
    shares = view.result.saturation("forget_gate") if view.result else ()
    assert view.cell.layer == 0
    assert [each[0, 0, view.cell.index] for each in shares] == pytest.approx([each[0, 0, 2] for each in shares], abs=0.03)
    assert everywhere(view) == {view.cell}


def test_the_text_is_coloured_by_the_chosen_quantity(view: CellsView) -> None:
    result = made_cells.cells_result()
    view.show_result(result)
    view.choose_cell(QUOTE)
    steps = view.columns._look.steps
    inside = result.input.text.index("hello")
    assert steps is not None
    assert steps[0] < 100
    assert steps[inside] > 400, "on inside the quotes, off outside"
    view.choose_quantity("forget_gate")
    np.testing.assert_allclose(view.columns._look.steps, np.rint(result.track("forget_gate", QUOTE) * 510), atol=1)


def test_a_token_is_pinned_everywhere(view: CellsView, qtbot: QtBot) -> None:
    view.show_result(made_cells.cells_result())
    rect = view.columns.token_rects(6)[0].center().toPoint()
    qtbot.mouseClick(view.columns.viewport(), Qt.MouseButton.LeftButton, pos=rect)
    assert (view.token, view.browser.tracks._pinned, view.browser.grid._pinned) == (6, 6, 6)
    ranks = [abs(float(view.browser.ranking._at[place])) for place in view.browser.ranking._order]
    assert ranks == sorted(ranks, reverse=True)
    view.browser.show_page("gates")
    qtbot.keyClick(view.browser.tracks, Qt.Key.Key_Right)
    assert (view.token, view.columns.selected_token) == (7, 7)


def test_the_read_out_is_exact_and_ranked(view: CellsView, qtbot: QtBot) -> None:
    result = made_cells.cells_result()
    view.show_result(result)
    view.choose_cell(QUOTE)
    words = view.in_words(5)
    values = np.tanh(result.quantities["cell_state"][5])[:, 0].ravel()
    rank = 1 + int((abs(values) > abs(values[QUOTE.index])).sum())
    assert words == f"“h” · position 5 · tanh(c) of 0:7 +0.9866 · rank {rank} of 24 cells by magnitude"
    told: list[str] = []
    view.read_out_changed.connect(told.append)
    place = view.columns.token_rects(5)[0].center().toPoint()
    qtbot.mouseMove(view.columns.viewport(), place)
    qtbot.waitUntil(lambda: words in told)


def test_a_typed_name_is_checked(view: CellsView, qtbot: QtBot) -> None:
    view.show_result(made_cells.cells_result())
    field = view.header.cell
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "1:12")
    assert field.toolTip() == "Layer 1 has the cells 0 to 11."
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert view.cell != Cell(1, 12)
    field.selectAll()
    qtbot.keyClicks(field, "1:11")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert everywhere(view) >= {Cell(1, 11)}
    assert view.browser.grid.hasFocus()


def test_sorting_and_filtering(view: CellsView) -> None:
    result = made_cells.cells_result()
    view.show_result(result)
    view.choose_cell(QUOTE)
    choose(view, "gridSort", "variance")
    spread = [float(np.tanh(result.track("cell_state", cell)).var()) for cell in listed(view)]
    assert spread == sorted(spread, reverse=True)
    choose(view, "gridSort", "correlation")
    assert listed(view)[0] == QUOTE
    view.choose_cell(Cell(1, 1))
    assert listed(view)[0] == QUOTE, "the order does not run away from whoever flips through it"
    choose(view, "gridShown", (1, -1, False))
    assert {cell.layer for cell in listed(view)} == {1}
    view.show_marks(Marks({QUOTE: "quote cell"}))
    choose(view, "gridShown", (-1, -1, True))
    assert listed(view) == [QUOTE]
    view.show_marks(Marks({}))
    assert listed(view) == []
    view.browser.grid.viewport().grab()


def listed(view: CellsView) -> list[Cell]:
    return [cell for item in range(len(view.browser.order)) if (cell := view.browser.grid.cell(item)) is not None]


def test_typing_on_keeps_every_place(view: CellsView, qtbot: QtBot) -> None:
    text = "\n".join(f"x{n} = 'word {n}'" for n in range(80))
    view.show_result(made_cells.cells_result(made_cells.characters(text)))
    view.choose_cell(QUOTE)
    view.choose_token(700)
    choose(view, "gridSort", "mean")
    view.browser.show_page("gates")
    before = listed(view), view.columns.verticalScrollBar().value(), view.browser.tracks.horizontalScrollBar().value()
    view.show_result(made_cells.cells_result(made_cells.characters(f"{text}'"), seed=3))
    after = listed(view), view.columns.verticalScrollBar().value(), view.browser.tracks.horizontalScrollBar().value()
    assert before == after
    assert (view.cell, view.token) == (QUOTE, 700)
    qtbot.waitUntil(lambda: listed(view) != before[0], timeout=3000)  # sorted anew once the typing has paused
    assert view.cell == QUOTE


def test_another_text_lets_the_pin_go(view: CellsView) -> None:
    view.show_result(made_cells.cells_result())
    view.choose_token(4)
    view.show_result(made_cells.cells_result(made_cells.characters("Something else entirely!")))
    assert view.token == -1
    assert view.browser.tracks._pinned == -1


@pytest.mark.parametrize(
    ("after", "token"),
    [("say(x, y)", 5), ("say(x, yz)", 5), ("say(x", -1), ("now say(x, y)", 9), ("say(z, y)", 5), ("say(x: y)", -1), ("", -1)],
)
def test_a_pin_follows_its_character(after: str, token: int) -> None:
    before = made_cells.characters("say(x, y)")
    assert followed(before, made_cells.characters(after), 5) == token


def test_the_scale_points_at_the_pinned_value_and_at_none_without_a_pin(view: CellsView) -> None:
    view.show_result(made_cells.cells_result())
    assert view._bar._mark is None
    view.choose_token(3)
    assert view._bar._mark == pytest.approx(float(view._track()[3]))
    view.choose_cell(next(cell for cell in listed(view) if cell != view.cell))
    assert view._bar._mark == pytest.approx(float(view._track()[3]))  # of the cell that is shown now
    view.show_result(made_cells.cells_result(made_cells.characters("Something else entirely!")))
    assert view.token == -1
    assert view._bar._mark is None


def test_another_model_is_another_beginning(view: CellsView) -> None:
    view.show_result(made_cells.cells_result())
    view.choose_cell(Cell(1, 11))
    view.show_result(made_cells.cells_result(layers=1, cells=3, kind="gru"))
    assert view.cell.layer == 0
    assert view.quantity == "hidden_state"
    assert everywhere(view) >= {view.cell}


def test_a_phrase_is_offered_as_long_as_it_is_selected(view: CellsView, qtbot: QtBot) -> None:
    shift, characters, words = Qt.KeyboardModifier.ShiftModifier, made_cells.characters, made_cells.words
    for first, second in ((characters("a=1"), words("good film")), (words("good film"), words("bad"))):
        for leave in ("another text", "another model"):
            view.show_result(made_cells.cells_result(first))
            view.text.select_token(0)
            for _ in range(2):
                qtbot.keyClick(view.text, Qt.Key.Key_Right, shift)
            assert view.find_phrase.isVisible(), leave
            if leave == "another model":
                view.show_empty("")
            view.show_result(made_cells.cells_result(second))
            assert not view.find_phrase.isVisible(), leave


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("text", ["x", "two words", "x" * 5000])
def test_any_kind_and_length(view: CellsView, kind: str, text: str) -> None:
    view.show_result(made_cells.cells_result(made_cells.characters(text), kind=kind, directions=2, broken=True))
    view.choose_token(0)
    for quantity in [view.header.quantity.itemData(at) for at in range(view.header.quantity.count())]:
        view.choose_quantity(quantity)
        for page in ("grid", "gates", "saturation", "position"):
            view.browser.show_page(page)
            view.grab()
    view.choose_cell(Cell(0, made_cells.BROKEN, 1))
    view.grab()


def test_no_cells_of_a_quantity_is_said(view: CellsView) -> None:
    """Two kinds of layers: the RNN has no gates."""
    result = made_cells.cells_result()
    mixed = (result.layers[0], replace(result.layers[1], kind="rnn"))
    view.show_result(replace(result, layers=mixed))
    view.choose_cell(QUOTE)
    view.choose_quantity("forget_gate")
    assert {cell.layer for cell in listed(view)} == {0}
    view.choose_cell(Cell(1, 0))
    assert view.quantity == "hidden_state"


@pytest.mark.parametrize(("pixels", "narrow"), [(714, True), (820, True), (840, False), (1000, False)])
@pytest.mark.parametrize("corpus", [False, True])
def test_the_header_fits_from_the_smallest_window_on(view: CellsView, pixels: int, narrow: bool, corpus: bool) -> None:
    """In a window of 1280 × 800 the view has 714 pixels."""
    view.show_result(replace(made_cells.cells_result(), model=made_cells.model()))
    view.show_marks(Marks({view.cell: ""}))
    view.show_corpus(corpus)
    header = view.corpus.header if corpus else view.header
    if corpus:
        request = CorpusTextRequest("sha", Scanned(("stdlib",)), "tanh_cell_state", view.cell)
        view.corpus.show_text(made_corpus.corpus_text(request, made_cells.model()))
        view.corpus.show_marks(Marks({view.cell: ""}))
    view.resize(pixels, 520)
    QApplication.processEvents()
    layout = header.layout()
    assert layout is not None
    assert view.width() == pixels
    assert header.mark.text() == "Marked"
    assert layout.minimumSize().width() <= header.width()
    assert header.quantity.currentText() == ("squashed state" if narrow else "tanh(c) · squashed state")
    assert header.guesses.accessibleName() == "Next characters"


def test_what_is_no_number_is_said(view: CellsView) -> None:
    view.show_result(made_cells.cells_result(broken=True))
    view.choose_cell(Cell(0, made_cells.BROKEN))
    last = len(view.columns._document.tokens) - 1
    assert view.in_words(last).endswith("tanh(c) of 0:5 is not a number")
    assert view.columns._look.steps is not None
    assert view.columns._look.steps[last] == -1
    view.grab()


def test_words_are_set_as_a_text_and_characters_in_columns(view: CellsView) -> None:
    view.show_result(made_cells.cells_result(made_cells.words("Oil prices fell sharply.")))
    assert view.words.isVisible()
    assert not view.columns.isVisible()
    view.show_result(made_cells.cells_result(made_cells.characters("Oil")))
    assert view.columns.isVisible()
    view.show_result(made_cells.cells_result(made_cells.words("Oil prices fell sharply."), alternatives=3))
    assert view.columns.isVisible(), "guesses need rows below"


def test_warnings_and_failures_leave_the_picture(view: CellsView) -> None:
    result = made_cells.cells_result()
    view.show_result(replace(result, warnings=(Notice("The weights are random.", "reinitialised"), Notice("cut", "cut"))))
    label = view.findChild(QLabel, "cellsMessage")
    assert label is not None
    assert label.text() == "⚠ The weights are random."
    view.show_failure("Not enough memory; shorten the text.")
    assert label.text() == "Not enough memory; shorten the text."
    assert view.columns.isVisible()
    view.show_result(result)
    assert not label.isVisible()


def test_tracks_zoom_about_the_pointer(view: CellsView, qtbot: QtBot) -> None:
    view.show_result(made_cells.cells_result(made_cells.characters("some text " * 100)))
    view.browser.show_page("gates")
    tracks = view.browser.tracks
    before = tracks.token_at(400)
    tracks._zoom(2.0, 400)
    assert abs(tracks.token_at(400) - before) <= 1
    qtbot.keyClick(tracks, Qt.Key.Key_0)
    assert tracks.horizontalScrollBar().maximum() == 0
    told: list[int] = []
    tracks.token_hovered.connect(told.append)
    qtbot.mouseMove(tracks.viewport(), QPoint(400, 20))
    qtbot.waitUntil(lambda: told != [])
    words = tracks.in_words(told[-1])
    assert words.startswith("“")
    assert all(f" {symbol} " in words for symbol in "chifgo")
