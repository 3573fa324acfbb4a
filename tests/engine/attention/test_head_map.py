"""One map of query by key, and what is made of weights: against literal copies of the definitions."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.attention import reading
from engine.attention_maps import HeadMap
from engine.errors import UserError
from engine.jobs import run
from engine.models.huggingface import HuggingFaceModel
from engine.requests import HeadRequest, OpenModelRequest, Target, TextInput
from engine.workbench import Workbench
from tests.engine import tiny_models
from tests.engine.attention.attending import asked, eager_maps, maps, opened, working
from tests.engine.tiny_models import TEXT


def mapped(model: HuggingFaceModel, *, generated: int = 0, **request: Any) -> HeadMap:
    attention = asked(model, **({"tokens": generated} if generated else {}))
    result = run(working(model).job_for(HeadRequest(attention, **request)))
    assert isinstance(result, HeadMap)
    return result


def literal_rollout(layers: list[Tensor], residual: float) -> Tensor:
    """Abnar & Zuidema, a number at a time."""
    tokens = layers[0].shape[-1]
    joint = np.eye(tokens)
    for layer in layers:
        mean = layer.double().numpy().mean(0)
        mixing = residual * np.eye(tokens) + (1 - residual) * mean
        mixing /= mixing.sum(1, keepdims=True)
        joint = np.array([[sum(mixing[i, k] * joint[k, j] for k in range(tokens)) for j in range(tokens)] for i in range(tokens)])
    return torch.from_numpy(joint)


@pytest.mark.parametrize("residual", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("model_type", ["bert", "gpt2"])
def test_rollout_is_the_papers(model_type: str, residual: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened(model_type, tmp_path, monkeypatch)
    layers = maps(model, asked(model))["self"]
    for upto in (0, 1):
        found = mapped(model, layer=upto, quantity="rollout", residual=residual)
        np.testing.assert_allclose(found.pattern, literal_rollout(layers[: upto + 1], residual), atol=1e-5)
        np.testing.assert_allclose(found.pattern.sum(-1), 1, atol=1e-5)
        assert found.target is None
        assert found.unit == "share"


def literal_relevance(network: Any, inputs: dict[str, Tensor], output: tuple[int, ...], layers: int) -> np.ndarray:
    """Chefer et al.: eager maps that keep their gradient, and the update from the first layer to the last."""
    with torch.enable_grad():
        embedded = network.get_input_embeddings()(inputs["input_ids"]).detach().requires_grad_()
        rest = {key: value for key, value in inputs.items() if key != "input_ids"}
        found = network(inputs_embeds=embedded, output_attentions=True, **rest)
        for weights in found.attentions:
            weights.retain_grad()
        found.logits[0][output].backward()
    joint = np.eye(found.attentions[0].shape[-1])
    for weights in found.attentions[:layers]:
        raising = (weights.grad * weights).clamp(min=0)[0].mean(0).detach().double().numpy()
        joint = joint + raising @ joint
    return joint


@pytest.mark.parametrize("model_type", ["bert", "gpt2", "llama", "gemma2", "modernbert", "deberta-v2", "mpnet"])
def test_relevance_is_the_papers(model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    if model_type in ("gpt2", "llama", "gemma2"):
        model, position = opened(model_type, tmp_path, monkeypatch), 7
    else:
        classifier = tiny_models.opened(tiny_models.write(tmp_path, model_type))
        assert isinstance(classifier, HuggingFaceModel)
        model, position = classifier, None
    own = type(model.network).from_pretrained(tmp_path, attn_implementation="eager").eval()
    inputs = model.inputs(model.encode(TextInput(TEXT)), None)
    for index in (0, 2):
        output = (index,) if position is None else (position, index)
        for upto in (1, 2):
            target = Target(f"index:{index}", position=position)
            found = mapped(model, layer=upto - 1, quantity="relevance", target=target)
            expected = literal_relevance(own, inputs, output, upto)
            np.testing.assert_allclose(found.pattern, expected, atol=1e-5 * max(1.0, expected.max()))
            assert found.target is not None
            assert found.target.index == index
            assert (found.cost.forward, found.cost.backward) == (2, 1)
    assert np.abs(found.pattern - np.eye(len(found.pattern))).max() > 1e-4


def test_relevance_reads_what_was_generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("gpt2", tmp_path, monkeypatch)
    found = mapped(model, generated=4, layer=1, quantity="relevance")
    assert found.target is not None
    assert found.target.position == len(found.queries) - 1
    assert found.pattern.shape == (len(found.queries),) * 2


@pytest.mark.parametrize("model_type", ["bert", "distilbert", "gpt2", "llama", "modernbert", "bart", "t5"])
def test_value_norms_are_those_of_the_moved_vectors(model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """α_ij ‖v_j W_O‖, from the layer's own output: with all weight on key j, a head moves its value alone."""
    model = opened(model_type, tmp_path, monkeypatch)
    stack = "encoder" if model_type in ("bart", "t5") else "self"
    weights = maps(model, asked(model))[stack][1]
    norms = literal_value_norms(model, stack)
    for head in (0, 1):
        found = mapped(model, stack=stack, layer=1, head=head, quantity="value_norm")
        np.testing.assert_allclose(found.pattern, weights[head] * norms[head], rtol=1e-4, atol=1e-6)
        assert found.unit == "norm"
    most = mapped(model, stack=stack, layer=1, head="maximum", quantity="value_norm")
    np.testing.assert_allclose(most.pattern, (weights * norms[:, None]).amax(0), rtol=1e-4, atol=1e-6)


