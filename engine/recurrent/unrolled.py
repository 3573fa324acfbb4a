"""One layer in one direction, a block of steps at a time: LSTM, GRU and RNN by the formulas of torch's documentation.

Folding the candidate's tanh into the gates' sigmoid (tanh x = 2 σ(2x) − 1) gains three per cent where it gains anything, and
costs a digit where a cell integrates over thousands of steps: it is left alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from engine.cells import QUANTITIES

Held = tuple[Tensor, Tensor]  # which cells, and at what value: (batch or 1, cell) each


class Unrolled(ABC):
    """The weights and the state of one layer in one direction, and the room in which a block is computed.

    Args:
        layer, direction: of the module's; direction 1 is what the module calls ``_reverse``.
        steps, batch: the longest block, and the texts read side by side.
        initial: the state before the first step, (batch, size) each; None: zeros.
    """

    gates: int  # rows of the weights for each cell

    def __init__(
        self,
        rnn: nn.RNNBase,
        layer: int,
        direction: int,
        *,
        steps: int,
        batch: int,
        initial: Sequence[Tensor] | None = None,
        held: Held | None = None,
    ) -> None:
        suffix = f"l{layer}" + ("_reverse" if direction else "")
        self.weight_ih: Tensor = getattr(rnn, f"weight_ih_{suffix}").detach()
        self.weight_hh: Tensor = getattr(rnn, f"weight_hh_{suffix}").detach()
        new = self.weight_ih.new_empty
        self.weight_hr: Tensor | None = getattr(rnn, f"weight_hr_{suffix}").detach() if rnn.proj_size else None
        none = self.weight_ih.new_zeros(self.gates * rnn.hidden_size)
        self.bias_ih: Tensor = getattr(rnn, f"bias_ih_{suffix}").detach() if rnn.bias else none
        self.bias_hh: Tensor = getattr(rnn, f"bias_hh_{suffix}").detach() if rnn.bias else none
        self.cells, self.hidden_size = rnn.hidden_size, rnn.proj_size or rnn.hidden_size
        self.rectified = rnn.mode == "RNN_RELU"
        self.held = held
        self.gate_room = new(steps, batch, self.gates * self.cells)
        self.cell_room = new(steps, batch, self.cells)
        self.state = tuple(s.detach() for s in initial) if initial else self.zeros(batch)

    def zeros(self, batch: int) -> tuple[Tensor, ...]:
        """The state before anything was read."""
        return (self.weight_ih.new_zeros(batch, self.hidden_size),)

    def input_bias(self) -> Tensor:
        """What is added to the inputs' part, before the recurrence."""
        return torch.add(self.bias_ih, self.bias_hh)

    def from_inputs(self, inputs: Tensor) -> Tensor:
        """(steps, batch, d_input) -> (steps, batch, gates · cell): all that the gates of a block owe to its inputs."""
        found: Tensor = self.gate_room[: len(inputs)]
        torch.addmm(self.input_bias(), inputs.flatten(0, 1), self.weight_ih.T, out=found.flatten(0, 1))
        return found

    def hold(self, values: Tensor) -> None:
        """Put the held ones among (batch, cell) where they are held."""
        if self.held is not None:
            values.copy_(torch.where(*self.held, values))

    @abstractmethod
    def read(self, inputs: Tensor, output: Tensor) -> Mapping[str, Tensor]:
        """Take the steps of one block.

        Args:
            inputs: (steps, batch, d_input).
            output: (steps, batch, hidden_size), contiguous, to be filled with h.

        Returns:
            Every quantity, (steps, batch, cell) each; good until the next block.
        """


class UnrolledLSTM(Unrolled):
    """c = f ∗ c + i ∗ g, h = o ∗ tanh c; h is projected where the layer projects."""

    gates = 4

    def zeros(self, batch: int) -> tuple[Tensor, ...]:
        """See ``Unrolled``."""
        return (*super().zeros(batch), self.weight_ih.new_zeros(batch, self.cells))

    def read(self, inputs: Tensor, output: Tensor) -> Mapping[str, Tensor]:
        """See ``Unrolled``."""
        gates, cells = self.from_inputs(inputs), self.cell_room[: len(inputs)]
        parts = gates.view(*gates.shape[:2], 4, self.cells).unbind(-2)  # i, f, g, o
        recurrence, projection = self.weight_hh.T, None if self.weight_hr is None else self.weight_hr.T
        hidden, cell = self.state
        steps = zip(gates, gates[..., : 2 * self.cells], *parts, cells, output, strict=True)  # a view for each step
        for gate, i_and_f, i, f, g, o, next_cell, next_hidden in steps:
            gate.addmm_(hidden, recurrence)
            i_and_f.sigmoid_()
            g.tanh_()
            o.sigmoid_()
            cell = torch.mul(f, cell, out=next_cell).addcmul_(i, g)
            self.hold(cell)
            if projection is None:
                hidden = torch.tanh(cell, out=next_hidden).mul_(o)
            else:
                hidden = torch.mm(cell.tanh().mul_(o), projection, out=next_hidden)
        self.state = hidden, cell
        return dict(zip(QUANTITIES["lstm"], (output, cells, *parts), strict=True))


class UnrolledGRU(Unrolled):
    """n = tanh(W x + b + r ∗ (U h + d)), h = (1 − z) ∗ n + z ∗ h."""

    gates = 3

    def input_bias(self) -> Tensor:
        """See ``Unrolled``; the candidate's recurrent bias is inside the reset gate's reach."""
        early = self.bias_hh.clone()
        early[2 * self.cells :] = 0.0
        return torch.add(self.bias_ih, early)

    def read(self, inputs: Tensor, output: Tensor) -> Mapping[str, Tensor]:
        """See ``Unrolled``."""
        gates = self.from_inputs(inputs)
        both, candidates = gates[..., : 2 * self.cells], gates[..., 2 * self.cells :]
        resets, updates = both.chunk(2, dim=-1)
        recurrence, inner = self.weight_hh[: 2 * self.cells].T, self.weight_hh[2 * self.cells :].T
        inner_bias, room = self.bias_hh[2 * self.cells :], self.cell_room[0]
        (hidden,) = self.state
        for gate, r, z, n, next_hidden in zip(both, resets, updates, candidates, output, strict=True):
            gate.addmm_(hidden, recurrence).sigmoid_()
            n.addcmul_(r, torch.addmm(inner_bias, hidden, inner, out=room)).tanh_()
            hidden = torch.lerp(n, hidden, z, out=next_hidden)
            self.hold(hidden)
        self.state = (hidden,)
        return dict(zip(QUANTITIES["gru"], (output, resets, updates, candidates), strict=True))


class UnrolledRNN(Unrolled):
    """h = tanh(W x + b + U h + d), or the same with a ReLU."""

    gates = 1

    def read(self, inputs: Tensor, output: Tensor) -> Mapping[str, Tensor]:
        """See ``Unrolled``."""
        recurrence = self.weight_hh.T
        (hidden,) = self.state
        for gate, next_hidden in zip(self.from_inputs(inputs), output, strict=True):
            gate.addmm_(hidden, recurrence)
            hidden = torch.clamp_min(gate, 0.0, out=next_hidden) if self.rectified else torch.tanh(gate, out=next_hidden)
            self.hold(hidden)
        self.state = (hidden,)
        return {"hidden_state": output}


UNROLLED: Mapping[type[nn.Module], type[Unrolled]] = {nn.LSTM: UnrolledLSTM, nn.GRU: UnrolledGRU, nn.RNN: UnrolledRNN}
