"""Two of a kind held against each other: who asks for each, and where the keys lead."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    models: ComparingModels
    checkpoints: ComparingCheckpoints
    pinning: Pinning
    slices: ComparingSlices


class Comparing(QObject):
    """Everything of the page Compare, once that is made."""

    told = Signal(str)
    kept_changed = Signal()
    read_out_changed = Signal(str)

    def __init__(self, desk: DataDesk, view: DataView, house: House) -> None:
        super().__init__(desk)
        self._desk, self._view, self._house = desk, view, house
        self._parts: _Parts | None = None
        view.compare_made.connect(self._on_made)
        house.actions["pin_row"].triggered.connect(self.pin)
        house.actions["unpin_row"].triggered.connect(self.unpin)

    @Slot()
    def _on_made(self) -> None:
        page, desk, house = self._view.compare, self._desk, self._house
        parts = _Parts(
            ComparingModels(desk, page.models, house),
            ComparingCheckpoints(desk, page.checkpoints, house),
            Pinning(desk, page.examples, house),
            ComparingSlices(desk, page.slices, house),
        )
        for part in (parts.models, parts.checkpoints, parts.pinning, parts.slices):
            part.told.connect(self.told)
            part.changed.connect(self.kept_changed)
        parts.slices.rows_wanted.connect(self._on_rows_wanted)
        page.read_out_changed.connect(self.read_out_changed)
        self._parts = parts

    @property
    def pinned_row(self) -> int:
        """−1: none."""
        return -1 if self._parts is None else self._parts.pinning.row

    @Slot()
    def pin(self) -> None:
        """The row in hand, and the place where the next ones stand beside it."""
        page = self._view.compare
        assert self._parts is not None
        self._parts.pinning.pin()
        if self.pinned_row >= 0:
            self._view.show_page(PAGE)
            page.show_kind(EXAMPLES)

    @Slot()
    def unpin(self) -> None:
        """No row is pinned."""
        if self._parts is not None:
            self._parts.pinning.unpin()

    def step(self, way: int) -> bool:
        """Through the rows listed in sight; whether there are any."""
        for part in () if self._parts is None else (self._parts.models, self._parts.checkpoints):
            if part.can_step:
                part.step(way)
                return True
        return False

    def kept(self) -> KeptView | None:
        """What is compared in sight; None: nothing is."""
        if self._parts is None:
            return None
        return self._parts.models.kept() or self._parts.checkpoints.kept() or self._parts.slices.kept()

    @Slot()
    def _on_rows_wanted(self) -> None:
        self._view.show_page("rows")
