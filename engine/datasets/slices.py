"""The job behind two slices side by side: their numbers, and how far these are apart."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.comparisons import Interval, Measure, SlicesResult
from engine.dataset_results import NONE, Numbers, PredictionsResult, Rows
from engine.datasets.beside import require_one_class
from engine.datasets.data import Datasets
from engine.datasets.explanations import check_rows
from engine.datasets.numbers import BINS, bins_of, class_numbers, confusion_of, numbers_of
from engine.datasets.paired import difference_interval, share_interval
from engine.datasets.predict import predict_rows
from engine.errors import UserError
from engine.jobs import Partial, Steps, relay
from engine.models.model import TextModel
from engine.requests import SlicesRequest
from engine.results import Cost, FloatArray, Notice

DOING = "Comparing slices"
_TAIL = 2.5  # percent, at either end
_SECONDS = 0.1  # of a step
_RESAMPLED = ("macro-F1", "mean loss", "calibration error")


def compare_slices(datasets: Datasets, model: TextModel, request: SlicesRequest) -> Steps[SlicesResult]:
    """Predict what is missing, count, and draw the rows of each slice again and again.

    Yields:
        Progress.

    Raises:
        UserError: as ``predict_rows``; there is no such row, or a slice has none.
    """
    start = time.perf_counter()
    require_one_class(model)
    said = yield from relay(predict_rows(datasets, model, request.predictions), lambda p: Partial(0, None, None, p.doing))
    slices = []
    for named in request.slices:
        check_rows(named.rows, said.data)
        if not named.rows:
            raise UserError(f"The slice “{named.name}” has no rows; choose another.", "no_rows")
        slices.append(np.array(named.rows, np.int64))
    numbers = [numbers_of(said, rows) for rows in slices]
    drawn = []
    for at, rows in enumerate(slices):
        drawn.append((yield from _resampled(said, rows, request, at)))
    shared = len(np.intersect1d(slices[0], slices[1]))
    return SlicesResult(
        request=request,
        model=model.info,
        data=said.data,
        rows=(slices[0], slices[1]),
        numbers=(numbers[0], numbers[1]),
        measures=tuple(_measures(numbers, drawn)),
        shared=shared,
        cost=Cost(0, 0, time.perf_counter() - start, model.info.device),
        warnings=tuple(_warnings(shared)),
    )


def _warnings(shared: int) -> list[Notice]:
    if not shared:
        return []
    words = f"The slices have {shared:,} rows in common; the intervals of differences are those of slices without any."
    return [Notice(words, "overlap")]


def _resampled(said: PredictionsResult, rows: Rows, request: SlicesRequest, at: int) -> Steps[NDArray[np.float64]]:
    """(resamples, 3) macro-F1, mean loss and calibration error of as many rows drawn with replacement; NaN where there is none.

    Source: Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    """
    known = rows[said.correct[rows] != NONE]
    draw, found = np.random.default_rng((request.seed, at)), np.full((request.resamples, len(_RESAMPLED)), np.nan)
    if not len(known):
        return found
    true, predicted = said.true[known], said.predicted[known]
    loss, sure, right = said.loss[known], said.probability[known], said.correct[known] == 1
    until = 0.0
    for number in range(request.resamples):
        if time.monotonic() > until:
            yield Partial(at * request.resamples + number, 2 * request.resamples, doing=DOING)
            until = time.monotonic() + _SECONDS
        chosen = draw.integers(0, len(known), len(known))
        confusion = confusion_of(true[chosen], predicted[chosen], len(said.labels))
        found[number] = macro_f1(confusion), loss[chosen].mean(), calibration_error(sure[chosen], right[chosen])
    return found


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Over the classes that occur."""
    counts = zip(np.diagonal(confusion).tolist(), confusion.sum(axis=0).tolist(), confusion.sum(axis=1).tolist(), strict=True)
    return float(np.mean([class_numbers("", *each).f1 or 0.0 for each in counts if each[2]]))


def calibration_error(sure: FloatArray, right: NDArray[np.bool_]) -> float:
    """As ``calibration_of`` computes it: Σ over bins |how many are right − the sum of their probabilities| ∕ n."""
    gaps = np.bincount(bins_of(sure), weights=right - sure, minlength=BINS)
    return float(np.abs(gaps).sum() / len(sure))


def _measures(numbers: list[Numbers], drawn: list[NDArray[np.float64]]) -> list[Measure]:
    one, other = (_counts(each) for each in numbers)
    found = [_share("accuracy", _right(one), _right(other))]
    values: tuple[Callable[[Numbers], float | None], ...] = (
        lambda each: each.macro_f1,
        lambda each: each.mean_loss,
        lambda each: each.calibration.error,
    )
    for at, (name, value) in enumerate(zip(_RESAMPLED, values, strict=True)):
        found.append(_drawn(name, value(numbers[0]), value(numbers[1]), drawn[0][:, at], drawn[1][:, at]))
    for at, each in enumerate(numbers[0].classes):
        found.append(_share(f"recall of {each.label}", _right_of(one, at), _right_of(other, at)))
    return found


def _counts(numbers: Numbers) -> NDArray[np.int64]:
    assert numbers.confusion is not None  # of a model of one class
    return numbers.confusion


def _right(confusion: NDArray[np.int64]) -> tuple[int, int]:
    return int(np.trace(confusion)), int(confusion.sum())


def _right_of(confusion: NDArray[np.int64], at: int) -> tuple[int, int]:
    return int(confusion[at, at]), int(confusion[at].sum())


def _share(name: str, first: tuple[int, int], second: tuple[int, int]) -> Measure:
    """Closed forms."""
    shares = [hits / n if n else None for hits, n in (first, second)]
    return Measure(
        name,
        shares[0],
        shares[1],
        share_interval(*first),
        share_interval(*second),
        None if shares[0] is None or shares[1] is None else shares[1] - shares[0],
        difference_interval(first, second),
    )


def _drawn(name: str, first: float | None, second: float | None, one: FloatArray, other: FloatArray) -> Measure:
    """Percentiles of resamples."""
    there = first is not None and second is not None
    return Measure(
        name,
        first,
        second,
        _percentiles(one),
        _percentiles(other),
        second - first if first is not None and second is not None else None,
        _percentiles(other - one) if there else None,
    )


def _percentiles(values: FloatArray) -> Interval | None:
    if np.isnan(values).all():
        return None
    low, high = np.percentile(values, [_TAIL, 100 - _TAIL])
    return float(low), float(high)
