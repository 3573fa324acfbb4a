"""LRP's rules for convolutions against the same written out with matrices, what they conserve, and DeepLIFT against Captum."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import DeepLift
from torch import Tensor, nn

from engine.attribution.deeplift import deeplift
from engine.attribution.lrp import lrp
from engine.attribution.score import Score
from engine.errors import UserError
from engine.jobs import run

SIDE, CHANNELS, TARGET = 6, 2, 1
RULES: dict[str, dict[str, Any]] = {
    "epsilon": {"convolutions": "epsilon"},
    "gamma": {"convolutions": "gamma", "gamma": 0.3},
    "z_plus": {"convolutions": "z_plus"},
    "alpha_beta": {"convolutions": "alpha_beta", "alpha": 2.0},
    "z_plus, first w_square": {"convolutions": "z_plus", "first_convolution": "w_square"},
    "gamma, first flat": {"convolutions": "gamma", "gamma": 0.3, "first_convolution": "flat"},
}


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


INPUTS, BASELINE = drawn(1, 1, SIDE * SIDE, CHANNELS), drawn(2, 1, SIDE * SIDE, CHANNELS)


def network(*, bias: bool, norm: bool = False, pool: type[nn.Module] = nn.AvgPool2d) -> nn.Sequential:
    torch.manual_seed(0)
    norms = [nn.BatchNorm2d(4), nn.BatchNorm2d(5)] if norm else [nn.Identity(), nn.Identity()]
    layers = [
        *(nn.Conv2d(CHANNELS, 4, 3, padding=1, bias=bias), norms[0], nn.ReLU(), pool(2)),
        *(nn.Conv2d(4, 5, 2, bias=bias), norms[1], nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3, bias=bias)),
    ]
    made = nn.Sequential(*layers).double().eval()
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            module.weight.data.normal_()  # of both signs: what it turns around has to be turned around in the rule
            module.bias.data.normal_()
    return made.requires_grad_(False)


def as_picture(points: Tensor) -> Tensor:
    return points.reshape(-1, SIDE, SIDE, CHANNELS).permute(0, 3, 1, 2)


def score_of(net: nn.Module) -> Score:
    return Score(lambda points: net(as_picture(points))[:, TARGET])


# ---- written out ------------------------------------------------------------------------------------------------------


def handed_down(matrix: np.ndarray, bias: np.ndarray, x: np.ndarray, relevance: np.ndarray, rule: dict[str, Any]) -> np.ndarray:
    """One linear layer, outputs by inputs; padding is no input."""
    products, kind = matrix * x, rule["convolutions"]
    if kind == "w_square" or kind == "flat":
        shares = matrix**2 if kind == "w_square" else (matrix != 0).astype(float)
        return np.asarray((shares / shares.sum(1, keepdims=True) * relevance[:, None]).sum(0))
    positive, negative = np.maximum(products, 0), np.minimum(products, 0)
    found = np.zeros_like(x)
    for k in range(len(matrix)):
        z = products[k].sum() + bias[k]
        if z == 0:
            continue
        if kind == "epsilon":
            found += products[k] / z * relevance[k]
        elif kind == "gamma":
            own = positive[k] if z >= 0 else negative[k]
            found += (products[k] + rule["gamma"] * own) / (z + rule["gamma"] * own.sum()) * relevance[k]
        else:
            alpha = 1.0 if kind == "z_plus" else rule["alpha"]
            plus, minus = positive[k].sum(), negative[k].sum()
            if kind == "alpha_beta" and (plus == 0 or minus == 0):
                found += products[k] / (plus + minus) * relevance[k]
                continue
            found += alpha * positive[k] / plus * relevance[k] if plus else 0.0
            found += (1 - alpha) * negative[k] / minus * relevance[k] if alpha != 1 and minus else 0.0
    return found


def literal_lrp(net: nn.Sequential, rule: dict[str, Any]) -> np.ndarray:
    """From layer to layer: every linear one as a matrix, batch norms folded into the convolution before them."""
    layers: list[list[nn.Module]] = []
    for module in net:
        if isinstance(module, nn.BatchNorm2d):
            layers[-1].append(module)
        elif not isinstance(module, nn.Identity):
            layers.append([module])
    points, steps = [as_picture(INPUTS)], []
    for layer in layers:
        steps.append(nn.Sequential(*layer))
        points.append(steps[-1](points[-1]))
    relevance = np.zeros(3)
    relevance[TARGET] = float(points[-1][0, TARGET])
    for number in range(len(steps) - 1, -1, -1):
        x, layer = points[number], layers[number]
        if isinstance(layer[0], nn.ReLU):
            continue
        jacobian: Any = torch.autograd.functional.jacobian(steps[number], x)
        flat = x.flatten().numpy()
        if isinstance(layer[0], nn.MaxPool2d):
            relevance = (jacobian.reshape(len(relevance), -1).numpy() * relevance[:, None]).sum(0)
            continue
        matrix = jacobian.reshape(len(relevance), -1).numpy()
        bias = steps[number](torch.zeros_like(x)).flatten().numpy()
        own = rule if isinstance(layer[0], nn.Conv2d) else {"convolutions": "epsilon"}
        if number == 0 and "first_convolution" in rule:
            own = {"convolutions": rule["first_convolution"]}
        relevance = handed_down(matrix, bias, flat, relevance, own)
    return relevance.reshape(CHANNELS, SIDE * SIDE).T


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("bias", [False, True], ids=["no biases", "biases"])
@pytest.mark.parametrize("pool", [nn.AvgPool2d, nn.MaxPool2d], ids=["mean", "maximum"])
def test_equals_the_rules_written_out(rule: dict[str, Any], bias: bool, pool: type[nn.Module]):
    net = network(bias=bias, pool=pool)
    found = run(lrp(score_of(net), INPUTS, **rule))
    np.testing.assert_allclose(found.values, literal_lrp(net, rule), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("name", ["epsilon", "gamma", "z_plus", "alpha_beta"])
def test_batch_norm_is_a_part_of_its_convolution(name: str):
    net = network(bias=True, norm=True)
    found = run(lrp(score_of(net), INPUTS, **RULES[name]))
    np.testing.assert_allclose(found.values, literal_lrp(net, RULES[name]), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_without_biases_the_score_is_conserved(rule: dict[str, Any]):
    found = run(lrp(score_of(network(bias=False)), INPUTS, **rule))
    assert found.completeness is not None
    assert found.values.sum() == pytest.approx(found.completeness.f_input, rel=1e-4)


def test_the_epsilon_rule_is_input_times_gradient_on_relu_networks():
    score = score_of(network(bias=True))
    found = run(lrp(score, INPUTS, convolutions="epsilon"))
    np.testing.assert_allclose(found.values, (INPUTS * score.gradient(INPUTS))[0], rtol=1e-9)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_strides_dilations_and_groups_are_the_networks_own(groups: int):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(CHANNELS, 4, 3, padding="same", bias=False),
        nn.ReLU(),
        nn.Conv2d(4, 8, 3, stride=2, dilation=2, padding=2, groups=groups, bias=False),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 3, bias=False),
    )
    net = net.double().requires_grad_(False)
    found = run(lrp(score_of(net), INPUTS, **RULES["gamma"]))
    np.testing.assert_allclose(found.values, literal_lrp(net, RULES["gamma"]), rtol=1e-7, atol=1e-10)


def test_what_follows_in_place_changes_nothing():
    def summed(points: Tensor, in_place: bool) -> Tensor:
        picture = as_picture(points)
        found = nn.functional.conv2d(picture, weight, padding=1)
        if in_place:
            found += picture
            return nn.functional.relu(found, inplace=True).sum((1, 2, 3))
        return nn.functional.relu(found + picture).sum((1, 2, 3))

    weight = drawn(3, CHANNELS, CHANNELS, 3, 3)
    first, other = (run(lrp(Score(lambda p, way=way: summed(p, way)), INPUTS, **RULES["gamma"])).values for way in (True, False))
    np.testing.assert_allclose(first, other, rtol=1e-12)


# ---- DeepLIFT ---------------------------------------------------------------------------------------------------------


class Seen(nn.Module):
    """Each module is used once, as Captum wants it."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, picture: Tensor) -> Tensor:
        found: Tensor = self.net(picture)
        return found


