"""Over training on screen: what lies where, on which scale, and what is said of it."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from engine.over_training import OverTrainingResult
from engine.requests import AttributionRequest, OverTrainingRequest, TextInput
from engine.results import Notice
from gui import theme
from gui.views.training import TrainingView
from gui.views.training_curve import MOST_LINES, lines_of, moved_apart, point_in_words, short_names
from gui.views.training_matrix import cell_in_words
from tests.gui.made_training import NAMES, over_training
from tests.gui.stub_engine import attribution, model

TEXT = "A gorgeous film, and a long one."


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> TrainingView:
    theme.apply(qapp, theme.LIGHT)
    made = TrainingView()
    qtbot.addWidget(made)
    made.resize(740, 560)
    made.show()
    return made


def result(text: str = TEXT, versus: str | None = None, **changes: object) -> OverTrainingResult:
    question = AttributionRequest("sha", TextInput(text))
    question = replace(question, target=replace(question.target, versus=versus))
    return over_training(OverTrainingRequest(question), model(), attribution(question), **changes)  # type: ignore[arg-type]


def words(view: TrainingView, name: str) -> str:
    label = view.findChild(QLabel, name)
    assert isinstance(label, QLabel)
    return label.text()


def test_rows_are_checkpoints_and_columns_tokens_on_one_scale(view: TrainingView) -> None:
    shown = result()
    view.show_result(shown)
    image = view.matrix.plot.image
    assert image.axisOrder == "row-major"
    np.testing.assert_array_equal(image.image, shown.values)
    limit = float(np.abs(shown.values).max())
    assert tuple(image.levels) == pytest.approx((-limit, limit))
    assert view.text.limit == pytest.approx(limit), "the text has the scale of the matrix, whichever checkpoint it shows"
    assert view.matrix.plot._rows == list(NAMES)
    assert words(view, "trainingSentence").startswith("It predicts")


def test_on_its_own_scale_each_row_reaches_its_ends(view: TrainingView) -> None:
    shown = result()
    view.show_result(shown)
    view.matrix.own_scale.click()
    drawn = view.matrix.plot.image.image
    np.testing.assert_allclose(np.abs(drawn).max(axis=1), [0, 1, 1, 1, 1], atol=1e-6)
    np.testing.assert_allclose(drawn[1], shown.values[1] / np.abs(shown.values[1]).max(), atol=1e-6)
    view.curve.slider.setValue(1)
    assert view.text.limit == pytest.approx(float(np.abs(shown.values[1]).max()), rel=1e-5)


def test_the_slider_changes_the_text_the_bars_and_the_marked_row(view: TrainingView, qtbot: QtBot) -> None:
    shown = result()
    view.show_result(shown)
    assert view.checkpoint == "final"
    view.curve.slider.setFocus()
    for key, at in ((Qt.Key.Key_Home, 0), (Qt.Key.Key_Right, 1), (Qt.Key.Key_PageUp, 2), (Qt.Key.Key_End, 4)):
        QTest.keyClick(view.curve.slider, key)
        assert view.checkpoint == NAMES[at]
        assert view.text.cell_values is not None
        np.testing.assert_allclose(view.text.cell_values, shown.values[at], atol=1e-6)
        said = shown.maps[at].prediction.predicted
        assert words(view, "trainingCheckpoint").startswith(f"At {NAMES[at]}: predicted {said.label}")
        assert view.bars._result is shown.maps[at].prediction
        assert view.matrix.plot._row.getRegion() == (at, at + 1)
        assert view.curve.plot._chosen.value() == at


def test_a_click_in_the_matrix_chooses_row_and_token(view: TrainingView, qtbot: QtBot) -> None:
    view.show_result(result())
    plot = view.matrix.plot
    place = plot._box.mapViewToScene(QPointF(3.5, 1.5)).toPoint()
    with qtbot.waitSignal(view.token_selected) as chosen:
        qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert chosen.args == [3]
    assert (view.checkpoint, view.token) == ("epoch 0.5", 3)
    assert view.text.selected_token == 3
    assert plot._column.isVisible()
    assert plot._column.getRegion() == (3, 4)
    with qtbot.waitSignal(view.token_selected) as chosen:
        view.text.token_selected.emit(-1)
    assert not plot._column.isVisible()


def test_handle_and_curve_stand_at_the_same_place(view: TrainingView, qtbot: QtBot) -> None:
    """At every checkpoint, within a pixel or two."""
    view.show_result(result())
    QApplication.processEvents()
    plot, slider = view.curve.plot, view.curve.slider
    for at in range(len(NAMES)):
        curve = plot.mapTo(view, plot.mapFromScene(plot._box.mapViewToScene(QPointF(at, 0.5)))).x()
        handle = slider.mapTo(view, QPoint(7 + round(at * (slider.width() - 14) / (len(NAMES) - 1)), 0)).x()
        assert abs(curve - handle) <= 2, at


def test_a_click_on_the_curve_moves_the_slider(view: TrainingView, qtbot: QtBot) -> None:
    view.show_result(result())
    QApplication.processEvents()
    plot = view.curve.plot
    place = plot.mapFromScene(plot._box.mapViewToScene(QPointF(2.2, 0.5)))
    with qtbot.waitSignal(view.curve.checkpoint_chosen):
        qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert view.checkpoint == "epoch 2"


def test_curves_are_the_probabilities_and_the_target_comes_first(view: TrainingView) -> None:
    shown = result(versus="negative")
    view.show_result(shown)
    assert shown.probabilities is not None
    drawn = lines_of(shown)
    assert [shown.tracked[at].label for at in drawn[:2]] == [shown.target.label, "negative"]
    assert len(drawn) == 3
    for line, at in zip(view.curve.plot._lines, drawn, strict=False):
        np.testing.assert_allclose(line.getData()[1], shown.probabilities[:, at])
    colours = view.curve.plot._colours()
    assert colours == [theme.current().accent, theme.current().text, theme.current().muted]


def test_of_many_classes_the_highest_are_drawn() -> None:
    shown = result()
    many = np.random.default_rng(0).dirichlet(np.ones(40), size=5)
    tracked = tuple(replace(shown.tracked[0], label=f"class {at}", index=at) for at in range(40))
    shown = replace(shown, probabilities=many, logits=many, tracked=tracked)
    drawn = lines_of(shown)
    assert len(drawn) == MOST_LINES
    assert drawn[0] == shown.target.index
    others = np.argsort(-many.max(axis=0), kind="stable").tolist()
    assert drawn[1:] == [at for at in others if at != drawn[0]][: MOST_LINES - 1]


def test_while_it_grows_room_is_kept_and_the_last_is_shown(view: TrainingView) -> None:
    for done in range(1, 5):
        view.show_result(result(done=done))
        assert view.checkpoint == NAMES[done - 1]
        assert view.matrix.plot.image.image.shape[0] == 5
        assert words(view, "trainingTag") == f"{20 * done} %"
        assert view.curve.slider.maximum() == 4
        assert words(view, "trainingSentence") == ""
    view.curve.slider.setValue(1)
    view.show_result(result())
    assert view.checkpoint == "epoch 0.5", "what was looked at stays"
    assert words(view, "trainingTag") == ""


def test_a_slider_moved_ahead_of_what_there_is_stops_at_the_last(view: TrainingView) -> None:
    view.show_result(result(done=2))
    view.curve.slider.setValue(4)
    assert view.checkpoint == "epoch 0.5"
    assert view.curve.slider.value() == 1


def test_another_text_forgets_the_token_and_keeps_the_checkpoint(view: TrainingView) -> None:
    view.show_result(result())
    view.curve.slider.setValue(2)
    view.select_token(4)
    view.show_result(result(text=TEXT))
    assert (view.checkpoint, view.token) == ("epoch 2", 4)
    view.show_result(result(text="Short."))
    assert (view.checkpoint, view.token) == ("epoch 2", -1)


def test_read_outs_say_the_number(view: TrainingView, qtbot: QtBot) -> None:
    shown = result()
    view.show_result(shown)
    with qtbot.waitSignal(view.read_out_changed) as told:
        view.matrix.plot.pointed.emit(2, 3)
    assert told.args == [cell_in_words(shown, 2, 3)]
    value = float(shown.values[2, 3])
    assert told.args[0].startswith(f"epoch 2 · “{shown.tokens[3].text}” · {'+' if value > 0 else '−'}{abs(value):.3g}"[:22])
    assert "rank" in told.args[0]
    with qtbot.waitSignal(view.read_out_changed) as told:
        view.curve.plot.pointed.emit(1)
    assert told.args == [point_in_words(shown, 1)]
    assert told.args[0].startswith("epoch 0.5 · ")
    assert told.args[0].endswith("map like the last one: r 1.00")
    for part in (view.matrix.plot.pointed, view.text.token_hovered):
        with qtbot.waitSignal(view.read_out_changed) as told:
            part.emit(*((-1, -1) if part is view.matrix.plot.pointed else (-1,)))
        assert told.args == [""]


def test_what_is_not_a_number_is_hatched_and_said(view: TrainingView) -> None:
    shown = result()
    spoilt = shown.maps[1].values.copy()
    spoilt[2] = np.nan
    shown = replace(shown, maps=(shown.maps[0], replace(shown.maps[1], values=spoilt), *shown.maps[2:]))
    view.show_result(shown)
    assert view.matrix._note.isVisible()
    assert [run.getRect() for run in view.matrix.plot._missing._runs] == [(2, 1, 1, 1)]
    assert "nan" not in words(view, "trainingSentence")


def test_warnings_stand_below(view: TrainingView) -> None:
    view.show_result(result(warnings=(Notice("epoch 4 is left out: epoch-4.safetensors is damaged.", "left_out"),)))
    assert words(view, "trainingWarnings") == "⚠ epoch 4 is left out: epoch-4.safetensors is damaged."


def test_one_checkpoint_one_token_and_very_long_ones(view: TrainingView) -> None:
    for shown in (
        result(names=("a",)),
        result(text="word"),
        result(text="word " * 700),
        result(names=tuple(f"a checkpoint with a name that is much too long for any screen {at}" for at in range(40))),
    ):
        view.show_result(shown)
        QApplication.processEvents()
        assert view.checkpoint == shown.names[-1]
        assert not view.grab().isNull()


def test_a_regression_has_a_curve_of_values(view: TrainingView) -> None:
    question = AttributionRequest("sha", TextInput(TEXT))
    last = attribution(question)
    only = replace(last.prediction.classes[0], label=None, index=0, probability=None)
    last = replace(
        last,
        prediction=replace(last.prediction, classes=(only,)),
        target=replace(last.target, label=None, index=0),
    )
    shown = over_training(OverTrainingRequest(question), model(labels=(), problem_type="regression"), last)
    view.show_result(shown)
    QApplication.processEvents()
    assert view.in_words()[0] == "The value over training"
    np.testing.assert_allclose(view.curve.plot._lines[0].getData()[1], shown.logits[:, 0])
    assert "predicted +" in words(view, "trainingCheckpoint") or "predicted −" in words(view, "trainingCheckpoint")


def test_words_take_the_place_of_the_picture(view: TrainingView) -> None:
    view.show_result(result())
    view.show_words("There is nothing.")
    assert view.result is None
    assert view.checkpoint is None
    assert words(view, "trainingMessage") == "There is nothing."


def test_another_theme_takes_everything_along(view: TrainingView, qapp: QApplication) -> None:
    view.show_result(result())
    theme.apply(qapp, theme.DARK)
    QApplication.processEvents()
    assert view.curve.plot._chosen.pen.color() == theme.DARK.text
    assert view.curve.plot._lines[0].opts["pen"].color() == theme.DARK.accent
    theme.apply(qapp, theme.LIGHT)


def test_names_under_the_curve_say_their_common_word_once() -> None:
    assert short_names(NAMES) == ["epoch 0", "0.5", "2", "10", "final"]
    assert short_names(("first", "second", "final")) == ["first", "second", "final"]
    assert short_names(("step 5", "epoch 5", "final", "a")) == ["step 5", "epoch 5", "final", "a"]
    assert short_names(("begin", "step 5", "step 6")) == ["begin", "step 5", "6"]


def test_names_at_the_ends_do_not_touch() -> None:
    placed = moved_apart([50.0, 50.0, 49.0, 10.0, 99.0], 13, 100)
    ordered = sorted(placed)
    assert min(b - a for a, b in itertools.pairwise(ordered)) >= 13 - 1e-9
    assert max(placed) <= 100 - 13 / 2
    assert placed[3] == 10.0
    assert moved_apart([], 13, 100) == []
