"""The tabs beside Attribution, in their order."""

from collections.abc import Callable

from gui.cells.room import CellsRoom
from gui.flow_room import FlowRoom
from gui.optimise_room import OptimiseRoom
from gui.rooms import House, Room

ROOMS: tuple[Callable[[House], Room], ...] = (CellsRoom, FlowRoom, OptimiseRoom)


def rooms_of(house: House) -> tuple[Room, ...]:
    """Each makes its own view and finds its place."""
    return tuple(make(house) for make in ROOMS)
