"""Models, checkpoints and slices held against each other: frozen, torch-free; arrays have an entry for each row of the data."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from engine.dataset_results import Dataset, LabelMatch, Numbers, PredictionsResult, Rows, Skipped
from engine.requests import BesideRequest, CheckpointsRequest, ExplainBesideRequest, MapsBesideRequest, SlicesRequest
from engine.results import AttributionResult, Cost, FloatArray, ModelInfo, Notice

Interval = tuple[float, float]


class Fate(IntEnum):
    """What became of a row from the first model to the second. ``DIFFERENT``: another class, and no label to judge by."""

    UNKNOWN = -1
    SAME = 0
    FIXED = 1
    BROKEN = 2
    OTHER_ERROR = 3
    DIFFERENT = 4


FATE_WORDS = {
    Fate.FIXED: "fixed",
    Fate.BROKEN: "broken",
    Fate.OTHER_ERROR: "both wrong, differently",
    Fate.DIFFERENT: "another class",
    Fate.SAME: "",
    Fate.UNKNOWN: "",
}


@dataclass(frozen=True, slots=True)
class PairedNumbers:
    """Two models over the same rows; None where nothing is labelled.

    Args:
        n: rows that both predicted; ``labelled``: those whose true class is known as well, of which all the rest is.
        agreement: of ``n``, the share of which both say the same.
        difference: accuracy of the second minus that of the first; ``interval``: 95 %, from a bootstrap over rows.
        p_value: McNemar's exact test of fixed against broken, two-sided.
    """

    n: int
    labelled: int
    agreement: float | None
    first: float | None
    second: float | None
    fixed: int
    broken: int
    other_errors: int
    different: int
    difference: float | None
    interval: Interval | None
    p_value: float | None


@dataclass(frozen=True, slots=True, eq=False)
class BesideResult:
    """What a second model says of every row; partial results have NaN and −1 where it has not come to.

    Args:
        first: of the open model, complete.
        other: the second model; ``name``: what it is called, a checkpoint by its own name.
        labels: the first model's, then those that only the second has.
        matches: the second model's labels, and which of the first's each was taken for.
        predicted: (rows,) into ``labels``.
        probability: (rows,) of what the second predicts.
        chance: (rows,) that the second gives the true class; NaN without one.
        fate: (rows,) of ``Fate``.
        numbers: over all rows.
    """

    request: BesideRequest
    first: PredictionsResult
    other: ModelInfo
    name: str
    labels: tuple[str, ...]
    matches: tuple[LabelMatch, ...]
    predicted: NDArray[np.int32]
    probability: FloatArray
    chance: FloatArray
    fate: NDArray[np.int8]
    numbers: PairedNumbers
    skipped: tuple[Skipped, ...]
    cost: Cost
    done: int
    resumed: int = 0
    warnings: tuple[Notice, ...] = ()

    @property
    def first_chance(self) -> FloatArray:
        """(rows,) that the first gives the true class; NaN without one."""
        chance: FloatArray = np.exp(-self.first.loss)
        return chance

    @property
    def change(self) -> FloatArray:
        """(rows,) of the true class's probability, from the first to the second."""
        return self.chance - self.first_chance

    def label(self, index: int) -> str:
        """Of a class; empty where there is none."""
        return self.labels[index] if 0 <= index < len(self.labels) else ""


@dataclass(frozen=True, slots=True, eq=False)
class ExplainBesideResult:
    """Two models on one text. ``second`` is None as long as only the first is known.

    Args:
        rank_correlation: Spearman's, of the two maps word by word; None: too few words, or a map without differences.
        words: how many words both read as one, of which that is; ``left_out``: of either, those the other has cut elsewhere.
    """

    request: ExplainBesideRequest
    name: str
    first: AttributionResult
    second: AttributionResult | None
    rank_correlation: float | None = None
    words: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class MapsBesideResult:
    """Of the rows that both could explain, in the order of the request.

    Args:
        rank_correlation: (rows,) Spearman's, as of ``ExplainBesideResult``; NaN where there is none.
        skipped: rows that one of the two could not explain, and why.
    """

    request: MapsBesideRequest
    name: str
    rows: Rows
    rank_correlation: FloatArray
    skipped: tuple[Skipped, ...]
    cost: Cost


@dataclass(frozen=True, slots=True, eq=False)
class CheckpointsResult:
    """Predictions over training, at checkpoints that could be asked, in the order of training; the others are in ``warnings``.

    Args:
        predicted: (checkpoint, rows) classes, −1 where there is none.
        chance: (checkpoint, rows) of the true class; NaN without one.
        numbers: at each checkpoint, over all rows.
        total: how many checkpoints were asked for.
    """

    request: CheckpointsRequest
    model: ModelInfo
    data: Dataset
    true: NDArray[np.int32]
    names: tuple[str, ...]
    predicted: NDArray[np.int16]
    chance: NDArray[np.float32]
    numbers: tuple[Numbers, ...]
    total: int
    cost: Cost
    warnings: tuple[Notice, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the classes."""
        return self.model.labels

    @property
    def complete(self) -> bool:
        """Whether every checkpoint was asked, or left out."""
        return len(self.names) + sum(notice.kind == "left_out" for notice in self.warnings) == self.total


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """How each row was learnt; of rows without a label or a prediction −1.

    Args:
        learnt: (rows,) the checkpoint from which the prediction is right to the end; −1: it is wrong in the end.
        forgotten: (rows,) the checkpoint from which it is wrong to the end, having been right before; −1: it is not so.
        changes: (rows,) how often another class was predicted than at the checkpoint before.
    """

    learnt: NDArray[np.int16]
    forgotten: NDArray[np.int16]
    changes: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of two slices, and the second minus the first; intervals are of 95 %; None where there is no such number."""

    name: str
    first: float | None
    second: float | None
    first_interval: Interval | None
    second_interval: Interval | None
    difference: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True, eq=False)
class SlicesResult:
    """Two slices side by side.

    Args:
        rows, numbers: of each.
        measures: accuracy, macro-F1, mean loss, calibration error, then the recall of each class.
        shared: rows that are in both; intervals of differences take the slices for independent.
    """

    request: SlicesRequest
    model: ModelInfo
    data: Dataset
    rows: tuple[Rows, Rows]
    numbers: tuple[Numbers, Numbers]
    measures: tuple[Measure, ...]
    shared: int
    cost: Cost
    warnings: tuple[Notice, ...] = ()
