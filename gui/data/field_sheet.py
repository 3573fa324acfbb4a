"""A small sheet with a field over the window; Enter takes what is typed, Esc does not."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QDialog, QFrame, QLineEdit, QVBoxLayout, QWidget

WIDTH = 320


class FieldSheet(QDialog):
    """A subclass fills ``column``."""

    def __init__(self, object_name: str, name: str, field: QLineEdit, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName(object_name)
        self.setAccessibleName(name)
        self._field = field
        frame = QFrame(self)
        frame.setProperty("role", "card")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(frame)
        self.column = QVBoxLayout(frame)
        self.column.setContentsMargins(8, 8, 8, 8)

    def popup(self) -> None:
        """In the middle, below the top."""
        parent = self.parentWidget()
        if parent is not None:
            self.move(parent.mapToGlobal(QPoint((parent.width() - WIDTH) // 2, parent.height() // 4)))
        self.show()
        self._field.setFocus()
