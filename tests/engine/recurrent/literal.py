"""The formulas of torch's documentation, one cell at a time of writing, in whatever precision they are given: the oracle."""

import numpy as np
import torch
from torch import Tensor, nn


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def rectified(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def weights(rnn: nn.RNNBase, layer: int, direction: int) -> dict[str, np.ndarray]:
    """In float64; zeros where there is no bias."""
    suffix = f"_l{layer}" + ("_reverse" if direction else "")
    found = {n.removesuffix(suffix): p.detach().double().numpy() for n, p in rnn.named_parameters() if n.endswith(suffix)}
    nothing = np.zeros(len(found["weight_ih"]))
    return {"bias_ih": nothing, "bias_hh": nothing} | found


def read(rnn: nn.RNNBase, x: np.ndarray, layer: int, direction: int, state: list[np.ndarray]) -> dict[str, np.ndarray]:
    """One text, one layer, one direction: (seq, d_input) -> each quantity (seq, cell), in the order of reading."""
    w = weights(rnn, layer, direction)
    steps: dict[str, list[np.ndarray]] = {}
    for x_t in x:
        a, b = w["weight_ih"] @ x_t + w["bias_ih"], w["weight_hh"] @ state[0] + w["bias_hh"]
        if isinstance(rnn, nn.LSTM):
            i, f, g, o = np.split(a + b, 4)
            i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
            c = f * state[1] + i * g
            h = o * np.tanh(c)
            state = [w["weight_hr"] @ h if "weight_hr" in w else h, c]
            names = {
                "hidden_state": state[0],
                "cell_state": c,
                "input_gate": i,
                "forget_gate": f,
                "candidate": g,
                "output_gate": o,
            }
        elif isinstance(rnn, nn.GRU):
            (ar, az, an), (br, bz, bn) = np.split(a, 3), np.split(b, 3)
            r, z = sigmoid(ar + br), sigmoid(az + bz)
            n = np.tanh(an + r * bn)
            state = [(1 - z) * n + z * state[0]]
            names = {"hidden_state": state[0], "reset_gate": r, "update_gate": z, "candidate": n}
        else:
            state = [(rectified if rnn.nonlinearity == "relu" else np.tanh)(a + b)]
            names = {"hidden_state": state[0]}
        for name, value in names.items():
            steps.setdefault(name, []).append(value)
    return {name: np.stack(values) for name, values in steps.items()}


def record(rnn: nn.RNNBase, x: Tensor, initial: tuple[Tensor, ...] | None = None) -> dict[str, np.ndarray]:
    """One text through the whole module: (seq, d_input) -> each quantity (layer, direction, seq, cell)."""
    directions = 2 if rnn.bidirectional else 1
    hidden = rnn.proj_size or rnn.hidden_size
    sizes = (hidden, rnn.hidden_size) if isinstance(rnn, nn.LSTM) else (hidden,)
    inputs, layers = x.double().numpy(), []
    for layer in range(rnn.num_layers):
        found = []
        for direction in range(directions):
            at = layer * directions + direction
            state = [np.zeros(n) for n in sizes] if initial is None else [s[at].double().numpy() for s in initial]
            order = slice(None, None, -1 if direction else 1)
            found.append({name: v[order] for name, v in read(rnn, inputs[order], layer, direction, state).items()})
        inputs = np.concatenate([each["hidden_state"] for each in found], axis=-1)
        layers.append(found)
    return {name: np.stack([np.stack([d[name] for d in found]) for found in layers]) for name in layers[0][0]}


def random_module(kind: type[nn.RNNBase], *sizes: int, seed: int = 0, **options: object) -> nn.RNNBase:
    """Torch's own initial weights, from a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return kind(*sizes, **options).eval().requires_grad_(False)
