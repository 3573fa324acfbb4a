"""What a model's cells are, in the order of the rows of a scan, and in what portions they are read.

Files are read side by side in lanes, each whole from its beginning. What reads backwards cannot carry a state on: for layers of
two directions the files are read in windows of ``WINDOW`` tokens, each from a fresh state, and the manifest says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from engine.cell_names import GATES, QUANTITIES
from engine.errors import UserError
from engine.models.model import TextModel
from engine.recurrent.levels import SIGNED, SOFT, UNIT
from engine.recurrent.network import recurrent_modules
from engine.recurrent.plan import Plan
from engine.recurrent.recorder import KINDS, Recording
from engine.recurrent.store import Rows

CHUNK = 128  # steps taken at once: short enough to cancel, and little is lost where files end inside
WINDOW = 256
LANES = 64
_BLOCK_BYTES = 64 << 20
_MOST_POSITIONS = 1 << 16


@dataclass(frozen=True, slots=True)
class Layout:
    """What a model's cells are, in the order of the rows of a block, and how they are read.

    Args:
        modules: names of the recurrent modules in the order they run.
        windows: files are read in windows, since something reads backwards.
    """

    rows: tuple[Rows, ...]
    modules: tuple[str, ...]
    quantities: tuple[str, ...]
    windows: bool

    @property
    def units(self) -> int:
        """How many rows."""
        return sum(group.cells for group in self.rows)

    def plan(self, lengths: Sequence[int]) -> Plan:
        """How to read files of these lengths."""
        positions = max(1, min(_MOST_POSITIONS, _BLOCK_BYTES // (2 * self.units)))
        lanes = LANES if self.units <= 8192 else LANES // 2
        return Plan(lengths, lanes, WINDOW if self.windows else CHUNK, positions)


def layout_of(model: TextModel, quantities: Sequence[str]) -> Layout:
    """What there will be to scan.

    Args:
        quantities: names of gates and states; empty: all.

    Raises:
        UserError: the model has no recurrent layers, or none with such a quantity.
    """
    modules = recurrent_modules(model.network)
    kinds = {KINDS[type(module)] for module in modules.values()}
    known = tuple(dict.fromkeys(name for kind, own in QUANTITIES.items() if kind in kinds for name in own))
    if not modules:
        raise UserError("This model has no recurrent layers (LSTM, GRU or RNN), so it has no cells.", "unavailable")
    for name in quantities:
        if name not in known:
            raise UserError(f"This model's cells have {', '.join(known)}; there is no “{name}”.", "no_such_quantity")
    wanted = tuple(name for name in known if not quantities or name in quantities)
    rows: list[Rows] = []
    for quantity in wanted:
        layer = 0
        for module in modules.values():
            if quantity in QUANTITIES[KINDS[type(module)]]:
                rows += _rows(module, quantity, layer, sum(group.cells for group in rows))
            layer += module.num_layers
    return Layout(tuple(rows), tuple(modules), wanted, any(module.bidirectional for module in modules.values()))


def _rows(module: nn.RNNBase, quantity: str, layer: int, first: int) -> list[Rows]:
    cells = (module.proj_size or module.hidden_size) if quantity == "hidden_state" else module.hidden_size
    unbounded = quantity == "cell_state" or module.mode == "RNN_RELU" or (quantity == "hidden_state" and module.proj_size)
    scale = SOFT if unbounded else UNIT if quantity in GATES else SIGNED
    places = [(layer + number, direction) for number in range(module.num_layers) for direction in directions_of(module)]
    return [Rows(quantity, layer, d, cells, scale.name, first + at * cells) for at, (layer, d) in enumerate(places)]


def directions_of(module: nn.RNNBase) -> range:
    return range(2 if module.bidirectional else 1)


def values_of(recordings: Sequence[Recording], group: Rows) -> Tensor:
    """(batch, seq, cells) of one quantity, layer and direction; layers count through all modules."""
    layer = group.layer
    for recorded in recordings:
        layers = len(next(iter(recorded.quantities.values())))
        if layer < layers:
            return recorded.quantities[group.quantity][layer, group.direction].float()
        layer -= layers
    raise AssertionError("a layer that no module has")
