"""Guided backpropagation and deconvolution: Captum, their formula written out, and models that have no ReLU."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import Deconvolution, GuidedBackprop
from torch import Tensor, nn
from torch.nn import functional as F

from engine.attribution.deconvnet import deconvnet
from engine.attribution.explain import explain
from engine.attribution.guided_backprop import guided_backprop
from engine.attribution.registry import METHODS
from engine.attribution.score import Score
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import AttributionRequest, Target, TextInput
from tests.engine.attribution import written_out
from tests.engine.recurrent.literal import random_module
from tests.engine.tiny_models import TEXT, opened, write, write_recurrent

SEQ, D_MODEL = 5, 4
OURS = {"guided_backprop": guided_backprop, "deconvnet": deconvnet}
BOTH = pytest.mark.parametrize("name", OURS)
INPUTS = torch.randn(1, SEQ, D_MODEL, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def attributed(name: str, function: Callable[[Tensor], Tensor]) -> np.ndarray:
    return run(OURS[name](Score(function), INPUTS)).values


def network() -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Flatten(), nn.Linear(20, 9), nn.ReLU(), nn.Linear(9, 8), nn.ReLU(), nn.Linear(8, 3)]
    return nn.Sequential(*layers).double().eval().requires_grad_(False)


@BOTH
@pytest.mark.parametrize("target", [0, 1, 2])
def test_equals_captum(name: str, target: int):
    net = network()
    captum = {"guided_backprop": GuidedBackprop, "deconvnet": Deconvolution}[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it sets hooks
        theirs = captum(net).attribute(INPUTS.clone().requires_grad_(), target)[0].numpy()
    np.testing.assert_allclose(attributed(name, lambda p: net(p)[:, target]), theirs, rtol=1e-9, atol=1e-12)


@BOTH
@pytest.mark.parametrize("way", ["module", "function", "method", "in place", "named"])
def test_a_relu_is_one_however_it_is_called(name: str, way: str):
    relu: dict[str, Callable[[Tensor], Tensor]] = {
        "module": nn.ReLU(),
        "function": F.relu,
        "method": lambda x: x.relu(),
        "in place": lambda x: (1 * x).relu_(),
        "named": lambda x: F.relu(input=x, inplace=False),
    }
    weights = torch.tensor([2.0, -3.0, 0.5, -1.0], dtype=torch.float64)
    values = attributed(name, lambda p: (weights * relu[way](p)).sum((-2, -1)))
    passed = weights.clamp(min=0).expand(SEQ, D_MODEL)
    np.testing.assert_array_equal(values, passed * (INPUTS[0] > 0) if name == "guided_backprop" else passed)


@BOTH
@pytest.mark.parametrize("options", [{}, {"bidirectional": True, "num_layers": 2}, {"bias": False}], ids=str)
def test_relus_inside_of_a_recurrent_layer_count(name: str, options: dict[str, object]):
    rnn = random_module(nn.RNN, D_MODEL, 6, batch_first=True, nonlinearity="relu", **options).double()
    whole = attributed(name, lambda p: rnn(p)[0][:, -1].sum(-1))
    parts = attributed(name, lambda p: written_out.recurrent(rnn, p)[:, -1].sum(-1))
    np.testing.assert_allclose(whole, parts, rtol=1e-9, atol=1e-12)
    assert (whole != 0).any()


@BOTH
def test_a_model_without_relus_is_refused_and_one_with_them_is_not(name: str, tiny_bert: TextModel, tmp_path: Path):
    refusal = METHODS[name].description.unavailable_because(tiny_bert.info)
    assert refusal is not None
    assert "this model has none" in refusal
    with pytest.raises(UserError, match="this model has none"):
        run(explain(tiny_bert, AttributionRequest("any", TextInput(TEXT), method=name)))
    model = opened(write(tmp_path, "bert", hidden_act="relu"))
    assert model.info.rectified
    unit = Target("unit:bert.encoder.layer.1.output:3@2")
    for target in (Target(score="probability"), Target("index:0", versus="index:1"), unit):
        result = run(explain(model, AttributionRequest("any", TextInput(TEXT), target, name)))
        assert np.isfinite(result.values).all()
        assert (result.values > 0).any()
        assert not result.signed  # a norm over dimensions


@pytest.mark.parametrize(
    ("changes", "there"),
    [
        ({"head": (4, 3), "activations": ("relu",)}, True),
        ({"head": (4, 3), "activations": ("tanh",)}, False),
        ({"architecture": "rnn"}, False),
        ({"task": "causal_lm", "head": (17,), "labels": ()}, False),
    ],
    ids=str,
)
def test_relus_are_found_by_running_the_model(changes: dict[str, object], there: bool, tmp_path: Path):
    assert opened(write_recurrent(tmp_path, **changes)).info.rectified is there


@pytest.mark.parametrize("head", ["SequenceClassification", "MaskedLM", "CausalLM"])
def test_relus_that_are_functions_are_found(head: str, tmp_path: Path):
    """DistilBERT's classifier has one that its list of modules does not show."""
    model = opened(write(tmp_path, "gpt2" if head == "CausalLM" else "distilbert", head=head))
    assert model.info.rectified is (head == "SequenceClassification")


@BOTH
def test_the_description_warns(name: str):
    assert "drawn at random" in METHODS[name].description.summary
    assert "fails the check" in METHODS[name].description.summary
