"""Hidden states alone, as fast as torch's own kernels give them: one call a layer, since a stack tells only its last."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from engine.jobs import Partial, Steps
from engine.recurrent.recorder import Recording, State


def layers_apart(rnn: nn.RNNBase) -> tuple[nn.RNNBase, ...]:
    """Each layer as a module of its own that shares the weights; batch first."""
    return tuple(_one_layer(rnn, layer) for layer in range(rnn.num_layers))


def _one_layer(rnn: nn.RNNBase, layer: int) -> nn.RNNBase:
    directions = 2 if rnn.bidirectional else 1
    size_in = rnn.input_size if layer == 0 else (rnn.proj_size or rnn.hidden_size) * directions
    known: dict[str, Any] = {"bias": rnn.bias, "batch_first": True, "bidirectional": rnn.bidirectional, "device": "meta"}
    if rnn.proj_size:
        known["proj_size"] = rnn.proj_size
    if isinstance(rnn, nn.RNN):
        known["nonlinearity"] = rnn.nonlinearity
    kind: Any = type(rnn)
    alone: nn.RNNBase = kind(size_in, rnn.hidden_size, **known)
    for name in list(dict(alone.named_parameters())):
        setattr(alone, name, getattr(rnn, name.replace("_l0", f"_l{layer}")))
    alone.requires_grad_(False)
    return alone.eval()


def hidden_states(layers: Sequence[nn.RNNBase], inputs: Tensor, initial: State | None) -> Steps[Recording]:
    """What ``recording`` gives for ``hidden_state`` alone; padding is read like everything else.

    Args:
        inputs: (batch, seq, d_input).
    """
    batch, seq, _ = inputs.shape
    directions = 2 if layers[0].bidirectional else 1
    kept = inputs.new_empty(len(layers), directions, batch, seq, layers[0].proj_size or layers[0].hidden_size)
    states: list[State] = []
    output = inputs
    for number, layer in enumerate(layers):
        with torch.no_grad():
            own = slice(number * directions, (number + 1) * directions)
            before = None if initial is None else tuple(part[own].contiguous() for part in initial)
            hx = before[0] if before is not None and len(before) == 1 else before
            output, after = layer(output, hx)
            for direction, part in enumerate(output.chunk(directions, dim=-1)):
                kept[number, direction] = part
            states.append(after if isinstance(after, tuple) else (after,))
        yield Partial(number + 1, len(layers))
    return Recording(output, {"hidden_state": kept}, tuple(torch.cat(part) for part in zip(*states, strict=True)))
