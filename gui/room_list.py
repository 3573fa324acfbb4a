"""The tabs beside Attribution, in their order."""

from collections.abc import Callable, Iterator

from gui.attention.room import AttentionRoom
from gui.cells.room import CellsRoom
from gui.data.room import DataRoom
from gui.detective.room import DetectiveRoom
from gui.flow_room import FlowRoom
from gui.optimise_room import OptimiseRoom
from gui.rooms import House, Room
from gui.training_room import TrainingRoom

ROOMS: tuple[Callable[[House], Room], ...] = (
    AttentionRoom,
    CellsRoom,
    DataRoom,
    DetectiveRoom,
    FlowRoom,
    TrainingRoom,
    OptimiseRoom,
)


def rooms_of(house: House) -> Iterator[Room]:
    """Each makes its own view and finds its place; one at a time, for a window that answers in between."""
    rooms: list[Room] = []
    for make in ROOMS:
        rooms.append(make(house))
        yield rooms[-1]
    cells = next(room for room in rooms if isinstance(room, CellsRoom))
    for room in rooms:
        if isinstance(room, DetectiveRoom):
            room.cell_chosen.connect(cells.show_cell)
            cells.corpus.painted_asked.connect(room.ask_painted)
