"""Targets: every output by its plain label where it has one, and choices that outlive a change of model."""

import pytest
from PySide6.QtWidgets import QComboBox, QSpinBox
from pytestqt.qtbot import QtBot

from engine.requests import PredictionRequest, Target, TextInput
from gui.choices import choice_for, choices_for
from gui.controls.baseline_list import BaselineList
from gui.controls.target_controls import TargetControls
from tests.gui.stub_engine import model, prediction


@pytest.fixture
def controls(qtbot: QtBot) -> TargetControls:
    made = TargetControls()
    qtbot.addWidget(made)
    made.show_model(model())
    return made


@pytest.mark.parametrize(
    ("labels", "spelled"),
    [
        (("negative", "positive"), ("negative", "positive")),
        (("same", "same", "other"), ("index:0", "index:1", "other")),
        (("predicted", "true", "index:7", "label:x"), ("index:0", "index:1", "index:2", "index:3")),
        (("1", "-2", " 3 ", "4 stars"), ("index:0", "index:1", "index:2", "4 stars")),
        (("", " "), ("index:0", "index:1")),
    ],
)
def test_an_output_is_named_so_that_nothing_else_can_be_meant(labels: tuple[str, ...], spelled: tuple[str, ...]) -> None:
    assert choices_for(labels) == spelled
    assert tuple(choice_for(labels, at) for at in range(len(labels))) == spelled


def test_ten_thousand_labels_are_spelled_at_once() -> None:
    labels = tuple(f"class {at}" for at in range(10_000))
    assert choices_for(labels) == labels


def test_what_is_set_is_what_is_asked(controls: TargetControls) -> None:
    for wanted in (
        Target(),
        Target("neutral", "negative", "true", "probability"),
        Target("true", "positive", None, "log_probability"),
    ):
        controls.set_target(wanted)
        assert controls.target() == wanted


def test_a_true_label_that_is_not_known_cannot_be_the_target(controls: TargetControls) -> None:
    controls.set_target(Target("true", None, "true"))
    assert controls.target() == Target()


def test_choices_outlive_a_model_that_has_them_too(controls: TargetControls) -> None:
    controls.set_target(Target("neutral", "negative", "negative"))
    controls.show_model(model(labels=("negative", "neutral")))
    assert controls.target() == Target("neutral", "negative", "negative")
    controls.show_model(model(labels=("World", "Sports")))
    assert controls.target() == Target()


def test_labels_and_indices_from_elsewhere_are_understood(controls: TargetControls) -> None:
    controls.show_model(model(labels=("a", "2", "b")))
    controls.set_target(Target("index:0", "2", "index:1"))
    assert controls.target() == Target("a", "index:1", "index:1")
    assert controls.true_label() == "2"


def test_the_predicted_class_is_named(controls: TargetControls) -> None:
    controls.show_prediction(prediction(PredictionRequest("", TextInput("short"))))
    box = controls.findChild(QComboBox, "targetBox")
    assert box is not None
    assert box.currentText() == "predicted (negative)"


def test_regression_has_one_output_and_no_probability(controls: TargetControls) -> None:
    controls.set_target(Target(score="probability"))
    controls.show_model(model(labels=(), problem_type="regression"))
    assert controls.target() == Target()


def test_a_language_models_target_is_typed(controls: TargetControls) -> None:
    controls.show_model(model(labels=(), task="causal_lm"))
    box = controls.findChild(QComboBox, "targetBox")
    assert box is not None
    assert box.isEditable()
    box.setEditText(" film")
    assert controls.target().choice == " film"


def test_swap(controls: TargetControls, qtbot: QtBot) -> None:
    controls.show_prediction(prediction(PredictionRequest("", TextInput("short"))))
    controls.set_target(Target("predicted", None, "neutral"))
    with qtbot.waitSignal(controls.changed):
        controls.swap()
    assert controls.target() == Target("neutral", None, "negative")


