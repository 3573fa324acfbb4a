"""Are rebuilt maps the model's own? One row of every layer, held against the library's eager attention."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from engine.attention.hearing import hear
from engine.attention.interface import computing_eagerly
from engine.attention.layers import of_call
from engine.attention_maps import Verification

LONGEST = 512  # tokens that are read for it, since eager attention takes their square in memory


def verify(network: Any, inputs: Mapping[str, Any], seed: int) -> Verification:
    """Read the first tokens of ``inputs`` both ways, and compare all heads' row of one random query in each layer."""
    short = {name: value[:, :LONGEST] if isinstance(value, Tensor) else value for name, value in inputs.items()}
    _, rebuilt = hear(network, short)
    with computing_eagerly(network):
        _, eager = hear(network, short)
    noise = torch.Generator().manual_seed(seed)
    rows, largest = 0, 0.0
    for stack, calls in rebuilt.items():
        for (name, call), (_, own) in zip(calls, eager.get(stack, []), strict=False):
            if own.weights is None:
                continue
            row = int(torch.randint(call.query.shape[2], (1,), generator=noise))
            layer = of_call(name, call)
            ours = torch.cat([layer.rows(head, row, row + 1) for head in range(layer.shape[0])])
            largest = max(largest, float((ours - own.weights[0, :, row].float().cpu()).abs().max()))
            rows += 1
    return Verification(rows, largest)
