"""Integrated Gradients against closed forms, Captum, and a slow literal sum."""

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from torch import Tensor, nn

from engine.attribution.attribution import Attribution
from engine.attribution.integrated_gradients import integrated_gradients
from engine.attribution.quadrature import embedded_weights, rule
from engine.attribution.score import Score
from engine.errors import UserError
from engine.jobs import Partial, run

RULES = ("gauss_legendre", "midpoint", "left", "right", "trapezoid")
CAPTUM = {"gauss_legendre": "gausslegendre", "midpoint": "riemann_middle", "left": "riemann_left", "right": "riemann_right"}


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


A, X, B = drawn(0, 1, 3, 5), drawn(1, 1, 3, 5), drawn(2, 1, 3, 5)


def quadratic(points: Tensor) -> Tensor:
    return (A * points**2).sum((-2, -1))


def wavy(points: Tensor) -> Tensor:
    return (A * points).sum((-2, -1)).sin() * points.sum((-2, -1)).sigmoid()


@pytest.mark.parametrize("options", [{}, {"n_steps": 2}, {"n_steps": 2, "quadrature": "trapezoid"}], ids=str)
def test_of_a_quadratic(options: dict):
    """F(x) = Σ a x² gives a (x² − b²) per feature, exactly, and the gradient is linear: two nodes are enough."""
    result = run(integrated_gradients(Score(quadratic), X, baseline=B, **options))
    np.testing.assert_allclose(result.values, (A * (X**2 - B**2))[0], rtol=1e-12)
    assert abs(result.completeness.delta) < 1e-12
    assert result.completeness.converged


@pytest.mark.parametrize("quadrature", RULES)
def test_of_a_linear_score_every_rule_is_exact(quadrature: str):
    """The trapezoid too, whose weights must sum to one."""
    result = run(integrated_gradients(Score(lambda p: (A * p).sum((-2, -1))), X, baseline=B, n_steps=10, quadrature=quadrature))
    np.testing.assert_allclose(result.values, (A * (X - B))[0], rtol=1e-12)


@pytest.mark.parametrize("quadrature", RULES)
@pytest.mark.parametrize("n", [2, 7, 50])
def test_rules_against_their_definitions(quadrature: str, n: int):
    nodes, weights = rule(quadrature, n)
    assert len(nodes) == len(weights) == n
    assert np.isclose(weights.sum(), 1)
    assert (np.diff(nodes) > 0).all()
    exact_degree = {"gauss_legendre": 2 * n - 1, "midpoint": 1, "trapezoid": 1}.get(quadrature, 0)
    for power in range(min(exact_degree, 30) + 1):
        assert np.isclose((weights * nodes**power).sum(), 1 / (power + 1))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 16, 50, 300])
def test_gauss_legendre_equals_numpy(n: int):
    nodes, weights = np.polynomial.legendre.leggauss(n)
    ours = rule("gauss_legendre", n)
    np.testing.assert_allclose(ours[0], (nodes + 1) / 2, atol=1e-14)
    np.testing.assert_allclose(ours[1], weights / 2, rtol=1e-9)


def test_ten_thousand_nodes_integrate_as_they_should():
    nodes, weights = rule("gauss_legendre", 10_000)
    assert (weights * np.cos(1000 * nodes)).sum() == pytest.approx(np.sin(1000) / 1000, abs=1e-12)


def test_the_coarser_rule_is_exact_to_its_own_degree_only():
    nodes, _ = rule("gauss_legendre", 5)
    weights = embedded_weights(5, (0, 2, 4))
    assert (weights[[1, 3]] == 0).all()
    errors = [abs((weights * nodes**power).sum() - 1 / (power + 1)) for power in range(6)]
    assert max(errors[:4]) < 1e-12
    assert errors[4] > 1e-4


@pytest.mark.parametrize("quadrature", CAPTUM)
@pytest.mark.parametrize("n_steps", [2, 20, 50])
def test_equals_captum(quadrature: str, n_steps: int):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(15, 8), nn.GELU(), nn.Linear(8, 3)).double().requires_grad_(False)
    ours = run(integrated_gradients(Score(lambda p: network(p)[:, 1]), X, baseline=B, n_steps=n_steps, quadrature=quadrature))
    theirs, delta = IntegratedGradients(network).attribute(
        X, B, target=1, n_steps=n_steps, method=CAPTUM[quadrature], return_convergence_delta=True
    )
    scale = theirs.abs().max().item()
    np.testing.assert_allclose(ours.values, theirs[0], atol=1e-5 * scale)
    assert ours.completeness.delta == pytest.approx(delta.item(), abs=1e-5 * scale)


@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU, nn.RNN])
def test_through_recurrent_layers_in_eval_mode(layer: type[nn.RNNBase]):
    torch.manual_seed(1)
    rnn = layer(5, 6, num_layers=2, bidirectional=True, batch_first=True).double().eval().requires_grad_(False)

    def score(points: Tensor) -> Tensor:
        return rnn(points)[0][:, -1].sum(-1)

    ours = run(integrated_gradients(Score(score, recurrent=True), X, baseline=B, n_steps=30))
    theirs = IntegratedGradients(score).attribute(X, B, n_steps=30)
    np.testing.assert_allclose(ours.values, theirs[0], atol=1e-5 * theirs.abs().max().item())


