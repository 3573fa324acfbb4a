"""Comparisons made by hand: the other model says the opposite of the open one; checkpoints grow towards it."""

from dataclasses import replace

import numpy as np

from engine.comparisons import (
    BesideResult,
    CheckpointsResult,
    ExplainBesideResult,
    MapsBesideResult,
    Measure,
    SlicesResult,
)
from engine.dataset_results import NONE, LabelMatch, PredictionsResult
from engine.datasets.numbers import numbers_of
from engine.datasets.outcomes import answered_rows, of_classes, probabilities
from engine.datasets.paired import fates, paired_numbers
from engine.requests import BesideRequest, CheckpointsRequest, ExplainBesideRequest, MapsBesideRequest, SlicesRequest
from engine.results import AttributionResult, Cost, ModelInfo

COST = Cost(1, 0, 0.1, "cpu")


def beside(request: BesideRequest, first: PredictionsResult, other: ModelInfo, done: int) -> BesideResult:
    """The logits of the first ``done`` rows turned round."""
    logits = first.logits[:, ::-1].copy()
    logits[done:] = np.nan
    answered = answered_rows(logits)
    chances = probabilities(np.where(answered[:, None], logits, 0), "single_label")
    found = of_classes(logits, first.true)
    fate = fates(first.predicted, found.predicted, first.true)
    return BesideResult(
        request=request,
        first=first,
        other=other,
        name=request.other.checkpoint or other.name,
        labels=first.labels,
        matches=tuple(LabelMatch(label, 0, at, "same") for at, label in enumerate(first.labels)),
        predicted=found.predicted,
        probability=np.where(answered, chances.max(-1), np.nan),
        chance=np.exp(-found.loss),
        fate=fate,
        numbers=paired_numbers(fate, first.correct == 1, first.true != NONE, 100),
        skipped=(),
        cost=COST,
        done=done,
    )


def explained(request: ExplainBesideRequest, first: AttributionResult, whole: bool) -> ExplainBesideResult:
    """The other's map is twice the opposite."""
    name = request.other.checkpoint or "other"
    if not whole:
        return ExplainBesideResult(request, name, first, None)
    return ExplainBesideResult(request, name, first, replace(first, values=-2 * first.values), -1.0, len(first.tokens) - 2)


def likeness(request: MapsBesideRequest, done: int) -> MapsBesideResult:
    """The more alike the higher a row's number."""
    rows = np.array(request.rows[:done], np.int64)
    return MapsBesideResult(request, "other", rows, rows / 10, (), COST)


def over_checkpoints(
    request: CheckpointsRequest, last: PredictionsResult, names: tuple[str, ...], done: int
) -> CheckpointsResult:
    """From “neutral” everywhere to what is said in the end."""
    shares = np.linspace(0, 1, len(names))[:done]
    neutral = np.array([0.0, 9.0, 0.0])
    logits = [(share * last.logits + (1 - share) * neutral).astype(np.float32) for share in shares]
    outcomes = [of_classes(each, last.true) for each in logits]
    thens = [
        replace(last, logits=each, predicted=o.predicted, probability=o.probability, loss=o.loss, correct=o.correct)
        for each, o in zip(logits, outcomes, strict=True)
    ]
    return CheckpointsResult(
        request=request,
        model=last.model,
        data=last.data,
        true=last.true,
        names=names[:done],
        predicted=np.stack([each.predicted for each in outcomes]).astype(np.int16),
        chance=np.exp(-np.stack([each.loss for each in outcomes])).astype(np.float32),
        numbers=tuple(map(numbers_of, thens)),
        total=len(names),
        cost=COST,
    )


def slices(request: SlicesRequest, said: PredictionsResult) -> SlicesResult:
    """Numbers as they are; intervals a tenth around them."""
    rows = tuple(np.array(each.rows, np.int64) for each in request.slices)
    numbers = [numbers_of(said, each) for each in rows]
    first, second = (each.accuracy or 0.0 for each in numbers)
    measures = (
        Measure(
            "accuracy",
            first,
            second,
            (first - 0.1, first + 0.1),
            (second - 0.1, second + 0.1),
            second - first,
            (second - first - 0.1, second - first + 0.1),
        ),
        Measure("mean loss", numbers[0].mean_loss, None, None, None, None, None),
    )
    shared = len(np.intersect1d(rows[0], rows[1]))
    return SlicesResult(request, said.model, said.data, (rows[0], rows[1]), (numbers[0], numbers[1]), measures, shared, COST)
