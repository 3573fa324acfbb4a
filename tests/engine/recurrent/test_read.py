"""Cells of a text: against the literal formulas, through whatever network the layers sit in."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.cells import Cell, CellsResult
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import Encoding, TextModel, recurrent_layers_of
from engine.recurrent import read
from engine.recurrent.read import read_cells
from engine.requests import CellsRequest, TextInput
from tests.engine.recurrent import literal
from tests.engine.recurrent.literal import random_module
from tests.engine.tiny_models import TEXT, opened, write_language_model, write_recurrent

LSTM = ("hidden_state", "cell_state", "input_gate", "forget_gate", "candidate", "output_gate")
WORDS = "Not once does it come close to being a b c ."


def asked(model: TextModel, text: str = WORDS, **options: Any) -> CellsResult:
    return run(read_cells(model, CellsRequest("any", TextInput(text), **options)))


def literally(model: TextModel, text: str = WORDS) -> dict[str, np.ndarray]:
    """(seq, layer, direction, cell), as the result has it."""
    inputs = model.embed(model.encode(TextInput(text)).ids)[0]
    return {name: values.transpose(2, 0, 1, 3) for name, values in literal.record(model.network.rnn, inputs).items()}


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"layers": 3},
        {"bidirectional": True, "layers": 2},
        {"projection": 2, "layers": 2},
        {"architecture": "gru", "bidirectional": True, "readout": "mean"},
        {"architecture": "rnn", "embedding_size": None},
        {"bias": False, "readout": "max"},
    ],
    ids=str,
)
def test_every_gate_and_state_at_every_token(changes: dict[str, Any], tmp_path: Path):
    model = opened(write_recurrent(tmp_path, **changes))
    assert "cells" in model.info.can
    result, expected = asked(model), literally(model)
    assert list(result.quantities) == list(expected)
    for name, values in result.quantities.items():
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, expected[name], atol=1e-6, rtol=0)
    assert [token.text for token in result.input.tokens] == WORDS.split()
    directions, projection = (2 if changes.get("bidirectional") else 1), changes.get("projection", 0)
    assert [(layer.module, layer.layer_in_module) for layer in result.layers] == [
        ("rnn", n) for n in range(changes.get("layers", 1))
    ]
    assert {(layer.hidden_size, layer.cells, layer.directions) for layer in result.layers} == {(projection or 5, 5, directions)}
    assert result.cost.seconds > 0


def test_only_what_is_asked_for(tiny_lstm: TextModel):
    result = asked(tiny_lstm, quantities=("forget_gate", "cell_state"))
    assert list(result.quantities) == ["cell_state", "forget_gate"]
    assert result.quantities["forget_gate"].base is not None, "it is what was recorded, not a copy"
    with pytest.raises(UserError, match=r"input_gate.*there is no “reset_gate”"):
        asked(tiny_lstm, quantities=("reset_gate",))


def test_models_without_recurrent_layers_are_told_so(tiny_bert: TextModel):
    assert "cells" not in tiny_bert.info.can
    with pytest.raises(UserError, match="no recurrent layers"):
        asked(tiny_bert)


def test_the_likeliest_next_tokens_after_every_position(tiny_language_model: TextModel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(read, "_POSITIONS", 5)
    found = asked(tiny_language_model, alternatives=3).alternatives
    assert found is not None
    encoding = tiny_language_model.encode(TextInput(WORDS))
    for position in range(len(encoding.input.tokens)):
        logits = tiny_language_model.logits(tiny_language_model.embed(encoding.ids), encoding, position)[0]
        chances, index = logits.double().softmax(-1).topk(3)
        np.testing.assert_allclose(found.probability[position], chances, atol=1e-6)
        assert found.text[position] == tuple(tiny_language_model.output_label(int(i)) for i in index)


def test_where_there_are_no_next_tokens(tiny_lstm: TextModel, tmp_path: Path):
    assert asked(tiny_lstm, alternatives=3).alternatives is None
    both_ways = opened(write_language_model(tmp_path, bidirectional=True))
    result = asked(both_ways, alternatives=3)
    assert result.alternatives is None
    assert [notice.kind for notice in result.warnings] == ["no_alternatives"]
    assert asked(both_ways).warnings == ()


def test_what_was_not_read_is_said(tmp_path: Path):
    result = asked(opened(write_recurrent(tmp_path, maximum_tokens=4)))
    assert len(result.input.tokens) == len(result.quantities["hidden_state"]) == 4
    assert [notice.kind for notice in result.warnings] == ["cut"]


def test_what_memory_cannot_hold_is_refused_before_it_is_tried(tiny_lstm: TextModel, monkeypatch: pytest.MonkeyPatch):
    one_gate = 4 * 12 * 5
    monkeypatch.setattr(read, "available_memory", lambda device: 2 * one_gate)
    with pytest.raises(UserError, match=r"12 tokens need .* GB .* shorten the text"):
        asked(tiny_lstm)
    asked(tiny_lstm, quantities=("forget_gate",))


def test_saturation_is_what_counting_says(tiny_lstm: TextModel):
    result = asked(tiny_lstm, TEXT)
    for gate in ("input_gate", "forget_gate", "output_gate"):
        low, high = result.saturation(gate)
        for index in range(5):
            track = [float(v) for v in result.track(gate, Cell(0, index))]
            assert low[0, 0, index] == pytest.approx(sum(v < 0.1 for v in track) / len(track))
            assert high[0, 0, index] == pytest.approx(sum(v > 0.9 for v in track) / len(track))
    assert (low + high).max() > 0


def test_a_closed_job_leaves_nothing_behind(tiny_lstm: TextModel):
    steps = read_cells(tiny_lstm, CellsRequest("any", TextInput(WORDS)))
    for _ in range(2):
        next(steps)
        assert all("forward" not in vars(module) and not module._forward_hooks for module in tiny_lstm.network.modules())
        assert torch.is_grad_enabled()
    steps.close()


class Mixed(nn.Module):
    """Two modules of unlike kind, size and directions, the later-defined one run first."""

    def __init__(self) -> None:
        super().__init__()
        self.second = random_module(nn.GRU, 6, 4, 2, batch_first=True)
        self.first = random_module(nn.LSTM, 3, 6, bidirectional=True, proj_size=3, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x)[0])[0][:, -1]


def bare(network: nn.Module, encoding: Encoding, steps: int | None = None) -> Any:
    """As much of a text model as reading cells takes."""
    info = SimpleNamespace(
        input_kind="text",
        can=("cells",),
        recurrent=recurrent_layers_of(network),
        warnings=(),
        device="cpu",
        task="text_classification",
    )

    def embed(ids: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return torch.randn(1, steps or ids.shape[1], 3, generator=generator).expand(len(ids), -1, -1)

    return SimpleNamespace(
        network=network,
        info=info,
        device=torch.device("cpu"),
        window=None,
        encode=lambda text: encoding,
        embed=embed,
        logits=lambda embeddings, encoding: network(embeddings),
    )


def test_layers_of_unequal_size_stand_side_by_side_with_nothing_where_there_is_nothing(tiny_lstm: TextModel):
    network, encoding = Mixed(), tiny_lstm.encode(TextInput(WORDS))
    model = bare(network, encoding)
    result = asked(model)
    described = [(x.module, x.layer_in_module, x.kind, x.hidden_size, x.cells, x.directions) for x in result.layers]
    assert described == [("first", 0, "lstm", 3, 6, 2), ("second", 0, "gru", 4, 4, 1), ("second", 1, "gru", 4, 4, 1)]
    shapes = {name: values.shape[1:] for name, values in result.quantities.items()}
    assert shapes["hidden_state"] == (3, 2, 4)
    assert shapes["cell_state"] == shapes["candidate"] == (3, 2, 6)
    assert shapes["reset_gate"] == (3, 2, 4)
    first = literal.record(network.first, model.embed(encoding.ids)[0])
    inputs = torch.tensor(np.concatenate(list(first["hidden_state"][0]), axis=-1), dtype=torch.float32)
    second = literal.record(network.second, inputs)
    for name, values in result.quantities.items():
        expected = np.full_like(values, np.nan)
        for found, layers in ((first, slice(0, 1)), (second, slice(1, 3))):
            if name in found:
                part = found[name].transpose(2, 0, 1, 3)
                expected[:, layers, : part.shape[2], : part.shape[3]] = part
        np.testing.assert_allclose(values, expected, atol=1e-6, rtol=0)
    low, _ = result.saturation("reset_gate")
    assert np.isnan(low[0]).all()
    assert np.isfinite(low[1:, 0]).all()


def test_a_layer_whose_steps_are_not_the_tokens_is_refused(tiny_lstm: TextModel):
    with pytest.raises(UserError, match="cannot be laid beside the text"):
        asked(bare(Mixed(), tiny_lstm.encode(TextInput(WORDS)), steps=5))
