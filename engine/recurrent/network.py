"""Run a network with its recurrent modules unrolled: found by type wherever they sit, recorded one after the other.

A module deep inside a network can be entered only through the network's own forward pass, and no job may stop in there. So the
pass is broken off where it reaches a module, the module is recorded from the inputs it was given, a block of steps at a time,
and the pass runs again with what the module said already known.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from engine.errors import UserError
from engine.jobs import Steps
from engine.recurrent.recorder import KINDS, Recording, State


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """What a recurrent module was given.

    Args:
        inputs: with a batch axis, padded.
        lengths, initial: as the recorder takes them.
        form: the inputs as they came: packed, or without a batch axis.
    """

    name: str
    module: nn.RNNBase
    inputs: Tensor
    lengths: Tensor | None
    initial: State | None
    form: Any

    @property
    def steps(self) -> int:
        return self.inputs.shape[1 if self.module.batch_first else 0]

    @property
    def batch(self) -> int:
        return self.inputs.shape[0 if self.module.batch_first else 1]


@dataclass(frozen=True, slots=True, eq=False)
class Unrolling:
    """A forward pass: the modules in the order they ran, what each did, and what came out; None if that was not wanted."""

    calls: tuple[Call, ...]
    recordings: tuple[Recording, ...]
    output: Tensor | None


class _Reached(Exception):
    """No error: the way out of a forward pass."""

    def __init__(self, call: Call) -> None:
        super().__init__(call.name)
        self.call = call


def recurrent_modules(network: nn.Module) -> dict[str, nn.RNNBase]:
    """Every LSTM, GRU and RNN by its name."""
    return {name: m for name, m in network.named_modules() if isinstance(m, nn.RNNBase) and type(m) in KINDS}


def unrolling(
    network: nn.Module,
    forward: Callable[[], Tensor],
    recording: Callable[[Call, Sequence[Call]], Steps[Recording]],
    with_output: bool = True,
) -> Steps[Unrolling]:
    """Run ``forward``, which runs ``network``, recording its recurrent modules.

    Args:
        recording: a job that records one call, given those before it.

    Raises:
        UserError: a module runs twice, so that its cells would have two values at once.
    """
    calls: list[Call] = []
    recordings: list[Recording] = []
    modules = recurrent_modules(network)
    while with_output or len(calls) < len(modules):
        found = _forward(modules, forward, calls, recordings)
        if isinstance(found, Tensor):
            return Unrolling(tuple(calls), tuple(recordings), found if with_output else None)
        recordings.append((yield from recording(found, calls)))
        calls.append(found)
    return Unrolling(tuple(calls), tuple(recordings), None)


@torch.no_grad()
def _forward(
    modules: dict[str, nn.RNNBase], forward: Callable[[], Tensor], calls: list[Call], recordings: list[Recording]
) -> Tensor | Call:
    """The output, or the first module that is not recorded yet."""
    answered = 0

    def answer(name: str, module: nn.RNNBase, input: Any, hx: Any = None) -> Any:  # torch's own names
        nonlocal answered
        if name in [call.name for call in calls[:answered]]:
            raise UserError(f"The layer {name} runs several times for one text; its cells cannot be told apart.", "unavailable")
        if answered == len(calls):
            raise _Reached(_call(name, module, input, hx))
        answered += 1
        return _as_given(calls[answered - 1], recordings[answered - 1])

    try:
        with _replaced(modules, answer):
            return forward()
    except _Reached as reached:
        return reached.call


@contextmanager
def _replaced(modules: dict[str, nn.RNNBase], answer: Callable[..., Any]) -> Iterator[None]:
    """The modules answer by ``answer(name, module, …)``."""
    try:
        for name, module in modules.items():
            vars(module)["forward"] = partial(answer, name, module)
        yield
    finally:
        for module in modules.values():
            vars(module).pop("forward", None)


def _call(name: str, module: nn.RNNBase, given: Any, hx: Any) -> Call:
    initial: State | None = None if hx is None else hx if isinstance(hx, tuple) else (hx,)
    if isinstance(given, PackedSequence):
        inputs, lengths = pad_packed_sequence(given, module.batch_first)
        return Call(name, module, inputs, lengths, initial, given)
    if given.dim() == 2:  # a text without a batch axis
        unbatched = None if initial is None else tuple(part[:, None] for part in initial)
        return Call(name, module, given[None] if module.batch_first else given[:, None], None, unbatched, given)
    return Call(name, module, given, None, initial, given)


def _as_given(call: Call, recording: Recording) -> tuple[Any, Any]:
    """Output and state in the form in which the module itself would give them."""
    state, form = recording.state, call.form
    output: Tensor | PackedSequence = recording.output
    if isinstance(form, PackedSequence):
        order = torch.arange(call.batch) if form.sorted_indices is None else form.sorted_indices
        assert call.lengths is not None
        packed = pack_padded_sequence(recording.output[order], call.lengths[order.cpu()], batch_first=True)
        output = PackedSequence(packed.data, form.batch_sizes, form.sorted_indices, form.unsorted_indices)
    elif form.dim() == 2:
        output, state = recording.output[0], tuple(part[:, 0] for part in state)
    elif not call.module.batch_first:
        output = recording.output.transpose(0, 1)
    return output, state if len(state) > 1 else state[0]
