"""Units as targets: against the activations a hook of the test's own sees, and against Captum's neuron gradients."""

from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import NeuronIntegratedGradients

from engine.attribution.explain import explain
from engine.errors import UserError
from engine.inputs.baselines import baseline_for
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import AttributionRequest, Target, TextInput
from tests.engine.tiny_models import TEXT, opened, write

FFN = "bert.encoder.layer.0.intermediate"


def asked(model: TextModel, choice: str, method: str = "integrated_gradients", **target: object):
    request = AttributionRequest("any", TextInput(TEXT), Target(choice, **target), method, parameters=())
    return run(explain(model, request))


def test_the_score_is_the_activation_itself(tiny_bert: TextModel):
    seen: list[torch.Tensor] = []
    handle = tiny_bert.network.get_submodule(FFN).register_forward_hook(lambda _m, _i, output: seen.append(output))
    encoding = tiny_bert.encode(TextInput(TEXT))
    with torch.no_grad():
        tiny_bert.network(input_ids=encoding.ids, **encoding.extras)
    handle.remove()
    for position, choice in ((3, f"unit:{FFN}:5@3"), (len(seen[0][0]) - 1, f"unit:{FFN}:5")):
        result = asked(tiny_bert, choice)
        assert result.completeness.f_input == pytest.approx(float(seen[0][0, position, 5]), abs=1e-5)
        assert result.completeness.converged
        assert (result.target.layer, result.target.index, result.target.position) == (FFN, 5, position)
        assert result.unit == "activation"


def test_equals_captum_on_a_neuron(tiny_bert: TextModel):
    encoding = tiny_bert.encode(TextInput(TEXT))
    inputs, baseline = tiny_bert.embed(encoding.ids), baseline_for("zero", tiny_bert, encoding).embeddings
    layer = tiny_bert.network.get_submodule(FFN)
    captum = NeuronIntegratedGradients(lambda e: tiny_bert.logits(e, encoding), layer)
    theirs = captum.attribute(inputs, (2, 7), baselines=baseline, n_steps=200)[0].sum(-1).detach().numpy()
    ours = asked(tiny_bert, f"unit:{FFN}:7@2").values
    np.testing.assert_allclose(ours, theirs, atol=0.01 * np.abs(theirs).sum())


def test_cells_of_an_lstm_and_of_its_head(tiny_lstm: TextModel):
    assert asked(tiny_lstm, "unit:rnn:2@1").target.position == 1
    head = asked(tiny_lstm, "unit:head.0:1")
    assert head.target.position is None
    logit = asked(tiny_lstm, "index:1")
    np.testing.assert_allclose(head.values, logit.values, atol=1e-6)


def test_a_unit_of_a_language_model(tmp_path: Path):
    model = opened(write(tmp_path, "gpt2", head="CausalLM"))
    result = asked(model, "unit:transformer.h.1.mlp:4@2")
    assert (result.values[3:] == 0).all()
    assert len(result.prediction.classes) == 20


def test_no_hook_is_left(tiny_bert: TextModel):
    asked(tiny_bert, f"unit:{FFN}:0")
    with pytest.raises(UserError):
        asked(tiny_bert, f"unit:{FFN}:9999")
    assert not any(module._forward_hooks for module in tiny_bert.network.modules())


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ("unit:", "A unit is named"),
        ("unit:nowhere:3", "no layer “nowhere”"),
        (f"unit:{FFN}:24", "units 0 to 23"),
        (f"unit:{FFN}:1@99", "positions 0 to"),
        ("unit:dropout.x:1", "no layer"),
        (f"unit:{FFN}:x", "A unit is named"),
    ],
)
def test_a_unit_that_is_not_there(tiny_bert: TextModel, choice: str, words: str):
    with pytest.raises(UserError, match=words):
        asked(tiny_bert, choice)


def test_a_unit_has_no_versus_and_no_probability(tiny_bert: TextModel):
    for options in ({"versus": "index:0"}, {"score": "probability"}):
        with pytest.raises(UserError, match="as it is"):
            asked(tiny_bert, f"unit:{FFN}:1", **options)
