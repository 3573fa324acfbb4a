"""Files of examples, each kind by its reader: bytes to a table, lines that are no rows counted and listed.

A new kind of data is one more entry in ``READERS``.
"""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from engine.datasets.delimited import read_cells
from engine.datasets.read import BATCH, DOING, MOST_COLUMNS, MOST_ROWS, Read
from engine.errors import UserError
from engine.jobs import Partial, Steps

if TYPE_CHECKING:
    import polars


def _lines(content: bytes, encoding: str) -> Iterator[tuple[int, str]]:
    """Numbered from 1, without their ends."""
    lines = io.TextIOWrapper(io.BytesIO(content), encoding)
    return ((number, line.rstrip("\n")) for number, line in enumerate(lines, start=1))


def read_objects(read: Read, content: bytes) -> Steps[None]:
    """A JSON object a line; the columns are those of all of them.

    Raises:
        UserError: no line is one, or there are too many columns.
    """
    encoding = read.decide_encoding(content)
    read.source = replace(read.source, encoding=encoding, delimiter=None, quoted=None, header=None)
    names: dict[str, None] = {}
    lines = _lines(content, encoding)
    while batch := list(islice(lines, BATCH)):
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
        yield Partial(batch[-1][0], doing=DOING)
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
    encoding = read.decide_encoding(content)
    read.source = replace(read.source, encoding=encoding, delimiter=None, quoted=None, header=None)
    read.columns = ["text"]
    lines = ([line] for _, line in _lines(content, encoding) if line.strip())
    while batch := list(islice(lines, BATCH)):
        read.add(batch)
        yield Partial(read.rows, doing=DOING)


def read_parquet(read: Read, content: bytes) -> Steps[None]:
    """Columns of anything; what is no text, number or truth value is written as JSON.

    Raises:
        UserError: it is damaged, or too large once it is unpacked.
    """
    import polars

    read.source = replace(read.source, delimiter=None, quoted=None, header=None, encoding=None)
    yield Partial(0, 1, doing=DOING)
    try:
        rows = int(polars.scan_parquet(io.BytesIO(content)).select(polars.len()).collect().item())
        columns = polars.read_parquet_schema(io.BytesIO(content))
        if rows > MOST_ROWS or len(columns) > MOST_COLUMNS:
            raise UserError(f"{read.name} holds {rows:,} rows of {len(columns):,} columns; take a sample of it.", "too_large")
        frame = polars.read_parquet(io.BytesIO(content))
    except (polars.exceptions.PolarsError, OSError, ValueError) as error:
        raise UserError(f"{read.name} is not a Parquet file that can be read.", "no_table", str(error)) from None
    read.name_columns(frame.columns)
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
