"""LRP in recurrent layers: what arrives at a product of a gate and a signal goes to the signal."""

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


def ratio(inputs: Tensor, output: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """f(x) / x."""
    slope = output / inputs
    at_zero = inputs == 0
    if bool(at_zero.any()):
        slope = torch.where(at_zero, derivative(function, inputs.new_zeros(1)), slope)
    return slope


def stable_share(values: Tensor, epsilon: float) -> Tensor:
    """z / (z + ε sign z), where the sign of 0 is 1."""
    return values / torch.where(values >= 0, values + epsilon, values - epsilon)


def _of_lstm(_kind: str, inputs: Tensor, weights: Weights, epsilon: float) -> tuple[Tensor, Tensor, Way]:
    """R_c' = f c' / c · R_c, R_g = i g / c · R_c, R_c = R_h; from g through its linear layer."""
    states = lstm_states(inputs, weights)
    i, f, g, o = states.pre
    size = g.shape[-1]
    to_candidate, keep = i.sigmoid() * ratio(g, g.tanh(), torch.tanh), f.sigmoid()
    through_cell = o.sigmoid() * ratio(states.cell, states.cell.tanh(), torch.tanh)
    if epsilon:
        shared = stable_share(states.cell, epsilon)
        to_candidate, keep = to_candidate * shared * stable_share(g, epsilon), keep * shared
    rows = slice(2 * size, 3 * size)
    way = LstmWay(through_cell, keep, (to_candidate,), None, (weights[0][rows], weights[1][rows]), w_projection(weights))
    return states.output, states.cell[-1], way


def _of_gru(_kind: str, inputs: Tensor, weights: Weights, epsilon: float) -> tuple[Tensor, Tensor, Way]:
    """R_h' = z h' / h · R_h, R_n = (1 − z) n / h · R_h; from n through its linear layer, r being a gate."""
    states = gru_states(inputs, weights)
    r, z, u = states.pre
    keep, to_candidate = z.sigmoid(), (1 - z.sigmoid()) * ratio(u, u.tanh(), torch.tanh)
    to_memory = r.sigmoid()
    if epsilon:
        shared = stable_share(states.output, epsilon)
        to_candidate, keep = to_candidate * shared * stable_share(u, epsilon), keep * shared
        to_memory = to_memory * stable_share(states.memory, epsilon)
    return states.output, states.output[-1], GruWay(keep, to_candidate, to_memory, None, None, weights)


def _of_rnn(kind: str, inputs: Tensor, weights: Weights, epsilon: float) -> tuple[Tensor, Tensor, Way]:
    states = rnn_states(kind, inputs, weights)
    slope = ratio(states.pre, states.output, torch.tanh if kind == "rnn_tanh" else torch.relu)
    if epsilon:
        slope = slope * stable_share(states.pre, epsilon)
    return states.output, states.output[-1], RnnWay(slope, weights)


WAYS: dict[str, Callable[[str, Tensor, Weights, float], tuple[Tensor, Tensor, Way]]] = {
    "lstm": _of_lstm,
    "gru": _of_gru,
    "rnn_tanh": _of_rnn,
    "rnn_relu": _of_rnn,
}
