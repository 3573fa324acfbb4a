"""What all rules share: functions caught as they are called, activation modules taken as one, nothing left behind."""

import numpy as np
import pytest
import torch
import transformers.activations as library
from torch import Tensor, nn
from torch.nn.modules.module import _global_forward_hooks, _global_forward_pre_hooks

from engine.attribution.deeplift import deeplift
from engine.attribution.lrp import lrp
from engine.attribution.propagation.relevance import RelevanceRules
from engine.attribution.score import Score
from engine.jobs import run

INPUTS = torch.randn(1, 5, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
BASELINE = torch.randn(1, 5, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
ACTIVATIONS = ("gelu_new", "gelu_fast", "quick_gelu", "gelu_python", "gelu_pytorch_tanh", "silu", "relu2", "laplace", "mish")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_written_in_steps_is_one_function(name: str):
    """Its steps hold products and offsets, which by themselves would have rules of their own."""
    activation = library.ACT2FN[name]
    relevance = run(lrp(Score(lambda p: activation(p).sum((-2, -1))), INPUTS))
    np.testing.assert_allclose(relevance.values, activation(INPUTS)[0].numpy(), rtol=1e-9, atol=1e-12)
    lifted = run(deeplift(Score(lambda p: activation(p).sum((-2, -1))), INPUTS, baseline=BASELINE))
    np.testing.assert_allclose(lifted.values, (activation(INPUTS) - activation(BASELINE))[0].numpy(), rtol=1e-9, atol=1e-12)


def test_values_are_the_functions_own():
    def everything(p: Tensor) -> Tensor:
        q = nn.functional.layer_norm(p, (4,)) + nn.functional.gelu(p) * p.softmax(-1)
        return (q @ q.transpose(1, 2)).tanh() / (1 + p.pow(2).sum(-1, keepdim=True)).sqrt()

    points = INPUTS.clone().requires_grad_()
    with RelevanceRules():
        under_rules = everything(points)
    torch.testing.assert_close(under_rules.detach(), everything(INPUTS), rtol=1e-12, atol=1e-14)


def left_behind() -> tuple[int, int, int]:
    return len(_global_forward_hooks), len(_global_forward_pre_hooks), torch._C._len_torch_function_stack()


def test_nothing_is_left_behind_whatever_happens():
    class Broken(nn.Module):
        def forward(self, points: Tensor) -> Tensor:
            raise ZeroDivisionError

    before = left_behind()
    score = Score(lambda p: Broken()(p.tanh()))
    for steps in (lrp(score, INPUTS), deeplift(score, INPUTS, baseline=BASELINE)):
        with pytest.raises(ZeroDivisionError):
            run(steps)
        assert left_behind() == before
    np.testing.assert_allclose(Score(lambda p: p.tanh().sum((-2, -1))).gradient(INPUTS), 1 - INPUTS.tanh() ** 2)


def test_rules_hold_for_a_context_only():
    score = Score(lambda p: p.tanh().sum((-2, -1)))
    with score.under(RelevanceRules):
        torch.testing.assert_close(score.gradient(INPUTS), INPUTS.tanh() / INPUTS)
    torch.testing.assert_close(score.gradient(INPUTS), 1 - INPUTS.tanh() ** 2)


def test_rules_are_made_anew_for_every_batch():
    made: list[RelevanceRules] = []

    def rules() -> RelevanceRules:
        made.append(RelevanceRules())
        return made[-1]

    score = Score(lambda p: p.tanh().sum((-2, -1)))
    with score.under(rules):
        many = score.gradient(INPUTS.expand(40, -1, -1))
    assert len(set(map(id, made))) == len(made) >= 2
    torch.testing.assert_close(many[7], (INPUTS.tanh() / INPUTS)[0])
