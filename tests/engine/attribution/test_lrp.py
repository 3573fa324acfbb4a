"""LRP: the papers' rules in NumPy, conservation where there are no biases, and the same map however a model is written."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.attention.interface import computing_eagerly
from engine.attribution.attribution import Attribution
from engine.attribution.explain import explain
from engine.attribution.lrp import lrp
from engine.attribution.score import Score
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import AttributionRequest, Target, TextInput
from engine.results import AttributionResult
from tests.engine.attribution import explicit_lrp as explicit
from tests.engine.attribution import written_out
from tests.engine.recurrent.literal import random_module
from tests.engine.tiny_models import TEXT, opened, write, write_recurrent

SEQ, D_MODEL, HEADS = 5, 4, 2
DISPATCHING = ("bert", "roberta", "distilbert", "albert", "gpt2", "llama", "qwen2", "gemma", "modernbert")
FOLDERS = ({"architecture": "gru"}, {"architecture": "rnn"}, {"bidirectional": True, "layers": 2})


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


INPUTS = drawn(1, 1, SEQ, D_MODEL)
X = INPUTS[0].numpy()


def relevance(function: Callable[[Tensor], Tensor], epsilon: float = 0.0, inputs: Tensor = INPUTS) -> np.ndarray:
    return found(function, epsilon, inputs).values


def found(function: Callable[[Tensor], Tensor], epsilon: float = 0.0, inputs: Tensor = INPUTS) -> Attribution:
    return run(lrp(Score(function), inputs, epsilon=epsilon))


def frozen(module: nn.Module, seed: int = 0) -> nn.Module:
    """Random weights and biases of float64, large enough to matter."""
    module = module.double().eval().requires_grad_(False)
    for number, parameter in enumerate(module.parameters()):
        parameter.copy_(drawn(100 * seed + number, *parameter.shape) * 0.7)
    return module


def asked(model: TextModel, target: Target | None = None, **parameters: float) -> AttributionResult:
    request = AttributionRequest("any", TextInput(TEXT), target or Target(), "lrp", parameters=tuple(parameters.items()))
    return run(explain(model, request))


# ---- against the rules, written out in NumPy ---------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [0.0, 0.01])
@pytest.mark.parametrize("activation", [nn.ReLU(), nn.Tanh(), nn.GELU()], ids=lambda each: type(each).__name__)
def test_linear_layers_with_biases_by_the_epsilon_rule(activation: nn.Module, epsilon: float):
    net = frozen(nn.Sequential(nn.Linear(D_MODEL, 7), activation, nn.Linear(7, 6), activation, nn.Linear(6, 1)))
    weights = [(layer.weight.numpy(), layer.bias.numpy()) for layer in net if isinstance(layer, nn.Linear)]
    values = [X]
    for number, (w, b) in enumerate(weights):
        z = values[-1] @ w.T + b
        values.append(z if number == 2 else activation(torch.from_numpy(z)).numpy())
    expected = values[-1]
    for x, (w, b) in zip(values[-2::-1], weights[::-1], strict=True):
        expected = explicit.linear(x, w, b, expected, epsilon)
    np.testing.assert_allclose(relevance(lambda p: net(p).sum((-2, -1)), epsilon), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("epsilon", [0.0, 0.01])
def test_a_transformer_block_by_the_rules_of_attnlrp(epsilon: float):
    norms = nn.ModuleList(frozen(nn.LayerNorm(D_MODEL), seed) for seed in (1, 2))
    sizes = [(D_MODEL, 3 * D_MODEL), (D_MODEL, D_MODEL), (D_MODEL, 9), (9, D_MODEL), (D_MODEL, 1)]
    qkv, out, up, down, head = (frozen(nn.Linear(*size), 3 + number) for number, size in enumerate(sizes))

    def network(p: Tensor) -> Tensor:
        q, k, v = (part.view(1, SEQ, HEADS, -1).transpose(1, 2) for part in qkv(norms[0](p)).chunk(3, dim=-1))
        p = p + out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(1, SEQ, D_MODEL))
        return p + down(F.gelu(up(norms[1](p))))

    def pair(layer: nn.Module) -> tuple[np.ndarray, np.ndarray]:
        return layer.weight.numpy(), layer.bias.numpy()

    layers = {"qkv": pair(qkv), "out": pair(out), "up": pair(up), "down": pair(down)}
    block = explicit.Block(tuple(explicit.Norm(*pair(norm)) for norm in norms), heads=HEADS, **layers)
    last = network(INPUTS)[0].numpy()
    at_last = explicit.linear(last[2], *pair(head), head(network(INPUTS))[0, 2].numpy(), epsilon)
    at_block = np.zeros_like(last)
    at_block[2] = at_last
    expected = block.back(X, at_block, epsilon)
    np.testing.assert_allclose(relevance(lambda p: head(network(p))[:, 2, 0], epsilon), expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("epsilon", [0.0, 0.001, 0.1])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (nn.LSTM, {}),
        (nn.LSTM, {"bidirectional": True, "num_layers": 2}),
        (nn.LSTM, {"bias": False}),
        (nn.GRU, {"bidirectional": True, "num_layers": 2}),
        (nn.GRU, {"bias": False}),
        (nn.RNN, {"bidirectional": True, "num_layers": 2}),
        (nn.RNN, {"nonlinearity": "relu"}),
    ],
    ids=str,
)
def test_recurrent_layers_step_by_step(kind: type[nn.RNNBase], options: dict[str, object], epsilon: float):
    """The relevance of everything the last layer gives is its value: the score is their sum."""
    rnn = frozen(random_module(kind, D_MODEL, 6, batch_first=True, **options))
    expected = explicit.recurrent(rnn, X, rnn(INPUTS)[0][0].numpy(), epsilon)
    np.testing.assert_allclose(relevance(lambda p: rnn(p)[0].sum((-2, -1)), epsilon), expected, rtol=1e-8, atol=1e-11)


def test_an_lstm_that_projects_and_one_whose_texts_come_second():
    projecting = frozen(random_module(nn.LSTM, D_MODEL, 6, proj_size=3, num_layers=2, bidirectional=True))
    same = frozen(random_module(nn.LSTM, D_MODEL, 6, proj_size=3, num_layers=2, bidirectional=True, batch_first=True))
    first = relevance(lambda p: projecting(p.transpose(0, 1))[1][0].sum((0, -1)))
    np.testing.assert_allclose(first, relevance(lambda p: same(p)[1][0].sum((0, -1))), rtol=1e-12)
    assert (first != 0).any()


# ---- conservation --------------------------------------------------------------------------------------------------------


class Gated(nn.Module):
    """Root-mean-square norm, a gated feed-forward layer and attention without a softmax, as Llama writes them; no bias."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.up, self.down = (nn.Linear(*size, bias=False) for size in [(D_MODEL, 9), (D_MODEL, 9), (9, D_MODEL)])
        self.head = nn.Linear(D_MODEL, 1, bias=False)

    def forward(self, points: Tensor) -> Tensor:
        points = points * torch.rsqrt(points.pow(2).mean(-1, keepdim=True) + 1e-6)
        points = points + self.down(F.silu(self.gate(points)) * self.up(points))
        points = points / (points.norm(dim=-1, keepdim=True) + 1e-6)
        return self.head(points + points @ points.transpose(1, 2) @ points.tanh()).sum((-2, -1))


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "feed-forward": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(20, 9, bias=False), nn.GELU(), nn.Linear(9, 8, bias=False), nn.ReLU(), nn.Linear(8, 1, bias=False)
    ),
    "gated": Gated,
    **{kind.__name__: lambda kind=kind: Last(kind) for kind in (nn.LSTM, nn.GRU, nn.RNN)},
}


