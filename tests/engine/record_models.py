"""Tiny models of records for tests: one of random weights, and one that adds up what each character is worth."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.jobs import run
from engine.models.opening import open_model
from engine.models.record_spec import RecordLayout
from engine.models.recurrent import RecurrentNetwork, save
from engine.models.recurrent_spec import RecurrentSpec
from engine.records import RecordField
from engine.requests import OpenModelRequest, RecordInput

FIELDS = (
    RecordField("day", 3, kind="choice", choices=("mon", "tue", "sun")),
    RecordField("hour", 2, align="right", kind="integer"),
    RecordField("weight", 4, align="right", kind="number"),
    RecordField("name", 5),
)
WIDTH = 14
VOCABULARY = ("<unk>", " ", ".", *"0123456789", *"abcdefghijklmnopqrstuvwxyz")
RECORD = RecordInput((("day", "mon"), ("hour", "8"), ("weight", "12.5"), ("name", "anna")))
TEXT = "mon 812.5anna "


def record_spec(**changes: Any) -> RecurrentSpec:
    """A regressor of ``FIELDS``."""
    known: dict[str, Any] = {
        "architecture": "lstm",
        "task": "record_regression",
        "hidden_size": 6,
        "embedding_size": 5,
        "head": (1,),
        "readout": "mean",
        "problem_type": "regression",
        "tokeniser": "char",
        "padding": None,
        "record": RecordLayout(FIELDS),
    }
    return RecurrentSpec(**(known | changes))


def weights_of(spec: RecurrentSpec, seed: int = 3, vocabulary: tuple[str, ...] = VOCABULARY) -> dict[str, Tensor]:
    """Random ones."""
    torch.manual_seed(seed)
    return RecurrentNetwork(spec, len(vocabulary)).state_dict()


def write_record_model(folder: Path, spec: RecurrentSpec | None = None, checkpoints: int = 0) -> Path:
    """A folder with random weights."""
    spec = spec or record_spec()
    earlier = {f"epoch-{at}": weights_of(spec, 10 + at) for at in range(checkpoints)}
    save(folder, spec, weights_of(spec), VOCABULARY, checkpoints=earlier)
    return folder


def open_record_model(folder: Path) -> Any:
    """As the workbench would."""
    return run(open_model(OpenModelRequest(str(folder))))


def write_planted(folder: Path) -> dict[str, float]:
    """A model that says Σ worth(character) ∕ width, each by itself: what a field is worth is known in closed form.

    A recurrent layer that never looks back, tanh of one number per character, its mean, times a hundred. Returns the
    character's share of the score.
    """
    spec = record_spec(architecture="rnn", embedding_size=None, hidden_size=1, bias=False)
    raw = torch.linspace(-0.9, 0.9, len(VOCABULARY))
    raw[VOCABULARY.index(" ")] = 0.0
    weights = {
        "rnn.weight_ih_l0": raw[None],
        "rnn.weight_hh_l0": torch.zeros(1, 1),
        "head.0.weight": torch.full((1, 1), 100.0),
        "head.0.bias": torch.tensor([7.0]),
    }
    save(folder, spec, weights, VOCABULARY)
    return dict(zip(VOCABULARY, (100 * raw.double().tanh() / WIDTH).tolist(), strict=True))
