"""Files of examples, each kind by its reader: bytes to a table, lines that are no rows counted and listed.

A new kind of data is one more entry in ``READERS``.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from engine.dataset_results import NONE, Skipped
from engine.datasets.columns import KNOWN
from engine.datasets.sniff import Dialect, dialect_of, encoding_of, has_header, sample_of
from engine.datasets.table import Table
from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.requests import DataSource
from engine.results import Notice

if TYPE_CHECKING:
    import polars

MOST_LISTED = 1_000  # of what went wrong
MOST_ROWS = 5_000_000
MOST_COLUMNS = 2_000
_BATCH = 20_000  # rows between two yields
_DOING = "Reading the table"


@dataclass(slots=True, eq=False)
class Read:
    """What a reader has so far.

    Args:
        source: with what was sniffed filled in.
    """

    source: DataSource
    name: str
    columns: list[str] = field(default_factory=list)
    parts: "list[polars.DataFrame]" = field(default_factory=list)
    rows: int = 0
    lines_left_out: list[tuple[int, str]] = field(default_factory=list)
    left_out_count: int = 0
    warnings: list[Notice] = field(default_factory=list)

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Rows of as many cells as there are columns.

        Raises:
            UserError: there are too many.
        """
        import polars

        if not rows:
            return
        self.rows += len(rows)
        if self.rows > MOST_ROWS:
            raise UserError(f"{self.name} holds more than {MOST_ROWS:,} rows; take a sample of it.", "too_large")
        series = [polars.Series(str(at), cells, dtype=polars.String) for at, cells in enumerate(zip(*rows, strict=True))]
        self.parts.append(polars.DataFrame(series))

    def leave_out(self, line: int, reason: str) -> None:
        """It is no row; ``reason`` goes on from the number of the line."""
        self.left_out_count += 1
        if len(self.lines_left_out) < MOST_LISTED:
            self.lines_left_out.append((line, f"Line {line} {reason}"))

    @property
    def left_out(self) -> tuple[Skipped, ...]:
        """In the order of the file."""
        return tuple(Skipped(NONE, reason) for _, reason in sorted(self.lines_left_out))

    def warn(self, words: str, kind: str) -> None:
        self.warnings.append(Notice(words, kind))

    def table(self) -> Table:
        """All of it.

        Raises:
            UserError: there is nothing in it.
        """
        import polars

        if not self.rows:
            raise UserError(f"{self.name} holds no rows.", "empty_data")
        ragged = len({part.width for part in self.parts}) > 1  # columns that came up later are empty before
        whole = polars.concat(self.parts, how="diagonal" if ragged else "vertical", rechunk=True)
        whole = whole.fill_null("") if ragged else whole
        return Table(self.name, dict(zip(self.columns, whole.get_columns(), strict=True)))


def read_cells(read: Read, content: bytes) -> Steps[None]:
    """CSV and TSV.

    Raises:
        UserError: the encoding is not what was asked for, or the lines do not make a table.
    """
    source, usual = read.source, "\t" if Path(read.source.path).suffix.lower() in (".tsv", ".tab") else ","
    encoding = _decided(read, content)
    sample = sample_of(content, encoding)
    if source.delimiter is not None and (len(source.delimiter) != 1 or source.delimiter in '"\r\n'):
        raise UserError("A delimiter is one character, such as , or ; or a tab.", "delimiter")
    dialect = dialect_of(sample, source.delimiter, source.quoted, usual)
    first: list[str] = next(iter(dialect.reader(io.StringIO(sample, newline=""))), [])
    header = has_header(first, KNOWN) if source.header is None else source.header
    read.source = replace(source, encoding=encoding, delimiter=dialect.delimiter, quoted=dialect.quoted, header=header)
    yield from _cells(read, content, dialect, header)


def _cells(read: Read, content: bytes, dialect: Dialect, header: bool) -> Steps[None]:
    binary = io.BytesIO(content)
    lines = io.TextIOWrapper(binary, read.source.encoding, newline="")  # kept: it closes what it reads when it goes
    records = _records(read, dialect, lines)
    first: tuple[int, list[str]] = next(records, (0, []))
    if len(first[1]) > MOST_COLUMNS:
        raise UserError(f"{read.name} has more than {MOST_COLUMNS:,} columns; name its delimiter.", "too_large")
    read.columns = _named(read, first[1] if header else [""] * len(first[1]))
    waiting, short, width = [] if header else [first], 0, len(read.columns)
    while batch := waiting + list(islice(records, _BATCH)):
        waiting = []
        rows = []
        for line, cells in batch:
            if len(cells) == width:
                rows.append(cells)
            elif len(cells) > width:
                read.leave_out(line, f"has {len(cells)} cells, the first line {width}.")
            else:
                short += 1
                rows.append(cells + [""] * (width - len(cells)))
        read.add(rows)
        yield Partial(binary.tell(), len(content), doing=_DOING)
    if short:
        read.warn(f"{short:,} rows have fewer cells than the first line; what is missing is empty.", "short_rows")
    if read.left_out_count > read.rows:
        raise UserError(
            f"{read.name} does not fall into columns: {read.left_out_count:,} of its lines do not have the {width} cells of the "
            "first. Name another delimiter or way of quoting.",
            "no_table",
        )


