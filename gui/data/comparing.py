"""Two of a kind held against each other: who asks for each, and where the keys lead."""

from PySide6.QtCore import QObject, Signal, Slot

from gui.data.compare.comparing_checkpoints import ComparingCheckpoints
from gui.data.compare.comparing_models import ComparingModels
from gui.data.compare.comparing_slices import ComparingSlices
from gui.data.compare.page import EXAMPLES
from gui.data.compare.pinning import Pinning
from gui.data.desk import DataDesk
from gui.data.view import DataView
from gui.kept_view import KeptView
from gui.rooms import House

PAGE = "compare"


class Comparing(QObject):
    """Everything of the page Compare."""

    told = Signal(str)
    kept_changed = Signal()

    def __init__(self, desk: DataDesk, view: DataView, house: House) -> None:
        super().__init__(desk)
        self._desk, self._view = desk, view
        page = view.compare
        self.models = ComparingModels(desk, page.models, house)
        self.checkpoints = ComparingCheckpoints(desk, page.checkpoints, house)
        self.pinning = Pinning(desk, page.examples, house)
        self.slices = ComparingSlices(desk, page.slices, house)
        for part in (self.models, self.checkpoints, self.pinning, self.slices):
            part.told.connect(self.told)
            part.changed.connect(self.kept_changed)
        self.slices.rows_wanted.connect(self._on_rows_wanted)
        house.actions["pin_row"].triggered.connect(self.pin)
        house.actions["unpin_row"].triggered.connect(self.pinning.unpin)

    @Slot()
    def pin(self) -> None:
        """The row in hand, and the place where the next ones stand beside it."""
        self.pinning.pin()
        if self.pinning.row >= 0:
            self._view.show_page(PAGE)
            self._view.compare.show_kind(EXAMPLES)

    def step(self, way: int) -> bool:
        """Through the rows listed in sight; whether there are any."""
        for part in (self.models, self.checkpoints):
            if part.can_step:
                part.step(way)
                return True
        return False

    def kept(self) -> KeptView | None:
        """What is compared in sight; None: nothing is."""
        return self.models.kept() or self.checkpoints.kept() or self.slices.kept()

    @Slot()
    def _on_rows_wanted(self) -> None:
        self._view.show_page("rows")
