"""What all cells did, side by side: the numbers one sorts cells by, and quotes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.cells import GATES, QUANTITIES, Cell, CellsResult, RecurrentLayer
from engine.results import FloatArray

TANH_CELL_STATE = "tanh_cell_state"  # what the output gate opens onto, between −1 and 1
LOW, HIGH = 0.1, 0.9  # as in Karpathy, Johnson & Fei-Fei 2015, arXiv:1506.02078, figure 2
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """One number per cell that cells are sorted by, the largest first. ``words`` say what it is; ``needs`` what else it takes."""

    id: str
    label: str
    words: str
    needs: str = ""  # "cell": the chosen one; "position": the pinned token


SCORES = (
    Score("index", "Index", "As the layer numbers them."),
    Score("mean", "Mean", "Over all positions of the text."),
    Score("variance", "Variance", "Over all positions of the text."),
    Score("range", "Range", "Largest minus smallest value."),
    Score("saturated", "Saturated", "Share of positions at which the magnitude is above 0.9."),
    Score("silent", "Silent", "Share of positions at which the magnitude is below 0.1."),
    Score("correlation", "Correlation", "Pearson's r with the chosen cell; sorted by its magnitude.", "cell"),
    Score("at_token", "Value at the pin", "The value at the pinned token; sorted by its magnitude.", "position"),
    Score("change", "Change at the pin", "How much reading the pinned token changed the value; sorted by magnitude.", "position"),
)


def quantities_of(layer: RecurrentLayer) -> tuple[str, ...]:
    """What can be shown of a layer's cells, the squashed state first."""
    own = QUANTITIES[layer.kind]
    states = (TANH_CELL_STATE, "cell_state") if "cell_state" in own else ()
    return (*states, *(each for each in own if each not in states))


def stored(quantity: str) -> str:
    """What of the cells it is computed from: itself, or of the squashed state the cell state."""
    return "cell_state" if quantity == TANH_CELL_STATE else quantity


def gates_of(layer: RecurrentLayer) -> tuple[str, ...]:
    """Those of its quantities that lie between 0 and 1."""
    return tuple(each for each in QUANTITIES[layer.kind] if each in GATES)


def track_of(result: CellsResult, quantity: str, cell: Cell) -> FloatArray:
    """(seq,): as ``CellsResult.track``, the squashed state too."""
    if quantity == TANH_CELL_STATE:
        return np.tanh(result.track("cell_state", cell))
    return result.track(quantity, cell)


def cells_with(result: CellsResult, quantity: str) -> tuple[Cell, ...]:
    """Every cell that has ``quantity``, in order of layer, direction and index."""
    found = []
    for number, layer in enumerate(result.layers):
        if quantity in quantities_of(layer):
            count = layer.hidden_size if quantity == "hidden_state" else layer.cells
            found += [Cell(number, index, direction) for direction in range(layer.directions) for index in range(count)]
    return tuple(found)


class CellValues:
    """One quantity of every cell that has it."""

    def __init__(self, result: CellsResult, quantity: str) -> None:
        self.result, self.quantity = result, quantity
        self.cells = cells_with(result, quantity)
        self._place = {cell: place for place, cell in enumerate(self.cells)}

    def place_of(self, cell: Cell) -> int:
        """Its column; −1 where it has no such quantity."""
        return self._place.get(cell, -1)

    @cached_property
    def values(self) -> FloatArray:
        """(seq, n) float32."""
        source = self.result.quantities[stored(self.quantity)]
        chosen = np.ravel_multi_index(self._columns, source.shape[1:])
        flat = source.reshape(len(source), -1)
        plain = len(chosen) == flat.shape[1] and bool((np.diff(chosen) == 1).all())
        values = flat if plain else flat[:, chosen]
        return np.tanh(values) if self.quantity == TANH_CELL_STATE else values

    @cached_property
    def _columns(self) -> tuple[NDArray[np.intp], ...]:
        columns = np.array([(c.layer, c.direction, c.index) for c in self.cells], dtype=np.intp).reshape(-1, 3)
        return columns[:, 0], columns[:, 1], columns[:, 2]

    @property
    def layers(self) -> NDArray[np.intp]:
        """(n,)"""
        return self._columns[0]

    @property
    def directions(self) -> NDArray[np.intp]:
        """(n,)"""
        return self._columns[1]

    def scores(self, id: str, chosen: Cell | None = None, position: int = -1) -> Scores:
        """(n,): the score ``id`` of ``SCORES`` for every cell; NaN where it has none."""
        with np.errstate(invalid="ignore", over="ignore"):  # a state may be infinite
            return self._scores(id, chosen, position)

    def _scores(self, id: str, chosen: Cell | None, position: int) -> Scores:
        values = self.values
        if id == "index" or not len(values):
            return self._columns[2].astype(np.float64)
        if id == "correlation":
            return self._correlations(self.place_of(chosen) if chosen is not None else -1)
        if id in ("at_token", "change"):
            return self._at(position) if id == "at_token" else self._changes(position)
        if id == "mean":
            return np.asarray(values.mean(axis=0, dtype=np.float64))
        if id == "variance":
            return np.asarray(values.var(axis=0, dtype=np.float64))
        if id == "range":
            return np.asarray(values.max(axis=0) - values.min(axis=0), dtype=np.float64)
        magnitudes = np.abs(values)
        share = (magnitudes > HIGH if id == "saturated" else magnitudes < LOW).mean(axis=0)
        return np.where(np.isnan(values).any(axis=0), np.nan, share)

    def order(self, id: str, scores: Scores, ascending: bool = False) -> NDArray[np.intp]:
        """Columns from the largest score to the smallest (the index: as it is); those without one last."""
        if id == "index":
            order = np.lexsort((scores, self.directions, self.layers))
            return order[::-1] if ascending else order
        keys = np.abs(scores) if id in ("correlation", "at_token", "change") else scores
        return np.argsort(keys if ascending else -keys, kind="stable")  # NaN sorts last either way

    def ranks_at(self, position: int) -> NDArray[np.intp]:
        """(n,) at one position, 1 for the largest magnitude; 0 where there is no number."""
        magnitudes = np.abs(self._at(position))
        ranks = np.zeros(len(magnitudes), dtype=np.intp)
        order = np.argsort(-magnitudes, kind="stable")
        order = order[~np.isnan(magnitudes[order])]
        ranks[order] = np.arange(1, len(order) + 1)
        return ranks

    def _at(self, position: int) -> Scores:
        if not 0 <= position < len(self.values):
            return np.full(len(self.cells), np.nan)
        return np.asarray(self.values[position], dtype=np.float64)

    def _changes(self, position: int) -> Scores:
        """From the state before this token was read, which a backward direction has at the next position."""
        forward, backward = self._at(position - 1), self._at(position + 1)
        return self._at(position) - np.where(self.directions == 1, backward, forward)

    def _correlations(self, place: int) -> Scores:
        values = self.values
        if place < 0 or len(values) < 2:
            return np.full(len(self.cells), np.nan)
        means = values.mean(axis=0, dtype=np.float64)
        own = values[:, place].astype(np.float64) - means[place]
        covariance = own @ values / len(values) - own.mean() * means
        spread = np.sqrt(values.var(axis=0, dtype=np.float64) * own.var())
        with np.errstate(invalid="ignore", divide="ignore"):
            found = covariance / spread
        return np.where(spread > 0, np.clip(found, -1, 1), np.nan)
