"""The job behind a set of examples over training: predicted at every checkpoint, kept as other predictions are."""

import time
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine.comparisons import CheckpointsResult
from engine.dataset_results import Numbers, PredictionsResult
from engine.datasets.beside import require_one_class
from engine.datasets.data import Datasets
from engine.datasets.numbers import numbers_of
from engine.datasets.outcomes import of_classes
from engine.datasets.passes import logits_batch, run_pass, token_rows
from engine.datasets.plan import TokenRows
from engine.datasets.predict import outputs_of, predict_rows, row_store
from engine.errors import LoadError, UserError
from engine.jobs import Partial, Steps, relay
from engine.models.model import TextModel
from engine.models.training import no_such_checkpoint
from engine.requests import CheckpointsRequest
from engine.results import Cost, Notice


def over_checkpoints(datasets: Datasets, model: TextModel, request: CheckpointsRequest) -> Steps[CheckpointsResult]:
    """Predict what is still missing; one checkpoint is in memory at a time, beside the open model.

    Yields:
        Progress; after each checkpoint the result so far.

    Raises:
        UserError: there are no checkpoints or no such one, or the data or the model will not do; a single checkpoint that
            cannot be read is left out, and named in the result's warnings.
    """
    start = time.perf_counter()
    names = names_of(model, request.checkpoints)
    require_one_class(model)
    last = yield from relay(predict_rows(datasets, model, request.predictions), lambda p: Partial(0, None, None, p.doing))
    so_far = _SoFar(model, request, last, len(names), start)
    for at, name in enumerate(names):
        yield Partial(at, len(names), doing=f"Reading {name}")
        try:
            yield from so_far.ask(name, at)
        except UserError as error:
            so_far.refusals[name] = error
        if so_far.names:
            yield Partial(at + 1, len(names), so_far.result(), name)
    if not so_far.names:
        raise next(iter(so_far.refusals.values()))
    return so_far.result()


def names_of(model: TextModel, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Those asked for, in the order of training.

    Raises:
        UserError: there are none, or no such one.
    """
    for name in wanted or ("",):
        if not model.checkpoints or (name and name not in model.checkpoints):
            raise no_such_checkpoint(name, model.checkpoints)
    return tuple(name for name in model.checkpoints if name in wanted or not wanted)


@dataclass(slots=True)
class _SoFar:
    """What is known, and can be told at any time."""

    model: TextModel
    request: CheckpointsRequest
    last: PredictionsResult
    total: int
    start: float
    names: list[str] = field(default_factory=list)
    predicted: list[NDArray[np.int16]] = field(default_factory=list)
    chance: list[NDArray[np.float32]] = field(default_factory=list)
    numbers: list[Numbers] = field(default_factory=list)
    refusals: dict[str, UserError] = field(default_factory=dict)
    forward: int = 0
    tokens: TokenRows | None = None  # every checkpoint reads alike

    def ask(self, name: str, at: int) -> Steps[None]:
        """One checkpoint, which is gone afterwards."""
        then = self.model.at_checkpoint(name)
        if then is self.model:
            self.add(name, self.last.logits)
            return
        blocking = next((notice for notice in then.info.warnings if notice.blocking), None)
        if blocking is not None:
            raise LoadError(blocking.message, blocking.kind)
        data = self.last.data
        store = row_store(then, data, "predictions", outputs_of(then))
        words = f"Predicting at {name}"

        def placed(partial: Partial) -> Partial:
            return Partial(at + (partial.fraction or 0.0), self.total, None, words)

        if self.tokens is None and not store.complete:
            self.tokens = yield from relay(token_rows(then, data), lambda partial: Partial(at, self.total, None, partial.doing))
        state = yield from relay(run_pass(then, data, store, logits_batch(then), words, self.tokens), placed)
        self.forward += state.forward
        self.add(name, np.array(store.values))

    def add(self, name: str, logits: NDArray[np.floating]) -> None:
        found = of_classes(logits, self.last.true)
        self.names.append(name)
        self.predicted.append(found.predicted.astype(np.int16))
        self.chance.append(np.exp(-found.loss).astype(np.float32))
        self.numbers.append(numbers_of(at_checkpoint(self.last, logits)))

    def result(self) -> CheckpointsResult:
        left_out = [Notice(f"{name} is left out: {error.message}", "left_out") for name, error in self.refusals.items()]
        return CheckpointsResult(
            request=self.request,
            model=self.model.info,
            data=self.last.data,
            true=self.last.true,
            names=tuple(self.names),
            predicted=np.stack(self.predicted),
            chance=np.stack(self.chance),
            numbers=tuple(self.numbers),
            total=self.total,
            cost=Cost(self.forward, 0, time.perf_counter() - self.start, self.model.info.device),
            warnings=(*self.last.warnings, *left_out),
        )


def at_checkpoint(last: PredictionsResult, logits: NDArray[np.floating]) -> PredictionsResult:
    """``last`` with other logits."""
    found = of_classes(logits, last.true)
    return replace(
        last,
        logits=logits,
        predicted=found.predicted,
        probability=found.probability,
        loss=found.loss,
        margin=found.margin,
        correct=found.correct,
    )
