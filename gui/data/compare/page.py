"""The page Compare: two of a kind held against each other; each kind brings its own row of controls."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from gui.controls.segments import Segments
from gui.data.compare.checkpoints_page import CheckpointsPage
from gui.data.compare.examples_page import ExamplesPage
from gui.data.compare.models_page import ModelsPage
from gui.data.compare.slices_page import SlicesPage
from gui.data.desk import DataDesk

MODELS, CHECKPOINTS, EXAMPLES, SLICES = "models", "checkpoints", "examples", "slices"
KINDS = (
    (MODELS, "Models", "Another model, or a checkpoint of this one, over the same rows."),
    (CHECKPOINTS, "Training", "Every checkpoint from the model's training over the same rows."),
    (EXAMPLES, "Examples", "A row that is pinned beside the next ones."),
    (SLICES, "Slices", "Errors beside right rows, or one slice beside another."),
)


class ComparePage(QWidget):
    """Setters are silent."""

    read_out_changed = Signal(str)

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.models, self.checkpoints = ModelsPage(desk), CheckpointsPage(desk)
        self.examples, self.slices = ExamplesPage(), SlicesPage(desk)
        self.kind = Segments("compareKind", KINDS, tight=True)
        self._rows, self._stack = QStackedWidget(), QStackedWidget()
        self._rows.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for page in (self.models, self.checkpoints, self.examples, self.slices):
            self._rows.addWidget(page.row)
            self._stack.addWidget(page)
            page.read_out_changed.connect(self.read_out_changed)
        above = QHBoxLayout()
        above.setSpacing(16)
        above.addWidget(self.kind)
        above.addWidget(self._rows, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(8)
        column.addLayout(above)
        column.addWidget(self._stack, 1)
        self.kind.chosen.connect(self._on_kind)

    def show_kind(self, id: str) -> None:
        """One of ``KINDS``."""
        self.kind.choose(id)
        self._on_kind(id)

    @Slot(str)
    def _on_kind(self, id: str) -> None:
        at = [known for known, _, _ in KINDS].index(id)
        self._rows.setCurrentIndex(at)
        self._stack.setCurrentIndex(at)
