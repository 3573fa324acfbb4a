"""LRP's rules as the papers write them, relevance by relevance and without any gradient: the oracle.

Achtibat et al., 2024, for transformers; Arras et al., 2017, for LSTMs. Everything is NumPy in float64.
"""

import math
from dataclasses import dataclass

import numpy as np
from torch import nn

from tests.engine.recurrent.literal import sigmoid, weights

Array = np.ndarray


def stabilised(z: Array, epsilon: float) -> Array:
    return z + epsilon * np.where(z >= 0, 1.0, -1.0)


def linear(x: Array, w: Array, b: Array, relevance: Array, epsilon: float) -> Array:
    """R_i = Σ_j x_i w_ji / (z_j + ε sign z_j) R_j, for each row of x: (…, d_in), (d_out, d_in), (d_out,), (…, d_out)."""
    z = x @ w.T + b
    return np.einsum("...i,ji,...j->...i", x, w, relevance / stabilised(z, epsilon))


def product(a: Array, b: Array, relevance: Array, epsilon: float) -> tuple[Array, Array]:
    """R_ji(A) = Σ_p A_ji B_ip / (2 O_jp + ε sign O_jp) R_jp, and the same for B: (j, i), (i, p), (j, p)."""
    share = relevance / stabilised(2 * (a @ b), epsilon)
    return np.einsum("ji,ip,jp->ji", a, b, share), np.einsum("ji,ip,jp->ip", a, b, share)


def softmax(x: Array, s: Array, relevance: Array) -> Array:
    """R_i = x_i (R_i − s_i Σ_j R_j), over the last axis."""
    return x * (relevance - s * relevance.sum(-1, keepdims=True))


def added(a: Array, b: Array, relevance: Array) -> tuple[Array, Array]:
    """Of a sum, each takes its share."""
    return a / (a + b) * relevance, b / (a + b) * relevance


@dataclass
class Norm:
    """y = γ (x − mean) / σ + β: identity for the scale, the linear rule for the mean."""

    gamma: Array
    beta: Array
    eps: float = 1e-5

    def centred(self, x: Array) -> Array:
        return x - x.mean(-1, keepdims=True)

    def forward(self, x: Array) -> Array:
        u = self.centred(x)
        return self.gamma * u / np.sqrt((u**2).mean(-1, keepdims=True) + self.eps) + self.beta

    def back(self, x: Array, relevance: Array) -> Array:
        y = self.forward(x)
        at_scaled = (y - self.beta) / y * relevance
        size = x.shape[-1]
        return linear(x, np.eye(size) - 1 / size, np.zeros(size), at_scaled, 0.0)


def gelu(x: Array) -> Array:
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / np.sqrt(2)))


@dataclass
class Block:
    """x + attention(norm(x)), then that plus its feed-forward layer; weights as torch has them."""

    norms: tuple[Norm, Norm]
    qkv: tuple[Array, Array]
    out: tuple[Array, Array]
    up: tuple[Array, Array]
    down: tuple[Array, Array]
    heads: int

    def back(self, x: Array, relevance: Array, epsilon: float) -> Array:
        """(seq, d_model) and the relevance of what the block gives -> the relevance of x."""
        normed = self.norms[0].forward(x)
        q, k, v = np.split(normed @ self.qkv[0].T + self.qkv[1], 3, axis=-1)
        d_head = q.shape[-1] // self.heads
        cut = [slice(h * d_head, (h + 1) * d_head) for h in range(self.heads)]
        scores = [q[:, c] @ k[:, c].T / np.sqrt(d_head) for c in cut]
        patterns = [np.exp(s - s.max(-1, keepdims=True)) for s in scores]
        patterns = [p / p.sum(-1, keepdims=True) for p in patterns]
        mixed = np.concatenate([p @ v[:, c] for p, c in zip(patterns, cut, strict=True)], axis=-1)
        attended = mixed @ self.out[0].T + self.out[1]
        middle = x + attended
        normed_again = self.norms[1].forward(middle)
        hidden = normed_again @ self.up[0].T + self.up[1]
        written = gelu(hidden) @ self.down[0].T + self.down[1]

        at_middle, at_written = added(middle, written, relevance)
        at_hidden = linear(gelu(hidden), *self.down, at_written, epsilon)  # the identity rule for GELU
        at_middle = at_middle + self.norms[1].back(middle, linear(normed_again, *self.up, at_hidden, epsilon))
        at_x, at_attended = added(x, attended, at_middle)
        at_mixed = linear(mixed, *self.out, at_attended, epsilon)
        at_qkv = np.zeros((len(x), 3 * q.shape[-1]))
        for head, c in enumerate(cut):
            at_pattern, at_v = product(patterns[head], v[:, c], at_mixed[:, c], epsilon)
            at_scores = softmax(scores[head], patterns[head], at_pattern)
            at_q, at_k = product(q[:, c], k[:, c].T, at_scores, epsilon)
            for third, found in enumerate((at_q, at_k.T, at_v)):
                at_qkv[:, third * q.shape[-1] + c.start : third * q.shape[-1] + c.stop] = found
        return at_x + self.norms[0].back(x, linear(normed, *self.qkv, at_qkv, epsilon))


