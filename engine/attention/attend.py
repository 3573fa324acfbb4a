"""The job behind the grid of heads: a text in, every head at a glance."""

import time
from collections.abc import Mapping

from engine.attention.capture import Capture
from engine.attention.captures import Captures
from engine.attention.overview import OverviewOfStack
from engine.attention_maps import AttentionResult, StackOverview
from engine.jobs import Partial, Steps, relay
from engine.models.model import Model, TextModel
from engine.requests import AttentionRequest, Stack
from engine.results import Cost

STEP_SECONDS = 0.1  # heads are looked at for so long before what was found is shown
_ORDER: tuple[Stack, ...] = ("self", "encoder", "decoder", "cross")


def attend(model: Model, request: AttentionRequest, captures: Captures) -> Steps[AttentionResult]:
    """What every head attends to while the model reads, and goes on.

    Yields:
        The result so far: tokens as they are written, then heads as they are looked at; NaN stands for the others.

    Raises:
        UserError: the request does not fit the model.
    """
    if isinstance(model, TextModel) and model.has_history:
        from engine.attention.history import attend_history

        return (yield from attend_history(model, request))
    capture = yield from captured(model, request, captures)
    if capture.result is None:
        capture.result = yield from _overview(model, capture)
    return capture.result


def captured(model: Model, request: AttentionRequest, captures: Captures) -> Steps[Capture]:
    """Read the text, unless that has just been done."""

    def shown(partial: Partial) -> Partial:
        so_far = partial.result
        answer = result_of(model, so_far, {}) if isinstance(so_far, Capture) else None
        return Partial(partial.done, partial.total, answer, partial.doing)

    return (yield from relay(captures.of(model, request), shown))


def _overview(model: Model, capture: Capture) -> Steps[AttentionResult]:
    overviews = {name: OverviewOfStack(capture.stacks[name]) for name in _ORDER if name in capture.stacks}
    total = sum(overview.thumbnails.shape[0] * overview.thumbnails.shape[1] for overview in overviews.values())
    done, start, shown = 0, time.perf_counter(), time.perf_counter()
    for overview in overviews.values():
        for _ in overview.heads():
            done += 1
            if time.perf_counter() - shown > STEP_SECONDS:
                so_far = {name: one.overview() for name, one in overviews.items()}
                yield Partial(done, total, result_of(model, capture, so_far), "Looking at the heads")
                shown = time.perf_counter()
    capture.seconds += time.perf_counter() - start
    capture.received = {name: overview.received for name, overview in overviews.items()}
    return result_of(model, capture, {name: overview.overview() for name, overview in overviews.items()})


def result_of(model: Model, capture: Capture, stacks: Mapping[Stack, StackOverview]) -> AttentionResult:
    """As the window and the command line are given it."""
    return AttentionResult(
        request=capture.request,
        model=model.info,
        input=capture.input,
        prompt=capture.prompt,
        stacks=tuple(stacks.values()),
        generated=capture.generated,
        history=None,
        verification=capture.verification,
        cost=Cost(capture.forward, 0, capture.seconds, model.info.device),
        decoder_input=capture.decoder_input,
        warnings=capture.warnings,
        patches=capture.patches,
    )