class Last(nn.Module):
    """The last states of two layers in two directions."""

    def __init__(self, kind: type[nn.RNNBase]) -> None:
        super().__init__()
        self.rnn = kind(D_MODEL, 6, 2, bias=False, batch_first=True, bidirectional=True)
        self.head = nn.Linear(12, 1, bias=False)

    def forward(self, points: Tensor) -> Tensor:
        return self.head(self.rnn(points)[0][:, -1])[:, 0]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_without_biases_the_score_is_conserved(name: str, dtype: torch.dtype):
    net = frozen(NETWORKS[name]()).to(dtype)
    result = found(lambda p: net(p).flatten(), inputs=INPUTS.to(dtype))
    assert result.completeness.conservation
    assert result.completeness.converged
    assert result.completeness.relative_delta < 1e-4
    assert result.values.sum() == pytest.approx(float(net(INPUTS.to(dtype))), rel=1e-4)


def test_a_bias_keeps_its_share_and_so_does_epsilon():
    net = frozen(nn.Linear(D_MODEL, 1))
    result = found(lambda p: net(p[:, 0])[:, 0])
    assert -result.completeness.delta == pytest.approx(float(net.bias))
    assert result.completeness.f_baseline == 0
    net.bias.zero_()
    assert abs(found(lambda p: net(p[:, 0])[:, 0], 0.5).values.sum()) < abs(float(net(INPUTS[0, 0])))


