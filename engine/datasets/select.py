"""Which rows are shown, and in which order. Torch-free: the window may ask here itself."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import regex
from numpy.typing import NDArray

from engine.dataset_results import NONE, Dataset, PredictionsResult, Rows
from engine.errors import UserError
from engine.requests import ColumnFilter, Selection

PATIENCE_SECONDS = 2.0
TAG = "tag"
_WORDS = {1: "yes", 0: "no", NONE: ""}
Chosen = NDArray[np.bool_]
_NUMBERS: dict[str, Callable[[PredictionsResult], Any]] = {
    "row": lambda result: np.arange(result.data.rows),
    "probability": lambda result: result.probability,
    "loss": lambda result: result.loss,
    "margin": lambda result: result.margin,
    "residual": lambda result: result.residual,
    "absolute_error": lambda result: np.abs(result.residual),
}
_CLASSES: dict[str, Callable[[PredictionsResult], Any]] = {
    "predicted": lambda result: result.predicted,
    "true": lambda result: result.true,
}
OF_A_REGRESSION = ("residual", "absolute_error")
COMPUTED = (*_NUMBERS, *_CLASSES, "correct", TAG)


def select(
    data: Dataset,
    predictions: PredictionsResult | None,
    selection: Selection,
    tags: Sequence[tuple[int, str]] = (),
) -> Rows:
    """Row numbers. A column of the data comes before one of ours of the same name; of equal rows the earlier comes first.

    Args:
        predictions: None: only columns of the data, ``row`` and ``tag`` are known.
        tags: (row, tag).

    Raises:
        UserError: there is no such column, or a pattern that cannot be used.
    """
    columns = _Columns(data, predictions, tags)
    chosen = np.ones(data.rows, np.bool_)
    for each in selection.filters:
        chosen &= columns.passes(each) ^ each.inverted
    rows = np.flatnonzero(chosen).astype(np.int64)
    for column, descending in reversed(selection.order):
        keys = columns.keys(column)[rows]
        rows = rows[np.argsort(-keys if descending else keys, kind="stable")]  # NaN last either way
    return rows


class _Columns:
    """What can be asked about."""

    def __init__(self, data: Dataset, predictions: PredictionsResult | None, tags: Sequence[tuple[int, str]]) -> None:
        self._data, self._predictions, self._tags = data, predictions, tags

    def passes(self, asked: ColumnFilter) -> Chosen:
        """(rows,) that the filter lets through."""
        chosen = np.ones(self._data.rows, np.bool_)
        if asked.equals:
            chosen &= self._equals(asked.column, asked.equals)
        if asked.pattern is not None:
            chosen &= self._matches(asked.column, asked.pattern)
        if asked.minimum is not None or asked.maximum is not None:
            numbers = self._numbers(asked.column)
            with np.errstate(invalid="ignore"):
                low = -np.inf if asked.minimum is None else asked.minimum
                chosen &= (numbers >= low) & (numbers <= (np.inf if asked.maximum is None else asked.maximum))
        return chosen

    def keys(self, column: str) -> NDArray[np.float64]:
        """(rows,) to sort by, NaN where nothing is known."""
        if self._is_own(column) and not self._data.table.is_numeric(column):
            return self._data.table.ranks(column)
        if column == TAG and not self._is_own(column):
            first: dict[int, str] = {}
            for row, tag in sorted(self._tags, key=lambda each: each[1], reverse=True):
                first[row] = tag
            places = {tag: place for place, tag in enumerate(sorted(set(first.values())))}
            keys = np.full(self._data.rows, np.nan)
            keys[list(first)] = [places[tag] for tag in first.values()]
            return keys
        return self._numbers(column)

    def _is_own(self, column: str) -> bool:
        return column in self._data.table.columns

    def _result(self, column: str) -> PredictionsResult:
        if self._predictions is None or column not in COMPUTED:
            self._data.table.series(column)  # says which columns there are
        assert self._predictions is not None
        return self._predictions

    def _numbers(self, column: str) -> NDArray[np.float64]:
        if self._is_own(column):
            return self._data.table.numbers(column)
        if column == "row":
            return np.arange(self._data.rows, dtype=np.float64)
        result = self._result(column)
        if column == "predicted" and result.expected.size:
            return np.asarray(result.logits[:, 0], np.float64)
        if column in _NUMBERS:
            return np.asarray(_NUMBERS[column](result), np.float64)
        classes = np.asarray(result.correct if column == "correct" else _CLASSES[column](result), np.float64)
        return np.where(classes == NONE, np.nan, classes)

    def _equals(self, column: str, wanted: Sequence[str]) -> Chosen:
        if self._is_own(column):
            found: Chosen = self._data.table.series(column).is_in(list(wanted)).to_numpy()
            return found
        if column == TAG:
            return self._tagged(lambda tag: tag in wanted, "" in wanted)
        result = self._result(column)
        if column == "correct":
            return np.isin(result.correct, [value for value, word in _WORDS.items() if word in wanted])
        if column in _CLASSES:
            indices = [at for at, label in enumerate(result.labels) if label in wanted] + ([NONE] if "" in wanted else [])
            return np.isin(_CLASSES[column](result), indices)
        raise UserError(f"“{column}” is a column of numbers; give a range.", "arguments")

    def _tagged(self, wanted: Callable[[str], bool], untagged: bool = False) -> Chosen:
        chosen = np.zeros(self._data.rows, np.bool_)
        if untagged:
            chosen[:] = True
            chosen[[row for row, _ in self._tags]] = False
        chosen[[row for row, tag in self._tags if wanted(tag)]] = True
        return chosen

    def _in_any_field(self, pattern: str, compiled: Any) -> Chosen:
        chosen = np.zeros(self._data.rows, np.bool_)
        for _, column in self._data.fields:
            chosen |= _found(self._data.table.series(column), pattern, compiled)
        return chosen

    def _matches(self, column: str, pattern: str) -> Chosen:
        compiled = _compiled(pattern)
        if not column and self._data.fields:
            return self._in_any_field(pattern, compiled)
        if self._is_own(column):
            return _found(self._data.table.series(column), pattern, compiled)
        if column == TAG:
            return self._tagged(lambda tag: compiled.search(tag, timeout=PATIENCE_SECONDS) is not None)
        result = self._result(column)
        if column not in _CLASSES:
            raise UserError(f"“{column}” is a column of numbers; give a range.", "arguments")
        hits = [at for at, label in enumerate(result.labels) if compiled.search(label, timeout=PATIENCE_SECONDS)]
        return np.isin(_CLASSES[column](result), hits)


def _compiled(pattern: str) -> Any:
    try:
        return regex.compile(pattern, regex.IGNORECASE)
    except regex.error as error:
        raise UserError(f"{pattern!r} is not a regular expression ({error}).", "pattern") from None


def _found(series: Any, pattern: str, compiled: Any) -> Chosen:
    """By a search that takes time in proportion to the text; what it does not know (looking ahead, back references) is tried
    row by row until patience ends.

    Raises:
        UserError: it does.
    """
    import polars

    try:
        found: Chosen = series.str.contains(f"(?i){pattern}").to_numpy()
        return found
    except polars.exceptions.PolarsError:
        pass
    import time

    end, hits = time.monotonic() + PATIENCE_SECONDS, np.zeros(len(series), np.bool_)
    try:
        for row, cell in enumerate(series):
            hits[row] = compiled.search(cell, timeout=max(0.001, end - time.monotonic())) is not None
    except TimeoutError:
        raise UserError(f"{pattern!r} takes too long on these data; make it simpler.", "pattern") from None
    return hits
