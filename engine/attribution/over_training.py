"""The job behind attributions over training: the same question put to the model as it was at each checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from torch import Tensor

from engine.attribution.explain import Asked, explain, logits_of, read_question, warnings_of
from engine.attribution.target import probabilities
from engine.errors import LoadError, UserError
from engine.jobs import Partial, Steps, relay
from engine.models.model import TextModel
from engine.models.training import no_such_checkpoint
from engine.over_training import OverTrainingResult, TrackedOutput
from engine.requests import AttributionRequest, OverTrainingRequest, Target
from engine.results import AttributionResult, Notice

_FOLLOWED_OF_A_VOCABULARY = 5


def over_training(model: TextModel, request: OverTrainingRequest) -> Steps[OverTrainingResult]:
    """How the answer came about while the model was trained. One checkpoint is in memory at a time, beside the open model.

    Yields:
        The checkpoints so far, one more each time, and progress between them.

    Raises:
        UserError: there are no checkpoints or no such one, the request does not fit the model, or no checkpoint could be
            asked; a single one that cannot is left out, and named in the result's warnings.
    """
    yield Partial(0, doing="Predicting")
    names = _names(model, request)
    wanted = request.attribution
    asked = read_question(model, wanted.model_sha256, wanted.input, wanted.target)
    question = replace(
        wanted, target=_target(asked, wanted.target), reduction=None if wanted.reduction == "none" else wanted.reduction
    )
    so_far = _SoFar(model, request, asked, len(names), _followed(model, asked))
    for at, name in enumerate(names):
        try:
            yield from _ask(model, question, name, at, so_far)
        except UserError as error:
            so_far.leave_out(name, error)
        if so_far.maps:
            yield Partial(at + 1, len(names), so_far.result(at + 1), name)
    if not so_far.maps:
        raise next(iter(so_far.refusals.values()))
    return so_far.result(len(names))


def _names(model: TextModel, request: OverTrainingRequest) -> tuple[str, ...]:
    """Those asked for, in the order of training."""
    for name in request.checkpoints or ("",):
        if not model.checkpoints or (name and name not in model.checkpoints):
            raise no_such_checkpoint(name, model.checkpoints)
    return tuple(name for name in model.checkpoints if name in request.checkpoints or not request.checkpoints)


def _target(asked: Asked, wanted: Target) -> Target:
    """Spelled out, so that it is the same at every checkpoint."""
    target = asked.target
    if target.layer is not None:
        return wanted
    versus = None if target.versus_index is None else f"index:{target.versus_index}"
    return Target(f"index:{target.index}", None, versus, target.score, target.position)


def _followed(model: TextModel, asked: Asked) -> tuple[TrackedOutput, ...]:
    classes = asked.prediction.classes
    if model.info.answers_once:
        return tuple(TrackedOutput(each.label, each.index) for each in sorted(classes, key=lambda each: each.index))
    first = classes[:_FOLLOWED_OF_A_VOCABULARY]
    also = [each for each in classes[_FOLLOWED_OF_A_VOCABULARY:] if each.index in asked.target.outputs]
    return tuple(TrackedOutput(each.label, each.index) for each in (*first, *also))


def _ask(model: TextModel, question: AttributionRequest, name: str, at: int, so_far: "_SoFar") -> Steps[None]:
    """One checkpoint, which is gone afterwards."""

    def placed(partial: Partial) -> Partial:
        return Partial(at + (partial.fraction or 0.0), so_far.total, None, name)

    yield Partial(at, so_far.total, doing=f"Reading {name}")
    then = model.at_checkpoint(name)
    blocking = next((notice for notice in then.info.warnings if notice.blocking), None)
    if blocking is not None and then is not model:  # of the open model, the user has accepted it
        raise LoadError(blocking.message, blocking.kind)
    found = yield from relay(explain(then, question), placed)
    so_far.add(name, found, logits_of(then, so_far.asked.encoding, so_far.asked.position))


@dataclass(slots=True)
class _SoFar:
    """What is known, and can be told at any time."""

    model: TextModel
    request: OverTrainingRequest
    asked: Asked
    total: int
    tracked: tuple[TrackedOutput, ...]
    maps: dict[str, AttributionResult] = field(default_factory=dict)
    logits: list[Tensor] = field(default_factory=list)
    chances: list[Tensor | None] = field(default_factory=list)
    refusals: dict[str, UserError] = field(default_factory=dict)

    def add(self, name: str, found: AttributionResult, logits: Tensor) -> None:
        chances = probabilities(logits.double(), self.model.info.problem_type)
        followed = [each.index for each in self.tracked]
        self.maps[name] = found
        self.logits.append(logits.double()[followed])
        self.chances.append(None if chances is None else chances[followed])

    def leave_out(self, name: str, error: UserError) -> None:
        self.refusals[name] = error

    def result(self, done: int) -> OverTrainingResult:
        chances = [each.numpy() for each in self.chances if each is not None]
        return OverTrainingResult(
            request=self.request,
            model=self.model.info,
            prediction=self.asked.prediction,
            target=self.asked.target,
            names=tuple(self.maps),
            maps=tuple(self.maps.values()),
            tracked=self.tracked,
            logits=np.stack([each.numpy() for each in self.logits]),
            probabilities=np.stack(chances) if chances else None,
            total=self.total,
            warnings=tuple(self._warnings(done)),
            progress=done / self.total,
        )

    def _warnings(self, done: int) -> list[Notice]:
        target = self.request.attribution.target
        warnings = warnings_of(self.model, self.asked.prediction, target, self.asked.target)
        for name, error in self.refusals.items():
            warnings.append(Notice(f"{name} is left out: {error.message}", "left_out"))
        return warnings + _said_at(self.maps, {notice.message for notice in warnings})


def _said_at(maps: Mapping[str, AttributionResult], known: set[str]) -> list[Notice]:
    """What is to be said of single checkpoints: once for each kind, in the words of the last of them."""
    said: dict[str, list[tuple[str, Notice]]] = {}
    for name, found in maps.items():
        for notice in found.warnings:
            if notice.message not in known:
                said.setdefault(notice.kind, []).append((name, notice))
    return [_at_all(told, {notice for _, notice in told}, len(maps)) for told in said.values()]


def _at_all(told: list[tuple[str, Notice]], notices: set[Notice], maps: int) -> Notice:
    """One notice in place of those of several checkpoints."""
    last, notice = told[-1]
    if len(notices) == 1 and len(told) == maps:
        return notice
    others = ", ".join(name for name, _ in told[:-1])
    return replace(notice, message=f"{last}: {notice.message}" + (f" Likewise {others}." if others else ""))
