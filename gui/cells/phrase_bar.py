"""How like the phrase a place must be: from where on a cell counts as on."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QWidget

from engine.requests import PhraseRequest, Scanned
from gui.controls.rows import name_control, pad_spin_box
from gui.controls.wheel_guard import WheelGuard


class PhraseBar(QWidget):
    """Setters are silent."""

    threshold_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.threshold = QDoubleSpinBox()
        self.threshold.setRange(0.01, 0.99)
        self.threshold.setSingleStep(0.05)
        self.threshold.setValue(PhraseRequest("", Scanned(()), "", 0, 0).threshold)
        self.threshold.setKeyboardTracking(False)
        pad_spin_box(self.threshold)
        self.threshold.installEventFilter(WheelGuard(self))
        hint = "A cell is on where it is above this, or below its negative. Fewer cells make more places alike."
        name_control(self.threshold, "phraseThreshold", "Threshold", hint)
        self._label = QLabel("A cell is on beyond ±", self)
        self._label.setProperty("role", "muted")
        self._label.setBuddy(self.threshold)
        self._columns = QLabel("n of m: cells on in both places, of those on in either", self)
        self._columns.setProperty("role", "caption")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._label)
        row.addWidget(self.threshold)
        row.addSpacing(8)
        row.addWidget(self._columns, 1)
        self.threshold.valueChanged.connect(self.threshold_changed)

    def show_request(self, request: PhraseRequest) -> None:
        """As it was asked."""
        blocked = self.threshold.blockSignals(True)
        self.threshold.setValue(request.threshold)
        self.threshold.blockSignals(blocked)
        what = "tanh(c)" if request.quantity == "cell_state" else "h"
        self._label.setText(f"A cell is on where {what} is beyond ±")
