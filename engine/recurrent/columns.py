"""A column of a table as hypothesis: what it says of a row holds at every position of the row's text."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.corpora.corpus import CorpusFile, places_of
from engine.corpora.table import read_table, text_column
from engine.errors import UserError
from engine.recurrent.hypotheses import Hypothesis, hypotheses
from engine.recurrent.predicates import Labels
from engine.requests import DetectRequest, Scanned

MOST_VALUES = 20
Row = tuple[str, int]  # (path of the table, row)


def hypotheses_of(request: DetectRequest) -> tuple[Hypothesis, ...]:
    """Whichever kind was asked about.

    Raises:
        UserError: as ``hypotheses`` and ``column_hypotheses`` do.
    """
    if request.column is None:
        return hypotheses(request.patterns, request.predicate, request.painted)
    if request.patterns or request.predicate is not None or request.painted:
        raise UserError("Give either a column, or patterns, or a predicate, or places painted by hand.", "arguments")
    return column_hypotheses(request.scanned, request.column)


def column_hypotheses(scanned: Scanned, column: str) -> tuple[Hypothesis, ...]:
    """Numbers are graded. Of two values the later one (1 of 0 and 1, “yes” of “no” and “yes”) is what is asked about; of several
    each by itself, the commonest first.

    Raises:
        UserError: the corpus is no table or has no such column; it is that of the texts, says the same of every row, or has too
            many values.
    """
    cells = _cells(scanned, column)
    numbers = {row: _number(cell) for row, cell in cells.items()}
    known = {row: number for row, number in numbers.items() if number is not None and math.isfinite(number)}
    if None not in numbers.values() and len(set(known.values())) > 2:
        return (Hypothesis(column, True, _graded(known)),)
    counts = Counter(cells.values())
    values = sorted(counts, key=lambda value: (-counts[value], value))
    if len(values) < 2:
        raise UserError(f"The column “{column}” says the same of every row, so there is nothing to tell apart.", "always_matches")
    if len(values) > MOST_VALUES:
        raise UserError(
            f"The column “{column}” has {len(values):,} different values; choose one of numbers, or of at most {MOST_VALUES}.",
            "too_many_values",
        )
    asked = values if len(values) > 2 else [max(values, key=lambda value: (_number(value) or 0.0, value.casefold()))]
    return tuple(Hypothesis(f"{column} = {value}", False, _is(cells, value)) for value in asked)


def _cells(scanned: Scanned, column: str) -> dict[Row, str]:
    """What is said of each row that has a text; where nothing is said, the row is not asked about."""
    if scanned.text_column is None:
        raise UserError("A column can be asked about where a table is read row by row; name the column of texts.", "arguments")
    found: dict[Row, str] = {}
    for path, name in places_of(scanned.corpus):
        table = read_table(path, name)
        texts = text_column(table, scanned.text_column)
        if column == texts:
            raise UserError(f"“{column}” is the column of the texts; ask about another, or name another for them.", "arguments")
        for number, (cell, text) in enumerate(zip(table.cells(column), table.cells(texts), strict=True)):
            if cell.strip() and text.strip():
                found[path, number] = cell.strip()
    return found


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _graded(numbers: Mapping[Row, float]) -> "_Column":
    """On a scale of their own, so that float32 tells apart what lies close together far from zero."""
    values = np.array(list(numbers.values()))
    largest = np.abs(values).max()
    centred = values / largest - np.median(values / largest)
    return _Column(dict(zip(numbers, (centred / np.abs(centred).max()).astype(np.float32), strict=True)))


def _is(cells: Mapping[Row, str], value: str) -> "_Column":
    return _Column({row: np.bool_(cell == value) for row, cell in cells.items()})


class _Column:
    """(row of a table, its text) -> the same label all along the text; None where nothing is said of the row."""

    def __init__(self, labels: Mapping[Row, Any]) -> None:
        self._labels = labels

    def __call__(self, file: CorpusFile, text: str) -> Labels | None:
        label = None if file.row is None else self._labels.get((file.path, file.row))
        return None if label is None else np.full(len(text), label, label.dtype)
