"""Controls made from a method's description: one row a parameter."""

from collections.abc import Mapping
from math import isinf

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from engine.descriptions import MethodDescription, ParameterDescription
from engine.requests import Parameter
from gui.controls.layer_edit import LayerEdit
from gui.controls.rows import LABEL_WIDTH, form_layout, pad_spin_box, small_combo
from gui.controls.wheel_guard import WheelGuard

LARGEST_INT = 2**31 - 1
LARGEST_FLOAT = 1e9
DECIMALS = 12
LAYER = "layer"  # a parameter of that name is one of the model's


class ParameterForm(QWidget):
    """Shows the parameters of one method; ``values`` are only those that differ from the defaults."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fields: dict[str, ParameterField] = {}
        self._layers: tuple[str, ...] = ()
        self._guard = WheelGuard(self)
        self._layout = form_layout(self)

    def show_layers(self, names: tuple[str, ...]) -> None:
        """Of the open model: what a parameter called ``layer`` is completed from, in forms that are made from now on."""
        self._layers = names

    def show_method(self, method: MethodDescription, wishes: Mapping[str, Parameter]) -> None:
        """Build the rows anew, with what the user wished before where it still fits."""
        while self._layout.rowCount():
            self._layout.removeRow(0)
        self._fields = {}
        by_tolerance = any(each.name == "tolerance" for each in method.parameters)
        for description in method.parameters:
            made = ParameterField(description, self, self._layers)
            made.widget.installEventFilter(self._guard)
            if description.default is None and isinstance(made.widget, QSpinBox | QDoubleSpinBox):
                made.widget.setSpecialValueText("by tolerance" if by_tolerance else "auto")
            made.set_value(wishes.get(description.name, description.default))
            made.changed.connect(self._on_changed)
            label = QLabel(_title(description.name), self)
            label.setMinimumWidth(LABEL_WIDTH)
            label.setToolTip(description.help)
            label.setBuddy(made.widget)
            self._layout.addRow(label, made.widget)
            self._fields[description.name] = made
        self.setVisible(bool(self._fields))
        self._show_what_counts()

    def values(self) -> tuple[tuple[str, Parameter], ...]:
        """What the user set and the method will heed, typed as described, in the order of the description."""
        return tuple((name, value) for name, value in self.wishes() if self._counts(name))

    def wishes(self) -> tuple[tuple[str, Parameter], ...]:
        """What the user set, also where another setting overrules it for now."""
        return tuple((name, each.value()) for name, each in self._fields.items() if not each.is_default())

    def value(self, name: str) -> Parameter:
        """The value on screen; None too where there is no such parameter."""
        return self._fields[name].value() if name in self._fields else None

    def has(self, name: str) -> bool:
        """Whether the method has this parameter."""
        return name in self._fields

    def set_value(self, name: str, value: Parameter) -> None:
        """Silently."""
        self._fields[name].set_value(value)
        self._show_what_counts()

    def _counts(self, name: str) -> bool:
        condition = self._fields[name].description.only_with
        return condition is None or condition.holds({name: each.value() for name, each in self._fields.items()})

    def _show_what_counts(self) -> None:
        """Grey what another setting overrules, and say so."""
        for name, each in self._fields.items():
            condition, counts = each.description.only_with, self._counts(name)
            each.widget.setEnabled(counts)
            label = self._layout.labelForField(each.widget)
            if label is not None:
                label.setEnabled(counts)
            why = "" if counts or condition is None else condition.in_words()
            each.widget.setToolTip("\n".join(filter(None, (each.description.help, why))))

    @Slot()
    def _on_changed(self) -> None:
        self._show_what_counts()
        self.changed.emit()


def _title(name: str) -> str:
    words = name.replace("_", " ")
    return {"n steps": "Steps", "n samples": "Samples"}.get(words, words.capitalize())


class ParameterField(QObject):
    """One parameter and the control that suits its type."""

    changed = Signal()

    def __init__(self, description: ParameterDescription, parent: QWidget, layers: tuple[str, ...] = ()) -> None:
        super().__init__(parent)
        self.description = description
        self.widget = _control_for(description, parent, layers)
        self.widget.setObjectName(f"param_{description.name}")
        self.widget.setAccessibleName(_title(description.name))
        self.widget.setAccessibleDescription(description.help)
        self.widget.setToolTip(description.help)
        self._connect()

    def is_default(self) -> bool:
        """Whether the method's own default is on screen."""
        return self.value() == self.description.default

    def value(self) -> Parameter:
        """Typed as described; None where the method is to find it."""
        widget = self.widget
        if isinstance(widget, QCheckBox):
            return widget.isChecked()
        if isinstance(widget, QComboBox):
            return str(widget.currentData())
        if isinstance(widget, QSpinBox | QDoubleSpinBox):
            return None if self.description.default is None and widget.value() == widget.minimum() else widget.value()
        assert isinstance(widget, QLineEdit)
        return widget.text() or (None if self.description.default is None else "")

    def set_value(self, value: Parameter) -> None:
        """Silently; a value of another type is taken as the default."""
        self.widget.blockSignals(True)
        fitting = value if fits(self.description, value) else self.description.default
        widget = self.widget
        if isinstance(widget, QCheckBox):
            widget.setChecked(bool(fitting))
        elif isinstance(widget, QComboBox):
            widget.setCurrentIndex(max(0, widget.findData(fitting)))
        elif isinstance(widget, QSpinBox):
            widget.setValue(widget.minimum() if fitting is None else int(fitting))
        elif isinstance(widget, QDoubleSpinBox):
            widget.setValue(widget.minimum() if fitting is None else float(fitting))
        elif isinstance(widget, LayerEdit):
            widget.set_layer("" if fitting is None else str(fitting))
        elif isinstance(widget, QLineEdit):
            widget.setText("" if fitting is None else str(fitting))
        self.widget.blockSignals(False)

    def _connect(self) -> None:
        widget = self.widget
        if isinstance(widget, QCheckBox):
            widget.toggled.connect(self._on_changed)
        elif isinstance(widget, QComboBox):
            widget.currentIndexChanged.connect(self._on_changed)
        elif isinstance(widget, QSpinBox | QDoubleSpinBox):
            widget.valueChanged.connect(self._on_changed)
        elif isinstance(widget, LayerEdit):
            widget.chosen.connect(self._on_changed)
        elif isinstance(widget, QLineEdit):
            widget.textEdited.connect(self._on_changed)

    @Slot()
    def _on_changed(self) -> None:
        self.changed.emit()


