"""A language model built by hand: cell 7 of its LSTM is a quote flag, and the head reads nothing else."""

from pathlib import Path

import torch

from engine.models.model import TextModel
from engine.models.recurrent import save
from engine.models.recurrent_spec import RecurrentSpec
from tests.engine.tiny_models import opened, recurrent_weights

CELLS, FLAG, TWIN = 8, 7, 6
VOCABULARY = ("a", "b", "x", "y", '"')
TEXT = 'ab"xyxx"ba"yx"aab"xxyxy"b'


def write_planted(folder: Path, twins: bool = False) -> Path:
    """One-hot characters → LSTM → logits: x and y are likely inside quotes, a and b outside, a quote always possible.

    On a quote the flag forgets, and takes the opposite of what it was: g = tanh(5 − 20 h) is +1 from 0 or −0.76, −1 from 0.76.
    All other cells are random, and the head does not read them.

    ``twins``: cell 6 is a second flag like it, and the head reads tanh of 20 times their sum: either alone will do.
    """
    head = (1, len(VOCABULARY)) if twins else (len(VOCABULARY),)
    activations = ("tanh",) if twins else ()
    spec = RecurrentSpec("lstm", "causal_lm", CELLS, head, activations=activations, tokeniser="char", unknown=None, padding=None)
    weights = {name: 0.5 * tensor for name, tensor in recurrent_weights(spec, VOCABULARY).items()}
    for flag in (FLAG, TWIN) if twins else (FLAG,):
        _plant(weights, flag)
    *reading, last = sorted({name.removesuffix(".weight").removesuffix(".bias") for name in weights if name.startswith("head")})
    read = torch.zeros(len(VOCABULARY), 1 if twins else CELLS)
    read[:, 0 if twins else FLAG] = torch.tensor([-4.0, -4.0, 4.0, 4.0, 0.0])
    weights |= {f"{last}.weight": read, f"{last}.bias": torch.tensor([1.0, 0.0, 0.5, 0.0, 0.5])}
    for name in reading:
        both = torch.zeros(1, CELLS)
        both[0, [FLAG, TWIN]] = 20.0
        weights |= {f"{name}.weight": both, f"{name}.bias": torch.zeros(1)}
    save(folder, spec, weights, VOCABULARY)
    return folder


def _plant(weights: dict[str, torch.Tensor], flag: int) -> None:
    i, f, g, o = (gate * CELLS + flag for gate in range(4))
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        weights[f"rnn.{name}_l0"][[i, f, g, o]] = 0.0
    quote = VOCABULARY.index('"')
    w_ih, w_hh, bias = weights["rnn.weight_ih_l0"], weights["rnn.weight_hh_l0"], weights["rnn.bias_ih_l0"]
    w_ih[i, quote], bias[i] = 40.0, -20.0  # open on quotes alone
    w_ih[f, quote], bias[f] = -40.0, 20.0  # closed on quotes alone
    w_hh[g, flag], bias[g] = -20.0, 5.0
    bias[o] = 20.0


def planted(folder: Path, twins: bool = False) -> TextModel:
    return opened(write_planted(folder, twins))


def inside(text: str) -> list[bool]:
    """After reading each character: is a quote open?"""
    return [text[: at + 1].count('"') % 2 == 1 for at in range(len(text))]
