"""Recurrent layers and attention as formulas in torch's plainest functions: rules must say of the whole what they say here."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def recurrent(rnn: nn.RNNBase, inputs: Tensor) -> Tensor:
    """(batch, seq, d_input) -> what ``rnn``, which is batch first, gives."""
    directions = 2 if rnn.bidirectional else 1
    read = inputs
    for layer in range(rnn.num_layers):
        outputs = []
        for direction in range(directions):
            given = read.flip(1) if direction else read
            found = _one(rnn, given, f"_l{layer}" + ("_reverse" if direction else ""))
            outputs.append(found.flip(1) if direction else found)
        read = torch.cat(outputs, dim=-1)
    return read


def _one(rnn: nn.RNNBase, inputs: Tensor, suffix: str) -> Tensor:
    def weights(name: str) -> tuple[Tensor, Tensor | None]:
        return getattr(rnn, f"weight_{name}{suffix}"), getattr(rnn, f"bias_{name}{suffix}") if rnn.bias else None

    hidden = inputs.new_zeros(len(inputs), rnn.proj_size or rnn.hidden_size)
    cell = inputs.new_zeros(len(inputs), rnn.hidden_size)
    states = []
    for step in inputs.unbind(1):
        own, past = F.linear(step, *weights("ih")), F.linear(hidden, *weights("hh"))
        if rnn.mode == "LSTM":
            i, f, g, o = (own + past).chunk(4, dim=-1)
            cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
            hidden = o.sigmoid() * cell.tanh()
            if rnn.proj_size:
                hidden = F.linear(hidden, getattr(rnn, f"weight_hr{suffix}"))
        elif rnn.mode == "GRU":
            (r, z, n), (r_past, z_past, n_past) = own.chunk(3, dim=-1), past.chunk(3, dim=-1)
            z = (z + z_past).sigmoid()
            hidden = (1 - z) * (n + (r + r_past).sigmoid() * n_past).tanh() + z * hidden
        else:
            hidden = (own + past).tanh() if rnn.mode == "RNN_TANH" else (own + past).relu()
        states.append(hidden)
    return torch.stack(states, dim=1)


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scale: float) -> Tensor:
    """SDPA; ``mask`` is added."""
    scores = query @ key.transpose(-1, -2) * scale
    return (scores if mask is None else scores + mask).softmax(-1) @ value