def fits(description: ParameterDescription, value: Parameter) -> bool:
    """Whether ``value`` could have been set with this parameter's control."""
    if value is None:
        return description.default is None
    if description.choices is not None:
        return value in description.choices
    if description.type == "bool":
        return isinstance(value, bool)
    if description.type == "str":
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, int if description.type == "int" else int | float):
        return False
    low, high = _bounds(description)
    return low <= value <= high


def _bounds(description: ParameterDescription) -> tuple[float, float]:
    largest = LARGEST_INT if description.type == "int" else LARGEST_FLOAT
    low = -largest if description.minimum is None or isinf(description.minimum) else description.minimum
    high = largest if description.maximum is None or isinf(description.maximum) else description.maximum
    return low, high


def _control_for(description: ParameterDescription, parent: QWidget, layers: tuple[str, ...]) -> QWidget:
    if description.choices is not None:
        box = small_combo(parent)
        for choice in description.choices:
            box.addItem(choice.replace("_", " "), choice)
        return box
    if description.type == "bool":
        return QCheckBox(parent)
    if description.type == "str":
        return LayerEdit(layers, parent) if description.name == LAYER else QLineEdit(parent)
    return _int_box(description, parent) if description.type == "int" else _float_box(description, parent)


def _int_box(description: ParameterDescription, parent: QWidget) -> QSpinBox:
    box = _Steps(parent)
    low, high = map(int, _bounds(description))
    box.setRange(low - 1 if description.default is None else low, high)
    _finish(box)
    return box


def _float_box(description: ParameterDescription, parent: QWidget) -> QDoubleSpinBox:
    box = _Plain(parent)
    low, high = _bounds(description)
    box.setDecimals(DECIMALS)
    box.setRange(low - 1 if description.default is None else low, high)
    box.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
    _finish(box)
    return box


def _finish(box: QSpinBox | QDoubleSpinBox) -> None:
    box.setKeyboardTracking(False)  # a value counts when it is typed to its end
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    pad_spin_box(box)


class _Steps(QSpinBox):
    """Doubles and halves above 32, where one more step changes nothing."""

    def stepBy(self, steps: int) -> None:
        value = self.value()
        if abs(value) < 32 or (steps < 0 and value <= 32):
            super().stepBy(steps)
        else:
            self.setValue(min(value * 2, self.maximum()) if steps > 0 else value // 2)


class _Plain(QDoubleSpinBox):
    """Writes 0.001 as 0.001, without a tail of zeros."""

    def textFromValue(self, value: float) -> str:
        return self.locale().toString(value, "g", 6)
