"""A few units at full resolution: four histograms of 65,536 levels say all that a ranking has to say of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.jobs import Partial, Steps
from engine.recurrent.labels import Labelled, Split
from engine.recurrent.statistics import auc_of, chosen_in_blocks
from engine.recurrent.store import Store

_LEVELS = 1 << 16
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FineUnit:
    """One row at full resolution, levels in ascending order.

    Args:
        positive, negative: (2, 65536) counts, of the ranking and the testing part.
        sums: (2, 65536) of the grades (0 and 1 without grades) and of their ranks, at each level of the ranking part.
        moments: mean and standard deviation of grades and of their ranks.
    """

    row: int
    positive: Counts
    negative: Counts
    sums: Floats
    moments: tuple[tuple[float, float], tuple[float, float]]

    def auc(self, testing: bool) -> float:
        """Of one part."""
        positive, negative = self.positive[int(testing)], self.negative[int(testing)]
        return float(auc_of(positive, positive + negative))

    def threshold(self, sign: int) -> tuple[int, float]:
        """(level, F1) of the best ``positive at or above level`` (``sign`` 1) or ``below`` (−1) on the ranking part.

        Of equally good levels the one in the middle of the gap.
        """
        found = f1_of(self.positive[0], self.negative[0], sign)
        best = np.flatnonzero(found == found.max())
        first = best[0]
        last = best[np.flatnonzero(np.diff(best, append=_LEVELS + 2) != 1)[0]]  # of the first run of equals
        level = int(first + last + 1) // 2
        return level, float(found[level])

    def f1(self, testing: bool, level: int, sign: int) -> float:
        """Of one part at a threshold."""
        return float(f1_of(self.positive[int(testing)], self.negative[int(testing)], sign)[level])

    def correlations(self, values: Floats) -> tuple[float | None, float | None]:
        """(Pearson, Spearman) of activations and grades on the ranking part; None where either does not vary.

        Args:
            values: (65536,) what each level stands for.
        """
        counts = self.positive[0] + self.negative[0]
        ranks = np.cumsum(counts) - 0.5 * counts
        return _correlation(values, counts, self.sums[0], *self.moments[0]), _correlation(
            ranks, counts, self.sums[1], *self.moments[1]
        )


def _correlation(values: Floats, counts: Counts, sums: Floats, mean: float, deviation: float) -> float | None:
    n = counts.sum()
    own_mean = (values * counts).sum() / n
    own_deviation = float(np.sqrt(((values - own_mean) ** 2 * counts).sum() / n))
    if not own_deviation or not deviation:
        return None
    return float(((values - own_mean) * (sums - mean * counts)).sum() / (n * own_deviation * deviation))


def f1_of(positive: Counts, negative: Counts, sign: int) -> Floats:
    """(levels + 1,): F1 where everything at or above a level (``sign`` −1: below it) is called positive."""
    hits, alarms = (np.concatenate(([0], np.cumsum(counts))) for counts in (positive, negative))
    if sign > 0:
        hits, alarms = hits[-1] - hits, alarms[-1] - alarms
    total = positive.sum()
    called = hits + alarms
    found: Floats = np.divide(2.0 * hits, total + called, out=np.zeros(len(hits)), where=total + called > 0)
    return found


def fine_units(store: Store, rows: Sequence[int], split: Split, labelled: Labelled) -> Steps[list[FineUnit]]:
    """Count ``rows`` again with their lower bytes."""
    positive, negative = (np.zeros((len(rows), 2, _LEVELS), np.int64) for _ in range(2))
    sums = np.zeros((len(rows), 2, _LEVELS))
    grades = _Grades(split, labelled)
    parts = [chosen_in_blocks(store, split, testing) for testing in (False, True)]
    for number in range(len(store.runs)):
        levels = store.levels(number, np.asarray(rows, dtype=np.intp))
        labels = in_block(store, number, labelled.positive)
        for part, chosen in enumerate(parts):
            own, marked = levels[:, chosen[number]], labels[chosen[number]]
            for at, values in enumerate(own):
                hits = np.bincount(values[marked], minlength=_LEVELS)
                positive[at, part] += hits
                negative[at, part] += np.bincount(values, minlength=_LEVELS) - hits
        if labelled.grades is not None:
            own, graded = levels[:, parts[0][number]], in_block(store, number, labelled.grades)[parts[0][number]]
            for at, values in enumerate(own):
                sums[at, 0] += np.bincount(values, graded, minlength=_LEVELS)
                sums[at, 1] += np.bincount(values, grades.ranks(graded), minlength=_LEVELS)
        yield Partial(number + 1, len(store.runs), doing="Looking closer")
    if labelled.grades is None:
        sums[:] = positive[:, :1]
    return [FineUnit(row, positive[at], negative[at], sums[at], grades.moments) for at, row in enumerate(rows)]


class _Grades:
    """Grades of the ranking part, or 0 and 1 without grades; few different ones, which come again and again."""

    def __init__(self, split: Split, labelled: Labelled) -> None:
        grades = labelled.positive if labelled.grades is None else labelled.grades
        self._values, counts = np.unique(split.take(grades, testing=False), return_counts=True)
        self._ranks = np.cumsum(counts) - 0.5 * counts
        as_ranked = self._values if labelled.grades is None else self._ranks
        self.moments = _moments(self._values, counts), _moments(as_ranked, counts)

    def ranks(self, grades: NDArray[Any]) -> Floats:
        """Mid-ranks."""
        found: Floats = self._ranks[np.searchsorted(self._values, grades)]
        return found


def _moments(values: NDArray[Any], counts: Counts) -> tuple[float, float]:
    mean = float(np.average(values, weights=counts))
    return mean, float(np.sqrt(np.average((values.astype(np.float64) - mean) ** 2, weights=counts)))


def in_block(store: Store, number: int, values: NDArray[Any]) -> NDArray[Any]:
    """(positions of the corpus,) -> those of a block, in its order."""
    parts = []
    for run in store.runs[number]:
        first = store.reading.files[run.file].first + run.start
        parts.append(values[first : first + run.length])
    return np.concatenate(parts)
