"""Recurrent folders: written, opened, computed as plain torch would, and refused field by field."""

import itertools
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.attribution.explain import explain
from engine.errors import LoadError, UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.models.recurrent import RecurrentNetwork, save
from engine.models.recurrent_spec import RecurrentSpec
from engine.requests import AttributionRequest, TextInput
from tests.engine.tiny_models import (
    VOCABULARY,
    opened,
    recurrent_spec,
    recurrent_weights,
    write_language_model,
    write_recurrent,
)

SENTENCE = "Not once does it come close"
ACTIVATION = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU, "none": nn.Identity}


def plain_torch(spec: RecurrentSpec, weights: dict[str, Tensor], ids: Tensor) -> Tensor:
    """What one would write by hand: (1, n_outputs), or (1, seq, n_outputs) of a language model."""
    size = len(VOCABULARY)
    table = weights["embedding.weight"] if spec.embedding_size else torch.eye(size)
    options = {"proj_size": spec.projection} if spec.projection else {}
    layer = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[spec.architecture](
        table.shape[1],
        spec.hidden_size,
        spec.layers,
        bias=spec.bias,
        bidirectional=spec.bidirectional,
        batch_first=True,
        **options,
    )
    layer.load_state_dict({name.removeprefix("rnn."): w for name, w in weights.items() if name.startswith("rnn.")})
    states, last = layer(table[ids])
    features = states
    if spec.task != "causal_lm":
        hidden = last[0] if isinstance(last, tuple) else last  # (layers · directions, 1, size)
        ends = torch.cat(tuple(hidden[-2:]), -1) if spec.bidirectional else hidden[-1]
        features = {"last": ends, "mean": states.mean(1), "max": states.max(1).values}[spec.readout]
    for i in range(len(spec.head)):
        features = features @ weights[f"head.{i}.weight"].T + weights[f"head.{i}.bias"]
        if i < len(spec.head) - 1:
            features = ACTIVATION[spec.activations[i]]()(features)
    return features


def forms() -> list[RecurrentSpec]:
    """Every combination of architecture, directions, projection, input and bias; heads, readouts and tasks take turns."""
    turns = itertools.cycle(
        itertools.product(("last", "mean", "max"), ((), ("relu",), ("tanh", "gelu"), ("sigmoid", "none")), (1, 2))
    )
    found = []
    for architecture, both_ways, projection, embedding_size, bias in itertools.product(
        ("lstm", "gru", "rnn"), (False, True), (0, 3), (4, None), (True, False)
    ):
        if projection and architecture != "lstm":
            continue
        for task in ("text_classification", "causal_lm"):
            readout, activations, layers = next(turns)
            outputs = 3 if task == "text_classification" else len(VOCABULARY)
            found.append(
                recurrent_spec(
                    architecture=architecture,
                    bidirectional=both_ways,
                    projection=projection,
                    embedding_size=embedding_size,
                    bias=bias,
                    task=task,
                    readout=readout,
                    activations=activations,
                    layers=layers,
                    head=(*(6 for _ in activations), outputs),
                    labels=("a", "b", "c") if task == "text_classification" else (),
                )
            )
    return found


def described(spec: RecurrentSpec) -> str:
    """The id of a form: what differs."""
    parts = [spec.architecture, f"{spec.layers}x", "both ways" if spec.bidirectional else "", f"p{spec.projection}", spec.readout]
    parts += [f"e{spec.embedding_size}", "bias" if spec.bias else "", *spec.activations, spec.task]
    return " ".join(part for part in parts if part)


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("spec", forms(), ids=described)
@torch.no_grad()
def test_saved_and_opened_it_computes_what_plain_torch_computes(spec: RecurrentSpec, tmp_path: Path):
    weights = recurrent_weights(spec)
    save(tmp_path, spec, weights, VOCABULARY)
    model = opened(tmp_path)
    encoding = model.encode(TextInput(SENTENCE))
    expected = plain_torch(spec, weights, encoding.ids)
    if spec.task == "text_classification":
        np.testing.assert_allclose(model.logits(model.embed(encoding.ids), encoding), expected, atol=1e-5)
        return
    np.testing.assert_allclose(model.logits(model.embed(encoding.ids), encoding), expected[:, -1], atol=1e-5)
    if not spec.bidirectional:
        np.testing.assert_allclose(model.logits(model.embed(encoding.ids), encoding, 2), expected[:, 2], atol=1e-5)


