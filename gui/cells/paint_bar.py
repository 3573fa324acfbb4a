"""Places painted by hand on a corpus: how many there are, wiped, and put to the Detective."""

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from gui.cells.painting import PaintedParts
from gui.controls.rows import name_control
from gui.icons import icon
from gui.theme import RETHEME_EVENTS


class PaintBar(QWidget):
    """In sight while something is painted or ``paint``, which the view places, is on. Setters are silent."""

    painting_toggled = Signal(bool)
    wiped = Signal()
    asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.paint, self.wipe, self.ask = QToolButton(), QToolButton(), QPushButton("Ask the Detective")
        self.parts = QLabel()
        for control, words in (
            (
                self.paint,
                ("paintPlaces", "Paint", "Drag to paint, drag on paint to wipe it; what is not painted is what it is not."),
            ),
            (self.wipe, ("wipePaint", "Wipe", "Take all paint off this corpus; undo brings it back.")),
            (self.ask, ("askPainted", "Ask the Detective", "Which cell knows the painted places from the rest of these files?")),
        ):
            name_control(control, *words)
        for button, name in ((self.paint, "Paint"), (self.wipe, "Wipe")):
            button.setText(name)
            button.setProperty("role", "flat")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.paint.setCheckable(True)
        self.parts.setObjectName("paintedParts")
        self.parts.setProperty("role", "muted")
        self.parts.setTextFormat(Qt.TextFormat.PlainText)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(4)
        row.addWidget(self.parts, 1)
        row.addWidget(self.wipe)
        row.addWidget(self.ask)
        self.paint.toggled.connect(self._on_paint)
        self.wipe.clicked.connect(self.wiped)
        self.ask.clicked.connect(self.asked)
        self._dress()
        self.show_parts(PaintedParts(0, 0, 0))

    def show_parts(self, parts: PaintedParts) -> None:
        """How many places are painted, and whether they make a question."""
        count = parts.ranking + parts.testing
        self.parts.setText(parts.in_words())
        self.wipe.setVisible(bool(count))
        self.ask.setVisible(bool(count))
        self.ask.setEnabled(bool(parts.ranking and parts.testing))
        self.setVisible(bool(count) or self.paint.isChecked())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in RETHEME_EVENTS and hasattr(self, "parts"):
            self._dress()

    def _dress(self) -> None:
        self.paint.setIcon(icon("paint-brush", "accent" if self.paint.isChecked() else "text"))
        self.wipe.setIcon(icon("eraser"))

    @Slot(bool)
    def _on_paint(self, on: bool) -> None:
        self.setVisible(on or not self.ask.isHidden())
        self._dress()
        self.painting_toggled.emit(on)
