"""What the cell detective answers: units ranked by how well they tell a hypothesis, with the evidence. Frozen, torch-free."""

from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.cell_names import Cell
from engine.cells import AblationEffect, RecurrentLayer
from engine.requests import (
    CorpusTextRequest,
    DetectRequest,
    EffectRequest,
    MarksRequest,
    PhraseRequest,
    ScanRequest,
    TracksRequest,
    UnitRequest,
)
from engine.results import Cost, FloatArray, ModelInfo, Notice, TokenizedText

PlaceKind = Literal["hit", "miss", "false_alarm", "highest", "lowest", "match"]
FAMILY_LEVEL = 0.05  # of the null: how often chance may do as well
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Place:
    """A position in context: the token is ``text``, of file ``file`` at code points [start, end)."""

    kind: PlaceKind
    file: str
    position: int
    start: int
    end: int
    before: str
    text: str
    after: str
    value: float


@dataclass(frozen=True, slots=True)
class CorpusInfo:
    """What was read."""

    sha256: str
    files: int
    positions: int
    characters: int


@dataclass(frozen=True, slots=True, eq=False)
class ScanResult:
    """A scan that is complete, and what it holds."""

    request: ScanRequest
    model: ModelInfo
    corpus: CorpusInfo
    quantities: tuple[str, ...]
    units: int
    bytes: int
    cost: Cost
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What a unit's score is made of, on the part of the files that tests.

    Args:
        edges: (levels + 1,) of the histograms, in the quantity's own unit.
        positive, negative: (levels,) positions at each level.
        false_positive_rate, true_positive_rate: the ROC, from the strictest threshold to the laxest; for a unit that
            switches off, of its negative.
    """

    edges: FloatArray
    positive: Counts
    negative: Counts
    false_positive_rate: FloatArray
    true_positive_rate: FloatArray
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, eq=False)
class UnitScore:
    """One unit.

    Args:
        auc: on the ranking part, P(activation at a positive position > at a negative one).
        sign: −1 for a unit that switches off.
        auc_holdout: on the testing part, folded to ≥ 0.5; ``holds``: in the same direction.
        correlation, rank_correlation: with the labels or grades, on the ranking part (Pearson, Spearman).
        threshold: positive above it (below it for sign −1), chosen for the best ``f1`` on the ranking part.
        p_value, p_family: None before the null is there, or where none was asked for.
        interpretable: beats the null and all three controls on the testing part; None: not known (yet).
    """

    cell: Cell
    quantity: str
    auc: float
    sign: int
    auc_holdout: float
    holds: bool
    correlation: float | None
    rank_correlation: float | None
    threshold: float
    f1: float
    f1_holdout: float
    p_value: float | None = None
    p_family: float | None = None
    interpretable: bool | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class NullInfo:
    """Labels rotated within each file, or a table's rows dealt them anew (``row_permutation``).

    ``auc_max_95``: what the best of all units reaches by chance once in twenty times.
    """

    shifts: int
    auc_max_95: float
    method: str = "circular_shift"


@dataclass(frozen=True, slots=True)
class Controls:
    """AUC on the testing part, folded to ≥ 0.5, of what needs no training: a unit must do better than each.

    Args:
        untrained_best: of the best unit of the best of several networks with random weights.
        untrained_unit: which it was, as ``cell_state 0:7``.
        untrained_draws: the best unit of each of them.
    """

    untrained_best: float
    token_identity: float
    position_in_line: float
    untrained_unit: str = ""
    untrained_draws: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One hypothesis: the whole, or an alternative or named group of it.

    ``null`` and ``controls`` are None before they are there. ``auc_all``: (rows,) of every unit of the scan, in the scan's order.
    """

    pattern: str
    graded: bool
    matches: int
    units: tuple[UnitScore, ...]
    null: NullInfo | None = None
    controls: Controls | None = None
    auc_all: FloatArray | None = None

    @property
    def interpretable(self) -> tuple[UnitScore, ...]:
        """Those units that beat everything."""
        return tuple(unit for unit in self.units if unit.interpretable)


