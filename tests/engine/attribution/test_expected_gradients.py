"""Expected Gradients against a direct average over baselines and points."""

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.attribution.expected_gradients import expected_gradients
from engine.attribution.integrated_gradients import integrated_gradients
from engine.attribution.score import Score
from engine.devices import BatchSize
from engine.jobs import run


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


A, INPUTS, BASELINES = drawn(0, 3, 4), drawn(1, 1, 3, 4), drawn(2, 5, 3, 4)


def wavy(points: Tensor) -> Tensor:
    return (A * points).sum((-2, -1)).sin() + (A * points**2).sum((-2, -1))


def found(n_samples: int, seed: int = 0, size: int = 16) -> np.ndarray:
    score = Score(wavy, BatchSize(size, size))
    return run(expected_gradients(score, INPUTS, baselines=BASELINES, seed=seed, n_samples=n_samples)).values


def test_in_the_limit_it_is_the_mean_of_integrated_gradients():
    direct = np.mean(
        [run(integrated_gradients(Score(wavy), INPUTS, baseline=b[None], n_steps=100)).values for b in BASELINES], axis=0
    )
    scale = np.abs(direct).max()
    errors = [np.abs(found(n) - direct).max() / scale for n in (50, 5000)]
    assert errors[1] < 0.03
    assert errors[1] < errors[0] / 3


def test_it_is_unbiased_over_seeds():
    direct = found(20_000)
    mean = np.mean([found(5, seed) for seed in range(400)], axis=0)
    np.testing.assert_allclose(mean, direct, atol=0.03 * np.abs(direct).max())


def test_same_map_whatever_the_batch_size():
    np.testing.assert_allclose(found(40, size=1), found(40, size=7), rtol=1e-10)


def test_it_adds_up_to_the_input_minus_the_mean_of_the_baselines():
    result = run(expected_gradients(Score(wavy), INPUTS, baselines=BASELINES, seed=0, n_samples=4000))
    promised = float(wavy(INPUTS) - wavy(BASELINES).mean())
    assert result.completeness.f_input - result.completeness.f_baseline == pytest.approx(promised)
    assert result.completeness.converged
