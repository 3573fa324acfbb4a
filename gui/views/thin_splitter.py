"""A splitter whose handles are easy to grab and hard to see."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSplitter, QSplitterHandle, QWidget

from gui import theme

HANDLE_PIXELS = 7


class ThinSplitter(QSplitter):
    """Side by side: a line of one pixel. Above one another: nothing until the pointer comes."""

    def __init__(self, orientation: Qt.Orientation, parent: QWidget | None = None) -> None:
        super().__init__(orientation, parent)
        self.setHandleWidth(HANDLE_PIXELS)
        self.setChildrenCollapsible(False)

    def createHandle(self) -> QSplitterHandle:
        """Ours."""
        return _Handle(self.orientation(), self)


class _Handle(QSplitterHandle):
    def __init__(self, orientation: Qt.Orientation, parent: QSplitter) -> None:
        super().__init__(orientation, parent)
        self._hovered = False

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, painter, rect = theme.current(), QPainter(self), self.rect()
        colour = colours.accent if self._hovered else colours.border
        if self.orientation() is Qt.Orientation.Horizontal:
            painter.fillRect(rect.center().x(), 0, 1, rect.height(), colour)
        elif self._hovered:
            painter.fillRect(0, rect.center().y(), rect.width(), 1, colour)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._show(True)

    def leaveEvent(self, event: QEvent) -> None:
        self._show(False)

    def _show(self, hovered: bool) -> None:
        self._hovered = hovered
        self.update()