@dataclass(frozen=True, slots=True, eq=False)
class DetectResult:
    """The whole hypothesis first, then its parts; of a column, its values one by one, the commonest first.

    Partial results have units before they have null and controls.

    Args:
        patterns_tried: hypotheses put to this model on this corpus since it was opened, parts and all.
        units: (quantity, layer, direction, cells) in the order of ``auc_all``.
        rows: of a corpus of tables, how many rank and how many test; None: the first part of every file does, and the last.
    """

    request: DetectRequest
    model: ModelInfo
    corpus: CorpusInfo
    units_scanned: int
    findings: tuple[Finding, ...]
    patterns_tried: int
    units: tuple[tuple[str, int, int, int], ...]
    cost: Cost
    warnings: tuple[Notice, ...] = ()
    rows: tuple[int, int] | None = None

    @property
    def whole(self) -> Finding:
        """Everything that was asked about, pooled where it can be."""
        return self.findings[0]


@dataclass(frozen=True, slots=True, eq=False)
class EffectResult:
    """What holding cells does to the loss where ``pattern`` holds, on the held-out part of the corpus. ``cost`` counts tokens."""

    request: EffectRequest
    model: ModelInfo
    corpus: CorpusInfo
    pattern: str
    effect: AblationEffect
    cost: Cost
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class MarksResult:
    """Code points [start, end) that are meant, by hypothesis; the whole first."""

    request: MarksRequest
    marks: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class UnitResult:
    """One unit over a corpus: its histogram over all positions, and where it is highest and lowest."""

    request: UnitRequest
    model: ModelInfo
    corpus: CorpusInfo
    edges: FloatArray
    counts: Counts
    highest: tuple[Place, ...]
    lowest: tuple[Place, ...]
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class TracksResult:
    """The file named in the request is written."""

    request: TracksRequest
    model: ModelInfo
    corpus: CorpusInfo
    cost: Cost
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class CorpusFileText:
    """Where a file lies in a corpus laid out as one text.

    Args:
        first, tokens: its tokens are ``first`` … ``first + tokens − 1`` of the corpus.
        start, end: its text, as far as it was read, is ``text[start:end]`` of the whole.
    """

    path: str
    name: str
    first: int
    tokens: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class CorpusTextResult:
    """A corpus as one text, coloured by one cell.

    Args:
        input: the same object for every cell of one scan; names of files belong to no token.
        quantities: what the scan holds.
        values: (seq,) in the quantity's own unit, at 16 bits.
    """

    request: CorpusTextRequest
    model: ModelInfo
    corpus: CorpusInfo
    input: TokenizedText
    files: tuple[CorpusFileText, ...]
    layers: tuple[RecurrentLayer, ...]
    quantities: tuple[str, ...]
    values: FloatArray
    warnings: tuple[Notice, ...] = ()

    def file_at(self, at: int) -> CorpusFileText:
        """The file that holds code point ``at`` of the whole text; in a heading, the one above it, or the first of all."""
        return self.files[max(0, bisect_right(self.files, at, key=attrgetter("start")) - 1)]

    def place_of(self, file: str, at: int) -> int:
        """Code point of the whole text for code point ``at`` of ``file``; −1 where it was not read."""
        own = next((each for each in self.files if each.name == file), None)
        return -1 if own is None or own.start + at >= own.end else own.start + at


@dataclass(frozen=True, slots=True)
class PhrasePlace:
    """A place of the corpus that is like the phrase.

    Args:
        phrase: the code points [start, end) that lie beside the phrase.
        shared: how many of the phrase's cells are on here over all of it and off around it.
        union: how many cells do so here or there.
    """

    file: str
    start: int
    end: int
    before: str
    text: str
    after: str
    shared: int
    union: int


@dataclass(frozen=True, slots=True, eq=False)
class PhraseResult:
    """Places in order: most shared cells first, then the smallest union."""

    request: PhraseRequest
    model: ModelInfo
    corpus: CorpusInfo
    cells: tuple[Cell, ...]
    places: tuple[PhrasePlace, ...]
    warnings: tuple[Notice, ...] = ()