def _records(read: Read, dialect: Dialect, lines: io.TextIOBase) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each record; one that is quoted wrongly is left out, and the next line is read."""
    reader = dialect.reader(lines)
    while True:
        try:
            for cells in reader:
                if cells:
                    yield reader.line_num, cells
            return
        except csv.Error as error:
            read.leave_out(reader.line_num, f"cannot be read ({error}).")


def _named(read: Read, names: Sequence[str]) -> list[str]:
    """Each a name of its own."""
    found: list[str] = []
    twice: list[str] = []
    for number, name in enumerate(names, start=1):
        own = name.strip() or f"column {number}"
        if own in found:
            twice.append(own)
            own = next(f"{own} ({n})" for n in range(2, len(names) + 2) if f"{own} ({n})" not in (*found, *names))
        found.append(own)
    if twice:
        shown = ", ".join(f"“{name}”" for name in dict.fromkeys(twice))
        read.warn(f"Columns have the same name ({shown}); the later ones are numbered.", "duplicate_columns")
    return found


def _decided(read: Read, content: bytes) -> str:
    encoding = encoding_of(content, read.name, read.source.encoding)
    if read.source.encoding is None and encoding not in ("utf-8", "utf-8-sig"):
        read.warn(f"{read.name} is not UTF-8; it is read as {encoding}.", "encoding")
    return encoding


def _lines(content: bytes, encoding: str) -> Iterator[tuple[int, str]]:
    """Numbered from 1, without their ends."""
    lines = io.TextIOWrapper(io.BytesIO(content), encoding)
    return ((number, line.rstrip("\n")) for number, line in enumerate(lines, start=1))


def read_objects(read: Read, content: bytes) -> Steps[None]:
    """A JSON object a line; the columns are those of all of them.

    Raises:
        UserError: no line is one, or there are too many columns.
    """
    encoding = _decided(read, content)
    read.source = replace(read.source, encoding=encoding, delimiter=None, quoted=None, header=None)
    names: dict[str, None] = {}
    lines = _lines(content, encoding)
    while batch := list(islice(lines, _BATCH)):
        found = []
        for number, line in batch:
            one = _object(line) if line.strip() else {}
            if one is None:
                read.leave_out(number, "is not a JSON object.")
            elif line.strip():
                names.update(dict.fromkeys(one))
                found.append(one)
        if len(names) > MOST_COLUMNS:
            raise UserError(f"{read.name} has more than {MOST_COLUMNS:,} columns; take a part of it.", "too_large")
        if names:
            read.add([[json_cell(one.get(name)) for name in names] for one in found])
        yield Partial(batch[-1][0], doing=_DOING)
    read.columns = list(names)
    if read.left_out_count > read.rows:
        raise UserError(f"{read.name} is not a JSON object a line: {read.left_out[0].reason}", "no_table")


def _object(line: str) -> dict[str, object] | None:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def json_cell(value: object) -> str:
    """As a cell; half a character, which an escape can be, is replaced."""
    if value is None:
        return ""
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return written.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def read_lines(read: Read, content: bytes) -> Steps[None]:
    """Plain text: an example a line; empty lines are none."""
    encoding = _decided(read, content)
    read.source = replace(read.source, encoding=encoding, delimiter=None, quoted=None, header=None)
    read.columns = ["text"]
    lines = ([line] for _, line in _lines(content, encoding) if line.strip())
    while batch := list(islice(lines, _BATCH)):
        read.add(batch)
        yield Partial(read.rows, doing=_DOING)


def read_parquet(read: Read, content: bytes) -> Steps[None]:
    """Columns of anything; what is no text, number or truth value is written as JSON.

    Raises:
        UserError: it is damaged, or too large once it is unpacked.
    """
    import polars

    read.source = replace(read.source, delimiter=None, quoted=None, header=None, encoding=None)
    yield Partial(0, 1, doing=_DOING)
    try:
        rows = int(polars.scan_parquet(io.BytesIO(content)).select(polars.len()).collect().item())
        columns = polars.read_parquet_schema(io.BytesIO(content))
        if rows > MOST_ROWS or len(columns) > MOST_COLUMNS:
            raise UserError(f"{read.name} holds {rows:,} rows of {len(columns):,} columns; take a sample of it.", "too_large")
        frame = polars.read_parquet(io.BytesIO(content))
    except (polars.exceptions.PolarsError, OSError, ValueError) as error:
        raise UserError(f"{read.name} is not a Parquet file that can be read.", "no_table", str(error)) from None
    read.columns = _named(read, frame.columns)
    texts = [_as_text(series).alias(str(at)) for at, series in enumerate(frame.get_columns())]
    read.rows = frame.height
    if texts and frame.height:
        read.parts.append(polars.DataFrame(texts))


def _as_text(series: "polars.Series") -> "polars.Series":
    import polars

    if series.dtype == polars.String:
        return series.fill_null("")
    if series.dtype.is_nested() or series.dtype == polars.Binary:
        return polars.Series([json_cell(_plain(value)) for value in series.to_list()], dtype=polars.String)
    if series.dtype == polars.Boolean:
        return series.cast(polars.Int8).cast(polars.String).fill_null("")
    return series.cast(polars.String).fill_null("")


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


Reader = Callable[[Read, bytes], Steps[None]]
READERS: dict[str, Reader] = {
    ".csv": read_cells,
    ".tsv": read_cells,
    ".tab": read_cells,
    ".jsonl": read_objects,
    ".ndjson": read_objects,
    ".parquet": read_parquet,
    ".txt": read_lines,
}


def reader_for(path: str, name: str) -> Reader:
    """By the suffix.

    Raises:
        UserError: a kind of file we do not read.
    """
    reader = READERS.get(Path(path).suffix.lower())
    if reader is None:
        raise UserError(f"{name} is no file of examples; name one that ends in {', '.join(READERS)}.", "no_table")
    return reader
