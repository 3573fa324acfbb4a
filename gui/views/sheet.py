"""A page that scrolls as a whole where the window is too low for it."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget


class Sheet(QScrollArea):
    """As high as the window, or as the least that the page can do with.

    A resizable scroll area gives a page with lines that wrap the height it would *like*: a long text would then be
    shown whole, instead of scrolling by itself with its scale and its numbers in sight.
    """

    def __init__(self, page: QWidget, parent: QWidget | None = None, *, bordered: bool = False) -> None:
        """``bordered``: nothing around it draws the border of a sheet."""
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        (self if bordered else page).setProperty("role", "sheet" if bordered else "panel")
        self._page = page
        self.setWidget(page)
        if bordered:  # its corners are round: nothing square may be painted over them
            for square in (page, self.viewport()):
                square.setAutoFillBackground(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The page may have grown."""
        if watched is self._page and event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Give the page its size."""
        layout, room = self._page.layout(), self.viewport().size()
        if layout is None:
            return
        least = layout.totalMinimumSize().height()
        if layout.hasHeightForWidth():
            least = max(least, layout.totalMinimumHeightForWidth(room.width()))
        self._page.resize(room.width(), max(least, room.height()))


def inset(widget: QWidget, *, stretch: bool = False) -> QHBoxLayout:
    """A row of a sheet, in line with a text, whose margin is the heatmap's own. ``stretch``: the widget need not fill it."""
    row = QHBoxLayout()
    row.setContentsMargins(16, 0, 16, 0)
    row.addWidget(widget, 100)
    if stretch:
        row.addStretch(1)
    return row


def framed(inside: QWidget) -> QFrame:
    """``inside`` on a sheet of its own."""
    sheet = QFrame()
    sheet.setProperty("role", "sheet")
    sheet.setFocusProxy(inside)
    column = QVBoxLayout(sheet)
    column.setContentsMargins(1, 1, 1, 1)
    column.addWidget(inside)
    return sheet
