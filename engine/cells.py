"""Cells of recurrent layers: their names, what they did while a text was read, and what holding some of them changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.cell_names import GATES, QUANTITIES, Cell, RecurrentKind
from engine.errors import UserError
from engine.requests import AblationRequest, CellsRequest
from engine.results import ClassPrediction, Cost, FloatArray, ModelInfo, Notice, TokenizedText

__all__ = [
    "GATES",
    "QUANTITIES",
    "AblatedReading",
    "AblationEffect",
    "AblationResult",
    "Alternatives",
    "Cell",
    "CellsResult",
    "RecurrentKind",
    "RecurrentLayer",
    "check_cells",
]


@dataclass(frozen=True, slots=True)
class RecurrentLayer:
    """One layer: of the module ``module``, its ``layer_in_module``-th; ``hidden_size`` as its ``hidden_state`` has it
    (smaller than ``cells`` where the layer projects).
    """

    module: str
    layer_in_module: int
    kind: RecurrentKind
    hidden_size: int
    cells: int
    directions: int

    @property
    def size(self) -> tuple[int, int]:
        """Directions, and cells in each."""
        return self.directions, self.cells


def check_cells(cells: Iterable[Cell], sizes: Sequence[tuple[int, ...]]) -> None:
    """Refuse a cell that is not there.

    Args:
        sizes: (directions, cells) of each layer.

    Raises:
        UserError: what there is instead.
    """
    for cell in sorted(cells):
        if cell.layer >= len(sizes):
            raise UserError(
                f"The model has the recurrent layers 0 to {len(sizes) - 1}; there is no {cell.layer}.", "no_such_unit"
            )
        directions, size = sizes[cell.layer]
        if cell.index >= size:
            raise UserError(f"Layer {cell.layer} has the cells 0 to {size - 1}; there is no {cell.index}.", "no_such_unit")
        if cell.direction >= directions:
            raise UserError(f"Layer {cell.layer} reads forwards only; leave the direction of {cell} out.", "no_such_unit")


@dataclass(frozen=True, slots=True, eq=False)
class Alternatives:
    """Language models: the likeliest next tokens after each position."""

    text: tuple[tuple[str, ...], ...]  # (seq, k)
    probability: FloatArray  # (seq, k), descending


@dataclass(frozen=True, slots=True, eq=False)
class CellsResult:
    """Every gate and state at every position, after the token there was read.

    Args:
        quantities: by name, (seq, layer, direction, cell) float32; NaN where a layer has no such cell or direction.
            ``hidden_state`` has fewer cells than the others where layers project.
        alternatives: where they were asked for.
    """

    request: CellsRequest
    model: ModelInfo
    input: TokenizedText
    layers: tuple[RecurrentLayer, ...]
    quantities: Mapping[str, FloatArray]
    cost: Cost
    alternatives: Alternatives | None = None
    warnings: tuple[Notice, ...] = ()

    def track(self, quantity: str, cell: Cell) -> FloatArray:
        """(seq,): what one cell did."""
        return self.quantities[quantity][:, cell.layer, cell.direction, cell.index]

    def saturation(self, gate: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The share of positions at which each cell's ``gate`` is below 0.1, and above 0.9: (layer, direction, cell) each."""
        values = self.quantities[gate]
        missing = np.isnan(values).all(axis=0)
        low, high = (values < 0.1).mean(axis=0), (values > 0.9).mean(axis=0)
        return np.where(missing, np.nan, low), np.where(missing, np.nan, high)


@dataclass(frozen=True, slots=True, eq=False)
class AblatedReading:
    """What the model made of a text, with all its cells or with some of them held.

    Args:
        prediction: a classifier's answer; a language model's after the last token.
        loss: language models: −log p of token t + 1 after reading token t, in nats, (seq − 1,).
        alternatives: language models: after every position, where they were asked for.
        generated: what a language model goes on with, where that was asked for.
    """

    prediction: tuple[ClassPrediction, ...]
    loss: FloatArray | None = None
    alternatives: Alternatives | None = None
    generated: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class AblationResult:
    """A text read twice, and what the cells were held at."""

    request: AblationRequest
    model: ModelInfo
    input: TokenizedText
    held_at: tuple[float, ...]  # one for each of the request's cells
    intact: AblatedReading
    held: AblatedReading
    cost: Cost
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class AblationEffect:
    """Does the model use these cells where a pattern matches? Loss is −log p of the next token after a position, in nats.

    Args:
        matches, others: how many positions of each kind were scored.
        loss_at_matches, loss_at_others: of the intact model, the mean.
        change_at_matches, change_at_others: what holding the cells adds to it.
        interval: 95 % of ``effect`` over files, by bootstrap; None from fewer than five.
        random_effects: the same effect of sets of other cells, as many and of like variance, one number for each set.
        p_value: how often a random set, or these cells among them, does at least as much.
    """

    cells: tuple[Cell, ...]
    held_at: tuple[float, ...]
    files: int
    matches: int
    others: int
    loss_at_matches: float
    loss_at_others: float
    change_at_matches: float
    change_at_others: float
    interval: tuple[float, float] | None
    random_effects: FloatArray
    p_value: float | None

    @property
    def effect(self) -> float:
        """What holding the cells costs at matches, beyond what it costs elsewhere."""
        return self.change_at_matches - self.change_at_others