@pytest.mark.parametrize("tolerance", [0.1, 0.01, 0.001])
@pytest.mark.parametrize("seed", range(12))
def test_what_is_certified_holds(tolerance: float, seed: int):
    """Small networks, saturating on purpose: the true L1 error over tokens is within the tolerance that was certified."""
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Flatten(), nn.Linear(15, 12), nn.Tanh(), nn.Linear(12, 3)).double().requires_grad_(False)

    def score(points: Tensor) -> Tensor:
        return network(4 * points).softmax(-1)[:, 0]

    found = run(integrated_gradients(Score(score), X, baseline=B, tolerance=tolerance))
    truth = run(integrated_gradients(Score(score), X, baseline=B, n_steps=2000)).values.sum(-1)
    error = np.abs(found.values.sum(-1) - truth).sum() / np.abs(truth).sum()
    assert found.completeness.converged
    assert error <= tolerance
    assert found.effective["n_steps"] == 21 or error < tolerance / 2


def test_what_cannot_be_certified_says_so():
    """A score that jumps: no number of steps adds up, and the cap ends it."""
    halfway = (X.sum() + B.sum()) / 2

    def jump(points: Tensor) -> Tensor:
        return (points.sum((-2, -1)) > halfway).double() + 0.01 * quadratic(points)

    found = run(integrated_gradients(Score(jump), X, baseline=B))
    assert not found.completeness.converged
    assert found.effective["n_steps"] >= 500


def test_input_equal_to_the_baseline_is_all_zero_and_converged():
    found = run(integrated_gradients(Score(wavy), X, baseline=X))
    assert (found.values == 0).all()
    assert found.completeness.converged
    assert found.completeness.relative_delta == 0


@pytest.mark.parametrize("n_steps", [1, 5, 50])
@pytest.mark.parametrize("quadrature", ["gauss_legendre", "midpoint"])
def test_cost_is_as_promised(n_steps: int, quadrature: str):
    """n_steps gradients, whatever the rule, and the two ends."""
    score = Score(wavy)
    run(integrated_gradients(score, X, baseline=B, n_steps=n_steps, quadrature=quadrature))
    assert (score.forward, score.backward) == (n_steps + 2, n_steps)


def test_a_smooth_score_costs_twenty_one_gradients_and_four_probes():
    score = Score(wavy)
    run(integrated_gradients(score, X, baseline=B, tolerance=0.1))
    assert (score.forward, score.backward) == (25, 21)


def test_the_path_curve_is_the_score_and_its_slope():
    found = run(integrated_gradients(Score(wavy), X, baseline=B, n_steps=9))
    for alpha, value, slope in zip(found.path.alpha, found.path.score, found.path.slope, strict=True):
        assert value == pytest.approx(wavy(torch.lerp(B, X, alpha)).item())
        if np.isfinite(slope):
            step = 1e-6
            rise = (wavy(torch.lerp(B, X, alpha + step)) - wavy(torch.lerp(B, X, alpha - step))).item() / (2 * step)
            assert slope == pytest.approx(rise, rel=1e-5, abs=1e-7)
    assert found.path.alpha[[0, -1]].tolist() == [0, 1]


@pytest.mark.parametrize("options", [{"n_steps": 40}, {}, {"tolerance": 1e-5}], ids=str)
def test_partial_maps_sharpen_and_progress_never_goes_back(options: dict):
    partials: list[Partial] = []
    final = run(integrated_gradients(Score(wavy), X, baseline=B, **options), partials.append)
    progress = [p.fraction for p in partials]
    assert progress == sorted(progress)
    assert progress[-1] < 1
    maps = [p.result for p in partials if isinstance(p.result, Attribution)]
    assert len(maps) >= 2
    first, last = (np.abs(m.values - final.values).sum() for m in (maps[0], maps[-1]))
    assert last < first


@pytest.mark.parametrize(
    "options", [{"n_steps": 1, "quadrature": "trapezoid"}, {"quadrature": "midpoint"}, {"tolerance": None}], ids=str
)
def test_what_cannot_be_meant_is_refused(options: dict):
    with pytest.raises(UserError):
        run(integrated_gradients(Score(wavy), X, baseline=B, **options))


def test_against_a_slow_literal_sum():
    """Equation 3 of the paper, with its right-hand Riemann sum, m = 40."""
    total = torch.zeros_like(X)
    for k in range(1, 41):
        point = (B + k / 40 * (X - B)).requires_grad_()
        total += torch.autograd.grad(wavy(point).sum(), point)[0] / 40
    found = run(integrated_gradients(Score(wavy), X, baseline=B, n_steps=40, quadrature="right"))
    np.testing.assert_allclose(found.values, ((X - B) * total)[0], rtol=1e-9)
