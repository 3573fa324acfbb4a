"""From before the training to its end: which checkpoint is looked at."""

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from gui.controls.rows import name_control
from gui.theme import numbers_font

PAUSE_MS = 250  # a slider that is dragged asks about where it comes to rest
SLIDER_PIXELS = 132


class CheckpointSlider(QWidget):
    """Gone where a model carries no checkpoints. Setters are silent."""

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self.slider, self._name = QSlider(Qt.Orientation.Horizontal), QLabel()
        name_control(self.slider, "aggregateCheckpoint", "Checkpoint", "The same rows, as the model was then.")
        self.slider.setFixedWidth(SLIDER_PIXELS)
        self.slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        self.slider.setPageStep(1)
        self._name.setFont(numbers_font())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(QLabel("Checkpoint"))
        row.addWidget(self.slider)
        row.addWidget(self._name)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(PAUSE_MS)
        self._soon.timeout.connect(self.chosen)
        self.slider.valueChanged.connect(self._on_moved)
        self.show_names(())

    def show_names(self, names: tuple[str, ...]) -> None:
        """Those of the open model, the last one chosen."""
        if names != self._names:
            self._names = names
            quiet = self.slider.blockSignals(True)
            self.slider.setRange(0, max(0, len(names) - 1))
            self.slider.setValue(len(names) - 1)
            self.slider.blockSignals(quiet)
            metrics = self._name.fontMetrics()
            longest = max((self._words(at) for at in range(len(names))), key=metrics.horizontalAdvance, default="")
            self._name.setMinimumWidth(metrics.horizontalAdvance(longest) + 4)
        self._show_name()
        self.setVisible(len(names) > 1)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the open model, the first first."""
        return self._names

    @property
    def checkpoint(self) -> str | None:
        """By name; None: the model as it is."""
        last = self.slider.value() >= len(self._names) - 1
        return None if last else self._names[self.slider.value()]

    def _show_name(self) -> None:
        if self._names:
            self._name.setText(self._words(self.slider.value()))

    def _words(self, at: int) -> str:
        return f"{self._names[at]}, {at + 1} of {len(self._names)}"

    @Slot(int)
    def _on_moved(self, _value: int) -> None:
        self._show_name()
        self._soon.start()
