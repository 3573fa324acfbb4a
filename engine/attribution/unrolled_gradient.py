"""Back through time, step by step: the gradient at every hidden and cell state, which fused kernels keep to themselves.

Each layer and direction is run once more by itself in blocks of steps: forwards without a graph, then backwards, the graph
of one block at a time, so that memory does not grow with the text and a long one can be given up. All in float64 where
the device has it: a gradient that vanishes over hundreds of steps is small, not zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.jobs import Partial, Steps

BLOCK = 128  # steps
State = tuple[Tensor, ...]  # (h, c) of an LSTM, (h,) of the others; (1, size) each


@dataclass(frozen=True, slots=True, eq=False)
class StateGradients:
    """Of one layer in one direction, in the order of the text: (seq, size) each, ``cell`` of an LSTM only."""

    hidden: Tensor
    cell: Tensor | None


@dataclass(frozen=True, slots=True, eq=False)
class ThroughTime:
    """Of a recurrent module.

    Args:
        states: (layer, direction).
        outputs, output_gradients: of each layer, (seq, directions · hidden_size): what it gave, and d score / d that, from above.
        inputs: (seq, d_input): d score / d the module's inputs.
    """

    states: tuple[tuple[StateGradients, ...], ...]
    outputs: tuple[Tensor, ...]
    output_gradients: tuple[Tensor, ...]
    inputs: Tensor


class Recurrence:
    """One layer in one direction, differentiable, by the formulas of torch's documentation."""

    def __init__(self, rnn: nn.RNNBase, layer: int, direction: int, dtype: torch.dtype) -> None:
        suffix = f"l{layer}" + ("_reverse" if direction else "")

        def weight(name: str) -> Tensor:
            found: Tensor = getattr(rnn, f"{name}_{suffix}")
            return found.detach().to(dtype)

        self._mode = rnn.mode
        self._from_input = weight("weight_ih"), weight("bias_ih") if rnn.bias else None
        self._from_hidden = weight("weight_hh"), weight("bias_hh") if rnn.bias else None
        self._projection = weight("weight_hr") if rnn.proj_size else None
        self.sizes = (rnn.proj_size or rnn.hidden_size, *((rnn.hidden_size,) if rnn.mode == "LSTM" else ()))

    def run(self, inputs: Tensor, state: State) -> list[State]:
        """(steps, d_input) -> the state after each step."""
        states = []
        for own in F.linear(inputs, *self._from_input).unbind():
            state = self._step(own[None], state)
            states.append(state)
        return states

    def _step(self, own: Tensor, state: State) -> State:
        """``own``: what the gates owe to the input, (1, gates · size)."""
        recurrent = F.linear(state[0], *self._from_hidden)
        if self._mode == "LSTM":
            i, f, g, o = (own + recurrent).chunk(4, dim=-1)
            cell = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
            hidden = o.sigmoid() * cell.tanh()
            return (hidden if self._projection is None else F.linear(hidden, self._projection)), cell
        if self._mode == "GRU":
            (reset, update, new), (old_reset, old_update, old) = own.chunk(3, dim=-1), recurrent.chunk(3, dim=-1)
            update, new = (update + old_update).sigmoid(), (new + (reset + old_reset).sigmoid() * old).tanh()
            return ((1 - update) * new + update * state[0],)
        return ((own + recurrent).relu() if self._mode == "RNN_RELU" else (own + recurrent).tanh(),)


