"""SmoothGrad against Captum's NoiseTunnel under equal noise, and against its own definition."""

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients, NoiseTunnel, Saliency
from torch import Tensor, nn

from engine.attribution.noise import noisy
from engine.attribution.score import Score
from engine.attribution.smoothgrad import smoothgrad
from engine.devices import BatchSize
from engine.jobs import run

CAPTUM = {"saliency": Saliency, "input_x_gradient": InputXGradient, "integrated_gradients": IntegratedGradients}
FORMS = {"mean": "smoothgrad", "squared": "smoothgrad_sq", "variance": "vargrad"}
N_SAMPLES, NOISE, SEED = 9, 0.2, 5


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(15, 8), nn.Tanh(), nn.Linear(8, 3)).double().requires_grad_(False)


INPUTS = torch.randn(1, 3, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
BASELINE = torch.zeros_like(INPUTS)


def ours(network: nn.Module, size: int = 4, **options: object) -> object:
    score = Score(lambda p: network(p)[:, 1], BatchSize(size, size))
    return run(smoothgrad(score, INPUTS, baseline=BASELINE, seed=SEED, n_samples=N_SAMPLES, noise=NOISE, **options))


def copies() -> Tensor:
    return noisy(INPUTS, NOISE * float(INPUTS.max() - INPUTS.min()), SEED, range(N_SAMPLES))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("over", CAPTUM)
def test_equals_captum_under_equal_noise(network: nn.Module, over: str, form: str, monkeypatch: pytest.MonkeyPatch):
    noise = copies() - INPUTS
    monkeypatch.setattr(torch, "normal", lambda *_, **__: noise.clone())
    inner = {"n_steps": 30, "baselines": BASELINE} if over == "integrated_gradients" else {}
    theirs = NoiseTunnel(CAPTUM[over](network)).attribute(
        INPUTS, nt_type=FORMS[form], nt_samples=N_SAMPLES, stdevs=1.0, target=1, **inner
    )
    found = ours(network, over=over, form=form, n_steps=30)
    np.testing.assert_allclose(found.values, theirs[0], atol=1e-5 * theirs.abs().max().item())
    assert found.signed == (form == "mean" and over != "saliency")


def test_over_integrated_gradients_it_adds_up_to_the_mean_noisy_score(network: nn.Module):
    found = ours(network, over="integrated_gradients", n_steps=60)
    promised = float(network(copies())[:, 1].mean() - network(BASELINE)[0, 1])
    assert found.completeness.f_input - found.completeness.f_baseline == pytest.approx(promised)
    assert found.values.sum() == pytest.approx(promised, rel=1e-6)
    assert found.completeness.converged


@pytest.mark.parametrize("over", CAPTUM)
def test_same_map_whatever_the_batch_size(network: nn.Module, over: str):
    maps = [ours(network, size, over=over).values for size in (1, 4, 100)]
    np.testing.assert_allclose(maps[0], maps[1], rtol=1e-10)
    np.testing.assert_allclose(maps[0], maps[2], rtol=1e-10)


def test_without_noise_it_is_the_method_itself(network: nn.Module):
    score = Score(lambda p: network(p)[:, 1])
    found = run(smoothgrad(score, INPUTS, baseline=BASELINE, seed=0, noise=0.0))
    np.testing.assert_allclose(found.values, (INPUTS * score.gradient(INPUTS))[0], rtol=1e-10)


def test_the_cost_is_one_gradient_for_each_copy(network: nn.Module):
    score = Score(lambda p: network(p)[:, 1])
    run(smoothgrad(score, INPUTS, baseline=BASELINE, seed=0, n_samples=17))
    assert score.backward == 17
