"""Cells of recurrent layers: their names, and what they did while a text was read. Frozen, torch-free."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError
from engine.requests import CellsRequest
from engine.results import Cost, FloatArray, ModelInfo, Notice, TokenizedText

RecurrentKind = Literal["lstm", "gru", "rnn"]
QUANTITIES: dict[RecurrentKind, tuple[str, ...]] = {  # what each kind of layer has, the states first
    "lstm": ("hidden_state", "cell_state", "input_gate", "forget_gate", "candidate", "output_gate"),
    "gru": ("hidden_state", "reset_gate", "update_gate", "candidate"),
    "rnn": ("hidden_state",),
}
GATES = ("input_gate", "forget_gate", "output_gate", "reset_gate", "update_gate")  # between 0 and 1
_FORM = re.compile(r"(?P<layer>\d{1,6}):(?P<index>\d{1,9})(?::(?P<direction>[01]))?")


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One unit of a recurrent layer. Layers count through all recurrent modules; direction 1 reads backwards."""

    layer: int
    index: int
    direction: int = 0

    def __str__(self) -> str:
        return f"{self.layer}:{self.index}" + (f":{self.direction}" if self.direction else "")

    @classmethod
    def read(cls, text: str) -> "Cell":
        """``LAYER:INDEX[:DIRECTION]``.

        Raises:
            UserError: another form.
        """
        form = _FORM.fullmatch(text)
        if form is None:
            raise UserError(f"A cell is named LAYER:INDEX or LAYER:INDEX:DIRECTION, not “{text}”.", "no_such_unit")
        return cls(int(form["layer"]), int(form["index"]), int(form["direction"] or 0))


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