@pytest.mark.parametrize("norm", [False, True], ids=["plain", "batch norm"])
def test_deeplift_equals_captum(norm: bool):
    net = network(bias=True, norm=norm)  # with maxima, what Captum finds does not add up
    ours = run(deeplift(score_of(net), INPUTS, baseline=BASELINE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it sets hooks
        picture = as_picture(INPUTS).clone().requires_grad_()
        expected = DeepLift(Seen(net)).attribute(picture, as_picture(BASELINE), TARGET)
    np.testing.assert_allclose(
        ours.values, expected[0].permute(1, 2, 0).reshape(-1, CHANNELS).detach().numpy(), rtol=1e-6, atol=1e-9
    )
    assert ours.completeness is not None
    assert ours.completeness.relative_delta < 1e-9


def test_a_maximum_hands_down_what_it_gains_and_what_it_loses():
    weight, (now, then) = drawn(5, CHANNELS, 3, 3), (as_picture(points)[0] for points in (INPUTS, BASELINE))
    score = Score(lambda points: (nn.functional.max_pool2d(as_picture(points), 2) * weight).sum((1, 2, 3)))
    expected = np.zeros((CHANNELS, SIDE, SIDE))
    for c, i, j in np.ndindex(CHANNELS, 3, 3):
        windows = [each[c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].flatten().tolist() for each in (now, then)]
        tops = [max(window) for window in windows]
        for window, change in zip(windows, (max(tops) - tops[1], tops[0] - max(tops)), strict=True):
            down, across = divmod(window.index(max(window)), 2)
            expected[c, 2 * i + down, 2 * j + across] += change * float(weight[c, i, j])
    found = run(deeplift(score, INPUTS, baseline=BASELINE))
    np.testing.assert_allclose(found.values, expected.reshape(CHANNELS, -1).T, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: nn.functional.max_pool2d(x, 3, 2, 1),
        nn.MaxPool2d(3, stride=1, padding=1),
        lambda x: torch.max_pool2d(x, (2, 3), (1, 2), (0, 1)),
    ],
    ids=["function", "module", "torch"],
)
def test_the_maximum_of_every_window_adds_up(pool: Callable[[Tensor], Tensor]):
    weight = drawn(5, CHANNELS, 1, 1)
    score = Score(lambda points: (pool(as_picture(points)) * weight).tanh().sum((1, 2, 3)))
    found = run(deeplift(score, INPUTS, baseline=BASELINE))
    assert found.completeness is not None
    assert found.completeness.delta == pytest.approx(0, abs=1e-9)


def test_pools_without_a_rule_are_refused_by_name():
    score = Score(lambda points: nn.functional.max_pool2d(as_picture(points), 2, ceil_mode=True).sum((1, 2, 3)))
    with pytest.raises(UserError, match="max_pool2d"):
        run(deeplift(score, INPUTS, baseline=BASELINE))
