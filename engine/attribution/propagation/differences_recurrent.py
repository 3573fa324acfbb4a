"""DeepLIFT in recurrent layers: activations by the rescale rule, gates and states as products."""

from collections.abc import Callable

import torch
from torch import Tensor

from engine.attribution.propagation.recurrent import (
    GruWay,
    LstmWay,
    RnnWay,
    Way,
    Weights,
    gru_states,
    lstm_states,
    rnn_states,
    w_projection,
)
from engine.attribution.propagation.rules import derivative


def multiplier(
    inputs: Tensor, inputs_then: Tensor, output: Tensor, output_then: Tensor, function: Callable[[Tensor], Tensor]
) -> Tensor:
    """Δy / Δx, and the derivative halfway where Δx is too small to divide by."""
    change = inputs - inputs_then
    least = torch.finfo(inputs.dtype).eps ** 0.5 * torch.maximum(inputs.abs(), inputs_then.abs()).clamp(min=1e-3)
    told_apart = change.abs() > least
    slope = (output - output_then) / torch.where(told_apart, change, 1.0)
    if bool(told_apart.all()):
        return slope
    return torch.where(told_apart, slope, derivative(function, (inputs + inputs_then) / 2))


def _of_lstm(_kind: str, inputs: Tensor, before: Tensor, weights: Weights) -> tuple[Tensor, Tensor, Way]:
    now, then = lstm_states(inputs, weights), lstm_states(before, weights)
    functions = (torch.sigmoid, torch.sigmoid, torch.tanh, torch.sigmoid)
    gates = [_gate(f, a, b) for f, a, b in zip(functions, now.pre, then.pre, strict=True)]
    (i, at_i), (f, at_f), (g, at_g), (o, at_o) = gates
    cell, through_tanh = _gate(torch.tanh, now.cell, then.cell)
    kept = (now.cell_before + then.cell_before) / 2
    way = LstmWay(
        through_cell=o * through_tanh,
        keep=f,
        from_cell=(g * at_i, kept * at_f, i * at_g),
        from_output=cell * at_o,
        rows=(weights[0], weights[1]),
        projection=w_projection(weights),
    )
    return now.output, now.cell[-1], way


def _of_gru(_kind: str, inputs: Tensor, before: Tensor, weights: Weights) -> tuple[Tensor, Tensor, Way]:
    now, then = gru_states(inputs, weights), gru_states(before, weights)
    functions = (torch.sigmoid, torch.sigmoid, torch.tanh)
    (r, at_r), (z, at_z), (n, at_n) = (_gate(f, a, b) for f, a, b in zip(functions, now.pre, then.pre, strict=True))
    memory, hidden = (now.memory + then.memory) / 2, (now.hidden_before + then.hidden_before) / 2
    way = GruWay(z, (1 - z) * at_n, r, (hidden - n) * at_z, memory * at_r, weights)
    return now.output, now.output[-1], way


def _of_rnn(kind: str, inputs: Tensor, before: Tensor, weights: Weights) -> tuple[Tensor, Tensor, Way]:
    now, then = rnn_states(kind, inputs, weights), rnn_states(kind, before, weights)
    _, slope = _gate(torch.tanh if kind == "rnn_tanh" else torch.relu, now.pre, then.pre)
    return now.output, now.output[-1], RnnWay(slope, weights)


def _gate(function: Callable[[Tensor], Tensor], now: Tensor, then: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of f now and then, and the multiplier of f."""
    value, before = function(now), function(then)
    return (value + before) / 2, multiplier(now, then, value, before, function)


WAYS: dict[str, Callable[[str, Tensor, Tensor, Weights], tuple[Tensor, Tensor, Way]]] = {
    "lstm": _of_lstm,
    "gru": _of_gru,
    "rnn_tanh": _of_rnn,
    "rnn_relu": _of_rnn,
}
