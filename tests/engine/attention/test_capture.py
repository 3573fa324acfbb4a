"""Maps rebuilt from what was captured, against the library's own eager attention."""

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from engine.attention.hearing import hear
from engine.attention.hooked import MOST_KEPT, HookedMaps
from engine.attention.interface import Call, computing_eagerly, listening
from engine.attention.layers import of_call, pattern
from engine.errors import UserError
from engine.jobs import run
from engine.models.huggingface import HuggingFaceModel
from engine.requests import AttentionRequest, HeadRequest, TextInput
from tests.engine.attention.attending import (
    DECODERS,
    ENCODER_DECODERS,
    ENCODERS,
    OWN_WAY,
    answered,
    asked,
    assert_same,
    eager_maps,
    maps,
    opened,
    working,
)
from tests.engine.tiny_models import TEXT


@pytest.mark.parametrize("model_type", [*ENCODERS, *DECODERS, *ENCODER_DECODERS])
def test_maps_are_the_eager_ones(model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened(model_type, tmp_path, monkeypatch)
    request = asked(model, decoder_text="it ends" if model_type in ENCODER_DECODERS else None)
    ours = maps(model, request)
    assert_same(ours, eager_maps(model, request))
    for stack, layers in ours.items():
        for layer in layers:
            sums = layer.sum(-1)
            assert (sums < 0.99).any() if model_type == "gpt_oss" else torch.allclose(sums, torch.ones(()), atol=1e-5)
            if model_type in DECODERS or stack == "decoder":
                assert not layer.triu(1).any()
    result = answered(model, request)
    assert {stack.name for stack in result.stacks} == set(ours)
    assert result.verification is not None
    assert result.verification.rows == (0 if model_type in OWN_WAY else sum(map(len, ours.values())))
    assert result.verification.largest_difference < 1e-5


def test_what_each_layer_sees_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (stack,) = answered(model := opened("gemma2", tmp_path, monkeypatch), asked(model)).stacks
    assert stack.kinds == ("sliding", "full")
    (local, _) = maps(model, asked(model))["self"]
    assert not local[:, 10, :4].any()
    assert local[:, 10, 5:11].all()


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("model_type", ["bert", "llama", "t5"])
def test_padding_gets_nothing(model_type: str, side: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    network = opened(model_type, tmp_path, monkeypatch).network
    body = network.base_model
    mask = torch.ones(1, 9, dtype=torch.long)
    padded = slice(0, 3) if side == "left" else slice(6, 9)
    mask[:, padded] = 0
    inputs = {"input_ids": torch.arange(10, 19)[None], "attention_mask": mask}
    if model_type == "t5":
        inputs["decoder_input_ids"] = torch.arange(5, 8)[None]
    _, heard = hear(body, inputs)
    with computing_eagerly(body):
        _, eager = hear(body, inputs, keep=lambda call: call)
    rows = slice(3, 9) if side == "left" else slice(0, 9)  # a query of padding sees nothing, and its row means nothing
    for stack, calls in heard.items():
        for (name, call), (_, own) in zip(calls, eager[stack], strict=True):
            assert own.weights is not None
            layer = of_call(name, call)
            for head in range(2):
                found = pattern(layer, head)
                here = rows if found.shape[0] == 9 else slice(None)
                np.testing.assert_allclose(found[here], own.weights[0, head, here], atol=1e-5)
                if found.shape[1] == 9:
                    assert not found[here, padded].any()


@pytest.mark.parametrize("model_type", ["bert", "gpt2", "llama", "gemma2", "modernbert", "deberta-v2", "bart", "t5"])
def test_the_network_computes_what_it_computes_unwatched(model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened(model_type, tmp_path, monkeypatch)
    inputs = model.inputs(encoding := model.encode(TextInput(TEXT)), model.decoder_reads(encoding, None))
    with torch.no_grad():
        before = model.network(**inputs, output_hidden_states=True)
        heard, _ = hear(model.network, inputs | {"output_hidden_states": True})
        answered(model, asked(model))
        after = model.network(**inputs, output_hidden_states=True)
    names = [name for name in before if "hidden_state" in name or name == "logits"]
    assert names
    for other in (heard, after):
        for name in names:
            known, found = (value if isinstance(value, tuple) else (value,) for value in (before[name], other[name]))
            assert all(torch.equal(one, same) for one, same in zip(known, found, strict=True))


@pytest.mark.parametrize("model_type", ["bert", "gemma2", "deberta-v2", "t5"])
def test_nothing_is_left_behind_at_any_step(model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened(model_type, tmp_path, monkeypatch)
    before = state(model)
    asking = {"tokens": 3} if "generation" in model.info.can else {}
    stack = "encoder" if model_type == "t5" else "self"
    attention = asked(model, **asking)
    wanted = [attention, *(HeadRequest(attention, stack, 1, 0, quantity) for quantity in ("weights", "rollout"))]
    if model_type != "deberta-v2":
        wanted.append(HeadRequest(attention, stack, 1, 0, "value_norm"))
    if "attribution" in model.info.can:
        wanted.append(HeadRequest(attention, stack, 1, 0, "relevance"))
    for request in wanted:
        for stop in range(20):  # closed after every number of steps
            steps = working(model).job_for(request)
            try:
                for _ in range(stop + 1):
                    next(steps)
                    assert state(model) == before
                    assert torch.is_grad_enabled()
            except StopIteration:
                break
            finally:
                steps.close()
            assert state(model) == before


def state(model: HuggingFaceModel) -> tuple[object, ...]:
    modules = list(model.network.modules())
    hooks = tuple(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in modules)
    names = tuple(getattr(getattr(m, "config", None), "_attn_implementation", None) for m in modules)
    functions = tuple((name, ALL_ATTENTION_FUNCTIONS[name]) for name in ALL_ATTENTION_FUNCTIONS)
    return hooks, names, functions, any(p.grad is not None or p.requires_grad for p in model.network.parameters())


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("llama", tmp_path, monkeypatch)
    before = state(model)

    def fail(_call: Call) -> None:
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError), computing_eagerly(model.network), listening(model.network, fail):
        model.network(input_ids=torch.arange(5)[None])
    assert state(model) == before


def test_another_network_is_not_listened_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model, other = (opened("gpt2", tmp_path / name, monkeypatch) for name in ("one", "other"))
    calls: list[Call] = []
    with torch.no_grad(), listening(model.network, calls.append):
        other.network(input_ids=torch.arange(5)[None])
    assert calls == []


def test_of_a_long_text_read_by_an_architecture_of_its_own_one_layer_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("deberta-v2", tmp_path, monkeypatch)
    inputs = model.inputs(model.encode(TextInput(TEXT)), None)
    whole = HookedMaps(model.network, inputs)
    expected = [torch.stack([pattern(layer, head) for head in range(2)]) for layer in whole.layers()]
    assert all(whole.holds(layer) for layer in range(2))
    monkeypatch.setattr("engine.attention.hooked.MOST_KEPT", 0)
    assert MOST_KEPT > 0
    frugal = HookedMaps(model.network, inputs)
    for number, layer in enumerate(frugal.layers()):
        np.testing.assert_array_equal(torch.stack([pattern(layer, head) for head in range(2)]), expected[number])
        assert [frugal.holds(other) for other in range(2)] == [number == other for other in range(2)]


def test_maps_that_are_not_the_models_own_are_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where the rebuilt row differs, the library's own weights are taken."""
    model = opened("llama", tmp_path, monkeypatch)
    expected = eager_maps(model, asked(model))
    file = transformers.models.llama.modeling_llama
    true = file.eager_attention_forward

    def one_head_is_special(module: object, query: torch.Tensor, *args: object, **kwargs: object) -> object:
        return true(module, query * (1.5 if query.shape[1] == 1 else 1.0), *args, **kwargs)

    monkeypatch.setattr(file, "eager_attention_forward", one_head_is_special)
    assert_same(maps(model, asked(model)), expected)
    checked = answered(model, asked(model)).verification
    assert checked is not None
    assert checked.rows == 0


def test_a_model_without_attention_says_what_it_has(tiny_lstm: HuggingFaceModel):
    request = AttentionRequest(tiny_lstm.info.sha256, TextInput("Not once"))
    with pytest.raises(UserError, match="no attention layers; it has recurrent ones: look at its cells"):
        run(working(tiny_lstm).job_for(request))
