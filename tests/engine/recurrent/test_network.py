"""Recurrent modules inside a network: reached in the order they run, recorded, and the network none the wiser."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from engine.errors import UserError
from engine.jobs import Steps, run
from engine.recurrent.network import Call, Unrolling, recurrent_modules, unrolling
from engine.recurrent.recorder import Recording, record, recording
from tests.engine.recurrent.literal import random_module

X = torch.randn(2, 7, 4, generator=torch.Generator().manual_seed(0))


class Handing(nn.Module):
    """An LSTM hands its state to another, and a GRU reads both, time first; defined in another order than they run."""

    def __init__(self) -> None:
        super().__init__()
        self.last = random_module(nn.GRU, 10, 3, bidirectional=True)
        self.inner = nn.ModuleDict({"writer": random_module(nn.LSTM, 4, 5, batch_first=True, seed=1)})
        self.reader = random_module(nn.LSTM, 4, 5, batch_first=True, seed=2)

    def forward(self, x: Tensor) -> Tensor:
        read, state = self.reader(x)
        written, _ = self.inner["writer"](input=x.flip(1), hx=state)
        both = torch.cat((read, torch.relu(written)), dim=-1)
        states, final = self.last(both.transpose(0, 1))
        return states.mean(0) + final.mean()


class Packing(nn.Module):
    """Texts of unequal length, packed; rows in their own order or sorted."""

    def __init__(self, lengths: list[int], enforce_sorted: bool) -> None:
        super().__init__()
        self.lengths, self.enforce_sorted = torch.tensor(lengths), enforce_sorted
        self.first = random_module(nn.LSTM, 4, 5, bidirectional=True, batch_first=True)
        self.second = random_module(nn.GRU, 10, 3, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        packed = pack_padded_sequence(x, self.lengths, True, self.enforce_sorted)
        middle, (hidden, _) = self.first(packed)
        output, final = self.second(middle)
        padded, _ = pad_packed_sequence(output, True)
        return padded.sum((1, 2)) + final.sum((0, 2)) + hidden.sum((0, 2))


class Unbatched(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = random_module(nn.LSTM, 4, 5)
        self.again = random_module(nn.RNN, 5, 5, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        states, (hidden, cell) = self.rnn(x[0])
        return self.again(states, hidden)[0] + cell


def plainly(call: Call, before: Sequence[Call]) -> Steps[Recording]:
    return recording(call.module, call.inputs, lengths=call.lengths, initial=call.initial)


def unrolled(network: nn.Module, x: Tensor = X, **options: Any) -> Unrolling:
    return run(unrolling(network, lambda: network(x), plainly, **options))


@pytest.mark.parametrize(
    "network",
    [Handing(), Packing([7, 4], True), Packing([4, 7], False), Packing([4, 4], False), Unbatched()],
    ids=["handing", "sorted", "unsorted", "equal", "unbatched"],
)
def test_the_network_answers_as_it_does_by_itself(network: nn.Module):
    found = unrolled(network)
    assert found.output is not None
    torch.testing.assert_close(found.output, network(X), atol=1e-6, rtol=1e-6)


def test_modules_are_recorded_in_the_order_they_run_from_what_they_were_given():
    network = Handing()
    assert list(recurrent_modules(network)) == ["last", "inner.writer", "reader"]
    found = unrolled(network)
    assert [call.name for call in found.calls] == ["reader", "inner.writer", "last"]
    reader, writer, _ = found.recordings
    assert reader.quantities["cell_state"].equal(record(network.reader, X).quantities["cell_state"])
    expected = record(network.inner["writer"], X.flip(1), initial=reader.state)
    assert writer.quantities["input_gate"].equal(expected.quantities["input_gate"])


def test_what_comes_after_the_last_module_runs_only_where_it_is_wanted():
    network = Handing()
    ran = []
    network.last.register_forward_hook(lambda *_: ran.append(True))
    assert unrolled(network, with_output=False).output is None
    assert not ran
    assert unrolled(network).output is not None
    assert ran


def test_a_module_that_never_runs_is_not_recorded():
    network = Handing()
    network.idle = nn.LSTM(2, 2)
    assert len(unrolled(network, with_output=False).calls) == 3


def test_a_module_that_runs_twice_is_refused():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = random_module(nn.LSTM, 4, 4, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.rnn(self.rnn(x)[0])[0]

    network = Twice()
    with pytest.raises(UserError, match="layer rnn runs several times"):
        unrolled(network)
    assert "forward" not in vars(network.rnn)


def test_the_network_is_as_it_came_at_every_yield_and_after_a_close():
    network = Handing()
    modules = list(network.modules())
    steps = unrolling(network, lambda: network(X), plainly)
    for _ in steps:
        assert torch.is_grad_enabled()
        assert all("forward" not in vars(module) and not module._forward_hooks for module in modules)
        assert not any(module._forward_pre_hooks for module in modules)
    closed = unrolling(network, lambda: network(X), plainly)
    next(closed)
    closed.close()
    assert all("forward" not in vars(module) for module in modules)


def test_an_error_inside_leaves_nothing_behind():
    network = Handing()
    with pytest.raises(RuntimeError):
        unrolled(network, X[..., :3])
    assert all("forward" not in vars(module) for module in network.modules())
