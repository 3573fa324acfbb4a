"""The page by itself: steps, pictures, read-outs; what is drawn are the numbers of the result."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.attention_film import PADDING
from engine.attention_maps import HeadMap
from engine.requests import AttentionRequest, Generation, HeadRequest, TextInput
from gui.attention.alternatives import ROW
from gui.attention.film_page import FilmPage
from gui.attention.film_take import BRANCH, TRUNK, FilmLook, Take
from gui.attention.film_transport import PLAY_MS
from gui.view_actions import apply_theme
from tests.gui import made, made_attention, stub_engine

TEXT, TOKENS = "not once does it", 9
PROMPT = 5  # <s> and four words


def recurrent(**generation: object) -> Take:
    request = AttentionRequest(made.SHA, TextInput(TEXT), Generation(tokens=TOKENS, **generation))  # type: ignore[arg-type]
    return Take(made_attention.written(request, made.document(TEXT), stub_engine.writer(), recurrent=True))


def transformer(head: int = 2, text: str = TEXT, **generation: object) -> Take:
    request = AttentionRequest(made.SHA, TextInput(text), Generation(tokens=TOKENS, **generation))  # type: ignore[arg-type]
    result = made_attention.written(request, made.document(text), stub_engine.model_at("/gpt"), recurrent=False)
    if not result.generated:
        return Take(result)
    return Take(result, made_attention.head_map(HeadRequest(request, layer=1, head=head), result))


@pytest.fixture
def page(qtbot: QtBot, qapp: QApplication) -> FilmPage:
    apply_theme("light")
    page = FilmPage()
    qtbot.addWidget(page)
    qtbot.addWidget(page.writing)
    page.resize(860, 420)
    page.show()
    return page


def drawn(page: FilmPage) -> np.ndarray:
    return np.asarray(page.matrix.plot.image.image)


def test_it_begins_where_the_writing_stands_and_stays_where_it_is_put(page: FilmPage) -> None:
    whole = recurrent()
    for count in (2, 5):
        page.show_take(TRUNK, Take(made_attention.grown(whole.result, count), whole=False))
        assert page.step == count - 1
    page.transport.slider.setValue(1)
    page.show_take(TRUNK, whole)
    assert (page.step, page.steps) == (1, TOKENS)
    assert page.lanes[TRUNK]._head.text() == "Step 2 of 9: “w1” · probability 0.400"


def test_keys_scrub_and_play(page: FilmPage, qtbot: QtBot) -> None:
    page.show_take(TRUNK, recurrent())
    page.setFocus()
    for key, step in (
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Right, 2),
        (Qt.Key.Key_Left, 1),
        (Qt.Key.Key_End, TOKENS - 1),
    ):
        QTest.keyClick(page.transport.slider, key)
        assert page.step == step
    QTest.keyClick(page.transport.slider, Qt.Key.Key_Space)  # from the end: once more
    assert page.transport.playing
    assert page.step == 0
    with qtbot.waitSignal(page.transport.step_changed, timeout=5 * PLAY_MS):
        pass
    QTest.keyClick(page.transport.slider, Qt.Key.Key_Space)
    assert not page.transport.playing
    QTest.keyClick(page, Qt.Key.Key_Home)  # whatever has the focus
    assert page.step == 0
    page.transport._on_turn()
    assert page.step == 1


def test_the_text_grows_with_the_step_and_is_tinted_by_its_row(page: FilmPage) -> None:
    take = recurrent()
    page.set_look(FilmLook(scale="linear"))
    page.show_take(TRUNK, take)
    film = take.film
    assert film is not None
    limit = float(film.weights.max())
    for step in (0, 3):
        page.show_step(step)
        text = page.lanes[TRUNK].text
        assert len(text._document.tokens) == 1 + PROMPT + step + 1  # with the padding before it
        assert text.selected_token == 1 + PROMPT + step
        padding = float(film.weights[step][film.positions[step] == PADDING].sum())
        values = np.asarray(text._values)
        assert values[0] == pytest.approx(padding / limit, abs=1e-6)
        for place, position in enumerate(film.positions[step]):
            if position >= 0:
                assert values[1 + position] == pytest.approx(float(film.weights[step, place]) / limit, abs=1e-6)


def test_window_and_text_coordinates(page: FilmPage) -> None:
    take = recurrent()
    page.set_look(FilmLook(scale="linear"))
    page.show_take(TRUNK, take)
    film = take.film
    assert film is not None
    np.testing.assert_allclose(drawn(page), film.weights / film.weights.max(), rtol=1e-5)
    page.set_look(replace(page.look, coordinates="text"))
    np.testing.assert_allclose(drawn(page), film.in_text(film.weights) / film.weights.max(), rtol=1e-5)
    assert page.matrix.plot._columns == film.names()
    assert page.matrix.plot._rows == [f"w{at}" for at in range(TOKENS)]
    page.set_look(replace(page.look, coordinates="window"))
    assert not page.matrix.plot._bottom.angled  # no name stays behind


def test_a_short_sighted_layer_is_seen_by_decades_unless_asked_otherwise(page: FilmPage) -> None:
    page.show_take(TRUNK, recurrent())
    assert page.matrix.scale.currentText() == "log"
    page.show_take(TRUNK, transformer())
    assert page.matrix.scale.currentText() == "root"
    page.matrix.scale.setCurrentIndex(0)
    page.matrix.scale.activated.emit(0)
    assert page.look.scale == "linear"
    page.show_take(TRUNK, recurrent())
    assert page.matrix.scale.currentText() == "linear"


def test_what_each_place_adds_to_the_logit(page: FilmPage, qtbot: QtBot) -> None:
    take = recurrent()
    page.show_take(TRUNK, take)
    qtbot.mouseClick(page.transport.quantity._group.button(1), Qt.MouseButton.LeftButton)
    assert page.look.quantity == "contributions"
    assert page.matrix.plot._signed
    film = take.film
    assert film is not None
    assert film.history is not None
    limit = float(np.abs(film.history.contributions).max())
    shares = film.history.contributions / limit
    np.testing.assert_allclose(drawn(page), np.sign(shares) * np.sqrt(np.abs(shares)), atol=1e-5)
    assert page.facts.startswith("Logit of “w8” ")
    page.show_step(0)
    assert page.facts.startswith("Logit of “w0” ")


def test_the_pointer_reads_out_and_a_click_chooses_step_and_token(page: FilmPage, qtbot: QtBot) -> None:
    page.show_take(TRUNK, recurrent())
    told: list[str] = []
    page.read_out_changed.connect(told.append)
    page.matrix.plot.go_to(4, made_attention.WINDOW - 2)
    assert told[-1].startswith("Step 5, “w4” → “w2”, 2 back · weight 0.")
    assert "rank " in told[-1]
    with qtbot.waitSignal(page.looked):
        page.matrix.plot.cell_chosen.emit(3, made_attention.WINDOW - 1)
    assert page.step == 3
    assert page.attended == PROMPT + 2
    with qtbot.waitSignal(page.token_selected) as selected:
        page.matrix.plot.cell_chosen.emit(0, made_attention.WINDOW - 2)
    assert selected.args == [PROMPT - 2]
    assert page.lanes[TRUNK].text._look.hits  # framed in the text too
    page.set_look(replace(page.look, coordinates="text"))
    page.matrix.plot.go_to(0, 1 + PROMPT + 3)
    assert told[-1] == "Step 1, “w0” · out of its sight"


def test_a_written_word_leads_to_its_step_and_a_given_one_is_framed(page: FilmPage, qtbot: QtBot) -> None:
    page.show_take(TRUNK, recurrent())
    page.lanes[TRUNK].text._select(1 + PROMPT + 2)
    assert page.step == 2
    with qtbot.waitSignal(page.token_selected) as selected:
        page.lanes[TRUNK].text._select(1 + 2)
    assert selected.args == [2]
    assert page.lanes[TRUNK].text.selected_token == 1 + PROMPT + 2
    told: list[str] = []
    page.read_out_changed.connect(told.append)
    page.lanes[TRUNK].text.token_hovered.emit(0)
    assert "places of <pad>" in told[-1]


def test_alternatives_are_forced_by_a_click_and_what_was_written_is_not(page: FilmPage, qtbot: QtBot) -> None:
    page.show_take(TRUNK, recurrent())
    page.show_step(4)
    rows = page.lanes[TRUNK].alternatives
    assert [row.text for row in rows.rows] == ["w4", "b4", "c4"]
    with qtbot.waitSignal(page.force_wanted) as wanted:
        qtbot.mouseClick(rows, Qt.MouseButton.LeftButton, pos=QPoint(30, ROW + ROW // 2))
    assert wanted.args == [TRUNK, 4, "b4"]
    with qtbot.assertNotEmitted(page.force_wanted):
        qtbot.mouseClick(rows, Qt.MouseButton.LeftButton, pos=QPoint(30, ROW // 2))
    rows._current = 1
    with qtbot.waitSignal(page.force_wanted) as wanted:
        QTest.keyClick(rows, Qt.Key.Key_Down)
        QTest.keyClick(rows, Qt.Key.Key_Return)
    assert wanted.args == [TRUNK, 4, "c4"]
    line = page.lanes[TRUNK].force
    line.setText(" dull")
    with qtbot.waitSignal(page.force_wanted) as wanted:
        QTest.keyClick(line, Qt.Key.Key_Return)
    assert wanted.args == [TRUNK, 4, " dull"]


def test_what_was_written_is_in_sight_however_low_it_is(page: FilmPage) -> None:
    take = recurrent(forced=((1, "dull"),))
    page.show_take(TRUNK, take)
    page.show_step(1)
    rows = page.lanes[TRUNK].alternatives
    assert [row.text for row in rows.rows] == ["v1", "b1", "c1", "dull"]
    assert rows.rows[-1].forced
    rows.resize(rows.width(), 3 * ROW + 2)
    assert [row.text for row in rows.rows] == ["v1", "b1", "dull"]
    assert not rows.grab().isNull()


def test_two_branches_side_by_side(page: FilmPage) -> None:
    trunk, branch = recurrent(), recurrent(seed=1, forced=((2, "dull"),))
    page.set_look(FilmLook(scale="linear"))
    page.show_take(TRUNK, trunk)
    assert not page.lanes[BRANCH].isVisible()
    assert not page.transport.picture.isVisible()
    page.show_take(BRANCH, branch)
    assert page.lanes[BRANCH].isVisible()
    page.show_step(6)
    assert page.lanes[TRUNK]._head.text().startswith("Trunk: “w6”")
    assert page.lanes[BRANCH]._head.text().startswith("Branch: “v6”")
    page.set_look(replace(page.look, picture="difference"))
    assert trunk.film is not None
    assert branch.film is not None
    values = trunk.film.weights - branch.film.weights
    np.testing.assert_allclose(drawn(page), values / np.abs(values).max(), atol=1e-5)
    tinted = np.asarray(page.lanes[BRANCH].text._values)
    assert tinted.min() < 0 < tinted.max()
    assert "trunk “w6” → “w5”, branch “v6” → “v5”" in page._entry(6, made_attention.WINDOW - 1)
    page.show_take(BRANCH, None)
    assert page.look.picture == "trunk"
    assert not page.lanes[BRANCH].isVisible()


def test_a_shorter_branch_says_where_it_ended(page: FilmPage) -> None:
    page.show_take(TRUNK, recurrent())
    page.show_take(BRANCH, Take(made_attention.grown(recurrent(forced=((1, "dull"),)).result, 3)))
    page.set_look(replace(page.look, picture="difference"))
    page.show_step(7)
    assert page.lanes[BRANCH]._head.text() == "Branch: ended after 3 tokens"
    page.show_step(2)
    assert "p 0.400" in page.lanes[BRANCH]._head.text()


def test_a_head_of_a_transformer(page: FilmPage) -> None:
    take = transformer()
    page.show_take(TRUNK, take)
    assert not page.transport.quantity.isVisible()
    assert take.film is not None
    assert np.isnan(drawn(page)[0, : TOKENS - 1]).all()  # nothing there yet
    assert page.facts == ""
    growing = Take(made_attention.grown(take.result, 4), whole=False)
    page.show_take(TRUNK, growing)
    assert page.step == 3
    assert page.matrix.currentIndex() == 0  # says that rows come with the whole
    assert page.in_words().startswith("Step 4 of 4")


def test_what_is_written_over_a_source_that_stands_still(page: FilmPage, qtbot: QtBot) -> None:
    result = transformer().result
    source = made.document("Nicht einmal.")
    result = replace(result, decoder_input=result.input, input=source)
    pattern = made_attention.weights(1, 2, PROMPT + TOKENS, len(source.tokens))
    how = HeadRequest(result.request, "cross", 1, 2)
    queries = result.decoder_input.tokens[:-1] if result.decoder_input is not None else ()
    shown = HeadMap(how, queries, source.tokens, False, pattern, "weight", None, made_attention.COST)
    page.set_look(FilmLook(scale="linear"))
    page.show_take(TRUNK, Take(result, shown))
    assert not page.transport.coordinates.isVisible()
    steps = slice(result.prompt - 1, result.prompt - 1 + TOKENS)
    np.testing.assert_allclose(drawn(page), pattern[steps] / pattern[steps].max(), rtol=1e-5)
    page.show_step(2)
    text = page.lanes[TRUNK].text
    assert text._document.tokens == source.tokens
    np.testing.assert_allclose(text._values, pattern[result.prompt + 1] / pattern[steps].max(), rtol=1e-5)
    told: list[str] = []
    page.read_out_changed.connect(told.append)
    page.matrix.plot.go_to(2, 1)
    assert told[-1].startswith("Step 3, “w2” → “Nicht” · weight ")


def test_what_was_written_stays_in_sight_in_a_smaller_window(page: FilmPage, qtbot: QtBot) -> None:
    page.show_take(TRUNK, transformer(text=" ".join(["word"] * 300)))
    text = page.lanes[TRUNK].text

    def in_sight() -> bool:
        rects = text.token_rects(text.selected_token)
        return bool(rects) and all(rect.top() >= 0 and rect.bottom() <= text.viewport().height() for rect in rects)

    qtbot.waitUntil(in_sight)
    page.resize(700, 280)
    qtbot.waitUntil(in_sight)


def test_nothing_written_and_one_token(page: FilmPage) -> None:
    page.show_take(TRUNK, transformer(text="silent"))
    assert page.steps == 0
    assert page.lanes[TRUNK]._head.text() == "Trunk: nothing was written"
    page.transport.toggle()
    assert not page.transport.playing
    page.show_take(TRUNK, Take(made_attention.grown(recurrent().result, 1)))
    assert (page.step, page.steps) == (0, 1)
    assert not page.grab().isNull()


def test_both_themes_and_very_many_cells(page: FilmPage) -> None:
    page.show_take(TRUNK, transformer(text=" ".join(["word"] * 600)))
    assert page.matrix.plot._pyramid is not None  # so that single bright cells are not lost between pixels
    apply_theme("dark")
    assert not page.grab().isNull()
    page.show_take(TRUNK, recurrent())
    assert page.matrix.plot._pyramid is None
    apply_theme("light")


def test_it_fits_the_smallest_window(page: FilmPage) -> None:
    page.show_take(TRUNK, recurrent())
    page.show_take(BRANCH, recurrent(forced=((1, "dull"),)))
    QApplication.processEvents()
    assert page.minimumSizeHint().width() <= 660
    assert page.writing.minimumSizeHint().width() <= 340
