"""The job behind one map: a head's weights, or what is made of them."""

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.attention.attend import captured
from engine.attention.capture import Capture, CapturedStack
from engine.attention.captures import Captures
from engine.attention.heads import check_head, layer_numbered, merged, stack_named
from engine.attention.layers import pattern
from engine.attention.overview import sinks
from engine.attention.reading import Transformer
from engine.attention.relevance import relevance, target_again
from engine.attention.rollout import rollout
from engine.attention.value_norm import value_norms
from engine.attention_maps import HeadMap
from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.models.model import Model, TextModel
from engine.requests import HeadRequest
from engine.results import Cost, FloatArray, Notice, ResolvedTarget

_UNITS = {"weights": "weight", "value_norm": "norm", "rollout": "share", "relevance": "relevance"}


def head_map(model: Model, request: HeadRequest, captures: Captures) -> Steps[HeadMap]:
    """One map of query by key, at full size.

    Raises:
        UserError: the request does not fit the model, in one sentence.
    """
    if model.has_history or not isinstance(model, Transformer):
        raise UserError("This model has no heads to choose from: its attention is over the text it has read.", "unavailable")
    capture = yield from captured(model, request.attention, captures)
    start = time.perf_counter()
    stack = stack_named(capture, request.stack)
    layer_numbered(stack, request.layer)
    made = yield from _made(model, request, capture, stack)
    values, unit = made.values, _UNITS[request.quantity]
    if request.without_sinks:
        values, unit = without_sinks(values, _sinks(model, stack)), "share"
    return HeadMap(
        request,
        stack.queries,
        stack.keys,
        stack.causal,
        values.numpy(),
        unit,
        made.target,
        Cost(made.forward, made.backward, time.perf_counter() - start, model.info.device),
        capture.warnings + made.warnings,
    )


def _sinks(model: Model, stack: CapturedStack) -> FloatArray:
    pad = model.substitutes.get("pad") if isinstance(model, TextModel) else None
    return sinks(stack.keys, pad, patches=stack.patches is not None)


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """A map, what it was made for, and the passes it took."""

    values: Tensor
    target: ResolvedTarget | None = None
    forward: int = 0
    backward: int = 0
    warnings: tuple[Notice, ...] = ()


def _made(model: Transformer, request: HeadRequest, capture: Capture, stack: CapturedStack) -> Steps[_Made]:
    if request.quantity in ("rollout", "relevance"):
        return (yield from _through_layers(model, request, capture, stack))
    layer = stack.layers[request.layer]
    known, norms = (request.stack, request.layer), None
    passes = int(request.quantity == "value_norm" and known not in capture.norms)
    if passes:
        capture.norms[known] = value_norms(model, capture, *known)
    if request.quantity == "value_norm":
        norms = capture.norms[known]

    def of_head(head: int) -> Tensor:
        own = pattern(layer, head)
        return own if norms is None else own.mul_(norms[head])

    if isinstance(request.head, int):
        check_head(layer, request.head)
        yield Partial(0, 1, doing="Reading a head")
        values = of_head(request.head)
    else:
        values = yield from merged(layer, request.head, of_head)
    return _Made(values, forward=passes)


def _through_layers(model: Transformer, request: HeadRequest, capture: Capture, stack: CapturedStack) -> Steps[_Made]:
    layers = stack.layers[: request.layer + 1]
    if stack.name == "cross":
        raise UserError("Rollout and relevance go through a stack that reads one text; choose encoder or decoder.", "unavailable")
    if request.quantity == "rollout":
        return _Made((yield from rollout(layers, request.residual)))
    encoding, target = target_again(model, capture, request.target)
    values = yield from relevance(model, layers, encoding, target)
    return _Made(values, target, forward=2, backward=1)


def without_sinks(values: Tensor, left_out: FloatArray) -> Tensor:
    """In place: nothing for ``left_out`` (key,), the rest of each row made to sum to 1; a row with no rest stays empty."""
    values *= 1 - torch.from_numpy(left_out).float()
    values /= values.sum(-1, keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
    return values
