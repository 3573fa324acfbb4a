"""A label that shortens itself with … instead of pushing its neighbours away."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QStyleOption, QWidget


class ElidedLabel(QLabel):
    """Plain text in one line; the whole of it as tooltip where it does not fit."""

    def __init__(
        self, text: str = "", mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight, parent: QWidget | None = None
    ) -> None:
        super().__init__(text, parent)
        self._mode = mode
        self.setTextFormat(Qt.TextFormat.PlainText)

    def minimumSizeHint(self) -> QSize:
        """As narrow as it must be."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, shortened to fit."""
        painter = QPainter(self)
        option = QStyleOption()
        option.initFrom(self)
        line = self.text().replace("\n", " ")
        shown = painter.fontMetrics().elidedText(line, self._mode, self.width())
        self.setToolTip(self.text() if shown != line else "")
        role = self.foregroundRole()
        self.style().drawItemText(painter, self.rect(), int(self.alignment()), option.palette, self.isEnabled(), shown, role)
