"""Gradient flow: against products of matrices, Score's own gradient, and hidden states nudged in a literal copy of an LSTM."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.attribution.flow_layers import drawn_layers, l2, norms_of, watched
from engine.attribution.gradient_flow import gradient_flow
from engine.attribution.score import Score
from engine.attribution.target import score_function
from engine.errors import UserError
from engine.flow import GradientFlowResult, layers_in_words, short_names, steps_in_words
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import GradientFlowRequest, Target, TextInput
from tests.engine.tiny_models import ARCHITECTURES, TEXT, opened, write, write_language_model, write_recurrent

READABLE = [name for name in ARCHITECTURES if name not in ("bart", "t5")]  # the others compute from token ids alone
RECURRENT = {
    "lstm": {},
    "gru": {"architecture": "gru"},
    "rnn": {"architecture": "rnn"},
    "stacked": {"layers": 3},
    "bidirectional": {"layers": 2, "bidirectional": True},
    "projected": {"layers": 2, "bidirectional": True, "projection": 3},
    "without bias": {"architecture": "gru", "layers": 2, "bidirectional": True, "bias": False},
    "maximum": {"readout": "max", "bidirectional": True},
    "mean": {"readout": "mean", "head": (4, 3), "activations": ("relu",)},
}


def flow(model: TextModel, target: Target | None = None) -> GradientFlowResult:
    return run(gradient_flow(model, GradientFlowRequest("any", TextInput(TEXT), target or Target())))


def own_gradient(model: TextModel, result: GradientFlowResult) -> Tensor:
    """(seq, d_model), by the same Score that attributions use."""
    encoding = model.encode(result.request.input)
    score = Score(score_function(model, encoding, result.target), recurrent=model.recurrent)
    with torch.no_grad():
        points = model.embed(encoding.ids)
    return score.gradient(points)[0].double()


# ---- layers ---------------------------------------------------------------------------------------------------------


class Chain(nn.Module):
    """Linear layers: the gradient at each is the product of the matrices after it."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.blocks = nn.ModuleList(nn.Linear(3, 3) for _ in range(4))
        self.head = nn.Linear(3, 1, bias=False)
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def test_a_linear_chain_is_a_product_of_matrices():
    chain = Chain()
    x = torch.randn(1, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    with watched(drawn_layers(chain), 2) as seen:
        score = chain(x)[0, 1, 0]
        gradients = torch.autograd.grad(score, [one.edge for one in seen])
    assert [one.name for one in seen] == ["blocks.0", "blocks.1", "blocks.2", "blocks.3", "head"]
    expected = chain.head.weight[0]
    for one, gradient in reversed(list(zip(seen, gradients, strict=True))[:-1]):
        torch.testing.assert_close(gradient[0], torch.stack([torch.zeros(3, dtype=torch.float64), expected]))
        expected = expected @ chain.blocks[int(one.name[-1])].weight
    assert not any(module._forward_hooks for module in chain.modules())


def test_a_layer_that_is_changed_in_place_afterwards_keeps_its_own_gradient():
    class InPlace(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            y = self.first(x)
            y *= 3
            return y.sum()

    network, x = InPlace().requires_grad_(False), torch.ones(1, 2, requires_grad=True)
    with watched(drawn_layers(network), 1) as seen:
        score = network(x)
    (gradient,) = torch.autograd.grad(score, [seen[0].edge])
    assert gradient.tolist() == [[3.0, 3.0]]


@pytest.mark.parametrize("architecture", READABLE)
def test_every_architecture_from_embeddings_to_score(tmp_path: Path, architecture: str):
    model = opened(write(tmp_path, architecture))
    result = flow(model)
    names = [layer.name for layer in result.layers]
    assert names[0] == "input_embeddings"
    blocks = [layer for layer in result.layers if layer.call or layer.name.endswith((".0", ".1"))]
    assert len(blocks) == 2, names
    assert len(result.layers) <= 8, "a level of the module tree that reads well"
    gradient = own_gradient(model, result)
    np.testing.assert_allclose(result.layers[0].per_position, gradient.norm(dim=-1), rtol=1e-4, atol=1e-7)
    assert result.layers[0].norm == pytest.approx(float(gradient.norm()), rel=1e-4)
    assert result.layers[-1].norm == pytest.approx(1.0), "one logit by itself"
    for layer in result.layers:
        if layer.per_position is not None:
            assert layer.norm == pytest.approx(float(np.linalg.norm(layer.per_position)))
            assert np.isfinite(layer.activation_per_position).all()
    assert result.per_position.shape == (len(names), len(result.tokens))
    assert (result.cost.forward, result.cost.backward) == (1, 1)
    assert layers_in_words(result).startswith("The gradient at the word embeddings is ")


def test_each_block_against_a_nudge(tiny_bert: TextModel):
    """The directional derivative along the gradient is its norm: central differences in float64."""
    result = flow(tiny_bert, Target("index:1", versus="index:0"))
    encoding = tiny_bert.encode(TextInput(TEXT))
    network = tiny_bert.network.double()
    try:
        with torch.no_grad():
            points = tiny_bert.embed(encoding.ids)
        score = score_function(tiny_bert, encoding, result.target)
        for layer in result.layers[2:4]:
            block = network.get_submodule(layer.name)
            with watched({layer.name: block}, len(result.tokens)) as seen:
                (gradient,) = torch.autograd.grad(score(points.requires_grad_()), [seen[0].edge])
            moved = []
            for nudge in (1e-5 * gradient / gradient.norm(), -1e-5 * gradient / gradient.norm()):
                handle = block.register_forward_hook(lambda _m, _i, output, nudge=nudge: output + nudge)
                moved.append(float(score(points.detach())))
                handle.remove()
            assert layer.norm == pytest.approx((moved[0] - moved[1]) / 2e-5, rel=1e-4)
    finally:
        network.float()


def test_layers_after_a_unit_are_not_on_the_way(tiny_bert: TextModel):
    result = flow(tiny_bert, Target("unit:bert.encoder.layer.0:5@2"))
    assert [layer.name for layer in result.layers] == ["input_embeddings", "bert.embeddings", "bert.encoder.layer.0"]
    last = result.layers[-1]
    assert np.flatnonzero(last.per_position).tolist() == [2]
    assert last.norm == pytest.approx(1.0)
    assert result.unit == "activation"


def test_a_language_model_at_a_position(tmp_path: Path):
    result = flow(opened(write(tmp_path, "gpt2", head="CausalLM")), Target(position=3))
    for layer in result.layers:
        assert layer.per_position is not None, layer.name
        assert (layer.per_position[4:] == 0).all()
    assert np.flatnonzero(result.layers[-1].per_position).tolist() == [3]
    assert np.isnan(result.layers[-1].activation_per_position).sum() == len(result.tokens) - 1


def test_ratios_say_what_is_lost(tiny_bert: TextModel):
    result = flow(tiny_bert)
    norms = [layer.norm for layer in result.layers]
    assert result.ratios[-1] is None
    np.testing.assert_allclose(result.ratios[:-1], np.divide(norms[:-1], norms[1:]))


def test_norms_keep_what_vanishes():
    tiny = torch.full((4,), 1e-300, dtype=torch.float64)
    assert float(l2(tiny)) == pytest.approx(2e-300, rel=1e-12)
    assert norms_of(torch.zeros(1, 3, 2), 3).values.tolist() == [0, 0, 0]
    assert not norms_of(torch.ones(1, 4), 3).positional
    assert norms_of(torch.ones(5, 1, 2), 5).positional
    assert torch.isnan(l2(torch.tensor([float("nan"), 1.0])))


def test_short_names():
    names = ["input_embeddings", "bert.encoder.layer.0", "bert.encoder.layer.1", "rnn.l0", "a.x.0", "b.x.0", "bert.pooler"]
    assert short_names(names) == ["input_embeddings", "layer.0", "layer.1", "rnn.l0", "a.x.0", "b.x.0", "pooler"]


# ---- steps ----------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("changes", RECURRENT.values(), ids=RECURRENT)
def test_every_recurrent_layer_and_direction(tmp_path: Path, changes: dict[str, object]):
    model = opened(write_recurrent(tmp_path, **changes))
    result = flow(model)
    gradient = own_gradient(model, result)
    np.testing.assert_allclose(result.layers[0].per_position, gradient.norm(dim=-1), rtol=1e-4)
    layers, directions = model.network.rnn.num_layers, 2 if model.network.rnn.bidirectional else 1
    assert [(f.layer, f.direction) for f in result.recurrent] == [(i, d) for i in range(layers) for d in range(directions)]
    assert all((f.cell_state is not None) == (f.kind == "lstm") for f in result.recurrent)
    assert result.per_step.shape == (layers * directions, len(result.tokens))
    assert changes.get("readout") == "max" or (result.per_step > 0).all()
    assert steps_in_words(result).startswith("Back through time")


@pytest.mark.parametrize("position", [0, 2, None])
def test_a_recurrent_language_model(tmp_path: Path, position: int | None):
    result = flow(opened(write_language_model(tmp_path, layers=2)), Target(position=position))
    asked = result.target.position
    assert asked is not None
    for flow_ in result.recurrent:
        assert (flow_.hidden_state[: asked + 1] > 0).all()
        assert (flow_.hidden_state[asked + 1 :] == 0).all()
    assert all(layer.per_position is not None for layer in result.layers)


def test_a_sentence_on_the_way_back(tiny_lstm: TextModel):
    result = flow(tiny_lstm)
    (state,) = result.recurrent

    def said(*values: float, direction: int = 0) -> str:
        return steps_in_words(replace(result, recurrent=(replace(state, hidden_state=np.array(values), direction=direction),)))

    words = "the hidden state of rnn layer 0, forwards, has at the first token 1.00×10⁻⁹ × that at the last."
    assert said(1e-9, 0.1, 1.0) == f"Back through time the gradient vanishes: {words}"
    assert "vanishes" in said(0.0, 0.1, 1.0)
    assert "grows" in said(1.0, 0.5, 20.0, direction=1)
    assert "has at the last token" in said(1.0, 0.5, 20.0, direction=1)
    assert "that it reaches" in said(0.3, 1.0, 0.0)
    assert "explodes" in said(1e5, 10.0, 1.0)
    assert "single step" in said(1.0, 0.0, 0.0)
    assert "not finite" in said(np.inf, 1.0, 1.0)


# ---- contracts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["tiny_bert", "tiny_lstm", "tiny_language_model"])
def test_at_every_yield_the_model_is_as_it_came(model: str, request: pytest.FixtureRequest):
    asked: TextModel = request.getfixturevalue(model)
    before = {name: parameter.clone() for name, parameter in asked.network.named_parameters()}
    text = " ".join(["Not once does it come close."] * 60)

    def untouched() -> bool:
        hooks = any(module._forward_hooks for module in asked.network.modules())
        wants = any(parameter.requires_grad or parameter.grad is not None for parameter in asked.network.parameters())
        return not hooks and not wants and torch.is_grad_enabled() and torch.backends.cudnn.enabled

    yields = 0
    for stop in range(100):
        with closing(gradient_flow(asked, GradientFlowRequest("any", TextInput(text)))) as steps:
            for at, _ in enumerate(steps):
                assert untouched()
                yields = max(yields, at + 1)
                if at == stop:
                    break
            else:
                break
        assert untouched()
    assert untouched()
    assert yields > (2 if asked.recurrent else 1)
    assert all(torch.equal(parameter, before[name]) for name, parameter in asked.network.named_parameters())


def test_what_cannot_be_asked(tiny_bert: TextModel, tmp_path: Path):
    with pytest.raises(UserError, match="no class"):
        flow(tiny_bert, Target("index:99"))
    with pytest.raises(UserError, match="bare encoder"):
        flow(opened(write(tmp_path, head="")))
