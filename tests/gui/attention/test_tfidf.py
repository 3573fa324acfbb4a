"""The page TF-IDF: points, names, table and sentences of one result; the room asks for it, and takes it along."""

import csv
import json
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from engine.attention_maps import TfidfResult
from engine.requests import AttentionRequest, TextInput, TfidfRequest
from engine.results import Notice
from gui import theme
from gui.attention.choice import Choice
from gui.attention.room import AttentionRoom
from gui.attention.tfidf_page import EMPTY, OUT, TfidfPage
from gui.attention.tfidf_row import REVIEWS
from gui.attention.view import TFIDF
from gui.controls.corpus_box import STDLIB
from gui.view_actions import apply_theme
from tests.gui import made, made_attention
from tests.gui.conftest import Stage

TEXT = "Not once does it come close to being exciting, not once is it frightening, and it is over."


def result_of(text: str = TEXT, **changes: object) -> TfidfResult:
    attention = AttentionRequest(made.SHA, TextInput(text))
    request = TfidfRequest(attention, ("/data/reviews.csv",))
    read = made_attention.attention(attention, made.document(TEXT))  # of a long text itself it would be gigabytes
    made_result = made_attention.tfidf(request, replace(read, input=made.document(text)))
    return replace(made_result, **changes)  # type: ignore[arg-type]


@pytest.fixture
def page(qtbot: QtBot) -> TfidfPage:
    page = TfidfPage()
    qtbot.addWidget(page)
    qtbot.addWidget(page.row)
    page.resize(860, 420)
    page.show()
    page.show_result(result_of())
    QApplication.processEvents()
    return page


def words_of(widget: QWidget, name: str) -> str:
    label = widget.findChild(QLabel, name)
    assert label is not None
    return label.text()


def pointer_at(page: TfidfPage, at: int) -> QPointF:
    return page.plot.mapFromScene(page.plot.point(at)).toPointF()


def column(page: TfidfPage, number: int) -> list[str]:
    model = page.table.model()
    return [str(model.index(row, number).data()) for row in range(model.rowCount())]


# Points


def test_the_sentences_stand_beside_the_points(page: TfidfPage) -> None:
    assert words_of(page, "tfidfCorrelation").startswith("Rank correlation of TF-IDF with attention received, over 18 words")
    assert words_of(page, "tfidfStandouts") == "Standing out: exciting 2.00×, frightening 2.00×"
    assert words_of(page, "tfidfLimits").startswith("Corpus: 518 rows of reviews.csv. Older words")
    assert len(page.plot._dots.data) == 16
    assert len(page.plot._standing.data) == 2


def test_higher_is_more_attention_and_further_right_is_rarer(page: TfidfPage) -> None:
    assert page.result is not None
    places = [page.plot.point(at) for at in range(18)]
    attention = np.array([point.attention for point in page.result.occurrences])
    rarity = np.array([point.tfidf for point in page.result.occurrences])
    assert np.all(np.diff([places[at].y() for at in np.argsort(attention)]) <= 1e-6)
    assert np.all(np.diff([places[at].x() for at in np.argsort(rarity)]) >= -1e-6)


def test_names_keep_out_of_each_other_s_way(page: TfidfPage) -> None:
    page.show_result(result_of(standouts=tuple(range(10))))
    boxes = page.plot.names.boxes
    assert len(boxes) >= 5
    assert not any(one.intersects(other) for at, one in enumerate(boxes) for other in boxes[:at])
    assert all(page.plot._box.sceneBoundingRect().contains(box) for box in boxes)
    page.resize(520, 300)
    QApplication.processEvents()
    assert not any(one.intersects(other) for at, one in enumerate(page.plot.names.boxes) for other in page.plot.names.boxes[:at])


def test_the_word_under_the_pointer_is_read_out(page: TfidfPage, qtbot: QtBot) -> None:
    said: list[str] = []
    page.read_out_changed.connect(said.append)
    page.plot.scene().sigMouseMoved.emit(page.plot.point(8))
    assert said[-1].startswith("“exciting” · word 9 of 18 · TF-IDF 0.0800 (in 8 of 518 documents) · attention 0.200 · 2.00×")
    page.plot.scene().sigMouseMoved.emit(QPointF(1, 1))
    assert said[-1] == ""


