"""A unit inside the model as the target: which layer's output, which number of it, at which token."""

import re
from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCompleter, QSpinBox, QVBoxLayout, QWidget

from engine.results import LayerInfo
from gui.controls.rows import add_row, form_layout, name_control, pad_spin_box, small_combo
from gui.controls.wheel_guard import WheelGuard

LAST = -1
_FORM = re.compile(r"unit:(?P<layer>.+):(?P<index>\d{1,9})(?:@(?P<position>\d{1,9}))?", re.DOTALL)
_CONTAINERS = ("ModuleList", "ModuleDict", "ParameterList", "ParameterDict")  # they never run


class UnitControls(QWidget):
    """Setters are silent."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layer, self._index, self._position = small_combo(self), QSpinBox(self), QSpinBox(self)
        self._layer.setEditable(True)
        self._layer.setInsertPolicy(self._layer.InsertPolicy.NoInsert)
        completer = self._layer.completer()
        if completer is not None:
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self._index.setRange(0, 10**9 - 1)
        self._position.setRange(LAST, 10**9 - 1)
        self._position.setSpecialValueText("last token")
        self._position.setValue(LAST)
        guard = WheelGuard(self)
        for box in (self._index, self._position):
            box.setKeyboardTracking(False)
            pad_spin_box(box)
        form = form_layout()
        for title, control, name, hint in (
            ("Layer", self._layer, "unitLayer", "The module whose output holds the unit; type a part of its name."),
            ("Unit", self._index, "unitIndex", "Its place in that output, from 0."),
            ("At token", self._position, "unitPosition", "Counted from 0; does not matter for layers that answer once."),
        ):
            name_control(control, name, title, hint)
            control.installEventFilter(guard)
            add_row(form, title, control)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addLayout(form)
        self._layer.currentTextChanged.connect(self.changed)
        self._index.valueChanged.connect(self.changed)
        self._position.valueChanged.connect(self.changed)

    def show_layers(self, layers: Iterable[LayerInfo]) -> None:
        """Those that run."""
        before = self._layer.currentText()
        self._layer.blockSignals(True)
        self._layer.clear()
        names = [layer.name for layer in layers if layer.name and layer.type not in _CONTAINERS]
        self._layer.addItems(names)
        self._layer.setCurrentIndex(names.index(before) if before in names else len(names) - 1)
        self._layer.blockSignals(False)

    @property
    def any(self) -> bool:
        """Whether there is a layer to choose."""
        return self._layer.count() > 0

    def knows(self, choice: str) -> bool:
        """Whether ``choice`` names a unit in a layer of this model."""
        form = _FORM.fullmatch(choice)
        return form is not None and self._layer.findText(form["layer"], Qt.MatchFlag.MatchExactly) >= 0

    def choice(self) -> str:
        """As a target is spelled."""
        position = f"@{self._position.value()}" if self._position.value() != LAST else ""
        return f"unit:{self._layer.currentText().strip()}:{self._index.value()}{position}"

    def set_choice(self, choice: str) -> None:
        """A target that ``knows`` confirms."""
        form = _FORM.fullmatch(choice)
        if form is None:
            return
        for control in (self._layer, self._index, self._position):
            control.blockSignals(True)
        self._layer.setCurrentIndex(self._layer.findText(form["layer"], Qt.MatchFlag.MatchExactly))
        self._index.setValue(int(form["index"]))
        self._position.setValue(LAST if form["position"] is None else int(form["position"]))
        for control in (self._layer, self._index, self._position):
            control.blockSignals(False)
