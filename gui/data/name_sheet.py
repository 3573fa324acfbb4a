"""Under which name? One field over the window; Enter takes it, Esc does not."""

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QFrame, QLineEdit, QVBoxLayout, QWidget

from engine.datasets.work import LONGEST_NAME
from gui.controls.rows import caption_label, name_control

WIDTH = 320


class NameSheet(QDialog):
    """``suggested`` is there already, to be typed over."""

    name_chosen = Signal(str)

    def __init__(self, what: str, suggested: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("nameSheet")
        self.setAccessibleName(what)
        self._field = QLineEdit(suggested)
        self._field.setMaxLength(LONGEST_NAME)
        name_control(self._field, "nameField", what, "Enter keeps it.")
        frame = QFrame(self)
        frame.setProperty("role", "card")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(frame)
        column = QVBoxLayout(frame)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(caption_label(what))
        column.addWidget(self._field)
        self.setFixedWidth(WIDTH)
        self._field.returnPressed.connect(self._on_return)

    def popup(self) -> None:
        """In the middle, below the top."""
        parent = self.parentWidget()
        if parent is not None:
            self.move(parent.mapToGlobal(QPoint((parent.width() - WIDTH) // 2, parent.height() // 4)))
        self.show()
        self._field.setFocus()
        self._field.selectAll()

    @Slot()
    def _on_return(self) -> None:
        name = " ".join(self._field.text().split())
        self.close()
        if name:
            self.name_chosen.emit(name)
