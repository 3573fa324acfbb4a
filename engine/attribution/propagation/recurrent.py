"""The way back through torch's LSTM, GRU and RNN by rules: only their slopes differ, the walk is the same.

A layer's own kernel says what it gives; the gates of all steps are one matrix product more. Backwards, a step is a few products
of vectors and one with the recurrent weights. Shapes are (seq, batch, features).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

Weights = Sequence[Tensor]  # of one layer and direction, in torch's order

_KERNELS: dict[str, Any] = {"lstm": torch.lstm, "gru": torch.gru, "rnn_tanh": torch.rnn_tanh, "rnn_relu": torch.rnn_relu}


@dataclass(frozen=True, slots=True, eq=False)
class LstmStates:
    """What one direction computed at every step: pre-activations and cell states."""

    output: Tensor
    pre: tuple[Tensor, Tensor, Tensor, Tensor]  # of the input gate, forget gate, candidate and output gate
    cell: Tensor
    cell_before: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class GruStates:
    """``pre``: of the reset gate, update gate and candidate; ``memory``: what the candidate hears of the past, before reset."""

    output: Tensor
    pre: tuple[Tensor, Tensor, Tensor]
    memory: Tensor
    hidden_before: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class RnnStates:
    """``pre``: before the activation."""

    output: Tensor
    pre: Tensor


def lstm_states(inputs: Tensor, weights: Weights) -> LstmStates:
    """Without gradients; from states of zero."""
    output = _kernel("lstm", inputs, weights)
    i, f, g, o = _pre(inputs, output, weights).chunk(4, dim=-1)
    written, kept = (i.sigmoid() * g.tanh()).unbind(), f.sigmoid().unbind()
    cells = i.new_zeros(len(written) + 1, *i.shape[1:])
    states = cells.unbind()
    for step, (new, keep) in enumerate(zip(written, kept, strict=True)):
        torch.addcmul(new, keep, states[step], out=states[step + 1])
    return LstmStates(output, (i, f, g, o), cells[1:], cells[:-1])


def gru_states(inputs: Tensor, weights: Weights) -> GruStates:
    """Without gradients; from a state of zero."""
    output = _kernel("gru", inputs, weights)
    before = _shifted(output)
    own = F.linear(inputs, weights[0], weights[2] if len(weights) > 2 else None).chunk(3, dim=-1)
    heard = F.linear(before, weights[1], weights[3] if len(weights) > 2 else None).chunk(3, dim=-1)
    reset = own[0] + heard[0]
    return GruStates(output, (reset, own[1] + heard[1], own[2] + reset.sigmoid() * heard[2]), heard[2], before)


def rnn_states(kind: str, inputs: Tensor, weights: Weights) -> RnnStates:
    """Without gradients; from a state of zero."""
    output = _kernel(kind, inputs, weights)
    return RnnStates(output, _pre(inputs, output, weights))


def _kernel(kind: str, inputs: Tensor, weights: Weights) -> Tensor:
    """(seq, batch, hidden_size) of torch's own kernel for one direction."""
    projected = kind == "lstm" and len(weights) in (3, 5)
    hidden = inputs.new_zeros(1, inputs.shape[1], weights[-1].shape[0] if projected else weights[1].shape[1])
    cell = inputs.new_zeros(1, inputs.shape[1], weights[0].shape[0] // 4)
    state = (hidden, cell) if kind == "lstm" else hidden
    found: Tensor = _KERNELS[kind](inputs, state, list(weights), len(weights) > 3, 1, 0.0, False, False, False)[0]
    return found


def _pre(inputs: Tensor, output: Tensor, weights: Weights) -> Tensor:
    biased = len(weights) > 3
    own = F.linear(inputs, weights[0], weights[2] if biased else None)
    return own + F.linear(_shifted(output), weights[1], weights[3] if biased else None)


def _shifted(output: Tensor) -> Tensor:
    """The state before each step."""
    return torch.cat((torch.zeros_like(output[:1]), output[:-1]))


class Way(ABC):
    """Back through one layer in one direction: linear in what arrives."""

    @abstractmethod
    def back(self, arriving: Tensor, at_last_cell: Tensor | None) -> Tensor:
        """(seq, batch, hidden_size) at the output -> (seq, batch, d_input) at the inputs."""


@dataclass(frozen=True, slots=True, eq=False)
class LstmWay(Way):
    """c = f ⊙ c' + i ⊙ g, h = o ⊙ tanh(c).

    Args:
        through_cell: from h to c.
        keep: from c to c'.
        from_cell: from c to the pre-activations in ``rows`` (of the gates' weights), one after the other.
        from_output: from h to the output gate's; None: nothing goes there.
        rows: of the weights, those of the output gate last where they are wanted.
    """

    through_cell: Tensor
    keep: Tensor
    from_cell: tuple[Tensor, ...]
    from_output: Tensor | None
    rows: tuple[Tensor, Tensor]  # W_ih and W_hh
    projection: Tensor | None

    def back(self, arriving: Tensor, at_last_cell: Tensor | None) -> Tensor:
        """See ``Way``."""
        w_ih, w_hh = self.rows
        slopes = torch.cat(self.from_cell, dim=-1)
        copies = (1, len(self.from_cell))
        reached = arriving.new_empty(*slopes.shape[:2], w_ih.shape[0])
        at_gates = reached[..., : slopes.shape[-1]].unbind()
        at_output_gate = reached[..., slopes.shape[-1] :].unbind()
        from_output = None if self.from_output is None else self.from_output.unbind()
        steps = zip(
            arriving.unbind(), self.through_cell.unbind(), self.keep.unbind(), slopes.unbind(), reached.unbind(), strict=True
        )
        cell = torch.zeros_like(self.keep[0]) if at_last_cell is None else at_last_cell
        before: Tensor | None = None  # what reached the gates of the step that was walked last, the next in time
        for step, (at_hidden, through, keep, slope, here) in reversed(list(enumerate(steps))):
            if before is not None:
                at_hidden = torch.addmm(at_hidden, before, w_hh)
            if self.projection is not None:
                at_hidden = at_hidden @ self.projection
            cell = torch.addcmul(cell, at_hidden, through)
            torch.mul(cell if copies[1] == 1 else cell.repeat(copies), slope, out=at_gates[step])
            if from_output is not None:
                torch.mul(at_hidden, from_output[step], out=at_output_gate[step])
            cell, before = cell * keep, here
        return reached @ w_ih


@dataclass(frozen=True, slots=True, eq=False)
class GruWay(Way):
    """h = (1 − z) ⊙ n + z ⊙ h', n = tanh(u), u = W x + b + r ⊙ m, m = W' h' + b'.

    Args:
        keep: from h to h'.
        to_candidate: from h to u.
        to_memory: from u to m.
        to_update, to_reset: from h to the update gate's pre-activation, and from u to the reset gate's; None: nothing.
    """

    keep: Tensor
    to_candidate: Tensor
    to_memory: Tensor
    to_update: Tensor | None
    to_reset: Tensor | None
    weights: Weights

    def back(self, arriving: Tensor, at_last_cell: Tensor | None) -> Tensor:
        """See ``Way``."""
        gated = self.to_update is not None
        size = arriving.shape[-1]
        w_ih, w_hh = (part if gated else part[2 * size :] for part in self.weights[:2])
        reached = arriving.new_zeros(*arriving.shape[:2], w_ih.shape[0])
        hidden = torch.zeros_like(arriving[0])
        for step in reversed(range(len(arriving))):
            at_hidden = hidden + arriving[step]
            at_candidate = at_hidden * self.to_candidate[step]
            passed = [at_candidate * self.to_memory[step]]
            if self.to_update is not None and self.to_reset is not None:
                passed = [at_candidate * self.to_reset[step], at_hidden * self.to_update[step], *passed]
                reached[step, :, : 2 * size] = torch.cat(passed[:2], dim=-1)
            reached[step, :, -size:] = at_candidate
            hidden = torch.addcmul(torch.cat(passed, dim=-1) @ w_hh, at_hidden, self.keep[step])
        return reached @ w_ih


@dataclass(frozen=True, slots=True, eq=False)
class RnnWay(Way):
    """h = φ(W x + b + W' h' + b'); ``slope``: from h to what φ is given."""

    slope: Tensor
    weights: Weights

    def back(self, arriving: Tensor, at_last_cell: Tensor | None) -> Tensor:
        """See ``Way``."""
        reached, hidden = torch.empty_like(arriving), torch.zeros_like(arriving[0])
        for step in reversed(range(len(arriving))):
            torch.mul(hidden + arriving[step], self.slope[step], out=reached[step])
            hidden = reached[step] @ self.weights[1]
        return reached @ self.weights[0]


def walked(inputs: Tensor, output: Tensor, cell: Tensor, way: Way) -> tuple[Tensor, Tensor]:
    """The output and last cell state of one direction, going back by ``way``."""
    found: tuple[Tensor, Tensor] = _WALKED(inputs, output, cell, way)
    return found


class _Walked(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, output: Tensor, cell: Tensor, way: Way) -> tuple[Tensor, Tensor]:
        ctx.way = way
        return output.clone(), cell.clone()

    @staticmethod
    def backward(ctx: Any, at_output: Tensor, at_cell: Tensor) -> tuple[Tensor | None, ...]:
        return ctx.way.back(at_output.contiguous(), at_cell), None, None, None


_WALKED: Any = _Walked.apply


def run_stack(kind: str, args: Sequence[Any], run: Callable[[Tensor, Weights, int], tuple[Tensor, Tensor]]) -> Any:
    """What ``torch.lstm`` and the others give for ``args``, each layer and direction computed by ``run``.

    Args:
        run: inputs of one direction, in the order it reads them, its weights and its number -> its output and last cell state.
    """
    inputs, _, weights, _, layers, _, _, bidirectional, batch_first = args
    directions = 2 if bidirectional else 1
    each = len(weights) // (layers * directions)
    read = inputs.transpose(0, 1) if batch_first else inputs
    hidden, cells = [], []
    for layer in range(layers):
        outputs = []
        for direction in range(directions):
            at = layer * directions + direction
            output, cell = run(read.flip(0) if direction else read, weights[at * each : (at + 1) * each], at)
            hidden.append(output[-1])
            cells.append(cell)
            outputs.append(output.flip(0) if direction else output)
        read = outputs[0] if directions == 1 else torch.cat(outputs, dim=-1)
    output = read.transpose(0, 1) if batch_first else read
    ends = (torch.stack(hidden), torch.stack(cells)) if kind == "lstm" else (torch.stack(hidden),)
    return output, *ends


def begins_at_zero(args: Sequence[Any]) -> bool:
    """Whether ``args`` of ``torch.lstm`` and the others are a whole text that begins from states of zero."""
    if len(args) != 9 or not isinstance(args[3], bool):
        return False  # packed sequences of unequal lengths
    states = args[1] if isinstance(args[1], (tuple, list)) else (args[1],)
    return not any(bool(state.any()) for state in states)


def w_projection(weights: Weights) -> Tensor | None:
    """The LSTM's projection of h, where it has one."""
    return weights[-1] if len(weights) in (3, 5) else None
