"""Are rebuilt maps the model's own? One row of every layer, held against the library's eager attention."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from engine.attention.hearing import hear, queries_and_keys
from engine.attention.interface import Call, computing_eagerly
from engine.attention.layers import of_call, row
from engine.attention_maps import Verification

LONGEST = 512  # tokens that are read for it, since eager attention takes their square in memory


def verify(network: Any, inputs: Mapping[str, Any], seed: int) -> Verification:
    """Read the first tokens of ``inputs`` both ways, and compare all heads' row of a random query in each layer."""
    short = {name: value[:, :LONGEST] if isinstance(value, Tensor) else value for name, value in inputs.items()}
    noise = torch.Generator().manual_seed(seed)
    place = float(torch.rand(1, generator=noise))
    _, rebuilt = hear(network, short)
    with computing_eagerly(network):
        _, eager = hear(network, short, keep=lambda call: _one_row(call, place))
    rows, largest = 0, 0.0
    for stack, calls in rebuilt.items():
        for (name, call), (_, own) in zip(calls, eager.get(stack, []), strict=False):
            if own.weights is None:
                continue
            layer = of_call(name, call)
            query = _query(call, place)
            ours = torch.stack([row(layer, head, query) for head in range(layer.shape[0])])
            largest = max(largest, float((ours - own.weights[0, :, 0].float().cpu()).abs().max()))
            rows += 1
    return Verification(rows, largest)


def _query(call: Call, place: float) -> int:
    return int(place * call.query.shape[2])


def _one_row(call: Call, place: float) -> Call:
    if call.weights is None:
        return queries_and_keys(call)
    query = _query(call, place)
    return replace(queries_and_keys(call), weights=call.weights[:, :, query : query + 1].clone())