@pytest.mark.parametrize("architecture", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("both_ways", [False, True])
def test_a_language_model_asked_at_a_position_has_not_read_on(architecture: str, both_ways: bool, tmp_path: Path):
    model = opened(write_language_model(tmp_path, architecture=architecture, bidirectional=both_ways))
    short, long = model.encode(TextInput("Not once does")), model.encode(TextInput(SENTENCE))
    with torch.no_grad():
        at_the_end = model.logits(model.embed(short.ids), short)
        on_the_way = model.logits(model.embed(long.ids), long, 2)
    np.testing.assert_allclose(on_the_way, at_the_end, atol=1e-6)


@pytest.mark.parametrize("architecture", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("write", [write_recurrent, write_language_model])
def test_it_can_be_explained_to_completeness(architecture: str, write: Any, tmp_path: Path):
    model = opened(write(tmp_path, architecture=architecture, bidirectional=True))
    result = run(explain(model, AttributionRequest(model.info.sha256, TextInput(SENTENCE))))
    assert result.completeness is not None
    assert result.completeness.converged


def test_what_was_recognised(tiny_lstm: TextModel):
    info = tiny_lstm.info
    assert (info.format, info.task, info.labels) == ("recurrent", "text_classification", ("negative", "neutral", "positive"))
    assert [(r.name, r.kind, r.layers, r.hidden_size, r.directions) for r in info.recurrent] == [("rnn", "lstm", 1, 5, 1)]
    assert info.parameters == 17 * 4 + 4 * 5 * (4 + 5 + 2) + 5 * 3 + 3
    assert info.warnings == ()
    assert info.baselines == ("zero", "zero_all", "pad", "unk", "mean")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_types_on_disk_are_computed_in_float32(dtype: torch.dtype, tmp_path: Path):
    model = opened(write_recurrent(tmp_path, dtype=dtype))
    assert {p.dtype for p in model.network.parameters()} == {torch.float32}
    assert model.info.dtype_on_disk == str(dtype).removeprefix("torch.")
    assert len(model.info.warnings) == (0 if dtype is torch.float64 else 1)


def test_tied_weights_can_be_saved(tmp_path: Path):
    spec = recurrent_spec(task="causal_lm", head=(len(VOCABULARY),), labels=(), embedding_size=5)
    weights = recurrent_weights(spec)
    weights["head.0.weight"] = weights["embedding.weight"]
    save(tmp_path, spec, weights, VOCABULARY)
    assert torch.equal(opened(tmp_path).network.head[0].weight, weights["embedding.weight"])


WRONG: list[dict[str, Any]] = [
    {"version": 2},
    {"version": ...},
    {"version": "1"},
    {"surprise": 1},
    {"architecture": "transformer"},
    {"architecture": ...},
    {"architecture": ["lstm"]},
    {"architecture": {}},
    {"task": "dance"},
    {"task": ...},
    {"hidden_size": ...},
    {"hidden_size": 0},
    {"hidden_size": -5},
    {"hidden_size": 5.0},
    {"hidden_size": "5"},
    {"hidden_size": True},
    {"hidden_size": None},
    {"hidden_size": 10**9},
    {"hidden_size": [5]},
    {"head": ...},
    {"head": []},
    {"head": 3},
    {"head": [0]},
    {"head": ["3"]},
    {"head": [3.5]},
    {"head": None},
    {"head": [10**9, 3], "activations": ["relu"]},
    {"head": [3] * 2000, "activations": ["none"] * 1999},
    {"head": [10**9], "labels": []},
    {"labels": ["a"]},
    {"labels": [1, 2, 3]},
    {"labels": "abc"},
    {"labels": {"0": "a"}},
    {"layers": 0},
    {"layers": 10**7},
    {"layers": "1"},
    {"bidirectional": "no"},
    {"bidirectional": 1},
    {"bias": None},
    {"lowercase": "yes"},
    {"projection": 5},
    {"projection": -1},
    {"projection": 2, "architecture": "gru"},
    {"embedding_size": 0},
    {"embedding_size": 10**9},
    {"embedding_size": "4"},
    {"activations": ["relu"]},
    {"activations": "relu"},
    {"activations": [3], "head": [4, 3]},
    {"activations": ["evil"], "head": [4, 3]},
    {"readout": "first"},
    {"problem_type": "guess"},
    {"tokeniser": 3},
    {"tokeniser": "("},
    {"tokeniser": None},
    {"unknown": 3},
    {"unknown": {}},
    {"padding": ["<pad>"]},
    {"maximum_tokens": 0},
    {"maximum_tokens": "many"},
    {"format": "another"},
    {"task": "causal_lm", "labels": []},
]


def changed(folder: Path, to: Path, changes: dict[str, Any]) -> Path:
    """A copy of ``folder`` with fields of model.json changed; ``...`` takes one away."""
    shutil.copytree(folder, to)
    described = json.loads((to / "model.json").read_text()) | changes
    (to / "model.json").write_text(json.dumps({key: value for key, value in described.items() if value is not ...}))
    return to


@pytest.mark.timeout(20)
@pytest.mark.parametrize("changes", WRONG, ids=lambda changes: " ".join(f"{k}={str(v)[:20]}" for k, v in changes.items()))
def test_every_field_that_is_wrong_is_named(changes: dict[str, Any], lstm_folder: Path, tmp_path: Path):
    with pytest.raises(LoadError) as caught:
        opened(changed(lstm_folder, tmp_path / "wrong", changes))
    assert caught.value.kind != "unforeseen"
    assert len(caught.value.message.splitlines()) == 1
    words = (*changes, "claims", "outputs", "LSTM", "layers of head")  # sizes are told together with what they contradict
    assert any(word in caught.value.message for word in words)


@pytest.mark.parametrize("key", ["hidden_size", "embedding_size", "layers"])
def test_sizes_that_are_not_those_of_the_weights(key: str, lstm_folder: Path, tmp_path: Path):
    """Refused before anything of the size claimed is allocated."""
    with pytest.raises(LoadError, match=r"model\.json calls for"):
        opened(changed(lstm_folder, tmp_path / "wrong", {key: 900 if key == "layers" else 60_000}))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rnn.weight_hh_l0": None}, "no tensor “rnn.weight_hh_l0”"),
        ({"head.0.bias": torch.zeros(4)}, r"“head.0.bias” has the shape \(4,\); model.json calls for \(3,\)"),
        ({"extra": torch.zeros(1)}, "no place for the tensor “extra”"),
    ],
)
def test_tensors_that_do_not_fit_are_named(change: dict[str, Any], said: str, lstm_folder: Path, tmp_path: Path):
    folder = changed(lstm_folder, tmp_path / "wrong", {})
    tensors = load_file(folder / "model.safetensors") | change
    save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, folder / "model.safetensors")
    with pytest.raises(LoadError, match=said):
        opened(folder)


