"""Under which name? One field over the window; Enter takes it, Esc does not."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from engine.datasets.work import LONGEST_NAME
from gui.controls.rows import caption_label, name_control
from gui.data.field_sheet import WIDTH, FieldSheet


class NameSheet(FieldSheet):
    """``suggested`` is there already, to be typed over."""

    name_chosen = Signal(str)

    def __init__(self, what: str, suggested: str, parent: QWidget) -> None:
        super().__init__("nameSheet", what, QLineEdit(suggested), parent)
        self._field.setMaxLength(LONGEST_NAME)
        name_control(self._field, "nameField", what, "Enter keeps it.")
        self.column.addWidget(caption_label(what))
        self.column.addWidget(self._field)
        self.setFixedWidth(WIDTH)
        self._field.returnPressed.connect(self._on_return)

    def popup(self) -> None:
        """What is suggested is typed over."""
        super().popup()
        self._field.selectAll()

    @Slot()
    def _on_return(self) -> None:
        name = " ".join(self._field.text().split())
        self.close()
        if name:
            self.name_chosen.emit(name)