def test_a_click_chooses_the_word_everywhere(page: TfidfPage, qtbot: QtBot) -> None:
    places: list[tuple[int, int]] = []
    page.place_selected.connect(lambda start, end: places.append((start, end)))
    at = page.plot.mapFromScene(page.plot.point(9))  # the second “not”
    qtbot.mouseClick(page.plot.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert places == [(47, 50)]
    assert len(page.plot._rings.data) == 2  # and its other occurrence
    assert page.table.currentIndex().row() == page.table._rows.row_of(9)
    page.show_place(0, 3)
    assert places == [(47, 50)]  # setters are silent
    assert page.in_words().startswith("“Not” · word 1")
    page._on_chosen(0)  # the chosen one again
    assert places[-1] == (-1, -1)
    assert len(page.plot._rings.data) == 0


def test_age_is_taken_out_of_what_is_drawn(page: TfidfPage, qtbot: QtBot) -> None:
    changed: list[bool] = []
    page.changed.connect(lambda: changed.append(page.without_age))
    before = page.plot.point(8).y()
    qtbot.mouseClick(page.ages.findChild(QWidget, "tfidf_without_age"), Qt.MouseButton.LeftButton)
    assert changed == [True]
    assert page.plot.point(8).y() != before
    factors = {round(page.plot.point(at).y()) for at in (0, 5, 17)}
    assert len(factors) == 1  # nothing but their age brought them attention
    assert page.plot._one.isVisible()


def test_where_all_words_are_of_one_age_there_is_nothing_to_choose(page: TfidfPage) -> None:
    page.show_age(True)
    page.show_result(result_of(ages_differ=False))
    assert not page.ages.isEnabled()
    assert page.ages.current != OUT
    assert not page.plot._one.isVisible()
    page.show_result(result_of())
    assert page.ages.current == OUT


def test_the_table_is_sorted_by_what_stands_out_and_by_any_column(page: TfidfPage) -> None:
    assert column(page, 0)[:2] == ["exciting", "frightening"]
    assert column(page, 3)[:3] == ["2.00×", "2.00×", "1.00×"]
    assert page.table.model().index(0, 0).data(Qt.ItemDataRole.AccessibleDescriptionRole) == "stands out"
    page.table.sortByColumn(5, Qt.SortOrder.AscendingOrder)
    assert column(page, 5) == [str(at) for at in range(1, 19)]
    page.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert column(page, 0)[:2] == ["and", "being"]
    page.table.selectRow(1)
    assert page.in_words().startswith("“being” · word 8 of 18")
    page.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert column(page, 0)[page.table.currentIndex().row()] == "being"


def test_the_table_is_copied_in_full(page: TfidfPage, qtbot: QtBot) -> None:
    qtbot.keyClick(page.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    first, second, *rest = QGuiApplication.clipboard().text().splitlines()
    assert first.startswith("Word\tTF-IDF\tAttention")
    assert second.split("\t")[:3] == ["exciting", "0.08", "0.2"]
    assert len(rest) == 17


def test_words_stay_legible_in_a_narrow_table(page: TfidfPage) -> None:
    page.resize(1100, 420)
    QApplication.processEvents()
    assert not any(page.table.isColumnHidden(number) for number in range(6))
    page.resize(560, 420)
    QApplication.processEvents()
    assert page.table.isColumnHidden(4)
    assert page.table.columnWidth(0) >= 60


@pytest.mark.parametrize("text", ["Not once.", "One.", "a a a a a", "!"])
def test_little_or_nothing_to_compare(page: TfidfPage, text: str) -> None:
    page.show_result(result_of(text, standouts=()))
    assert words_of(page, "tfidfCorrelation")
    assert words_of(page, "tfidfStandouts") == "No word stands out."
    page.show_age(True)
    QApplication.processEvents()


def test_values_of_every_size(page: TfidfPage) -> None:
    for scale in (1e-9, 1e9):
        result = result_of()
        points = tuple(
            replace(point, attention=point.attention * scale * (at != 3)) for at, point in enumerate(result.occurrences)
        )
        page.show_result(replace(result, occurrences=points))
        QApplication.processEvents()
        assert all(page.plot.rect().contains(page.plot.mapFromScene(page.plot.point(at))) for at in range(18))


def test_three_thousand_words(page: TfidfPage) -> None:
    page.show_result(result_of(" ".join([TEXT] * 170)))
    assert page.table.model().rowCount() == 18 * 170


def test_warnings_of_the_corpus(page: TfidfPage) -> None:
    page.show_result(result_of(warnings=(Notice("Cut.", "cut"), Notice("One document.", "one_document"))))
    assert words_of(page, "tfidfMessage") == "⚠ One document."  # what is said of the text, the room says
    page.show_result(result_of(warnings=(Notice("3 words are rarest.", "not_in_corpus"),)))
    assert "3 words are rarest." in words_of(page, "tfidfLimits")
    assert not page._messages.isVisible()


def test_both_themes(page: TfidfPage) -> None:
    for name in ("dark", "light"):
        apply_theme(name)
        QApplication.processEvents()
        assert page.plot._standing.opts["brush"].color() == theme.current().accent


# The row


def test_the_columns_of_a_table_are_on_offer(page: TfidfPage, tmp_path: Path) -> None:
    page.row.show()
    assert page.row.chosen == (REVIEWS, "")
    assert not page.row.column.isVisible()
    table = tmp_path / "said.csv"
    table.write_text("text,said,by\na,b,c\n")
    page.row.set_source(str(table), "said")
    assert page.row.chosen == (str(table), "said")
    assert page.row.column.isVisible()
    page.row.set_source(STDLIB, "said")
    assert page.row.chosen == (STDLIB, "")


# The room


def room_of(stage: Stage) -> AttentionRoom:
    return next(room for room in stage.window.rooms if isinstance(room, AttentionRoom))


def asked(stage: Stage) -> list[TfidfRequest]:
    return [request for request in stage.stub.asked if isinstance(request, TfidfRequest)]


@pytest.fixture
def room(stage: Stage) -> AttentionRoom:
    stage.open()
    stage.type(TEXT)
    stage.until_explained()
    stage.window.actions_registry["view_attention"].trigger()
    room = room_of(stage)
    stage.until(lambda: room._view.map is not None)
    assert not asked(stage)
    room._view.switcher.findChild(QWidget, "attention_tfidf").click()
    stage.until(lambda: room._view.tfidf.result is not None)
    return room


def test_it_asks_about_the_text_the_head_and_the_corpus(stage: Stage, room: AttentionRoom) -> None:
    attention = AttentionRequest("sha of /models/film-mood", TextInput(TEXT))
    assert asked(stage) == [TfidfRequest(attention, (REVIEWS,), 0, 0)]
    room._view.choose(Choice(layer=2, head="mean", without_sinks=True))
    stage.until(lambda: asked(stage)[-1] == TfidfRequest(attention, (REVIEWS,), 2, "mean", without_sinks=True))
    assert room._view._title.text() == "Layer 2, mean of heads, without sinks"
    stage.type("Not once does it come.")
    stage.until(lambda: room._view.tfidf.result is not None and room._view.tfidf.result.text.startswith("Not once does it come."))
    room._view.show_page("matrix")
    count = len(asked(stage))
    room._view.choose(Choice(layer=1))
    stage.until(lambda: room._view.map is not None and room._view.map.request.layer == 1)
    assert len(asked(stage)) == count  # out of sight
    room._view.show_page(TFIDF)
    stage.until(lambda: asked(stage)[-1].layer == 1)


def test_the_strip_of_heads_makes_room(stage: Stage, room: AttentionRoom) -> None:
    assert not room._view.panel.isVisible()
    assert not room._view.controls.quantity.isVisible()
    assert room._view.controls.head.isVisible()
    room._view.show_page("matrix")
    assert room._view.panel.isVisible()
    assert room._view.controls.quantity.isVisible()
    assert not room._view.tfidf.row.isVisible()


def test_a_word_is_chosen_in_all_views(stage: Stage, room: AttentionRoom) -> None:
    page = room._view.tfidf
    page._on_chosen(8)  # exciting, of two tokens
    result = room._view.result
    assert result is not None
    assert result.input.tokens[room._view.token].text.startswith("excit")
    assert stage.window.workspace.attribution_view.board.selected_token == room._view.token
    assert page.in_words().startswith("“exciting”")
    room._view.choose_token(1)
    assert page.in_words().startswith("“Not”")
    room._view.choose_token(-1)
    assert page.in_words() == ""


def test_another_corpus(stage: Stage, room: AttentionRoom, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("a\n\nb")
    stage.dialogs.file = str(tmp_path / "one.txt")
    room._view.tfidf.row.corpus.file_wanted.emit(False)
    stage.until(lambda: asked(stage)[-1].corpus == (str(tmp_path / "one.txt"),))
    stage.dialogs.folder = str(tmp_path / "binary")
    room._view.tfidf.row.corpus.file_wanted.emit(True)
    stage.until(lambda: "zero bytes" in words_of(room._view, "tfidfEmpty"))
    assert room.kept() is None
    assert room.caption() is None
    count = len(asked(stage))
    room._view.tfidf.row.read.click()
    stage.until(lambda: len(asked(stage)) == count + 1)


def test_reading_is_stopped(stage: Stage, room: AttentionRoom) -> None:
    stage.stub.steps, stage.stub.step_seconds = 2000, 0.01
    row = room._view.tfidf.row
    row.set_source("/corpora/slow")
    row.changed.emit()
    stage.until(lambda: row.stop.isVisible() and asked(stage)[-1].corpus == ("/corpora/slow",))
    row.stop.click()
    stage.until(lambda: not row.stop.isVisible())
    assert "Stopped before" in words_of(room._view, "tfidfMessage")
    assert room._view.tfidf.result is not None


def test_taken_along(stage: Stage, room: AttentionRoom, tmp_path: Path) -> None:
    kept = room.kept()
    assert kept is not None
    assert set(kept.filters) == {".png", ".svg", ".json", ".csv"}
    for suffix in kept.filters:
        kept.save(tmp_path / f"words{suffix}")
    known = json.loads((tmp_path / "words.json").read_text())
    assert known["n"] == 18
    assert len(list(csv.DictReader((tmp_path / "words.csv").read_text().splitlines()))) == 18
    words = shlex.split(kept.command(tmp_path))
    tail = ["/models/film-mood", "--text", TEXT, "--corpus", REVIEWS, "--layer", "0", "--head", "0", "--device", "cpu"]
    assert words[words.index("tfidf") + 1 :] == tail


def test_pinned_and_seen_again(stage: Stage, room: AttentionRoom) -> None:
    page = room._view.tfidf
    page.row.set_source("/corpora/mine")
    page.row.changed.emit()
    room._view.choose(Choice(layer=1, head=3))
    page.show_age(True)
    stage.until(lambda: page.result is not None and page.result.request.corpus == ("/corpora/mine",))
    stage.until(lambda: page.result is not None and page.result.request.layer == 1)
    seen = room.seen()
    assert seen is not None
    assert seen.title == "Attention beside TF-IDF: layer 1, head 3"
    assert "over 18 words: +0.25" in seen.facts
    page.row.set_source(REVIEWS)
    page.show_age(False)
    room._view.choose(Choice())
    room._view.show_page("lines")
    room.show_seen(seen)
    stage.until(lambda: room._view.page == TFIDF and not room.running)
    stage.until(lambda: page.result is not None and page.result.request.corpus == ("/corpora/mine",))
    stage.until(lambda: page.result is not None and page.result.request.layer == 1)
    assert page.without_age


@pytest.mark.parametrize("state", [(("tfidf_corpus", 3), ("tfidf_without_age", "yes")), (("tfidf_column", "?"),), ()])
def test_a_finding_that_makes_no_sense_here(stage: Stage, room: AttentionRoom, state: tuple[tuple[str, object], ...]) -> None:
    room.restore(state)  # type: ignore[arg-type]
    assert room._view.tfidf.row.chosen == (REVIEWS, "")
    assert not room._view.tfidf.without_age


def test_every_stack_of_an_encoder_decoder(stage: Stage, room: AttentionRoom) -> None:
    stage.open("/models/translate")
    stage.type(TEXT)
    stage.until(lambda: room._view.tfidf.result is not None and room._view.tfidf.result.request.stack == "self")
    room._view.choose(replace(room._view.choice, stack="cross"))
    stage.until(lambda: asked(stage)[-1].stack == "cross")
    room._view.tfidf._on_chosen(3)  # the words are of the source, the tokens chosen elsewhere are not
    assert room._view.token == -1
    room._view.choose(replace(room._view.choice, stack="decoder"))
    stage.until(lambda: asked(stage)[-1].stack == "decoder")


def test_a_model_that_looks_back_has_this_page(stage: Stage, room: AttentionRoom) -> None:
    stage.open("/models/writer")
    stage.type(TEXT)
    stage.until(lambda: room._view.tfidf.result is not None and room._view.tfidf.result.model.path == "/models/writer")
    request = asked(stage)[-1]
    assert (request.layer, request.head, request.corpus) == (0, "mean", (REVIEWS,))
    assert not room._view.controls.isVisible()
    assert not room._view.switcher.findChild(QWidget, "attention_matrix").isVisible()
    room._view.tfidf._on_chosen(2)
    assert room._view.token >= 0
    assert room.caption() is not None
    stage.open()
    stage.type("Once more.")
    stage.until(lambda: room._view.map is not None)
    assert room._view.switcher.findChild(QWidget, "attention_matrix").isVisible()


def test_another_model_empties_the_page(stage: Stage, room: AttentionRoom) -> None:
    stage.open("/models/lstm")
    assert room._view.tfidf.result is None
    assert words_of(room._view, "tfidfEmpty") == EMPTY
    assert room.kept() is None


def test_every_control_has_a_name(stage: Stage, room: AttentionRoom) -> None:
    names = "tfidfCorpus tfidfColumn tfidfRead tfidfStop tfidf_as_is tfidf_without_age tfidfTable tfidfPlot"
    for name in names.split():
        widget = room._view.findChild(QWidget, name)
        assert widget is not None, name
        assert widget.accessibleName(), name


def test_nothing_is_wider_than_the_smallest_window(stage: Stage, room: AttentionRoom) -> None:
    """1280 × 800: the room is 680 px wide there."""
    assert room._view.minimumSizeHint().width() <= 660
    right = room._view.mapToGlobal(QPoint(room._view.width(), 0)).x()
    for name in ("tfidfRead", "tfidf_without_age", "tfidfTable"):
        widget = room._view.findChild(QWidget, name)
        assert widget.mapToGlobal(QPoint(widget.width(), 0)).x() <= right
