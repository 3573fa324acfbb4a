from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from gui.data.desk import DataDesk


class OverviewPage(QWidget):
    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)

    filter_chosen = Signal(object)

    def show_rows(self) -> None: ...
