"""What attention moves: not how much a query looks, but how long the vector is that comes from there."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from engine.attention.capture import Capture
from engine.attention.hearing import body_of
from engine.attention.interface import Call, listening
from engine.attention.reading import Transformer, inputs_again
from engine.attention.stacks import is_encoder_decoder, stack_of
from engine.errors import UserError
from engine.requests import Stack


@torch.no_grad()
def value_norms(model: Transformer, capture: Capture, stack: Stack, layer: int) -> Tensor:
    """(head, key): ‖v W_O‖ of each key's value through the head's own columns of the output projection.

    The text is read once more: values are not kept, since nothing else needs them.

    Raises:
        UserError: the architecture does not show its values, or changes them before they are projected.

    Source: Kobayashi, Kuribayashi, Yokoi & Inui, "Attention is Not Only a Weight", EMNLP 2020, arXiv:2004.10102.
    """
    call, projection = _value_and_projection(model, capture, stack, layer)
    weight = projection.weight if isinstance(projection, Conv1D) else projection.weight.T  # (head · d_head, d_model)
    heads, width = call.query.shape[1], call.value.shape[3]
    if weight.shape[0] != heads * width:
        raise _unavailable()
    value = call.value[0].repeat_interleave(heads // call.value.shape[1], 0)  # (head, key, d_head)
    moved = (value[head] @ weight[head * width : (head + 1) * width] for head in range(heads))
    return torch.stack([vectors.norm(dim=-1).float().cpu() for vectors in moved])


def _value_and_projection(model: Transformer, capture: Capture, stack: Stack, layer: int) -> tuple[Call, Any]:
    """A layer's call, and the linear module that was the first to be given what came out of it."""
    body = body_of(model.network)
    names = {id(module): name for name, module in body.named_modules()}
    found: list[Call] = []
    projections: list[nn.Module] = []
    count = 0

    def note(call: Call) -> None:
        nonlocal count
        if stack_of(names[id(call.module)], is_encoder_decoder(model.network)) == stack:
            if count == layer:
                found.append(call)
            count += 1

    def receive(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if found and not projections and isinstance(inputs[0], Tensor) and inputs[0].data_ptr() == found[0].output.data_ptr():
            projections.append(module)

    linear = [module for module in body.modules() if isinstance(module, (nn.Linear, Conv1D))]
    handles = [module.register_forward_pre_hook(receive) for module in linear]
    try:
        with listening(body, note):
            body(**inputs_again(model, capture))
    finally:
        for handle in handles:
            handle.remove()
    if not found or not projections:
        raise _unavailable()
    return found[0], projections[0]


def _unavailable() -> UserError:
    return UserError("This architecture does not show what its attention moves; look at the weights instead.", "unavailable")
