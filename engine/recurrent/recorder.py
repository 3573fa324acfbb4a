"""Unroll an LSTM, GRU or RNN and keep what its fused kernel keeps to itself: every gate and state at every step.

What reads the inputs alone is one matrix product for a block of steps, a step adds the recurrence in place, and what was asked
for is copied out once a block. Quantities are named as in ``engine.cells.QUANTITIES``.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from engine.cells import QUANTITIES, RecurrentKind
from engine.jobs import Partial, Steps, relay, run
from engine.recurrent.unrolled import UNROLLED, Held, Unrolled

KINDS: Mapping[type[nn.Module], RecurrentKind] = {nn.LSTM: "lstm", nn.GRU: "gru", nn.RNN: "rnn"}
STATES = ("hidden_state", "cell_state")
State = tuple[Tensor, ...]  # (h, c) of an LSTM, (h,) of the others; each (layers · directions, batch, size), as torch has them
_LONGEST_BLOCK = 256  # steps: short enough to cancel
_BLOCK_NUMBERS = 1 << 20  # in the gates of a block: they stay in the cache


@dataclass(frozen=True, slots=True, eq=False)
class Hold:
    """Cells held at a value at every step: their ``c`` in an LSTM, their ``h`` in the others.

    Args:
        mask: (layer, direction, batch or 1, cell) bool; rows of a batch may hold different cells.
        values: what they are held at, broadcastable to ``mask``.
    """

    mask: Tensor
    values: Tensor

    def of(self, layer: int, direction: int) -> Held | None:
        """Those of one layer and direction; None where nothing is held."""
        mask, values = self.mask[layer, direction], self.values.expand(self.mask.shape)[layer, direction]
        return (mask, values) if bool(mask.any()) else None


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """What a module did.

    Args:
        output: (batch, seq, directions · hidden_size), whatever the module's ``batch_first``; zero after the end of a text.
        quantities: those asked for, (layer, direction, batch, seq, cell) each; where layers project, ``hidden_state`` has
            ``proj_size`` cells. NaN after the end of a text.
        state: after the last token of each text; given to the next recording, a long text can be read in blocks.
    """

    output: Tensor
    quantities: Mapping[str, Tensor]
    state: State


def record(rnn: nn.RNNBase, inputs: Tensor, **options: Any) -> Recording:
    """``recording`` to its end."""
    return run(recording(rnn, inputs, **options))


def recording(
    rnn: nn.RNNBase,
    inputs: Tensor,
    *,
    lengths: Tensor | None = None,
    initial: State | None = None,
    quantities: Collection[str] | None = None,
    hold: Hold | None = None,
) -> Steps[Recording]:
    """Run ``rnn`` step by step, without its dropout.

    Args:
        inputs: (batch, seq, d_input), or (seq, batch, d_input) for a module that is not ``batch_first``.
        lengths: (batch,): where each text ends; a direction that reads backwards begins there. None: all are whole.
        initial: the states before the first step; None: zeros.
        quantities: what to keep; None: everything there is.

    Yields:
        How many steps are done, counted in each layer and direction.

    Raises:
        ValueError: this kind of layer has no such quantity.
    """
    read = inputs.detach().transpose(0, 1) if rnn.batch_first else inputs.detach()  # (seq, batch, d_input)
    seq, batch, _ = read.shape
    directions = 2 if rnn.bidirectional else 1
    kept = _room_for(rnn, read, quantities)
    lengths = None if lengths is None else lengths.to(read.device)
    states: list[State] = []
    for layer in range(rnn.num_layers):
        outputs: list[Tensor] = []
        for direction in range(directions):
            done, at = seq * len(states), len(states)

            def counted(partial: Partial, before: int = done) -> Partial:
                return replace(partial, done=before + partial.done, total=rnn.num_layers * directions * seq)

            cells = UNROLLED[type(rnn)](
                rnn,
                layer,
                direction,
                steps=_block(rnn, batch, seq),
                batch=batch,
                initial=None if initial is None else [state[at] for state in initial],
                held=None if hold is None else hold.of(layer, direction),
            )
            own = {name: values[layer, direction] for name, values in kept.items()}
            output, state = yield from relay(_read(cells, read, lengths, direction == 1, own), counted)
            outputs.append(output)
            states.append(state)
        read = outputs[0] if directions == 1 else torch.cat(outputs, dim=-1)
    return Recording(read.transpose(0, 1), kept, tuple(torch.stack(part) for part in zip(*states, strict=True)))


def _room_for(rnn: nn.RNNBase, read: Tensor, quantities: Collection[str] | None) -> dict[str, Tensor]:
    known = QUANTITIES[KINDS[type(rnn)]]
    unknown = set(quantities or ()) - set(known)
    if unknown:
        raise ValueError(f"a layer of this kind has {', '.join(known)}, not {min(unknown)}")
    sizes = dict.fromkeys(known, rnn.hidden_size) | {"hidden_state": rnn.proj_size or rnn.hidden_size}
    shape = (rnn.num_layers, 2 if rnn.bidirectional else 1, read.shape[1], read.shape[0])
    return {name: read.new_empty(*shape, sizes[name]) for name in known if quantities is None or name in quantities}


def _block(rnn: nn.RNNBase, batch: int, seq: int) -> int:
    """How many steps to take at once."""
    numbers = batch * UNROLLED[type(rnn)].gates * rnn.hidden_size
    return min(seq, max(16, min(_LONGEST_BLOCK, _BLOCK_NUMBERS // max(1, numbers))))


def _read(
    cells: Unrolled, inputs: Tensor, lengths: Tensor | None, backwards: bool, kept: Mapping[str, Tensor]
) -> Steps[tuple[Tensor, State]]:
    """One layer in one direction.

    Args:
        inputs: (seq, batch, d_input).
        kept: (batch, seq, cell) by name, to be filled.

    Returns:
        (seq, batch, hidden_size), and the state after the last token of each text.
    """
    seq, batch, _ = inputs.shape
    inputs = _reversed(inputs, lengths) if backwards else inputs
    output = inputs.new_empty(seq, batch, cells.hidden_size)
    state = tuple(part.clone() for part in cells.state)
    last = inputs.new_full((batch,), seq, dtype=torch.long) - 1 if lengths is None else lengths - 1
    block = len(cells.gate_room)
    for start in range(0, seq, block):
        here = slice(start, min(seq, start + block))
        with torch.no_grad():
            found = cells.read(inputs[here], output[here])
            for name, values in kept.items():
                values[:, here] = found[name].transpose(0, 1)
            ends = ((last >= start) & (last < here.stop)).nonzero().flatten()
            for part, name in zip(state, STATES, strict=False):
                part[ends] = found[name][last[ends] - start, ends]
        yield Partial(here.stop, seq)
    if backwards:
        output = _reversed(output, lengths)
        for values in kept.values():
            values.copy_(_reversed(values.transpose(0, 1), lengths).transpose(0, 1))
    if lengths is not None:
        ended = torch.arange(seq, device=lengths.device) >= lengths[:, None]  # (batch, seq)
        output.masked_fill_(ended.T[..., None], 0.0)
        for values in kept.values():
            values.masked_fill_(ended[..., None], torch.nan)
    return output, state


def _reversed(values: Tensor, lengths: Tensor | None) -> Tensor:
    """(seq, batch, …) with every text back to front; what comes after its end stays where it is."""
    if lengths is None:
        return values.flip(0)
    steps = torch.arange(len(values), device=values.device)[:, None]
    order = torch.where(steps < lengths, lengths - 1 - steps, steps)  # (seq, batch)
    return values.gather(0, order[..., None].expand_as(values))
