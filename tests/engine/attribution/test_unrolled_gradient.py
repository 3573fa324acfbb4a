"""Back through time: against torch's own layers, and against states nudged in a literal copy of each formula."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from engine.attribution import unrolled_gradient
from engine.attribution.unrolled_gradient import Recurrence, ThroughTime, through_time
from engine.jobs import run

KINDS: dict[str, Callable[..., nn.RNNBase]] = {
    "lstm": nn.LSTM,
    "projected": lambda *sizes, **how: nn.LSTM(*sizes, proj_size=2, **how),
    "gru": nn.GRU,
    "tanh": nn.RNN,
    "relu": lambda *sizes, **how: nn.RNN(*sizes, nonlinearity="relu", **how),
}
EVERY = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
SEQ = 7


def module(kind: Callable[..., nn.RNNBase], layers: int = 2, **how: bool) -> nn.RNNBase:
    torch.manual_seed(0)
    return kind(3, 4, layers, batch_first=True, **({"bidirectional": True} | how)).double().requires_grad_(False)


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def asked(rnn: nn.RNNBase, with_ends: bool = True) -> tuple[ThroughTime, Tensor, list[Tensor]]:
    """Of a score that reads every output and every final state; its gradient at inputs and initial states by torch itself."""
    x, size, stacked = drawn(SEQ, 3).requires_grad_(), rnn.proj_size or rnn.hidden_size, rnn.num_layers * (1 + rnn.bidirectional)
    sizes = [size, rnn.hidden_size][: 2 if isinstance(rnn, nn.LSTM) else 1]
    initial = [drawn(stacked, 1, each) / 2 for each in sizes]
    output, end = rnn(x[None], tuple(initial) if len(initial) > 1 else initial[0])
    ends = list(end) if isinstance(end, tuple) else [end]
    pull, pulls = drawn(*output.shape[1:]), [drawn(*each.shape) for each in ends]
    score = (output[0] * pull).sum() + (sum((a * b).sum() for a, b in zip(ends, pulls, strict=True)) if with_ends else 0)
    (at_inputs,) = torch.autograd.grad(score, x)
    steps = through_time(rnn, x, pull, [s[:, 0] for s in initial], [p[:, 0] for p in pulls] if with_ends else ())
    found = run(steps)
    torch.testing.assert_close(found.outputs[-1], output[0].detach(), rtol=1e-12, atol=1e-14)
    return found, at_inputs, initial


@EVERY
@pytest.mark.parametrize("with_ends", [True, False])
@pytest.mark.parametrize("block", [1, 3, 128])
def test_it_arrives_at_the_inputs_as_torch_says(
    kind: Callable[..., nn.RNNBase], block: int, with_ends: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(unrolled_gradient, "BLOCK", block)
    found, at_inputs, _ = asked(module(kind), with_ends)
    torch.testing.assert_close(found.inputs, at_inputs, rtol=1e-10, atol=1e-13)


@EVERY
def test_single_layers_and_no_bias(kind: Callable[..., nn.RNNBase]):
    found, at_inputs, _ = asked(module(kind, 1, bias=False, bidirectional=False))
    torch.testing.assert_close(found.inputs, at_inputs, rtol=1e-10, atol=1e-13)
    assert len(found.states) == 1
    assert (found.states[0][0].cell is None) == (kind not in (nn.LSTM, KINDS["projected"]))


def sigmoid(x: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-x))


def literal_lstm(rnn: nn.LSTM, x: Tensor, pull: Tensor, at: int, state: str, nudge: Tensor) -> float:
    """The score Σ h_t · pull_t of a one-layer LSTM, written out, with ``nudge`` added to one state at one step."""
    h = c = torch.zeros(4, dtype=torch.float64)
    score = 0.0
    for t in range(len(x)):
        z = rnn.weight_ih_l0 @ x[t] + rnn.bias_ih_l0 + rnn.weight_hh_l0 @ h + rnn.bias_hh_l0
        c = sigmoid(z[4:8]) * c + sigmoid(z[0:4]) * torch.tanh(z[8:12])
        if t == at and state == "cell":
            c = c + nudge
        h = sigmoid(z[12:16]) * torch.tanh(c)
        if t == at and state == "hidden":
            h = h + nudge
        score += float(h @ pull[t])
    return score


@pytest.mark.parametrize("state", ["hidden", "cell"])
def test_every_state_of_an_lstm_against_nudges(state: str):
    rnn = module(nn.LSTM, 1, bidirectional=False)
    assert isinstance(rnn, nn.LSTM)
    x, pull = drawn(SEQ, 3), torch.zeros(SEQ, 4, dtype=torch.float64)
    pull[-1], pull[3] = drawn(4), drawn(2, 4)[1]
    found = getattr(run(through_time(rnn, x, pull)).states[0][0], state)
    for t in range(SEQ):
        for unit in range(4):
            nudge = torch.zeros(4, dtype=torch.float64)
            nudge[unit] = 1e-6
            slope = (literal_lstm(rnn, x, pull, t, state, nudge) - literal_lstm(rnn, x, pull, t, state, -nudge)) / 2e-6
            assert float(found[t, unit]) == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_a_backward_direction_is_a_forward_one_on_the_text_turned_round():
    rnn = module(nn.GRU, 1)
    x, pull = drawn(SEQ, 3), drawn(SEQ, 8)
    alone = module(nn.GRU, 1, bidirectional=False)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        setattr(alone, f"{name}_l0", nn.Parameter(getattr(rnn, f"{name}_l0_reverse"), requires_grad=False))
    backwards = run(through_time(rnn, x, pull)).states[0][1].hidden
    forwards = run(through_time(alone, x.flip(0), pull[:, 4:].flip(0))).states[0][0].hidden
    torch.testing.assert_close(backwards, forwards.flip(0))


def test_a_gradient_that_vanishes_is_small_not_zero():
    """h_t = tanh(w h_{t−1}) from 0: each step back multiplies by w; 0.1⁶⁰⁰ is beyond float64, 0.5⁶⁰⁰ is not."""
    rnn = nn.RNN(1, 1, batch_first=True).double().requires_grad_(False)
    for name, value in (("weight_ih_l0", 0.0), ("weight_hh_l0", 0.5), ("bias_ih_l0", 0.0), ("bias_hh_l0", 0.0)):
        getattr(rnn, name).fill_(value)
    pull = torch.zeros(601, 1)
    pull[-1] = 1
    found = run(through_time(rnn.float(), torch.zeros(601, 1), pull)).states[0][0].hidden[:, 0]
    torch.testing.assert_close(found, 0.5 ** torch.arange(600, -1, -1, dtype=torch.float64), rtol=1e-12, atol=0)


def test_float32_steps_equal_the_fused_layer():
    rnn = module(nn.LSTM).float()
    x = drawn(SEQ, 3).float()
    found = run(through_time(rnn, x, torch.zeros(SEQ, 8)))
    torch.testing.assert_close(found.outputs[-1].float(), rnn(x[None])[0][0], rtol=1e-6, atol=1e-6)
    assert Recurrence(rnn, 0, 0, torch.float32).sizes == (4, 4)
