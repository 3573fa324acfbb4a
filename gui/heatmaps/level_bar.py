"""A colour scale whose end can be moved."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.heatmaps.colour_bar import ColourBar

_LEAST = 1e-4  # of the largest value
_PER_KEY = 1.25
_NEAREST = 4.0  # px to zero


class LevelBar(ColourBar):
    """Takes hold of a value and pulls it along the scale: outwards for more colour, inwards for less."""

    limit_chosen = Signal(object)  # by a person: float, or None: where it ends of itself

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._largest = 0.0
        self._held: tuple[float, float] | None = None  # distance from zero, and the limit then
        self.set_largest(0.0)

    def set_largest(self, largest: float) -> None:
        """Of all values: the scale ends there at the latest. 0: its end stays where it is."""
        self._largest = largest
        movable = largest > 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if movable else Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.SizeHorCursor if movable else Qt.CursorShape.ArrowCursor)
        hint = "Drag, or press ← and →, to end the scale earlier or later; double-click or Home puts it back, End shows all."
        self.setToolTip(hint if movable else "")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self._largest > 0:
            self._held = self._distance(event), self.limit
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is None:
            return
        distance, limit = self._held
        self._choose(limit * distance / self._distance(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to its own."""
        self._held = None
        if self._largest > 0:
            self.limit_chosen.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = {Qt.Key.Key_Left: 1 / _PER_KEY, Qt.Key.Key_Right: _PER_KEY}
        if event.key() in keys and self._largest > 0:
            self._choose(self.limit * keys[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Home and self._largest > 0:
            self.limit_chosen.emit(None)
        elif event.key() == Qt.Key.Key_End and self._largest > 0:
            self._choose(self._largest)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            theme.paint_focus_ring(painter, self.rect().toRectF())
            painter.end()

    def _distance(self, event: QMouseEvent) -> float:
        """From zero, in px."""
        zero = self.width() / 2 if self.signed else 0.0
        return max(abs(event.position().x() - zero), _NEAREST)

    def _choose(self, limit: float) -> None:
        self.limit_chosen.emit(min(max(limit, _LEAST * self._largest), self._largest))
