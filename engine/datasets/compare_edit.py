"""The job behind an edit: both texts explained for one target, and held against each other word by word."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from engine.attention.attend import captured
from engine.attention.captures import Captures
from engine.attention.heads import check_head, layer_numbered, merged, stack_named
from engine.attention.layers import pattern
from engine.attribution.explain import explain
from engine.datasets.edited_words import words_of
from engine.edits import AttentionUsed, EditResult
from engine.jobs import Partial, Steps, relay
from engine.models.huggingface import HuggingFaceModel
from engine.models.model import TextModel
from engine.requests import AttentionRequest, AttributionRequest, EditRequest, Stack, Target, TextInput, as_text
from engine.results import AttributionResult, Cost, FloatArray, Notice, ResolvedTarget

_FIRST: tuple[Stack, ...] = ("self", "encoder")  # the stack that reads the text
_PARTS = 3  # before, after, attention
_MOST_KEPT = 16  # explanations


class Explained:
    """The last explanations: a text that is edited once more, or otherwise, is not explained anew."""

    def __init__(self) -> None:
        self._kept: OrderedDict[AttributionRequest, AttributionResult] = OrderedDict()

    def of(self, model: TextModel, request: AttributionRequest) -> Steps[tuple[AttributionResult, bool]]:
        """As ``explain`` has it, and whether it was there already."""
        found = self._kept.pop(request, None)
        known = found is not None
        if found is None:
            found = yield from explain(model, request)
        self._kept[request] = found
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return found, known

    def forget(self) -> None:
        """Another model was opened."""
        self._kept.clear()


def compare_edit(model: TextModel, request: EditRequest, captures: Captures, explained: Explained) -> Steps[EditResult]:
    """What an edit changes; ``cost`` counts what was not known.

    Raises:
        UserError: as ``explain`` of either text; there is no such layer or head.
    """
    start = time.perf_counter()
    before, knew_before = yield from relay(explained.of(model, request.before), _part(0))
    asked = replace(request.before, input=request.after, target=same_target(request.before.target, before.target))
    after, knew_after = yield from relay(explained.of(model, asked), _part(1))
    attention, received, passes = yield from _attention(model, request, captures)
    spent = [side.cost for side, known in ((before, knew_before), (after, knew_after)) if not known]
    forward, backward = sum(cost.forward for cost in spent), sum(cost.backward for cost in spent)
    cost = Cost(forward + passes, backward, time.perf_counter() - start, model.info.device)
    words = words_of(before, after, received)
    return EditResult(request, model.info, before, after, words, attention, cost, _warnings(before, after))


def _part(number: int) -> Callable[[Partial], Partial]:
    """Of the whole; half-made maps are not shown."""

    def shown(partial: Partial) -> Partial:
        return Partial(number + (partial.fraction or 0.0), _PARTS, doing="Comparing the edit")

    return shown


def same_target(wanted: Target, found: ResolvedTarget) -> Target:
    """What was meant, so that another text is asked about the very same: not about whatever is predicted there."""
    if found.layer is not None:
        return wanted
    versus = None if found.versus_index is None else f"index:{found.versus_index}"
    return Target(f"index:{found.index}", versus=versus, score=wanted.score, position=wanted.position)


def _warnings(before: AttributionResult, after: AttributionResult) -> tuple[Notice, ...]:
    """Of both, each once; that no class is weighed against itself is said of the text before alone."""
    both = (*before.warnings, *(notice for notice in after.warnings if notice.kind != "same_class"))
    return tuple(dict.fromkeys(both))


def _attention(
    model: TextModel, request: EditRequest, captures: Captures
) -> Steps[tuple[AttentionUsed | None, tuple[FloatArray, ...], int]]:
    """Whose attention, what each token receives of it in the two texts, and the passes it took."""
    has_heads = "attention" in model.info.can and isinstance(model, HuggingFaceModel) and not model.has_history
    if not request.attention or not has_heads:
        return None, (), 0
    used, before = yield from _received(model, request, as_text(request.before.input), captures)
    used, after = yield from _received(model, request, request.after, captures)
    return used, (before, after), 2


def _received(
    model: TextModel, request: EditRequest, text: TextInput, captures: Captures
) -> Steps[tuple[AttentionUsed, FloatArray]]:
    """(key,) the mean weight over all queries: over the whole text it sums to 1."""
    reading = captured(model, AttentionRequest(request.before.model_sha256, text), captures)
    capture = yield from relay(reading, lambda _: Partial(2, _PARTS, doing="Comparing attention"))
    stack = stack_named(capture, next((name for name in _FIRST if name in capture.stacks), "self"))
    number = len(stack.layers) - 1 if request.layer is None else request.layer
    layer = layer_numbered(stack, number)
    if isinstance(request.head, int):
        check_head(layer, request.head)
        weights = pattern(layer, request.head)
    else:
        weights = yield from relay(merged(layer, request.head), lambda _: Partial(2, _PARTS, doing="Comparing attention"))
    received: FloatArray = weights.double().mean(0).numpy()
    return AttentionUsed(stack.name, number, request.head), received
