"""What the explanations of many rows have in common: words of each class, positions, fields, words that change sides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.dataset_results import (
    AggregateResult,
    ClassWords,
    ExplainedRow,
    ExplainRowsResult,
    FieldValue,
    SliceAggregate,
    WordSum,
)
from engine.datasets.data import Datasets
from engine.datasets.explanations import document_of, explain_rows
from engine.datasets.now_and_then import NowAndThen
from engine.errors import UserError
from engine.inputs.grain import combined, group
from engine.jobs import Steps, relay
from engine.models.model import TextModel
from engine.records import FieldSpan
from engine.requests import AggregateRequest, ExplainRowsRequest, NamedRows
from engine.results import FloatArray, TokenizedText

_FIELDS = ("text", "second text")
_SPECIAL = "special tokens"
THE_VALUE = "the value"  # of a regression, which has no classes
_SHARE = 20  # times what summing up costs, between two partial results


def aggregate(datasets: Datasets, model: TextModel, request: AggregateRequest) -> Steps[AggregateResult]:
    """Explain the rows of every slice, each row once, and sum up.

    Yields:
        As ``explain_rows``; its partial results summed up.

    Raises:
        UserError: as ``explain_rows``, or there are no rows.
    """
    rows = tuple(dict.fromkeys(row for each in request.slices for row in each.rows))
    if not rows:
        raise UserError("There are no rows to sum up; choose some.", "no_rows")
    asked = ExplainRowsRequest(request.source, rows, request.explanation, request.data_sha256)
    summing = _Summing(request, model.info.labels)
    shown = NowAndThen(ExplainRowsResult, summing.up, _SHARE).shown
    found = yield from relay(explain_rows(datasets, model.at_checkpoint(request.checkpoint), asked), shown)
    return summing.up(found)


class _Summing:
    """Explanations summed up as they come; each is put together word by word once."""

    def __init__(self, request: AggregateRequest, labels: Sequence[str]) -> None:
        self._request, self._labels = request, labels
        self._words: dict[int, Words] = {}

    def up(self, found: ExplainRowsResult) -> AggregateResult:
        """All slices."""
        for explained in found.explained[len(self._words) :]:
            self._words[explained.row] = words_of(explained)
        slices = tuple(sum_up(each, self._words, self._labels, self._request.top) for each in self._request.slices)
        return AggregateResult(self._request, found.model, slices, found.skipped, found.cost, found.warnings)


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """An explanation word by word; special tokens by themselves in ``special``. Of a record, character by character.

    Args:
        terms, sums: what is summed up over the rows: the words and their values; of a record its fields, as name=value.
    """

    row: int
    target: int
    words: tuple[str, ...]
    segment: tuple[int, ...]
    values: FloatArray
    special: FloatArray
    terms: tuple[str, ...] = ()
    sums: FloatArray = field(default_factory=lambda: np.zeros(0))
    spans: tuple[FieldSpan, ...] = ()


def words_of(explained: ExplainedRow) -> Words:
    """Pieces of a word put together by the rule of their reduction."""
    document = document_of(explained)
    if explained.fields:
        return _fields_of(explained, document)
    groups = group(document, "word")
    values = combined(explained.values, groups, explained.reduction)
    ordinary = ~explained.special[groups.first]
    segments = explained.segment[groups.first]
    texts = (document.text, document.pair or "")
    places = np.flatnonzero(ordinary).tolist()
    words = tuple(texts[segments[at]][groups.start[at] : groups.end[at]] for at in places)
    own, special = values[ordinary], values[~ordinary]
    return Words(explained.row, explained.target, words, tuple(segments[ordinary].tolist()), own, special, words, own)


def _fields_of(explained: ExplainedRow, document: TokenizedText) -> Words:
    """A record: every character has its place, and a field's value is what is summed up."""
    totals = combined(explained.values, group(document, "field"), explained.reduction)
    terms = tuple(f"{span.name}={span.value}" for span in explained.fields)
    characters = tuple(token.text for token in document.tokens)
    values = explained.values
    segment = (0,) * len(characters)
    return Words(explained.row, explained.target, characters, segment, values, values[:0], terms, totals, explained.fields)


def sum_up(named: NamedRows, known: Mapping[int, "Words"], labels: Sequence[str], top: int) -> SliceAggregate:
    """One slice, as far as its rows were explained."""
    rows = [known[row] for row in named.rows if row in known]
    longest = max((len(each.words) for each in rows), default=0)
    values = np.full((len(rows), longest), np.nan, np.float32)
    for at, each in enumerate(rows):
        values[at, : len(each.words)] = each.values
    targets = sorted({each.target for each in rows})
    classes = tuple(
        _class_words(labels[target] if target < len(labels) else THE_VALUE, [r for r in rows if r.target == target], top)
        for target in targets
    )
    return SliceAggregate(
        name=named.name,
        rows=np.array([each.row for each in rows], np.int64),
        values=values,
        words=tuple(each.words for each in rows),
        classes=classes,
        fields=tuple(_fields(rows)),
        spans=rows[0].spans if rows else (),
    )


@dataclass(slots=True, eq=False)
class _Sum:
    values: list[float] = field(default_factory=list)
    rows: dict[int, None] = field(default_factory=dict)

    def as_word(self, word: str) -> WordSum:
        values = np.array(self.values)
        raised, lowered = float(values[values > 0].sum()), float(values[values < 0].sum())
        signs = int((values > 0).sum()), int((values < 0).sum())
        total = float(values.sum())
        return WordSum(word, len(values), total / len(values), total, raised, lowered, *signs, tuple(self.rows))


def _class_words(label: str, rows: Sequence[Words], top: int) -> ClassWords:
    sums: dict[str, _Sum] = {}
    for each in rows:
        for word, value in zip(each.terms, each.sums.tolist(), strict=True):
            own = sums.setdefault(word.casefold(), _Sum())
            own.values.append(value)
            own.rows[each.row] = None
    words = [one.as_word(word) for word, one in sums.items()]
    up = sorted((word for word in words if word.total > 0), key=lambda word: (-word.total, word.word))
    down = sorted((word for word in words if word.total < 0), key=lambda word: (word.total, word.word))
    both = [word for word in words if word.positive and word.negative]
    flips = sorted(both, key=lambda word: (-min(word.raised, -word.lowered), word.word))
    return ClassWords(label, len(rows), tuple(up[:top]), tuple(down[:top]), tuple(flips[:top]))


def _fields(rows: Sequence[Words]) -> Iterable[FieldValue]:
    if rows and rows[0].spans:
        for span in rows[0].spans:
            yield _field(span.name, [each.values[span.start : span.end] for each in rows])
        return
    for number, name in enumerate(_FIELDS):
        own = [each.values[np.array(each.segment, np.intp) == number] for each in rows]
        if any(len(values) for values in own):
            yield _field(name, own)
    special = [each.special for each in rows]
    if any(len(values) for values in special):
        yield _field(_SPECIAL, special)


def _field(name: str, rows: Sequence[FloatArray]) -> FieldValue:
    sums = [float(values.sum()) for values in rows]
    magnitudes = [float(np.abs(values).sum()) for values in rows]
    return FieldValue(name, float(np.mean(sums)), float(np.mean(magnitudes)), max(magnitudes))
