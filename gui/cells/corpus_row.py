"""What is read: a corpus, which gates and states of it, and how much."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSpinBox, QWidget

from engine.requests import Scanned
from engine.results import ModelInfo
from gui.cells.quantities_box import fill_quantities, place_of_quantities
from gui.controls.corpus_box import DESK, CorpusBox
from gui.controls.rows import name_control, pad_spin_box, show_instead, small_combo
from gui.controls.wheel_guard import WheelGuard

POSITIONS = 150_000  # two layers of 384 cells: ranked in half a minute, weighed in another
MOST_POSITIONS = 2_000_000  # laid out as one text


class CorpusRow(QWidget):
    """Setters are silent."""

    read_chosen = Signal()
    stop_chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.corpus, self.quantities, self.positions = CorpusBox(desk=True), small_combo(), QSpinBox()
        self.read, self.stop = QPushButton("Read"), QPushButton("Stop")
        self.quantities.addItem("all of them", ())
        self.positions.setRange(1000, MOST_POSITIONS)
        self.positions.setValue(POSITIONS)
        self.positions.setSingleStep(50_000)
        self.positions.setGroupSeparatorShown(True)
        pad_spin_box(self.positions)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        guard = WheelGuard(self)
        for title, control, name, hint, stretch in (
            ("Corpus", self.corpus, "cellsCorpus", "Text that is read from end to end.", 5),
            ("scan", self.quantities, "cellsScan", "Fewer gates and states are read faster and take less room on the disk.", 2),
            ("positions", self.positions, "cellsPositions", "Positions read at most, in whole files as far as that goes.", 0),
        ):
            label = QLabel(title, self)
            label.setProperty("role", "muted")
            label.setBuddy(control)
            name_control(control, name, title, hint)
            control.installEventFilter(guard)
            row.addWidget(label)
            row.addWidget(control, stretch)
            row.addSpacing(4)
        self.read.setProperty("role", "primary")
        name_control(self.read, "cellsRead", "Read", "Read the corpus with this model; what was read before is not read again.")
        name_control(self.stop, "cellsReadStop", "Stop", "What was read is kept: Read goes on from there (Esc).")
        row.addWidget(self.read)
        row.addWidget(self.stop)
        self.read.clicked.connect(self.read_chosen)
        self.stop.clicked.connect(self.stop_chosen)
        self.show_running(False)

    def scanned(self, desk: str) -> Scanned:
        """What is wanted; ``desk``: the file that the text on the desk was written to."""
        source = self.corpus.source
        return Scanned((desk if source == DESK else source,), tuple(self.quantities.currentData() or ()), self.positions.value())

    def show_scanned(self, scanned: Scanned) -> None:
        """As it was read."""
        self.corpus.set_source(scanned.corpus[0])
        self.quantities.setCurrentIndex(max(0, place_of_quantities(self.quantities, scanned.gates)))
        if scanned.limit is not None:
            self.positions.setValue(scanned.limit)

    def show_model(self, model: ModelInfo) -> None:
        """Its quantities are on offer."""
        fill_quantities(self.quantities, model)

    def show_running(self, running: bool) -> None:
        """Read or Stop."""
        show_instead(*((self.stop, self.read) if running else (self.read, self.stop)))
