"""Quantities by the names of the field, and the scale each is drawn on."""

import math

import numpy as np

from engine.cell_values import TANH_CELL_STATE
from engine.cells import GATES, RecurrentKind
from engine.heatmaps.colours import limit_of
from engine.results import FloatArray, ModelInfo

NAMES = {  # symbol, name
    TANH_CELL_STATE: ("tanh(c)", "squashed state"),
    "cell_state": ("c", "cell state"),
    "hidden_state": ("h", "hidden state"),
    "input_gate": ("i", "input gate"),
    "forget_gate": ("f", "forget gate"),
    "candidate": ("g", "candidate"),
    "output_gate": ("o", "output gate"),
    "reset_gate": ("r", "reset gate"),
    "update_gate": ("z", "update gate"),
}
_SQUASHED = (TANH_CELL_STATE, "candidate")


def symbol(quantity: str, kind: RecurrentKind = "lstm") -> str:
    """As in formulas; a GRU calls its candidate n."""
    return "n" if quantity == "candidate" and kind == "gru" else NAMES[quantity][0]


def full_name(quantity: str, kind: RecurrentKind = "lstm") -> str:
    """Symbol and name."""
    return f"{symbol(quantity, kind)} · {NAMES[quantity][1]}"


def is_signed(quantity: str) -> bool:
    """Gates lie between 0 and 1."""
    return quantity not in GATES


def scale_of(quantity: str, track: FloatArray) -> float:
    """Where its colours end: 1, or for states without a bound the next round number, so that typing does not shake it."""
    return 1.0 if quantity in GATES or quantity in _SQUASHED else round_limit(limit_of(np.asarray(track)))


def round_limit(largest: float) -> float:
    """1, 2 or 5 times a power of ten, not below ``largest``."""
    if not largest > 0 or not math.isfinite(largest):
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next((step * power for step in (1, 2, 5) if largest <= step * power * (1 + 1e-9)), 10 * power)


def has_cells(model: ModelInfo) -> bool:
    """Whether it has recurrent layers."""
    return "cells" in model.can


def without_cells(model: ModelInfo) -> str:
    """What it has instead of recurrent layers."""
    if model.attention is not None:
        layers = model.attention.layers
        return f"This model has no recurrent layers: it has {layers} attention layer{'s' if layers != 1 else ''}."
    return "This model has no recurrent layers."
