"""One forward pass, and every attention layer's call in it by the stack it belongs to."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from engine.attention.interface import Call, listening
from engine.attention.stacks import is_encoder_decoder, stack_of
from engine.requests import Stack

Heard = dict[Stack, list[tuple[str, Call]]]


def queries_and_keys(call: Call) -> Call:
    """All that maps are made of; the rest can be let go as the pass goes on."""
    nothing = call.query.new_empty(0)
    return replace(call, value=nothing, output=nothing, weights=None)


def hear(network: Any, inputs: Mapping[str, Any], keep: Callable[[Call], Call] = queries_and_keys) -> tuple[Any, Heard]:
    """The network's output, and the named calls of each stack in the order they ran.

    Args:
        keep: what stays of a call.
    """
    names = {id(module): name for name, module in network.named_modules()}
    two_stacks = is_encoder_decoder(network)
    heard: Heard = {}

    def note(call: Call) -> None:
        name = names[id(call.module)]
        heard.setdefault(stack_of(name, two_stacks), []).append((name, keep(call)))

    with torch.no_grad(), listening(network, note):
        output = network(**inputs)
    return output, heard


def body_of(network: Any) -> Any:
    """The network without its head, which would only cost time: of one that writes, a row for every token."""
    body: nn.Module = network.base_model
    return body