# ---- the same however it is written --------------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [0.0, 0.01])
@pytest.mark.parametrize("masked", ["none", "causal", "boolean", "additive", "groups"])
def test_attention_in_one_piece_equals_its_products_written_out(masked: str, epsilon: float):
    allowed = torch.ones(SEQ, SEQ, dtype=torch.bool).tril()
    added = torch.zeros(SEQ, SEQ, dtype=torch.float64).masked_fill(~allowed, -1e30)
    options = {"causal": {"is_causal": True}, "boolean": {"attn_mask": allowed}, "additive": {"attn_mask": added}}.get(masked, {})

    def heads(p: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = (f(p).view(1, SEQ, HEADS, 2).transpose(1, 2) for f in (torch.sin, torch.tanh, lambda x: x**2))
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

    np.testing.assert_allclose(relevance(whole, epsilon), relevance(parts, epsilon), rtol=1e-9, atol=1e-12)


def test_in_place_and_out_of_place_are_one():
    weights = drawn(3, SEQ, D_MODEL)

    def plainly(p: Tensor) -> Tensor:
        return (F.relu(weights * p) * p.tanh()).sum((-2, -1))

    def in_place(p: Tensor) -> Tensor:
        return F.relu(weights * p, inplace=True).mul_(p.clone().tanh_()).sum((-2, -1))

    np.testing.assert_allclose(relevance(plainly), relevance(in_place), rtol=1e-12)


def test_an_activation_of_zero_has_its_slope_there():
    weights = drawn(3, D_MODEL)

    def cancelled(p: Tensor) -> Tensor:
        return F.gelu((p[:, 0] * weights).sum(-1) - (p[:, 1] * weights).sum(-1))

    inputs = INPUTS.clone()
    inputs[:, 1] = inputs[:, 0]
    values = relevance(cancelled, inputs=inputs)
    np.testing.assert_allclose(values[0], 0.5 * (weights * inputs[0, 0]).numpy(), rtol=1e-9)
    np.testing.assert_allclose(values[1], -values[0], rtol=1e-9)


@pytest.mark.parametrize("model_type", DISPATCHING)
def test_with_and_without_sdpa_the_map_is_one(model_type: str, tmp_path: Path):
    model = opened(write(tmp_path, model_type))
    fused = asked(model)
    with computing_eagerly(model.network):
        eager = asked(model)
    np.testing.assert_allclose(fused.values, eager.values, atol=1e-5 * np.abs(fused.values).max())
    assert not np.allclose(fused.values, 0)


def test_values_and_model_are_as_they_were(tiny_bert: TextModel, tiny_lstm: TextModel):
    for model in (tiny_bert, tiny_lstm):
        encoding = model.encode(TextInput(TEXT))
        with torch.no_grad():
            before = model.logits(model.embed(encoding.ids), encoding)
        result = asked(model, Target("index:1"))
        assert result.completeness.f_input == pytest.approx(float(before[0, 1]), abs=1e-6)
        assert (result.cost.forward, result.cost.backward) == (1, 1)
        with torch.no_grad():
            assert torch.equal(before, model.logits(model.embed(encoding.ids), encoding))


# ---- targets ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["tiny_bert", "tiny_lstm"])
def test_a_versus_b_is_the_difference_of_both(which: str, request: pytest.FixtureRequest):
    model: TextModel = request.getfixturevalue(which)
    both = asked(model, Target("index:0", versus="index:2"))
    apart = asked(model, Target("index:0")).values - asked(model, Target("index:2")).values
    np.testing.assert_allclose(both.values, apart, atol=1e-5)


@pytest.mark.parametrize("which", ["tiny_bert", "tiny_lstm"])
def test_units_of_the_score_differ_by_what_softmax_hands_on(which: str, request: pytest.FixtureRequest):
    """p has the Taylor expansion Σ_j ∂p/∂z_j z_j: the maps of the logits, weighted."""
    model: TextModel = request.getfixturevalue(which)
    logits = np.stack([asked(model, Target(f"index:{i}")).values for i in range(3)])
    shares = {one.index: one.probability for one in asked(model).prediction.classes}
    p = np.array([shares[i] for i in range(3)])
    own = np.eye(3)[1] - p
    for score, weights in (("probability", p[1] * own), ("log_probability", own)):
        result = asked(model, Target("index:1", score=score))
        np.testing.assert_allclose(result.values, weights @ logits, atol=1e-5)


def test_a_unit_inside_is_explained(tiny_bert: TextModel, tiny_lstm: TextModel):
    for model, choice in ((tiny_bert, "unit:bert.encoder.layer.0.intermediate:5@3"), (tiny_lstm, "unit:rnn:2@4")):
        result = asked(model, Target(choice))
        assert (result.values != 0).any()
        assert np.isfinite(result.values).all()
    assert (asked(tiny_lstm, Target("unit:rnn:2@4")).values[5:] == 0).all()


@pytest.mark.parametrize("changes", FOLDERS, ids=str)
def test_our_own_recurrent_folders(changes: dict[str, object], tmp_path: Path):
    model = opened(write_recurrent(tmp_path, readout="max", head=(4, 3), activations=("gelu",), **changes))
    result = asked(model, epsilon=0.001)
    assert np.isfinite(result.values).all()
    assert (result.values != 0).any()
    assert not any(notice.kind == "not_converged" for notice in result.warnings)


def test_relevance_that_grew_is_said(tmp_path: Path):
    """A recurrence that amplifies: shares of both signs, far beyond the score."""
    spec = {"architecture": "rnn", "layers": 3, "hidden_size": 24}
    model = opened(write_recurrent(tmp_path, **spec))
    grown = asked(model)
    assert abs(grown.completeness.delta) > 5 * abs(grown.completeness.f_input)
    assert [notice.kind for notice in grown.warnings] == ["relevance_grew"]
    assert "a larger epsilon damps it" in grown.warnings[0].message
    assert asked(model, epsilon=1.0).warnings == ()


# ---- refusals --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("cumprod", lambda p: p.cumprod(1)),
        ("einsum", lambda p: torch.einsum("bsd,bsd,bsd->bsd", p, p.tanh(), p.relu())),
        ("fft_fft", lambda p: torch.fft.fft(p).real),
    ],
)
def test_what_has_no_rule_is_refused_by_name(name: str, function: Callable[[Tensor], Tensor]):
    with pytest.raises(UserError, match=f"LRP has no rule for the function “{name}”"):
        relevance(lambda p: function(p).sum((-2, -1)))


def test_an_lstm_that_goes_on_from_somewhere_is_refused():
    rnn = frozen(random_module(nn.LSTM, D_MODEL, 6, batch_first=True))
    state = (torch.ones(1, 1, 6, dtype=torch.float64),) * 2
    with pytest.raises(UserError, match="“lstm”"):
        relevance(lambda p: rnn(p, state)[0].sum((-2, -1)))
