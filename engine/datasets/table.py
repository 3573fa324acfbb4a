"""A table of examples in memory: columns of text as they are written, packed; what is missing is empty."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError

if TYPE_CHECKING:
    import polars

_SHOWN = 12  # names of columns in a message
BETWEEN_LABELS = ";"
_YES = frozenset({"1", "1.0", "true", "yes", "y", "x"})


class Table:
    """Immutable, and safe to read from any thread.

    Args:
        name: what messages call it.
        series: a column of strings each, all of one length.
    """

    def __init__(self, name: str, series: "Mapping[str, polars.Series]") -> None:
        self.name = name
        self._series = dict(series)
        self.columns = tuple(self._series)
        self.rows = len(next(iter(self._series.values()))) if self._series else 0
        self._numbers: dict[str, NDArray[np.float64]] = {}
        self._ranks: dict[str, NDArray[np.float64]] = {}

    def series(self, column: str) -> "polars.Series":
        """A whole column.

        Raises:
            UserError: there is none of that name.
        """
        if column not in self._series:
            known = ", ".join(self.columns[:_SHOWN]) + (" …" if len(self.columns) > _SHOWN else "")
            raise UserError(f"{self.name} has no column “{column}”; there are {known}.", "no_such_column")
        return self._series[column]

    def cells(self, column: str, rows: slice = slice(None)) -> list[str]:
        """A column, or a part of it."""
        return list(self.series(column)[rows])

    def cell(self, row: int, column: str) -> str:
        """One cell."""
        return str(self.series(column)[row])

    def row(self, row: int) -> tuple[str, ...]:
        """All cells of one row."""
        return tuple(self.cell(row, column) for column in self.columns)

    def numbers(self, column: str) -> NDArray[np.float64]:
        """(rows,) the cells as numbers, NaN where they are none."""
        if column not in self._numbers:
            self._numbers[column] = as_numbers(self.series(column))
        return self._numbers[column]

    def longest(self, column: str) -> str:
        """The widest cell of a column, by its characters."""
        at = self.series(column).str.len_chars().arg_max()
        return "" if at is None else self.cell(at, column)

    def ranks(self, column: str) -> NDArray[np.float64]:
        """(rows,) the places of the cells in the order of their code points, equal ones at one place."""
        if column not in self._ranks:
            self._ranks[column] = np.asarray(self.series(column).rank("dense").to_numpy(), np.float64)
        return self._ranks[column]

    def is_numeric(self, column: str) -> bool:
        """Whether every cell that is not empty is a number, and there is one."""
        series = self.series(column)
        filled = (series.str.strip_chars() != "").to_numpy()
        return bool(filled.any()) and not bool(np.isnan(self.numbers(column)[filled]).any())

    def label(self, row: int, columns: Sequence[str]) -> str:
        """What ``columns`` say of a row: the cell of one; of several the names of those that say yes."""
        if len(columns) == 1:
            return self.cell(row, columns[0]).strip()
        return BETWEEN_LABELS.join(column for column in columns if is_yes(self.cell(row, column)))


def is_yes(cell: str) -> bool:
    """As tables write it."""
    return cell.strip().lower() in _YES


def as_numbers(series: "polars.Series") -> NDArray[np.float64]:
    """Of a column of strings; NaN where a cell is no number."""
    import polars

    cast: Any = series.str.strip_chars().cast(polars.Float64, strict=False).fill_null(float("nan"))
    numbers: NDArray[np.float64] = cast.to_numpy().astype(np.float64)
    numbers.flags.writeable = False
    return numbers
