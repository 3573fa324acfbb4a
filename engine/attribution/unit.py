"""Any unit of the network as a target: one number in the output of one layer, at one position."""

import re
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.errors import UserError
from engine.models.model import Model

FORM = re.compile(r"unit:(?P<layer>.+):(?P<index>\d{1,9})(?:@(?P<position>\d{1,9}))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Unit:
    """``position`` is None where the layer answers once for the whole input, and for a picture's mean over all positions."""

    layer: str
    index: int
    position: int | None


def read_unit(choice: str, position: int | None, model: Model, encoding: Any) -> Unit:
    """``unit:LAYER:INDEX[@POSITION]`` held against what the layer really gives for this text.

    Args:
        position: where the choice names none; None: the last token; of a picture the mean over space.

    Raises:
        UserError: the form, the layer, the index or the position does not exist.
    """
    form = FORM.fullmatch(choice)
    if form is None:
        raise UserError(f"A unit is named unit:LAYER:INDEX or unit:LAYER:INDEX@POSITION, not “{choice}”.", "no_such_unit")
    layer, index = form["layer"], int(form["index"])
    with torch.no_grad():
        output = layer_output(model, encoding, layer, model.features(encoding))
    if index >= output.shape[-1]:
        raise UserError(f"The layer {layer} has the units 0 to {output.shape[-1] - 1}; there is no unit {index}.", "no_such_unit")
    named = position if form["position"] is None else int(form["position"])
    if output.dim() == 2 or (named is None and model.info.input_kind == "image"):
        return Unit(layer, index, None)
    at = output.shape[1] - 1 if named is None else named
    if not 0 <= at < output.shape[1]:
        raise UserError(f"The layer {layer} has the positions 0 to {output.shape[1] - 1}; there is no {at}.", "no_such_position")
    return Unit(layer, index, at)


def activation(model: Model, encoding: Any, unit: Unit, embeddings: Tensor) -> Tensor:
    """(batch, seq, d_model) embeddings -> (batch,) the unit's activation, differentiable."""
    output = layer_output(model, encoding, unit.layer, embeddings)
    if unit.position is not None:
        return output[:, unit.position, unit.index]
    return output[:, unit.index] if output.dim() == 2 else output[..., unit.index].mean(dim=1)


def layer_output(model: Model, encoding: Any, layer: str, embeddings: Tensor) -> Tensor:
    """(batch, features) or (batch, seq, features): what ``layer`` gives, its last time where it runs several times. Of a map,
    (batch, channels, height, width), the channels are the features, and the positions count row by row.

    Raises:
        UserError: no such layer, one that does not run, or one whose output is of another form.
    """
    module = dict(model.network.named_modules()).get(layer)
    if module is None or not layer:
        raise UserError(f"The model has no layer “{layer}”; inspect lists them.", "no_such_layer")
    outputs: list[object] = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    try:
        model.logits(embeddings, encoding)
    finally:
        handle.remove()
    output = outputs[-1] if outputs else None
    while isinstance(output, (tuple, list)) and output:
        output = output[0]
    if isinstance(output, Tensor) and output.dim() == 4 and model.info.input_kind == "image":
        output = output.flatten(2).transpose(1, 2)
    if not isinstance(output, Tensor) or output.dim() not in (2, 3) or len(output) != len(embeddings):
        raise UserError(
            f"The layer {layer} gives no activations for each {model.info.input_kind}; choose another.", "no_such_layer"
        )
    return output
