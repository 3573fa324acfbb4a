"""Two examples: the row that was pinned, and the one in hand, on one scale."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from gui.controls.rows import name_control
from gui.data.compare.pair_of_maps import PairOfMaps, Side
from gui.views.elided_label import ElidedLabel

EMPTY = (
    "Two rows side by side, on one scale: press P on a row to pin it, then go on with J, K and N. The next rows stand beside it."
)


class ExamplesPage(QWidget):
    """Setters are silent."""

    pin_wanted = Signal()
    unpin_wanted = Signal()
    back_wanted = Signal()
    read_out_changed = Signal(str)
    shown = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pin, self.unpin, self.back = QPushButton("Pin this row"), QPushButton("Unpin"), QPushButton("Go to the pinned row")
        self.row, self._note = QWidget(), ElidedLabel()
        self.maps = PairOfMaps("pinned", Qt.Orientation.Horizontal, bars=True)
        self._empty, self._stack = QLabel(EMPTY), QStackedWidget()
        self._build()
        self.pin.clicked.connect(self.pin_wanted)
        self.unpin.clicked.connect(self.unpin_wanted)
        self.back.clicked.connect(self.back_wanted)
        self.maps.read_out_changed.connect(self.read_out_changed)

    def _build(self) -> None:
        for control, words in (
            (self.pin, ("pinRow", "Pin this row", "Keep the row in hand beside the next ones (P).")),
            (self.unpin, ("unpinRow", "Unpin", "No row is pinned (Shift+P).")),
            (self.back, ("pinnedBack", "Go to the pinned row", "Put it on the desk again.")),
            (self._note, ("pinnedNote", "Which rows", "")),
        ):
            name_control(control, *words)
        self._note.setProperty("role", "muted")
        row = QHBoxLayout(self.row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for button in (self.pin, self.unpin, self.back):
            row.addWidget(button)
        row.addWidget(self._note, 1)
        self._empty.setWordWrap(True)
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.maps)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)
        self.show_nothing("")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown.emit()

    def show_nothing(self, note: str) -> None:
        """No row is pinned."""
        self._stack.setCurrentIndex(0)
        self.unpin.hide()
        self.back.hide()
        self._note.setText(note)

    def show_pair(self, pinned: Side, current: Side, note: str) -> None:
        """The pinned one left."""
        self.unpin.show()
        self.back.show()
        self.maps.show_pair(pinned, current)
        self._note.setText(note)
        self._stack.setCurrentIndex(1)
