"""What the engine answers about a set of examples: frozen, torch-free; arrays have an entry for each row of the data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.datasets.table import Table
from engine.records import FieldSpan, filled
from engine.requests import (
    AggregateRequest,
    ConsistencyRequest,
    CounterfactualRequest,
    DatasetReportRequest,
    DatasetRequest,
    DataSource,
    ExplainRowsRequest,
    Input,
    NeighboursRequest,
    PredictionsRequest,
    RecordInput,
    Reduction,
    SliceRequest,
    TextInput,
)
from engine.results import ClassPrediction, Cost, FloatArray, ModelInfo, Notice

Rows = NDArray[np.int64]
How = Literal["same", "case", "synonym", "index", "given", "none"]
NONE = -1  # of a class: not known, or not predicted


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that has no prediction, or a line that is no row (``row`` −1), and why in a sentence."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A file of examples that was read.

    Args:
        source: with everything that was guessed filled in: what a request has to say to be read the same way.
        sha256: of the file's bytes.
        guessed: which fields of ``source`` were.
        fields: (field, column): rows are records, and these columns are read; empty: they are texts.
        labels: as the data write them, with counts, the commonest first; of a column of numbers that is no class: none.
        left_out: lines that are no rows; at most ``MOST_LISTED`` of ``left_out_count``.
    """

    source: DataSource
    sha256: str
    table: Table
    guessed: tuple[str, ...]
    labels: tuple[tuple[str, int], ...]
    left_out: tuple[Skipped, ...] = ()
    left_out_count: int = 0
    warnings: tuple[Notice, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.table.rows

    def input_of(self, row: int) -> Input:
        """What the model is given of a row."""
        if self.fields:
            return filled(RecordInput(tuple((field, self.table.cell(row, column)) for field, column in self.fields)))
        pair = self.table.cell(row, self.source.pair) if self.source.pair else None
        return TextInput(self.table.cell(row, self.source.text or ""), pair)

    def inputs(self, rows: range) -> Sequence[Input]:
        """``input_of`` of rows one after the other."""
        part = slice(rows.start, rows.stop)
        if self.fields:
            columns = [self.table.cells(column, part) for _, column in self.fields]
            names = [field for field, _ in self.fields]
            return [filled(RecordInput(tuple(zip(names, cells, strict=True)))) for cells in zip(*columns, strict=True)]
        texts = self.table.cells(self.source.text or "", part)
        if not self.source.pair:
            return [TextInput(text) for text in texts]
        return [TextInput(*both) for both in zip(texts, self.table.cells(self.source.pair, part), strict=True)]

    def label_of(self, row: int) -> str:
        """As the data write it; several columns' names with a semicolon between them; empty: none."""
        return self.table.label(row, self.source.labels or ())


@dataclass(frozen=True, slots=True)
class LabelMatch:
    """A label of the data and the model's that is meant by it; ``index`` −1: none of them."""

    written: str
    count: int
    index: int
    how: How


@dataclass(frozen=True, slots=True, eq=False)
class DatasetResult:
    """The data are open."""

    request: DatasetRequest
    data: Dataset


@dataclass(frozen=True, slots=True)
class ClassNumbers:
    """Of one class; None where nothing was predicted so, or nothing is so."""

    label: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Rows by the probability of the predicted class, in ``edges`` of equal width.

    Args:
        counts, confidence, accuracy: (bins,), the last two the means in each bin, NaN where it is empty.
        error: the expected calibration error, Σ counts |accuracy − confidence| ∕ n.
    """

    edges: FloatArray
    counts: NDArray[np.int64]
    confidence: FloatArray
    accuracy: FloatArray
    error: float | None


@dataclass(frozen=True, slots=True, eq=False)
class RegressionNumbers:
    r"""How far numbers are off, over rows with a prediction p and a measured y; a residual is y − p.

    Args:
        mae, rmse: the mean of \|y − p\|, and the root of the mean of (y − p)².
        r2: 1 − Σ(y − p)² ∕ Σ(y − mean y)²; None where y is the same everywhere.
        bias: the mean residual: above zero, what is measured is higher than what is said.
        median: of \|y − p\|.
        mae_of_mean: \|y − mean y\| on average: what saying always the same would be off by.
        edges, counts: the residuals' histogram, (bins + 1,) and (bins,).
    """

    n: int
    mae: float
    rmse: float
    r2: float | None
    bias: float
    median: float
    mae_of_mean: float
    edges: FloatArray
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """How good the predictions of some rows are.

    Args:
        n: rows with a prediction; ``labelled``: those whose true class is known as well, of which all the rest is.
        confusion: (true, predicted) counts; of a multi-label model None.
        histogram: (bins,) of the probability of the predicted class, over all ``n``, in the bins of ``calibration``.
        mean_loss: in nats; of a regression the mean squared error.
        regression: how far numbers are off; of classes None.
    """

    n: int
    labelled: int
    accuracy: float | None
    macro_f1: float | None
    mean_loss: float | None
    confusion: NDArray[np.int64] | None
    classes: tuple[ClassNumbers, ...]
    calibration: Calibration
    histogram: NDArray[np.int64]
    regression: RegressionNumbers | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PredictionsResult:
    """What the model says of every row; partial results have NaN and −1 where it has not come to.

    Args:
        logits: (rows, outputs) float32, NaN where there is none.
        true, predicted: (rows,) classes, −1 where not known.
        probability: (rows,) of the predicted class; NaN of a regression.
        loss: (rows,) cross-entropy in nats; of a regression the squared error; NaN without a label.
        margin: (rows,) the probability of the true class minus the highest of the others: negative on errors; NaN without.
        correct: (rows,) 1, 0, or −1 where not known.
        expected: (rows,) of a regression the number that was wanted; else empty.
        holds: (rows, labels) of a multi-label model 1, 0, or −1 where not known; else empty. There ``predicted`` is the most
            probable label, ``correct`` says whether every label is right, ``margin`` is that of the least certain one.
        cut: rows that are longer than the model reads.
        matches: how the labels were understood.
        done: rows dealt with so far.
        resumed: how many of them came from an earlier run.
    """

    request: PredictionsRequest
    model: ModelInfo
    data: Dataset
    logits: FloatArray
    true: NDArray[np.int32]
    predicted: NDArray[np.int32]
    probability: FloatArray
    loss: FloatArray
    margin: FloatArray
    correct: NDArray[np.int8]
    numbers: Numbers
    cut: Rows
    matches: tuple[LabelMatch, ...]
    skipped: tuple[Skipped, ...]
    cost: Cost
    done: int
    resumed: int = 0
    expected: FloatArray = field(default_factory=lambda: np.zeros(0))
    holds: NDArray[np.int8] = field(default_factory=lambda: np.zeros((0, 0), np.int8))
    warnings: tuple[Notice, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the classes."""
        return self.model.labels

    @property
    def complete(self) -> bool:
        """Whether every row was dealt with."""
        return self.done == self.data.rows

    @property
    def residual(self) -> FloatArray:
        """(rows,) of a regression: what was measured less what is said, NaN where either is missing; else all NaN."""
        if not self.expected.size:
            return np.full(len(self.logits), np.nan)
        return self.expected - self.logits[:, 0].astype(np.float64)

    def label(self, index: int) -> str:
        """Of a class; empty where there is none."""
        return self.labels[index] if 0 <= index < len(self.labels) else ""


@dataclass(frozen=True, slots=True, eq=False)
class SliceResult:
    """The selected rows, in the order that was asked for."""

    request: SliceRequest
    rows: Rows


@dataclass(frozen=True, slots=True, eq=False)
class ExplainedRow:
    """One row's explanation, as it is kept: token by token, in the unit of the target's score.

    Args:
        input: the text that offsets count in; of a record, as it was laid out, ``fields`` being its parts.
        target, versus: classes; ``versus`` −1: none.
        start, end, segment, special: (seq,) of the tokens.
        values: (seq,) float32.
        reduction: how they were made of dimensions, which says how pieces of a word are put together.
    """

    row: int
    input: TextInput
    target: int
    versus: int
    reduction: Reduction
    pieces: tuple[str, ...]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    segment: NDArray[np.int8]
    special: NDArray[np.bool_]
    values: FloatArray
    converged: bool | None
    signed: bool
    fields: tuple[FieldSpan, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ExplainRowsResult:
    """The rows that could be explained, in the order of the request; partial results have those done so far."""

    request: ExplainRowsRequest
    model: ModelInfo
    explained: tuple[ExplainedRow, ...]
    skipped: tuple[Skipped, ...]
    cost: Cost
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class WordSum:
    """One word (as it is written, in lower case) in the explanations of one class.

    Args:
        count: how often it stands there, in ``rows`` (each once, in order).
        mean, total: of its attributions; ``total`` = ``raised`` + ``lowered``.
        positive, negative: how often it raises and lowers the score.
    """

    word: str
    count: int
    mean: float
    total: float
    raised: float
    lowered: float
    positive: int
    negative: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ClassWords:
    """The words of the rows explained for one class: those that raise its score most in all, and those that lower it.

    ``flips``: those that raise it in some places and lower it in others, by the smaller of the two sums.
    """

    label: str
    rows: int
    raises: tuple[WordSum, ...]
    lowers: tuple[WordSum, ...]
    flips: tuple[WordSum, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FieldValue:
    """A part of the input (the text, the second text, special tokens; of records a field) over the rows.

    ``mean`` over rows of the sum of its values, ``magnitude`` of the sum of |values|, ``maximum`` the largest of these sums.
    """

    name: str
    mean: float
    magnitude: float
    maximum: float


@dataclass(frozen=True, slots=True, eq=False)
class SliceAggregate:
    """What the explanations of one slice have in common.

    Args:
        rows: those that were explained.
        values: (rows, positions) word by word, special tokens left out, NaN behind each row's end.
        words: (rows,) of lists: what stands at each position.
        spans: of records, which positions are which field's.
    """

    name: str
    rows: Rows
    values: FloatArray
    words: tuple[tuple[str, ...], ...]
    classes: tuple[ClassWords, ...]
    fields: tuple[FieldValue, ...]
    spans: tuple[FieldSpan, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class AggregateResult:
    """The slices in the order of the request."""

    request: AggregateRequest
    model: ModelInfo
    slices: tuple[SliceAggregate, ...]
    skipped: tuple[Skipped, ...]
    cost: Cost
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class DatasetReportResult:
    """``html``: the whole page."""

    request: DatasetReportRequest
    html: bytes
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RewrittenRow:
    """What one rule made of one row.

    Args:
        before, after: probability of the class predicted of the original (of a regression: the value).
        predicted_before, predicted_after: classes.
    """

    row: int
    rule: str
    input: TextInput
    rewritten: TextInput
    predicted_before: int
    predicted_after: int
    before: float
    after: float

    @property
    def flips(self) -> bool:
        """Whether another class is predicted."""
        return self.predicted_before != self.predicted_after


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """What a rule did over the rows it changed; intervals are of 95 %, from a bootstrap over rows; None without rows."""

    rule: str
    label: str
    changed: int
    flips: int
    flip_rate: float | None
    flip_interval: tuple[float, float] | None
    change: float | None
    change_interval: tuple[float, float] | None
    magnitude: float | None


@dataclass(frozen=True, slots=True, eq=False)
class ConsistencyResult:
    """Rules in the order of the request, and every row that one changed."""

    request: ConsistencyRequest
    model: ModelInfo
    rules: tuple[RuleEffect, ...]
    cases: tuple[RewrittenRow, ...]
    skipped: tuple[Skipped, ...]
    cost: Cost
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Counterfactual:
    """A change of the text and what the model then says of the text as it would be typed.

    Args:
        removed: code points [start, end) of the words taken out, of the original text (segment 0) or its pair (1).
        swapped: (position of the token, the piece that stood there, the piece that stands there now).
        flips: whether the wanted class is now predicted.
        masked_flips: ``remove``: whether it is while the words are replaced by the fill, which is what was searched.
    """

    input: TextInput
    prediction: tuple[ClassPrediction, ...]
    flips: bool
    removed: tuple[tuple[int, int, int], ...] = ()
    swapped: tuple[tuple[int, str, str], ...] = ()
    masked_flips: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CounterfactualResult:
    """Suggestions, the fewest changes first. ``exhausted``: no smaller set of words than the first one's flips."""

    request: CounterfactualRequest
    model: ModelInfo
    original: tuple[ClassPrediction, ...]
    suggestions: tuple[Counterfactual, ...]
    exhausted: bool
    cost: Cost
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class NeighboursResult:
    """Rows, the most alike first, and their cosines."""

    request: NeighboursRequest
    model: ModelInfo
    rows: Rows
    similarity: FloatArray
    cost: Cost
    warnings: tuple[Notice, ...] = ()
