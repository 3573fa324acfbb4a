"""Every map at once, or those of a layer or head, for a file; refused where memory would not hold them."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from engine.attention.attend import attend, captured, result_of
from engine.attention.capture import Capture, CapturedStack
from engine.attention.captures import Captures
from engine.attention.heads import check_head, layer_numbered
from engine.attention.layers import in_blocks
from engine.attention_maps import AttentionFile
from engine.devices import available_memory
from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.models.model import Model
from engine.requests import AttentionFileRequest, Stack
from engine.results import FloatArray

_TIMES = 3  # in memory: as made, as the file's bytes, and room to breathe


def attention_file(model: Model, request: AttentionFileRequest, captures: Captures) -> Steps[AttentionFile]:
    """What goes into a file.

    Raises:
        UserError: the request does not fit the model, or the maps do not fit into memory.
    """
    if model.has_history:
        if request.layer or request.head:
            raise UserError("This model's attention has one layer and one head; leave layer and head out.", "no_such_layer")
        attended = yield from attend(model, request.attention, captures)
        if attended.history is None or not len(attended.history.patterns):
            raise UserError("There is no text yet; type a sentence, or let the model write some (--generate).", "empty_text")
        return AttentionFile(request, attended, {}, None)
    capture = yield from captured(model, request.attention, captures)
    chosen = {name: _chosen(stack, request.layer, request.head) for name, stack in capture.stacks.items()}
    _check_fits(capture, chosen, request)
    overview = capture.result or result_of(model, capture, {})  # thumbnails and scores are not written
    patterns: dict[Stack, FloatArray] = {}
    total, done = sum(len(heads) for heads in chosen.values()), 0
    for name, stack in capture.stacks.items():
        layers = list(dict.fromkeys(layer for layer, _ in chosen[name]))
        heads = list(dict.fromkeys(head for _, head in chosen[name]))
        found = np.zeros((len(layers), len(heads), len(stack.queries), len(stack.keys)), np.float32)
        for layer, head in chosen[name]:
            for first, last, rows in in_blocks(stack.layers[layer], head):
                found[layers.index(layer), heads.index(head), first:last, : rows.shape[1]] = rows.numpy()
            done += 1
            yield Partial(done, total, doing="Making the maps")
        patterns[name] = found
    return AttentionFile(request, overview, patterns, _generated(capture, patterns))


def _chosen(stack: CapturedStack, layer: int | None, head: int | None) -> list[tuple[int, int]]:
    """(layer, head) of every map wanted.

    Raises:
        UserError: there is no such layer or head.
    """
    if layer is not None:
        layer_numbered(stack, layer)
    layers = range(len(stack.layers)) if layer is None else (layer,)
    if head is not None:
        check_head(stack.layers[layers[0]], head)
    return [(n, h) for n in layers for h in (range(stack.layers[n].shape[0]) if head is None else (head,))]


def _check_fits(capture: Capture, chosen: Mapping[Stack, Sequence[object]], request: AttentionFileRequest) -> None:
    sizes = (len(chosen[name]) * len(stack.queries) * len(stack.keys) for name, stack in capture.stacks.items())
    needed, free = 4 * sum(sizes), available_memory(torch.device("cpu"))
    if free is not None and _TIMES * needed > free:
        advice = "shorten the text" if request.head is not None else "choose a layer and a head"
        raise UserError(
            f"These maps are {1e-9 * needed:.1f} GB and take {_TIMES} times as much to write; {1e-9 * free:.1f} GB are free: "
            f"{advice}.",
            "too_many",
        )


def _generated(capture: Capture, patterns: Mapping[Stack, FloatArray]) -> FloatArray | None:
    """(step, layer, head, key): the last query's row when each token was chosen."""
    if not capture.request.generation.tokens:
        return None
    whole = patterns["self" if "self" in patterns else "decoder"]
    steps = len(capture.generated)
    found = whole[:, :, capture.prompt - 1 : capture.prompt - 1 + steps].transpose(2, 0, 1, 3).copy()
    for step in range(steps):
        found[step, :, :, capture.prompt + step :] = np.nan
    return found