def through_time(
    rnn: nn.RNNBase, inputs: Tensor, output_gradient: Tensor, initial: Sequence[Tensor] = (), final: Sequence[Tensor | None] = ()
) -> Steps[ThroughTime]:
    """From d score / d what the module gave to d score / d every state inside it.

    Args:
        inputs: (seq, d_input) of one text.
        output_gradient: (seq, directions · hidden_size).
        initial: the states it began with, (layers · directions, size) each; none: zeros.
        final: d score / d the states it ended with (h_n, c_n), where the score uses them.

    Yields:
        How many steps are done, counted in each layer and direction, forwards and back.
    """
    dtype = torch.float32 if inputs.device.type == "mps" else torch.float64
    directions = 2 if rnn.bidirectional else 1
    total = 2 * rnn.num_layers * directions * len(inputs)
    read = [inputs.detach().to(dtype)]
    walked: list[list[tuple[Recurrence, list[State]]]] = []
    done = 0
    for layer in range(rnn.num_layers):
        given, there = [], []
        for direction in range(directions):
            cells, at = Recurrence(rnn, layer, direction, dtype), layer * directions + direction
            begin = tuple(s[at : at + 1].detach().to(dtype) for s in initial) or _zeros(cells, read[-1])
            begins, hidden = yield from _forwards(cells, _turned(read[-1], direction), begin, done, total)
            given.append(_turned(hidden, direction))
            there.append((cells, begins))
            done += len(inputs)
        read.append(torch.cat(given, dim=-1))
        walked.append(there)
    arriving, states, gradients = output_gradient.detach().to(dtype), [], []
    for layer in reversed(range(rnn.num_layers)):
        gradients.append(arriving)
        parts, found, below = arriving.chunk(directions, dim=-1), [], torch.zeros_like(read[layer])
        for direction, (cells, begins) in enumerate(walked[layer]):
            at = layer * directions + direction
            ends = tuple(
                read[0].new_zeros(1, size) if end is None else end[at : at + 1].detach().to(dtype)
                for size, end in zip(cells.sizes, (*final, None, None), strict=False)
            )
            own = _turned(read[layer], direction), _turned(parts[direction], direction)
            reached, passed = yield from _backwards(cells, *own, begins, ends, done, total)
            found.append(StateGradients(*(_turned(part, direction) for part in reached), *([None] * (2 - len(reached)))))
            below += _turned(passed, direction)
            done += len(inputs)
        states.append(tuple(found))
        arriving = below
    return ThroughTime(tuple(states[::-1]), tuple(read[1:]), tuple(gradients[::-1]), arriving)


def _zeros(cells: Recurrence, like: Tensor) -> State:
    return tuple(like.new_zeros(1, size) for size in cells.sizes)


def _turned(values: Tensor, direction: int) -> Tensor:
    return values.flip(0) if direction else values


def _forwards(cells: Recurrence, inputs: Tensor, state: State, done: int, total: int) -> Steps[tuple[list[State], Tensor]]:
    """The state before each block, and (seq, hidden_size)."""
    begins, hidden = [], []
    for start in range(0, len(inputs), BLOCK):
        begins.append(state)
        with torch.no_grad():
            after = cells.run(inputs[start : start + BLOCK], state)
        hidden += [each[0] for each in after]
        state = after[-1]
        yield Partial(done + len(hidden), total)
    return begins, torch.cat(hidden)


def _backwards(
    cells: Recurrence, inputs: Tensor, arriving: Tensor, begins: list[State], carried: State, done: int, total: int
) -> Steps[tuple[list[Tensor], Tensor]]:
    """The gradient at each state, (seq, size) each, and at the inputs, (seq, d_input)."""
    reached: list[list[Tensor]] = [[] for _ in carried]  # by block, the last one first
    passed: list[Tensor] = []
    for block in reversed(range(len(begins))):
        here = slice(block * BLOCK, (block + 1) * BLOCK)
        with torch.enable_grad():
            given = inputs[here].clone().requires_grad_()
            begin = tuple(part.clone().requires_grad_() for part in begins[block])
            after = cells.run(given, begin)
            pulled = (torch.cat([state[0] for state in after]) * arriving[here]).sum()
            pulled = pulled + sum((end * pull).sum() for end, pull in zip(after[-1], carried, strict=True))
            wanted = [given, *begin, *(part for state in after for part in state)]
            at_inputs, *rest = torch.autograd.grad(pulled, wanted)
        kinds = len(begin)
        carried = tuple(rest[:kinds])
        for kind in range(kinds):
            reached[kind].append(torch.cat(rest[kinds + kind :: kinds]))
        passed.append(at_inputs)
        del given, begin, after, pulled, wanted, rest
        yield Partial(done + len(inputs) - here.start, total)
    return [torch.cat(parts[::-1]) for parts in reached], torch.cat(passed[::-1])