def test_baselines_one_is_always_ticked(qtbot: QtBot) -> None:
    baselines = BaselineList()
    qtbot.addWidget(baselines)
    baselines.show_baselines(("zero", "pad", "mask"))
    from PySide6.QtCore import Qt

    baselines.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert baselines.baselines() == ("zero",)
    baselines.item(1).setCheckState(Qt.CheckState.Checked)
    assert baselines.baselines() == ("zero", "pad")
    baselines.mousePressEvent(_nowhere())
    baselines.itemClicked.emit(baselines.item(2))
    assert baselines.baselines() == ("mask",)
    assert baselines.next_baseline() == "zero"


def test_baselines_wished_for_come_back_with_a_model_that_has_them(qtbot: QtBot) -> None:
    baselines = BaselineList()
    qtbot.addWidget(baselines)
    baselines.show_baselines(("zero", "mask"))
    baselines.set_baselines(("mask",))
    baselines.show_baselines(("zero", "unk"))
    assert baselines.baselines() == ("zero",)
    baselines.show_baselines(("zero", "mask"))
    assert baselines.baselines() == ("mask",)


def _nowhere():  # type: ignore[no-untyped-def]
    from PySide6.QtCore import QEvent, QPointF, Qt
    from PySide6.QtGui import QMouseEvent

    button = Qt.MouseButton.LeftButton
    return QMouseEvent(
        QEvent.Type.MouseButtonPress, QPointF(-5, -5), QPointF(-5, -5), button, button, Qt.KeyboardModifier.NoModifier
    )


def test_a_unit_inside_is_a_target_of_its_own(controls: TargetControls, qtbot: QtBot) -> None:
    wanted = Target("unit:bert.encoder.layer.2.attention.query:17@3", None, None, "logit")
    controls.set_target(Target(wanted.choice, None, "negative", "probability"))
    assert controls.target() == wanted, "neither versus nor a unit of the score counts"
    assert not controls.findChild(QComboBox, "versusBox").isEnabled()  # type: ignore[union-attr]
    index = controls.findChild(QSpinBox, "unitIndex")
    assert index is not None
    with qtbot.waitSignal(controls.changed):
        index.setValue(5)
    assert controls.target().choice == "unit:bert.encoder.layer.2.attention.query:5@3"
    box = controls.findChild(QComboBox, "targetBox")
    assert box is not None
    with qtbot.waitSignal(controls.changed):
        box.setCurrentIndex(0)
    assert controls.target() == Target("predicted", None, "negative", "probability"), "as it was wished before"


def test_a_unit_goes_with_its_layer(controls: TargetControls) -> None:
    controls.set_target(Target("unit:classifier:1"))
    controls.show_model(model("/other"))
    assert controls.target() == Target("unit:classifier:1")
    controls.show_model(model(layers=()))
    assert controls.target() == Target()


def test_a_regression_can_be_asked_about_a_unit(controls: TargetControls) -> None:
    controls.show_model(model(labels=(), problem_type="regression"))
    controls.set_target(Target("unit:classifier:0"))
    assert controls.target() == Target("unit:classifier:0")


@pytest.mark.parametrize("wanted", [Target("predicted", "negative", "true"), Target("neutral", None, "negative")])
def test_classes_of_another_model_are_no_tokens(controls: TargetControls, wanted: Target) -> None:
    controls.set_target(wanted)
    assert controls.target() == wanted
    controls.show_model(model(labels=(), task="causal_lm"))
    assert controls.target() == Target()


def test_a_long_prediction_is_cut_at_its_end(controls: TargetControls) -> None:
    controls.show_model(model(labels=(), task="causal_lm"))
    box = controls.findChild(QComboBox, "targetBox")
    assert box is not None
    line = box.lineEdit()
    assert line is not None
    known = prediction(PredictionRequest("sha", TextInput("A film.")))
    controls.show_prediction(known)
    assert line.text().startswith("predicted (")
    assert line.cursorPosition() == 0
