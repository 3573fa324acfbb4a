"""DeepLIFT: Captum where both have a rule, closed forms, and functions written out against the same in one piece."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from captum.attr import DeepLift
from torch import Tensor, nn
from torch.nn import functional as F

from engine.attribution.attribution import Attribution
from engine.attribution.deeplift import deeplift
from engine.attribution.explain import explain
from engine.attribution.score import Score
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import AttributionRequest, Target, TextInput
from tests.engine.attribution import written_out
from tests.engine.recurrent.literal import random_module
from tests.engine.tiny_models import TEXT

SEQ, D_MODEL = 5, 4
TARGETS = (Target(), Target(score="probability"), Target("index:0", versus="index:2", score="log_probability"))


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


INPUTS, BASELINE = drawn(1, 1, SEQ, D_MODEL), drawn(2, 1, SEQ, D_MODEL)


def lifted(function: Callable[[Tensor], Tensor], inputs: Tensor = INPUTS, baseline: Tensor = BASELINE) -> Attribution:
    found = run(deeplift(Score(function), inputs, baseline=baseline))
    promised = float(function(inputs) - function(baseline))
    assert found.values.sum() == pytest.approx(promised, rel=1e-9, abs=1e-9)
    assert found.completeness.converged
    return found


def network(*activations: nn.Module, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    layers: list[nn.Module] = [nn.Flatten()]
    size = SEQ * D_MODEL
    for activation in activations:
        layers += [nn.Linear(size, 16), activation]
        size = 16
    return nn.Sequential(*layers, nn.Linear(size, 3)).double().eval().requires_grad_(False)


@pytest.mark.parametrize(
    "activations",
    [(nn.ReLU(),), (nn.ReLU(), nn.ReLU()), (nn.ReLU(), nn.Tanh(), nn.Sigmoid()), (nn.ELU(), nn.LeakyReLU(), nn.Softplus())],
    ids=lambda each: "-".join(type(one).__name__ for one in each),
)
@pytest.mark.parametrize("baseline", [BASELINE, torch.zeros_like(INPUTS), INPUTS.roll(1, 1)], ids=["random", "zero", "rolled"])
def test_equals_captum(activations: tuple[nn.Module, ...], baseline: Tensor):
    net = network(*activations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it sets hooks
        theirs = DeepLift(net).attribute(INPUTS.clone().requires_grad_(), baseline, target=1)[0].detach().numpy()
    ours = lifted(lambda p: net(p)[:, 1], baseline=baseline)
    np.testing.assert_allclose(ours.values, theirs, rtol=1e-9, atol=1e-12)


def test_a_linear_score_and_a_product():
    weights, a, a_then, b, b_then = drawn(3, SEQ, D_MODEL), INPUTS[:, 0], BASELINE[:, 0], INPUTS[:, 1], BASELINE[:, 1]
    linear = lifted(lambda p: (weights * p).sum((-2, -1)) + 5)
    np.testing.assert_allclose(linear.values, (weights * (INPUTS - BASELINE))[0], rtol=1e-12)
    product = lifted(lambda p: (p[:, 0] * p[:, 1]).sum(-1)).values
    np.testing.assert_allclose(product[0], ((b + b_then) / 2 * (a - a_then))[0], rtol=1e-12)
    np.testing.assert_allclose(product[1], ((a + a_then) / 2 * (b - b_then))[0], rtol=1e-12)
    assert (product[2:] == 0).all()


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": lambda p: F.gelu(p).sum((-2, -1)),
    "silu": lambda p: F.silu(p).sum((-2, -1)),
    "softmax": lambda p: (p.softmax(-1) ** 2).sum((-2, -1)),
    "log_softmax": lambda p: (3 * p).log_softmax(-1)[:, :, 0].sum(-1),
    "logsumexp": lambda p: p.logsumexp(1).sum(-1),
    "layer_norm": lambda p: (F.layer_norm(p, (D_MODEL,), drawn(5, D_MODEL), drawn(6, D_MODEL)) ** 2).sum((-2, -1)),
    "rms_norm": lambda p: (F.rms_norm(p, (D_MODEL,), drawn(5, D_MODEL)) ** 3).sum((-2, -1)),
    "written-out norm": lambda p: (p * torch.rsqrt(p.pow(2).mean(-1, keepdim=True) + 1e-6)).pow(3).sum((-2, -1)),
    "division": lambda p: (p[:, :2] / (1 + p[:, 2:4] ** 2)).sum((-2, -1)) + (1 / (2 + p[:, 4].tanh())).sum(-1),
    "maximum": lambda p: (p.amax(1) ** 2 + p.max(dim=1)[0]).sum(-1),
    "matmul": lambda p: (p @ p.transpose(1, 2) @ p).sum((-2, -1)),
    "einsum": lambda p: torch.einsum("bij,bkj->bik", p, p.tanh()).sum((-2, -1)),
    "attention": lambda p: F.scaled_dot_product_attention(p, p.sin(), p.tanh()).sum((-2, -1)),
    "in place": lambda p: (2 * p).mul_(p).add_(1).relu_().sum((-2, -1)),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_every_function_adds_up_and_both_sides_can_be_exchanged(function: Callable[[Tensor], Tensor]):
    there, back = lifted(function), lifted(function, BASELINE, INPUTS)
    np.testing.assert_allclose(there.values, -back.values, rtol=1e-9, atol=1e-12)
    assert (there.values != 0).any()


@pytest.mark.parametrize("scale", [1e-4, 1.0, 100.0])
@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_baseline_hardly_apart_gives_the_gradient(function: Callable[[Tensor], Tensor], scale: float):
    inputs = scale * INPUTS
    near = inputs + 1e-9 * scale * BASELINE
    points = inputs.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(function(points).sum(), points)
    found = run(deeplift(Score(function), inputs, baseline=near)).values
    np.testing.assert_allclose(found, ((inputs - near) * gradient)[0].numpy(), rtol=1e-4, atol=2e-3 * np.abs(found).max())


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm", "written-out norm"])
def test_a_baseline_of_zeros_before_a_norm_is_not_blown_up(name: str):
    """σ of the baseline is 1e-3 there; shares that cancel would be a thousand times the score."""
    found = lifted(FUNCTIONS[name], baseline=torch.zeros_like(INPUTS))
    assert np.abs(found.values).sum() < 10 * (1 + abs(found.values.sum()))


def test_softmax_far_apart():
    """e^200 times apart, in float32."""
    inputs, baseline = torch.tensor([[[100.0, 0.0, -3.0]]]), torch.tensor([[[-100.0, 0.0, 1.0]]])
    found = run(deeplift(Score(lambda p: p.softmax(-1)[:, 0, 0]), inputs, baseline=baseline))
    assert np.isfinite(found.values).all()
    assert found.values.sum() == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (nn.LSTM, {}),
        (nn.LSTM, {"bidirectional": True, "num_layers": 2}),
        (nn.LSTM, {"proj_size": 2, "bias": False}),
        (nn.LSTM, {"proj_size": 3, "bidirectional": True, "num_layers": 2}),
        (nn.GRU, {"bidirectional": True, "num_layers": 2}),
        (nn.GRU, {"bias": False}),
        (nn.RNN, {"num_layers": 2}),
        (nn.RNN, {"nonlinearity": "relu", "bidirectional": True}),
    ],
    ids=str,
)
def test_a_recurrent_layer_in_one_piece_equals_its_formulas_written_out(kind: type[nn.RNNBase], options: dict[str, object]):
    rnn = random_module(kind, D_MODEL, 6, batch_first=True, **options).double()
    for parameter in rnn.parameters():
        parameter.mul_(2)
    whole = lifted(lambda p: rnn(p)[0].square().sum((-2, -1)))
    parts = lifted(lambda p: written_out.recurrent(rnn, p).square().sum((-2, -1)))
    np.testing.assert_allclose(whole.values, parts.values, rtol=1e-7, atol=1e-10)


def test_final_states_have_their_share_and_texts_may_come_second():
    rnn = random_module(nn.LSTM, D_MODEL, 6).double()

    def ends(p: Tensor) -> Tensor:
        hidden, cell = rnn(p.transpose(0, 1))[1]
        return (hidden[0] * cell[0]).sum(-1)

    lifted(ends)


@pytest.mark.parametrize("masked", ["none", "causal", "boolean", "additive", "groups"])
def test_attention_in_one_piece_equals_its_formulas_written_out(masked: str):
    allowed = torch.ones(SEQ, SEQ, dtype=torch.bool).tril()
    added = torch.zeros(SEQ, SEQ, dtype=torch.float64).masked_fill(~allowed, -1e30)
    options = {"causal": {"is_causal": True}, "boolean": {"attn_mask": allowed}, "additive": {"attn_mask": added}}.get(masked, {})

    def heads(p: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = (f(p).view(1, SEQ, 2, 2).transpose(1, 2) for f in (torch.sin, torch.tanh, lambda x: x**2))
        return q, k[:, :1], v[:, :1]

    def whole(p: Tensor) -> Tensor:
        q, k, v = heads(p)
        if masked != "groups":
            k, v = k.expand_as(q), v.expand_as(q)
        grouped = {"enable_gqa": True} if masked == "groups" else {}
        return F.scaled_dot_product_attention(q, k, v, **options, **grouped).square().sum((-3, -2, -1))

    def parts(p: Tensor) -> Tensor:
        q, k, v = heads(p)
        mask = None if masked in ("none", "groups") else added
        return written_out.attention(q, k.expand_as(q), v.expand_as(q), mask, 2**-0.5).square().sum((-3, -2, -1))

    np.testing.assert_allclose(lifted(whole).values, lifted(parts).values, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("which", ["tiny_bert", "tiny_lstm"])
def test_every_score_unit_adds_up(which: str, target: Target, request: pytest.FixtureRequest):
    model: TextModel = request.getfixturevalue(which)
    for baselines in (("zero",), ("zero_all", "mean")):
        result = run(explain(model, AttributionRequest("any", TextInput(TEXT), target, "deeplift", baselines)))
        assert result.completeness.converged
        assert result.completeness.relative_delta < 1e-4


def test_a_unit_inside_is_explained(tiny_bert: TextModel):
    target = Target("unit:bert.encoder.layer.0.intermediate:5@3")
    result = run(explain(tiny_bert, AttributionRequest("any", TextInput(TEXT), target, "deeplift")))
    assert result.completeness.relative_delta < 1e-4


def test_two_passes_forwards_and_one_back():
    score = Score(lambda p: p.tanh().sum((-2, -1)))
    run(deeplift(score, INPUTS, baseline=BASELINE))
    assert (score.forward, score.backward) == (2, 1)


def test_what_has_no_rule_is_refused_by_name():
    with pytest.raises(UserError, match="DeepLIFT has no rule for the function “cumprod”"):
        run(deeplift(Score(lambda p: p.cumprod(1).sum((-2, -1))), INPUTS, baseline=BASELINE))


def test_a_network_that_computes_otherwise_on_the_baseline_is_refused():
    def fickle(p: Tensor) -> Tensor:
        return (p.relu() if float(p.detach().sum()) > 0 else p.tanh()).sum((-2, -1))

    with pytest.raises(UserError, match="computes otherwise on the baseline"):
        run(deeplift(Score(fickle), INPUTS.abs(), baseline=-INPUTS.abs()))
