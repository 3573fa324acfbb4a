"""A control for each kind of parameter, made from its description alone."""

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from engine.descriptions import OnlyWith, ParameterDescription
from engine.requests import Parameter
from gui.controls.parameter_form import ParameterForm, fits
from tests.gui.stub_engine import method

STEPS = ParameterDescription("n_steps", "int", None, 1, 100_000, None, "Gradient evaluations.")
SAMPLES = ParameterDescription("n_samples", "int", 25, 1, 500)
SIGMA = ParameterDescription("sigma", "float", 0.15, 0.0, 10.0)
STD = ParameterDescription("noise", "float", None, 0.0)
RULE = ParameterDescription("rule", "str", "midpoint", choices=("midpoint", "left"))
WORD = ParameterDescription("fill", "str", "[MASK]")
SQUARED = ParameterDescription("squared", "bool", False)
ALL = (STEPS, SAMPLES, SIGMA, STD, RULE, WORD, SQUARED)


@pytest.fixture
def form(qtbot: QtBot) -> ParameterForm:
    made = ParameterForm()
    qtbot.addWidget(made)
    made.show_method(method(parameters=ALL), {})
    return made


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("n_steps", QSpinBox),
        ("n_samples", QSpinBox),
        ("sigma", QDoubleSpinBox),
        ("noise", QDoubleSpinBox),
        ("rule", QComboBox),
        ("fill", QLineEdit),
        ("squared", QCheckBox),
    ],
)
def test_the_control_suits_the_type(form: ParameterForm, name: str, kind: type[QWidget]) -> None:
    widget = form.findChild(QWidget, f"param_{name}")
    assert isinstance(widget, kind)
    assert widget.accessibleName()


def test_untouched_means_every_default_and_nothing_in_the_request(form: ParameterForm) -> None:
    assert form.values() == ()
    assert {each.name: form.value(each.name) for each in ALL} == {each.name: each.default for each in ALL}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_steps", 1),
        ("n_steps", 100_000),
        ("n_samples", 500),
        ("sigma", 1e-9),
        ("sigma", 0.0),
        ("noise", 0.0),
        ("rule", "left"),
        ("fill", ""),
        ("fill", "ein Wort"),
        ("squared", True),
    ],
)
def test_a_value_goes_in_and_comes_out_typed(form: ParameterForm, name: str, value: Parameter) -> None:
    form.set_value(name, value)
    assert form.values() == ((name, value),)
    assert type(form.value(name)) is type(value)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [(STEPS, 0), (STEPS, True), (STEPS, 1.0), (SAMPLES, None), (SIGMA, -1.0), (RULE, "right"), (SQUARED, 1), (WORD, 3)],
)
def test_what_does_not_fit_falls_back_to_the_default(
    form: ParameterForm, parameter: ParameterDescription, value: Parameter
) -> None:
    assert not fits(parameter, value)
    form.set_value(parameter.name, value)
    assert form.values() == ()


def test_setting_is_silent_and_a_person_is_not(form: ParameterForm, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(form.changed):
        form.set_value("n_samples", 50)
    box = form.findChild(QSpinBox, "param_n_samples")
    assert box is not None
    with qtbot.waitSignal(form.changed):
        box.setValue(60)


def test_auto_is_written_out(form: ParameterForm, qtbot: QtBot) -> None:
    steps = form.findChild(QSpinBox, "param_n_steps")
    assert steps is not None
    assert steps.text() == "auto"
    form.show_method(method(), {})
    by_tolerance = form.findChild(QSpinBox, "param_n_steps")
    assert by_tolerance is not None
    assert by_tolerance.text() == "by tolerance"


def test_large_counts_double_and_halve(form: ParameterForm) -> None:
    steps = form.findChild(QSpinBox, "param_n_steps")
    assert steps is not None
    steps.setValue(31)
    steps.stepBy(1)
    steps.stepBy(1)
    assert steps.value() == 64
    steps.stepBy(-1)
    assert steps.value() == 32


def test_small_numbers_have_no_tail_of_zeros(form: ParameterForm) -> None:
    sigma = form.findChild(QDoubleSpinBox, "param_sigma")
    assert sigma is not None
    assert sigma.text() == "0.15"
    sigma.setValue(1e-6)
    assert sigma.text() == "1e-06"


def test_what_another_setting_overrules_is_greyed_and_not_asked(qtbot: QtBot) -> None:
    form = ParameterForm()
    qtbot.addWidget(form)
    tolerance = ParameterDescription("tolerance", "float", 0.01, 1e-6, 1.0, only_with=OnlyWith("n_steps", None))
    rule = ParameterDescription("rule", "str", "mid", choices=("mid", "left"), only_with=OnlyWith("n_steps", None, unless=True))
    form.show_method(method(parameters=(STEPS, tolerance, rule)), {"tolerance": 0.1, "rule": "left"})
    enabled = {name: form.findChild(QWidget, f"param_{name}").isEnabled() for name in ("n_steps", "tolerance", "rule")}
    assert enabled == {"n_steps": True, "tolerance": True, "rule": False}
    assert form.values() == (("tolerance", 0.1),)
    form.findChild(QSpinBox, "param_n_steps").setValue(8)
    assert form.values() == (("n_steps", 8), ("rule", "left"))
    assert form.wishes() == (("n_steps", 8), ("tolerance", 0.1), ("rule", "left"))
    assert "Counts only while n steps is auto." in form.findChild(QWidget, "param_tolerance").toolTip()