_LAYERS = {  # where the second layer's value and output projections are: (value, output)
    "bert": ("encoder.layer.1.attention.self.value", "encoder.layer.1.attention.output.dense"),
    "distilbert": ("transformer.layer.1.attention.v_lin", "transformer.layer.1.attention.out_lin"),
    "gpt2": ("h.1.attn.c_attn", "h.1.attn.c_proj"),
    "llama": ("layers.1.self_attn.v_proj", "layers.1.self_attn.o_proj"),
    "modernbert": ("layers.1.attn.Wqkv", "layers.1.attn.Wo"),
    "bart": ("encoder.layers.1.self_attn.v_proj", "encoder.layers.1.self_attn.out_proj"),
    "t5": ("encoder.block.1.layer.0.SelfAttention.v", "encoder.block.1.layer.0.SelfAttention.o"),
}


def literal_value_norms(model: HuggingFaceModel, stack: str) -> Tensor:
    """(head, key)."""
    body = model.network.base_model
    value, output = (body.get_submodule(name) for name in _LAYERS[model.info.architecture and _family(model)])
    values: list[Tensor] = []
    handle = value.register_forward_hook(lambda _module, _inputs, given: values.append(given[0]))
    encoding = model.encode(TextInput(TEXT))
    with torch.no_grad():
        body(**model.inputs(encoding, model.decoder_reads(encoding, None)))
    handle.remove()
    wide = values[0][:, -16:] if values[0].shape[1] == 48 else values[0]  # fused: query, key, value
    norms = []
    for head in (0, 1):
        own = wide[:, :8] if wide.shape[1] == 8 else wide[:, 8 * head : 8 * head + 8]  # one group serves both heads
        only = torch.zeros(len(own), 16)
        only[:, 8 * head : 8 * head + 8] = own
        with torch.no_grad():
            norms.append((output(only) - output(torch.zeros(1, 16))).norm(dim=-1))
    return torch.stack(norms)


def _family(model: HuggingFaceModel) -> str:
    return str(model.network.config.model_type)


def test_values_of_an_architecture_of_its_own_are_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UserError, match="look at the weights instead"):
        mapped(opened("deberta-v2", tmp_path, monkeypatch), quantity="value_norm")


@pytest.mark.parametrize("quantity", ["weights", "value_norm"])
def test_without_sinks_the_rest_of_a_row_sums_to_one(quantity: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("bert", tmp_path, monkeypatch)
    whole = mapped(model, layer=1, head=1, quantity=quantity).pattern
    found = mapped(model, layer=1, head=1, quantity=quantity, without_sinks=True)
    assert found.keys[0].special
    assert found.keys[-1].special
    assert not found.pattern[:, [0, -1]].any()
    np.testing.assert_allclose(found.pattern[:, 1:-1], whole[:, 1:-1] / whole[:, 1:-1].sum(-1, keepdims=True), rtol=1e-5)
    causal = mapped(opened("gpt2", tmp_path / "gpt2", monkeypatch), without_sinks=True).pattern
    assert not causal[0].any()  # it sees nothing but the first token
    np.testing.assert_allclose(causal[1:].sum(-1), 1, atol=1e-5)


def test_heads_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("t5", tmp_path, monkeypatch)
    layers = eager_maps(model, asked(model))["cross"]
    np.testing.assert_allclose(mapped(model, stack="cross", layer=1, head="mean").pattern, layers[1].mean(0), atol=1e-5)
    np.testing.assert_allclose(mapped(model, stack="cross", layer=1, head="maximum").pattern, layers[1].amax(0), atol=1e-5)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"layer": 2}, "layers are 0 to 1"),
        ({"layer": -1}, "layers are 0 to 1"),
        ({"head": 2}, "heads are 0 to 1"),
        ({"stack": "cross"}, "no cross attention; it has self"),
        ({"quantity": "rollout", "residual": 1.5}, "between 0 and 1"),
        ({"quantity": "relevance"}, "no output to be relevant for"),
    ],
)
def test_what_is_not_there_is_refused(request_: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UserError, match=words):
        mapped(opened("bert", tmp_path, monkeypatch), **request_)


def test_a_second_map_reads_the_text_no_second_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("gpt2", tmp_path, monkeypatch)
    workbench = working(model)
    run(workbench.job_for(request := asked(model, tokens=3)))
    passes = []
    handle = model.network.register_forward_hook(lambda *_: passes.append(1))
    body = model.network.base_model.register_forward_hook(lambda *_: passes.append(1))
    for layer in (0, 1):
        run(workbench.job_for(HeadRequest(request, layer=layer)))
    run(workbench.job_for(request))
    handle.remove()
    body.remove()
    assert passes == []


def test_what_was_captured_is_let_go_with_the_model(bert_folder: Path):
    workbench = Workbench()
    info = run(workbench.job_for(OpenModelRequest(str(bert_folder)))).info
    model = workbench._model
    assert isinstance(model, HuggingFaceModel)
    for text in ("a", "b", "a film", "it ends", "nothing happens", "nobody cares"):
        run(workbench.job_for(asked(model, text)))
    assert len(workbench._captures._kept) == 4
    run(workbench.job_for(OpenModelRequest(str(bert_folder))))
    assert not workbench._captures._kept
    assert info.can == ("attribution", "attention")
    assert reading.UNTRUSTED < 1e-3