def test_weights_that_are_not_finite_are_noticed(lstm_folder: Path, tmp_path: Path):
    folder = changed(lstm_folder, tmp_path / "wrong", {})
    tensors = load_file(folder / "model.safetensors")
    tensors["head.0.bias"] = torch.full((3,), torch.nan)
    save_file(tensors, folder / "model.safetensors")
    notices = opened(folder).info.warnings
    assert [(notice.kind, notice.blocking) for notice in notices] == [("not_finite", True)]


@pytest.mark.parametrize("content", ["", "{}", "[]", "[1, 2]", '["a", null]', '"abc"', "[" * 100_000, "\ufffe"])
def test_a_vocabulary_that_is_none(content: str, lstm_folder: Path, tmp_path: Path):
    folder = changed(lstm_folder, tmp_path / "wrong", {})
    (folder / "vocabulary.json").write_text(content, encoding="utf-8")
    with pytest.raises(LoadError, match=r"vocabulary\.json"):
        opened(folder)


def test_a_vocabulary_of_another_size(lstm_folder: Path, tmp_path: Path):
    folder = changed(lstm_folder, tmp_path / "wrong", {})
    (folder / "vocabulary.json").write_text(json.dumps([*VOCABULARY, "more"]))
    with pytest.raises(LoadError, match=r"“embedding\.weight” has the shape"):
        opened(folder)


def test_an_entry_that_comes_twice_is_noticed_and_the_first_is_used(tmp_path: Path):
    vocabulary = [*VOCABULARY[:-1], "not"]
    model = opened(write_recurrent(tmp_path, vocabulary))
    assert ["“not” twice" in notice.message for notice in model.info.warnings] == [True]
    assert model.encode(TextInput("not")).ids.tolist() == [[vocabulary.index("not")]]


def test_unknown_words(tmp_path: Path):
    model = opened(write_recurrent(tmp_path / "with"))
    assert model.encode(TextInput("Not unheard-of")).ids.tolist()[0] == [2, 1, 1, 1]
    strict = opened(write_recurrent(tmp_path / "without", unknown=None))
    with pytest.raises(UserError, match=r"'unheard' is not in the model's vocabulary.*leave it out"):
        strict.encode(TextInput("Not unheard-of"))


def test_longer_than_the_model_reads(tmp_path: Path):
    model = opened(write_recurrent(tmp_path, maximum_tokens=3))
    text = "Not once does it come close "
    encoding = model.encode(TextInput(text))
    assert encoding.ids.shape == (1, 3)
    cut = encoding.input.cut
    assert cut is not None
    assert text[cut[0] : cut[1]] == "it come close "
    assert model.encode(TextInput("Not once does   \n")).input.cut is None


@pytest.mark.parametrize(
    "change", [{"labels": ("a",)}, {"hidden_size": 0}, {"task": "causal_lm", "labels": ()}, {"activations": ("relu",)}]
)
def test_what_could_not_be_opened_is_not_saved(change: dict[str, Any], tmp_path: Path):
    spec = recurrent_spec()
    with pytest.raises(LoadError):
        save(tmp_path / "new", replace(spec, **change), recurrent_weights(spec), VOCABULARY)
    assert not (tmp_path / "new").exists()


def test_weights_that_do_not_fit_are_not_saved(tmp_path: Path):
    with pytest.raises(LoadError, match="no tensor"):
        save(tmp_path / "new", recurrent_spec(), {}, VOCABULARY)
    assert not (tmp_path / "new").exists()


def test_the_network_of_a_trainer_is_the_network_that_is_opened(tmp_path: Path):
    """As a recipe uses it: train ``RecurrentNetwork``, save its state dict."""
    spec = recurrent_spec(bidirectional=True)
    network = RecurrentNetwork(spec, len(VOCABULARY))
    save(tmp_path, spec, network.state_dict(), VOCABULARY)
    model = opened(tmp_path)
    encoding = model.encode(TextInput(SENTENCE))
    with torch.no_grad():
        expected = network(network.embed(encoding.ids))
        np.testing.assert_allclose(model.logits(model.embed(encoding.ids), encoding), expected, atol=1e-6)
