"""A language model built by hand: cell 7 of its LSTM is a quote flag, and the head reads nothing else."""

from pathlib import Path

import torch

from engine.models.model import TextModel
from engine.models.recurrent import save
from engine.models.recurrent_spec import RecurrentSpec
from tests.engine.tiny_models import opened, recurrent_weights

CELLS, FLAG = 8, 7
VOCABULARY = ("a", "b", "x", "y", '"')
TEXT = 'ab"xyxx"ba"yx"aab"xxyxy"b'


def write_planted(folder: Path) -> Path:
    """One-hot characters → LSTM → logits: x and y are likely inside quotes, a and b outside, a quote always possible.

    On a quote the flag forgets, and takes the opposite of what it was: g = tanh(5 − 20 h) is +1 from 0 or −0.76, −1 from 0.76.
    All other cells are random, and the head does not read them.
    """
    spec = RecurrentSpec("lstm", "causal_lm", CELLS, (len(VOCABULARY),), tokeniser="char", unknown=None, padding=None)
    weights = {name: 0.5 * tensor for name, tensor in recurrent_weights(spec, VOCABULARY).items()}
    i, f, g, o = (gate * CELLS + FLAG for gate in range(4))
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        weights[f"rnn.{name}_l0"][[i, f, g, o]] = 0.0
    quote = VOCABULARY.index('"')
    w_ih, w_hh, bias = weights["rnn.weight_ih_l0"], weights["rnn.weight_hh_l0"], weights["rnn.bias_ih_l0"]
    w_ih[i, quote], bias[i] = 40.0, -20.0  # open on quotes alone
    w_ih[f, quote], bias[f] = -40.0, 20.0  # closed on quotes alone
    w_hh[g, FLAG], bias[g] = -20.0, 5.0
    bias[o] = 20.0
    head, head_bias = torch.zeros(len(VOCABULARY), CELLS), torch.tensor([1.0, 0.0, 0.5, 0.0, 0.5])
    head[:, FLAG] = torch.tensor([-4.0, -4.0, 4.0, 4.0, 0.0])
    save(folder, spec, weights | {"head.0.weight": head, "head.0.bias": head_bias}, VOCABULARY)
    return folder


def planted(folder: Path) -> TextModel:
    return opened(write_planted(folder))


def inside(text: str) -> list[bool]:
    """After reading each character: is a quote open?"""
    return [text[: at + 1].count('"') % 2 == 1 for at in range(len(text))]
