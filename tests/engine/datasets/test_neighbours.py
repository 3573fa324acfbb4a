"""The nearest rows are those of the highest cosine, worked out one text at a time."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from engine.dataset_results import NeighboursResult
from engine.datasets.data import Datasets
from engine.datasets.neighbours import nearest, neighbours, representations
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import DataSource, NeighboursRequest, TextInput
from tests.engine import tiny_models
from tests.engine.datasets.tables import labelled, opened, write


def asked(model: TextModel, path: str, text: TextInput, row: int | None = None, count: int = 5) -> NeighboursResult:
    request = NeighboursRequest(model.info.sha256, DataSource(path), text, row, count)
    return run(neighbours(Datasets(), model, request))


@torch.no_grad()
def read_by_head(model: TextModel, text: TextInput) -> np.ndarray:
    """By solving nothing: the head's own input, at the last token where it reads them all."""
    seen: list[torch.Tensor] = []
    heads = [m for m in model.network.modules() if isinstance(m, nn.Linear) and m.out_features == 3]
    handle = heads[-1].register_forward_pre_hook(lambda _m, inputs: seen.append(inputs[0]))
    encoding = model.encode(text)
    model.logits(model.embed(encoding.ids), encoding)
    handle.remove()
    return np.asarray(seen[-1].reshape(-1, seen[-1].shape[-1])[-1], np.float64)


@pytest.mark.parametrize("kind", ["bert", "lstm", "gpt2", "distilbert"])
def test_against_cosines_one_by_one(tmp_path: Path, kind: str, request: pytest.FixtureRequest):
    if kind in ("bert", "lstm"):
        model = request.getfixturevalue(f"tiny_{kind}")
    else:
        model = tiny_models.opened(tiny_models.write(tmp_path / "model", kind))
    path = labelled(tmp_path, 40)
    data = opened(path)
    own = [read_by_head(model, data.input_of(row)) for row in range(40)]
    cosines = np.array([own[7] @ other / np.linalg.norm(own[7]) / np.linalg.norm(other) for other in own])
    found = asked(model, path, data.input_of(7), 7)
    assert 7 not in found.rows
    np.testing.assert_allclose(found.similarity, cosines[found.rows], atol=2e-3)
    others = np.delete(cosines, 7)
    np.testing.assert_allclose(found.similarity, np.sort(others)[::-1][:5], atol=2e-3)
    again = asked(model, path, TextInput("not once"))
    assert again.cost.forward == 1  # the rows were read before
    assert len(again.rows) == 5


def test_a_row_is_its_own_twin_unless_it_is_left_out(tmp_path: Path, tiny_bert: TextModel):
    path = labelled(tmp_path, 20)
    twin = asked(tiny_bert, path, opened(path).input_of(3), count=1)
    assert twin.similarity[0] == pytest.approx(1, abs=2e-3)


def test_rows_that_fail_are_nobodys_neighbours(tmp_path: Path, tiny_bert: TextModel):
    found = asked(
        tiny_bert, write(tmp_path, "t.csv", "text,label\nonce,neutral\n,neutral\nexciting,neutral\n"), TextInput("once")
    )
    assert sorted(found.rows.tolist()) == [0, 2]


def test_the_earlier_of_equals_comes_first():
    assert nearest(np.array([0.5, np.nan, 0.9, 0.9]), 3).tolist() == [2, 3, 0]


def test_models_without_a_linear_head_are_refused(tiny_bert: TextModel, monkeypatch: pytest.MonkeyPatch):
    encoding = tiny_bert.encode(TextInput("once"))
    monkeypatch.setattr(type(tiny_bert), "logits", lambda *_: torch.zeros(1, 3))
    with pytest.raises(UserError, match="no linear layer"):
        representations(tiny_bert)(encoding.ids, encoding)
