"""Gradient flow on screen: what lies where, on which scale, and what is said of it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QToolButton
from pytestqt.qtbot import QtBot

from engine.cells import RecurrentKind
from engine.flow import GradientFlowResult
from engine.requests import GradientFlowRequest, PredictionRequest, TextInput
from engine.results import Notice
from gui import theme
from gui.views.flow_steps import colours_of
from gui.views.gradient_flow import GradientFlowView
from tests.gui.made_flow import flow
from tests.gui.stub_engine import model, prediction

TEXT = "A gorgeous film."


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> GradientFlowView:
    theme.apply(qapp, theme.LIGHT)
    made = GradientFlowView()
    qtbot.addWidget(made)
    made.resize(820, 500)
    made.show()
    return made


def result(text: str = TEXT, recurrent: Sequence[RecurrentKind] = (), **changes: object) -> GradientFlowResult:
    asked = TextInput(text)
    said = prediction(PredictionRequest("sha", asked))
    return flow(GradientFlowRequest("sha", asked), model(), said, recurrent=recurrent, **changes)  # type: ignore[arg-type]


def button(view: GradientFlowView, name: str) -> QToolButton:
    found = view.findChild(QToolButton, name)
    assert isinstance(found, QToolButton)
    return found


def words(view: GradientFlowView) -> list[str]:
    return [label.text() for label in view.findChildren(QLabel) if label.isVisible()]


def test_rows_are_layers_and_columns_tokens_by_decades(view: GradientFlowView) -> None:
    shown = result()
    view.show_result(shown)
    image = view.layers.plot.image
    assert image.axisOrder == "row-major"
    least, most = np.nanmin(shown.per_position), np.nanmax(shown.per_position)
    floor = 10.0 ** np.floor(np.log10(least))
    share = np.log10(shown.per_position / floor) / np.log10(most / floor)
    np.testing.assert_allclose(image.image[:-1], share[:-1], rtol=1e-5)
    assert np.isnan(image.image[-1]).all(), "the classifier has no tokens"
    assert tuple(image.levels) == (0, 1)
    assert np.nanmin(image.image) > 0.05, "the least differs from nothing"
    assert any("Hatched" in each for each in words(view))


def test_from_zero(view: GradientFlowView) -> None:
    shown = result()
    view.show_result(shown)
    button(view, "flowLog").click()
    share = shown.per_position / np.nanmax(shown.per_position)
    np.testing.assert_allclose(view.layers.plot.image.image[:-1], share[:-1], rtol=1e-5)
    assert "From 0 to" in view.layers.bar.accessibleDescription()
    np.testing.assert_allclose(view.layers.bars.shares, [layer.norm for layer in shown.layers])


def test_bars_are_the_layers_as_a_whole(view: GradientFlowView) -> None:
    view.show_result(result())
    shares = view.layers.bars.shares
    assert shares[-1] == pytest.approx(1.0)
    np.testing.assert_allclose(np.diff(shares)[:-1], np.diff(shares)[0], rtol=1e-6, err_msg="halves are equal steps by decades")


def test_a_sentence_reads_the_picture(view: GradientFlowView) -> None:
    view.show_result(result())
    (sentence,) = (each for each in words(view) if each.startswith("The gradient at the word embeddings"))
    assert "is 0.0625 × that at layer.3" in sentence
    assert view.accessibleDescription() == sentence


def test_the_cross_reads_out_layer_token_value_share_and_rank(qtbot: QtBot, view: GradientFlowView) -> None:
    view.show_result(result())
    plot = view.layers.plot
    QTest.keyClick(plot, Qt.Key.Key_Down)
    with qtbot.waitSignal(view.read_out_changed) as told:
        QTest.keyClick(plot, Qt.Key.Key_Right)
    assert told.args[0].startswith("word embeddings · “A” · 0.02267 ")
    assert "logit per unit · 17 % of the layer's Σ · rank 4 of 5 · activation 2.00" in told.args[0]
    for _ in range(5):
        QTest.keyClick(plot, Qt.Key.Key_Down)
    with qtbot.waitSignal(view.read_out_changed) as told:
        QTest.keyClick(plot, Qt.Key.Key_Left)
    assert told.args == ["classifier · Linear · 1.000 logit per unit · activation 1.00"]


def test_steps_are_offered_for_recurrent_models_only(view: GradientFlowView) -> None:
    view.show_result(result())
    assert not button(view, "flowSteps").isVisible()
    view.show_result(result(recurrent=("lstm", "gru")))
    assert not button(view, "flowCell").isVisible()
    button(view, "flowSteps").click()
    assert view.steps.isVisible()
    assert view.steps.plot.image.image.shape == (4, 5)
    button(view, "flowCell").click()
    assert view.steps.plot.image.image.shape == (2, 5), "a GRU has no cell states"
    assert view.accessibleDescription().startswith("Back through time the gradient lasts: the cell state of rnn layer 0")
    view.show_result(result(recurrent=("gru",)))
    assert view.shows_steps, "the choice stays"
    assert not button(view, "flowCell").isVisible()
    assert view.steps.plot.image.image.shape == (2, 5)
    view.show_result(result())
    assert view.layers.isVisible()


def test_curves_lie_above_their_columns(qtbot: QtBot, view: GradientFlowView) -> None:
    shown = result(recurrent=("lstm", "lstm"))
    view.show_result(shown)
    button(view, "flowSteps").click()
    lines = view.steps.curves._lines
    assert len(lines) == 4
    step, value = lines[0].getData()
    assert step.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
    share = np.log10(shown.recurrent[0].hidden_state / 0.1) / np.log10(1.0 / 0.1)
    np.testing.assert_allclose(value, share)
    assert lines[0].opts["pen"].style() == Qt.PenStyle.SolidLine
    assert lines[1].opts["pen"].style() == Qt.PenStyle.DashLine
    assert len({colour.name() for colour in colours_of(shown.recurrent)}) == 2
    assert any(each.startswith("Back through time the gradient lasts") for each in words(view))
    with qtbot.waitSignal(view.read_out_changed) as told:
        view.steps.curves.pointed.emit(2)
    assert told.args[0].startswith("step 2 “gorgeous” · layer 0 forwards 0.8100")
    with qtbot.waitSignal(view.read_out_changed) as told:
        QTest.keyClick(view.steps.plot, Qt.Key.Key_Down)
    assert "rnn layer 0, forwards · step 0 [CLS] · ‖∂ score / ∂ h‖ 0.6561 logit per unit" in told.args[0]


@pytest.mark.parametrize("scale", [0.0, 1e-300, 1e-9, 1e9, np.inf, np.nan])
@pytest.mark.parametrize("logarithmic", [True, False])
def test_any_size_of_gradient(view: GradientFlowView, scale: float, logarithmic: bool) -> None:
    button(view, "flowLog").setChecked(logarithmic)
    for steps in (False, True):
        view.show_result(result(recurrent=("lstm",), scale=scale))
        button(view, "flowSteps" if steps else "flowLayers").click()
        assert not view.grab().isNull()


@pytest.mark.parametrize("text", ["a", "word " * 600])
@pytest.mark.parametrize("blocks", [1, 60])
def test_any_number_of_tokens_and_layers(view: GradientFlowView, text: str, blocks: int) -> None:
    view.show_result(result(text, blocks=blocks, recurrent=("lstm",) * 6))
    assert not view.grab().isNull()
    button(view, "flowSteps").click()
    assert not view.grab().isNull()


def test_zeros_are_gaps_in_curves_and_blank_in_the_matrix(view: GradientFlowView) -> None:
    shown = result(recurrent=("gru",))
    dead = replace(shown.recurrent[0], hidden_state=np.array([0, 0, 0, 0, 1.0]))
    first = replace(shown.layers[0], per_position=np.array([0, 1.0, 1, 1, 1]))
    view.show_result(replace(shown, recurrent=(dead,), layers=(first, *shown.layers[1:])))
    assert any("Blank: no gradient" in each for each in words(view))
    assert view.layers.plot.image.image[0, 0] == 0
    button(view, "flowSteps").click()
    assert np.isnan(view.steps.curves._lines[0].getData()[1][:4]).all()


def test_words_in_place_of_a_picture_and_warnings_below_it(view: GradientFlowView) -> None:
    view.show_result(result(warnings=(Notice("Characters 5 to 9 were not read."),)))
    assert "⚠ Characters 5 to 9 were not read." in words(view)
    view.show_words("There is nothing.")
    assert words(view) == ["There is nothing."]
    assert view.result is None


def test_themes(qapp: QApplication, view: GradientFlowView) -> None:
    view.show_result(result(recurrent=("lstm", "lstm")))
    light = view.grab().toImage()
    theme.apply(qapp, theme.DARK)
    assert view.grab().toImage() != light
    button(view, "flowSteps").click()
    assert not view.grab().isNull()
    theme.apply(qapp, theme.LIGHT)
