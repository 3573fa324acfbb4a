"""Leave-one-out against Captum's feature ablation, token by token."""

import numpy as np
import pytest
import torch
from captum.attr import FeatureAblation
from torch import nn

from engine.attribution.leave_one_out import leave_one_out
from engine.attribution.score import Score
from engine.jobs import Partial, run

INPUTS = torch.randn(1, 6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
BASELINE = torch.zeros_like(INPUTS)


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(24, 8), nn.Tanh(), nn.Linear(8, 2)).double().requires_grad_(False)


def test_equals_captum(network: nn.Module):
    theirs = FeatureAblation(network).attribute(INPUTS, BASELINE, target=1, feature_mask=torch.arange(6)[None, :, None])
    found = run(leave_one_out(Score(lambda p: network(p)[:, 1]), INPUTS, baseline=BASELINE))
    np.testing.assert_allclose(found.values.sum(-1), theirs[0, :, 0], atol=1e-6 * theirs.abs().max().item())


def test_special_tokens_that_the_fill_keeps_cost_nothing_and_get_zero(network: nn.Module):
    fill = BASELINE.clone()
    fill[:, [0, 5]] = INPUTS[:, [0, 5]]
    score = Score(lambda p: network(p)[:, 1])
    found = run(leave_one_out(score, INPUTS, baseline=fill))
    assert (found.values[[0, 5]] == 0).all()
    assert score.forward == 5


def test_partials_fill_up(network: nn.Module):
    partials: list[Partial] = []
    run(leave_one_out(Score(lambda p: network(p)[:, 1]), INPUTS, baseline=BASELINE), partials.append)
    filled = [(p.result.values.sum(-1) != 0).sum() for p in partials]
    assert filled == sorted(filled)
