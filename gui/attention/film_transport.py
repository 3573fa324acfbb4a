"""Scrub or play through the steps, and how they are looked at."""

from dataclasses import replace

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from gui.attention.film_take import FilmLook
from gui.controls.rows import name_control
from gui.controls.segments import Segments
from gui.icons import icon

PLAY_MS = 300  # a step
_COORDINATES = (
    ("window", "Window", "Columns are places in the window: a word wanders to the left, step by step."),
    ("text", "Text", "Columns are tokens of the whole text: a word stands still."),
)
_QUANTITIES = (
    ("weights", "Weights", "α, as the softmax gave them; each row sums to 1."),
    ("contributions", "Logit", "α x·W: what each place adds to the logit of the token that was written; exact."),
)
_PICTURES = (
    ("trunk", "Trunk", "What the trunk attended to."),
    ("branch", "Branch", "What the branch attended to."),
    ("difference", "Difference", "Trunk minus branch, step by step and token by token."),
)


class FilmTransport(QWidget):
    """Setters are silent."""

    step_changed = Signal(int)  # by a person, or playing
    look_changed = Signal(object)  # FilmLook

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.play, self.slider, self._at = QToolButton(self), QSlider(Qt.Orientation.Horizontal, self), QLabel(self)
        self.coordinates = Segments("filmCoordinates", _COORDINATES, self, tight=True)
        self.quantity = Segments("filmQuantity", _QUANTITIES, self, tight=True)
        self.picture = Segments("filmPicture", _PICTURES, self, tight=True)
        self._timer, self._look = QTimer(self), FilmLook()
        self._timer.setInterval(PLAY_MS)
        self._build()
        self.play.clicked.connect(self.toggle)
        self.slider.valueChanged.connect(self._on_slider)
        self._timer.timeout.connect(self._on_turn)
        for part in (self.coordinates, self.quantity, self.picture):
            part.chosen.connect(self._on_part)
        self.show_steps(0, 0)

    def _build(self) -> None:
        name_control(self.play, "filmPlay", "Play", "Play from here, or stop (Space).")
        name_control(self.slider, "filmStep", "Step", "Which written token is looked at (arrow keys, Home, End).")
        self._at.setObjectName("filmAt")
        self._at.setProperty("role", "muted")
        self.play.setProperty("role", "flat")
        self.play.setIconSize(QSize(16, 16))
        self.slider.setPageStep(5)
        self.slider.setMinimumWidth(48)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.play)
        row.addWidget(self.slider, 1)
        row.addWidget(self._at)
        for widget in (self.picture, self.coordinates, self.quantity):
            row.addWidget(widget)
        self._dress()

    @property
    def steps(self) -> int:
        """How many there are."""
        return self.slider.maximum() + 1 if self.slider.isEnabled() else 0

    def show_steps(self, steps: int, step: int) -> None:
        """So many, and which of them."""
        blocked = QSignalBlocker(self.slider)
        self.slider.setEnabled(steps > 0)
        self.play.setEnabled(steps > 1)
        self.slider.setRange(0, max(steps - 1, 0))
        self.slider.setValue(step)
        del blocked
        self._at.setMinimumWidth(self._at.fontMetrics().horizontalAdvance(f"{steps} / {steps}"))
        self._at.setText(f"{step + 1} / {steps}" if steps else "")

    def show_look(self, look: FilmLook, *, history: bool, moves: bool, branch: bool) -> None:
        """What there is to choose."""
        self._look = look
        self.coordinates.choose(look.coordinates)
        self.quantity.choose(look.quantity)
        self.picture.choose(look.picture)
        for part, on in ((self.coordinates, moves), (self.quantity, history), (self.picture, branch)):
            part.setVisible(on)

    @property
    def playing(self) -> bool:
        """Whether steps follow by themselves."""
        return self._timer.isActive()

    @Slot()
    def toggle(self) -> None:
        """Play from here, from the first step after the last; or stop."""
        if self.playing or self.steps < 2:
            self.stop()
            return
        if self.slider.value() == self.slider.maximum():
            self.slider.setValue(0)
        self._timer.start()
        self._dress()

    def stop(self) -> None:
        """Stay here."""
        self._timer.stop()
        self._dress()

    def move_by(self, steps: int) -> None:
        """As far as there are any."""
        self.slider.setValue(self.slider.value() + steps)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_timer"):
            self._dress()

    def _dress(self) -> None:
        self.play.setIcon(icon("pause" if self.playing else "play"))
        self.play.setAccessibleName("Pause" if self.playing else "Play")

    @Slot(int)
    def _on_slider(self, step: int) -> None:
        self._at.setText(f"{step + 1} / {self.slider.maximum() + 1}")
        self.step_changed.emit(step)

    @Slot()
    def _on_part(self) -> None:
        parts = {"coordinates": self.coordinates.current, "quantity": self.quantity.current, "picture": self.picture.current}
        self.look_changed.emit(replace(self._look, **parts))  # type: ignore[arg-type]  # ids of the segments

    @Slot()
    def _on_turn(self) -> None:
        if self.slider.value() >= self.slider.maximum():
            self.stop()
        else:
            self.move_by(1)