def recurrent(rnn: nn.RNNBase, x: Array, relevance: Array, epsilon: float) -> Array:
    """(seq, d_input) and the relevance of all that the last layer gives -> the relevance of x."""
    directions = 2 if rnn.bidirectional else 1
    size = rnn.hidden_size
    read, ways = [x], []
    for layer in range(rnn.num_layers):
        found = [_direction(rnn, layer, d, read[-1]) for d in range(directions)]
        ways.append(found)
        read.append(np.concatenate([each["h"][:: -1 if d else 1] for d, each in enumerate(found)], axis=-1))
    for layer in reversed(range(rnn.num_layers)):
        below = np.zeros_like(read[layer])
        for direction, states in enumerate(ways[layer]):
            order = slice(None, None, -1 if direction else 1)
            given = relevance[:, direction * size : (direction + 1) * size][order]
            back = {"LSTM": _lstm_back, "GRU": _gru_back}.get(rnn.mode, _rnn_back)
            below += back(weights(rnn, layer, direction), read[layer][order], states, given, epsilon)[order]
        relevance = below
    return relevance


def _direction(rnn: nn.RNNBase, layer: int, direction: int, x: Array) -> dict[str, Array]:
    """Every value of one layer, in the order of reading."""
    w = weights(rnn, layer, direction)
    size = rnn.hidden_size
    h, c = np.zeros(size), np.zeros(size)
    steps: dict[str, list[Array]] = {}
    for x_t in x[:: -1 if direction else 1]:
        a, b = w["weight_ih"] @ x_t + w["bias_ih"], w["weight_hh"] @ h + w["bias_hh"]
        values = {"h_before": h, "c_before": c}
        if rnn.mode == "LSTM":
            i, f, g, o = np.split(a + b, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            values |= {"i": sigmoid(i), "f": sigmoid(f), "pre": g}
        elif rnn.mode == "GRU":
            (ar, az, an), (br, bz, bn) = np.split(a, 3), np.split(b, 3)
            r, z = sigmoid(ar + br), sigmoid(az + bz)
            values |= {"r": r, "z": z, "memory": bn, "pre": an + r * bn}
            h = (1 - z) * np.tanh(an + r * bn) + z * h
        else:
            values |= {"pre": a + b}
            h = np.tanh(a + b) if rnn.mode == "RNN_TANH" else np.maximum(a + b, 0)
        for name, value in (values | {"h": h, "c": c}).items():
            steps.setdefault(name, []).append(value)
    return {name: np.stack(each) for name, each in steps.items()}


def _shares(x: Array, w: Array, z: Array, relevance: Array, epsilon: float) -> Array:
    """What x takes of z = W x + more; nothing of nothing, which a GRU without biases hears of the past at first."""
    whole = stabilised(z, epsilon)
    return x * (w.T @ np.divide(relevance, whole, out=np.zeros_like(whole), where=whole != 0))


def _lstm_back(w: dict[str, Array], x: Array, s: dict[str, Array], given: Array, epsilon: float) -> Array:
    rows = slice(2 * given.shape[1], 3 * given.shape[1])  # the candidate's
    at_x, at_h, at_c = np.zeros_like(x), np.zeros(given.shape[1]), np.zeros(given.shape[1])
    for t in reversed(range(len(x))):
        at_c = at_c + at_h + given[t]  # h = o ⊙ tanh(c): the signal takes all
        share = at_c / stabilised(s["c"][t], epsilon)
        at_g = s["i"][t] * np.tanh(s["pre"][t]) * share
        at_x[t] = _shares(x[t], w["weight_ih"][rows], s["pre"][t], at_g, epsilon)
        at_h = _shares(s["h_before"][t], w["weight_hh"][rows], s["pre"][t], at_g, epsilon)
        at_c = s["f"][t] * s["c_before"][t] * share
    return at_x


def _gru_back(w: dict[str, Array], x: Array, s: dict[str, Array], given: Array, epsilon: float) -> Array:
    rows = slice(2 * given.shape[1], None)  # the candidate's
    at_x, at_h = np.zeros_like(x), np.zeros(given.shape[1])
    for t in reversed(range(len(x))):
        share = (at_h + given[t]) / stabilised(s["h"][t], epsilon)
        at_n = (1 - s["z"][t]) * np.tanh(s["pre"][t]) * share
        at_x[t] = _shares(x[t], w["weight_ih"][rows], s["pre"][t], at_n, epsilon)
        at_memory = s["r"][t] * s["memory"][t] / stabilised(s["pre"][t], epsilon) * at_n
        kept = s["z"][t] * s["h_before"][t] * share
        at_h = kept + _shares(s["h_before"][t], w["weight_hh"][rows], s["memory"][t], at_memory, epsilon)
    return at_x


def _rnn_back(w: dict[str, Array], x: Array, s: dict[str, Array], given: Array, epsilon: float) -> Array:
    at_x, at_h = np.zeros_like(x), np.zeros(given.shape[1])
    for t in reversed(range(len(x))):
        arriving = at_h + given[t]
        at_x[t] = _shares(x[t], w["weight_ih"], s["pre"][t], arriving, epsilon)
        at_h = _shares(s["h_before"][t], w["weight_hh"], s["pre"][t], arriving, epsilon)
    return at_x
