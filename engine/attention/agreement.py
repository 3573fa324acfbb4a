"""Does attention go where an attribution of the same text does? One rank correlation for each head."""

import numpy as np
import torch
from numpy.typing import NDArray

from engine.attention.attend import attend, captured
from engine.attention.capture import Capture, CapturedStack
from engine.attention.captures import Captures
from engine.attention.layers import row
from engine.attention.ranks import spearman
from engine.attention_maps import HeadAgreement, Patches
from engine.attribution.explain import explain
from engine.errors import UserError
from engine.jobs import Partial, Steps, relay
from engine.models.model import Model
from engine.requests import HeadAgreementRequest
from engine.results import AttributionResult, FloatArray


def head_agreement(model: Model, request: HeadAgreementRequest, captures: Captures) -> Steps[HeadAgreement]:
    """Spearman's correlation of the attention that tokens of the text receive with the magnitude of their attribution.

    A language model's attribution is of the token after one position, so that position's row is compared; otherwise the mean
    over the queries that see a token. Special tokens are left out: attention falls to them by default.

    A patch of a picture has what its pixels add up to.

    Raises:
        UserError: the two are of different texts, or the model has no heads.
    """
    if request.attribution.input != request.attention.input:
        raise UserError("Attention and attribution are of different texts; look at both of the same one.", "different_texts")
    if model.has_history:
        raise UserError("This model has no heads to compare: its attention is over the text it has read.", "unavailable")
    yield from attend(model, request.attention, captures)
    capture = yield from captured(model, request.attention, captures)
    found = yield from relay(explain(model, request.attribution), lambda p: Partial(p.done, p.total, doing="Attribution"))
    query, tokens = found.target.position, capture.input.tokens
    magnitude = _magnitude(found) if capture.patches is None else _of_patches(capture.patches, found)
    kept = np.flatnonzero([not token.special for token in tokens])
    return HeadAgreement(
        request,
        {name: _of_stack(capture, stack, query, magnitude, kept) for name, stack in capture.stacks.items() if name != "decoder"},
        query,
        (*capture.warnings, *found.warnings),
    )


def _magnitude(found: AttributionResult) -> FloatArray:
    """(token,), whatever the reduction."""
    values: FloatArray = np.abs(np.asarray(found.values, np.float64))
    return values if values.ndim == 1 else values.sum(-1)


def _of_patches(patches: Patches, found: AttributionResult) -> FloatArray:
    """(token,); zero where a token is no patch."""
    values = np.asarray(found.values, np.float64)
    values = values if values.ndim == 2 else values.sum(-1)
    across, down = (patches.crop[2] - patches.crop[0]) / patches.columns, (patches.crop[3] - patches.crop[1]) / patches.rows
    left, top, right, bottom = patches.read.crop
    high, wide = round(down / (bottom - top) * len(values)), round(across / (right - left) * values.shape[1])
    whole = values[: patches.rows * high, : patches.columns * wide]
    sums = whole.reshape(patches.rows, high, patches.columns, wide).sum((1, 3))
    magnitude: FloatArray = np.concatenate([np.zeros(patches.first), np.abs(sums).ravel()])
    return magnitude


def _of_stack(
    capture: Capture, stack: CapturedStack, query: int | None, magnitude: FloatArray, kept: NDArray[np.intp]
) -> FloatArray:
    if query is None:
        received: FloatArray = capture.received[stack.name]
    else:
        kept = kept[kept <= query]
        rows = [[row(layer, head, query) for head in range(layer.shape[0])] for layer in stack.layers]
        received = torch.stack([torch.stack(heads) for heads in rows]).numpy()
    return np.array([[spearman(head[kept], magnitude[kept]) for head in layer] for layer in received], np.float32)
