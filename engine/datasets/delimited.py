"""Tables of lines with delimiters between cells: CSV, TSV and their relatives.

Read strictly, by Python's own reader: a lenient one takes a stray quote for the beginning of a cell and swallows rows in silence.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from engine.datasets.columns import KNOWN
from engine.datasets.read import BATCH, DOING, MOST_COLUMNS, Read
from engine.datasets.sniff import Dialect, dialect_of, has_header, sample_of
from engine.errors import UserError
from engine.jobs import Partial, Steps


def read_cells(read: Read, content: bytes) -> Steps[None]:
    """CSV and TSV.

    Raises:
        UserError: the encoding is not what was asked for, or the lines do not make a table.
    """
    source, usual = read.source, "\t" if Path(read.source.path).suffix.lower() in (".tsv", ".tab") else ","
    encoding = read.decide_encoding(content)
    sample = sample_of(content, encoding)
    if source.delimiter is not None and (len(source.delimiter) != 1 or source.delimiter in '"\r\n'):
        raise UserError("A delimiter is one character, such as , or ; or a tab.", "delimiter")
    dialect = dialect_of(sample, source.delimiter, source.quoted, usual)
    header = has_header(_first(dialect, sample), KNOWN) if source.header is None else source.header
    read.source = replace(source, encoding=encoding, delimiter=dialect.delimiter, quoted=dialect.quoted, header=header)
    yield from _cells(read, content, dialect, header)


def _first(dialect: Dialect, sample: str) -> list[str]:
    """The cells of the first line that can be read."""
    reader = dialect.reader(io.StringIO(sample, newline=""))
    while True:
        try:
            return next(reader, [])
        except csv.Error:
            continue


def _cells(read: Read, content: bytes, dialect: Dialect, header: bool) -> Steps[None]:
    binary = io.BytesIO(content)
    lines = io.TextIOWrapper(binary, read.source.encoding, newline="")  # kept: it closes what it reads when it goes
    records = _records(read, dialect, lines)
    first: tuple[int, list[str]] = next(records, (0, []))
    if len(first[1]) > MOST_COLUMNS:
        raise UserError(f"{read.name} has more than {MOST_COLUMNS:,} columns; name its delimiter.", "too_large")
    read.name_columns(first[1] if header else [""] * len(first[1]))
    waiting, short, width = [] if header else [first], 0, len(read.columns)
    while batch := waiting + list(islice(records, BATCH)):
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
        yield Partial(binary.tell(), len(content), doing=DOING)
    if short:
        read.warn(f"Rows with fewer cells than the first line: {short:,}; what is missing is empty.", "short_rows")
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
