"""A table whose rows are texts, with what its other columns say of them: CSV, TSV, or a JSON object a line."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.corpora.content import content_of, decoded
from engine.errors import UserError
from engine.inputs.background import LARGEST, TEXT_COLUMNS

DELIMITERS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (*DELIMITERS, ".jsonl")
_SHOWN = 12  # names of columns in a message
_HEADER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are written; what is missing is empty."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def place_of(self, column: str) -> int:
        """Of a column.

        Raises:
            UserError: there is none of that name.
        """
        if column not in self.columns:
            known = ", ".join(self.columns[:_SHOWN]) + (" …" if len(self.columns) > _SHOWN else "")
            raise UserError(f"{self.name} has no column “{column}”; there are {known}.", "no_such_column")
        return self.columns.index(column)

    def text_column(self, wanted: str) -> str:
        """``wanted``; where that is empty, the column that is named like a text, else that of the longest cells.

        Raises:
            UserError: there is none of that name.
        """
        if wanted:
            return self.columns[self.place_of(wanted)]
        return named_like_a_text(self.columns) or max(self.columns, key=self._length)

    def _length(self, column: str) -> int:
        at = self.columns.index(column)
        return sum(len(row[at]) for row in self.rows)


def is_table(path: str) -> bool:
    """By its name."""
    return Path(path).suffix.lower() in SUFFIXES


def read_table(path: str, name: str) -> Table:
    """Read once as long as the file stays as it is.

    Raises:
        UserError: it cannot be read, is too large, or is no table.
    """
    if not is_table(path):
        raise UserError(f"{name} is no table; name a file that ends in {', '.join(SUFFIXES)}.", "no_table")
    try:
        known = Path(path).stat()
    except OSError as error:
        raise UserError(f"{name} cannot be read ({error.strerror}).", "unreadable") from None
    if known.st_size > LARGEST:
        raise UserError(f"{name} is larger than {LARGEST // 1_000_000} MB; give a smaller table.", "too_large")
    return _read(path, name, known.st_mtime_ns, known.st_size)


@lru_cache(maxsize=4)
def _read(path: str, name: str, _changed: int, _size: int) -> Table:
    text = decoded(content_of(path, name), name)
    table = _of_lines(path, name, text.splitlines(keepends=True) if _is_json(path) else io.StringIO(text, newline=""))
    if not table.rows:
        raise UserError(f"{name} holds no rows.", "empty_corpus")
    return table


def columns_of(path: str) -> tuple[str, ...]:
    """Their names, from the first line alone; none where that is not the first line of a table."""
    if not is_table(path):
        return ()
    try:
        with Path(path).open("rb") as file:
            first = decoded(file.read(_HEADER_BYTES).rpartition(b"\n")[0], path)
        return _of_lines(path, path, first.splitlines(keepends=True)[:1]).columns
    except (UserError, OSError):
        return ()


def named_like_a_text(columns: Sequence[str]) -> str | None:
    """The one that says by its name that it holds texts."""
    return next((name for known in TEXT_COLUMNS for name in columns if name.strip().lower() == known), None)


def _is_json(path: str) -> bool:
    return Path(path).suffix.lower() not in DELIMITERS


def _of_lines(path: str, name: str, lines: Iterable[str]) -> Table:
    return _of_objects(name, lines) if _is_json(path) else _of_cells(name, lines, DELIMITERS[Path(path).suffix.lower()])


def _of_cells(name: str, lines: Iterable[str], delimiter: str) -> Table:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    rows: list[tuple[str, ...]] = []
    try:
        columns = tuple(next(reader, ()))
        for cells in reader:
            if len(cells) > len(columns):
                raise UserError(
                    f"Line {reader.line_num} of {name} has {len(cells)} cells, its first line {len(columns)}; cells that hold "
                    "the delimiter go in double quotes.",
                    "no_table",
                )
            if cells:
                rows.append((*cells, *[""] * (len(columns) - len(cells))))
    except csv.Error as error:
        raise UserError(f"Line {reader.line_num} of {name} cannot be read as a table ({error}).", "no_table") from None
    return Table(name, columns, tuple(rows))


def _of_objects(name: str, lines: Iterable[str]) -> Table:
    found: list[dict[str, object]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            read = json.loads(line)
        except (ValueError, RecursionError):
            read = None
        if not isinstance(read, dict):
            raise UserError(f"Line {number} of {name} is not a JSON object.", "no_table")
        found.append(read)
    columns = tuple(dict.fromkeys(key for row in found for key in row))
    return Table(name, columns, tuple(tuple(_cell(row.get(key)) for key in columns) for row in found))


def _cell(value: object) -> str:
    if value is None:
        return ""
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return written.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")  # an escape can be half a character
