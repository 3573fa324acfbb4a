"""A table whose rows are texts, read without loss by the reader of data sets: where a line is no row, nothing is read."""

from functools import lru_cache
from pathlib import Path

from engine.corpora.content import content_of
from engine.datasets.columns import guess_text
from engine.datasets.read import Read
from engine.datasets.readers import reader_for
from engine.datasets.table import Table
from engine.errors import UserError
from engine.jobs import run
from engine.requests import DataSource

DELIMITERS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (*DELIMITERS, ".jsonl")
LARGEST = 200_000_000  # bytes
_HEADER_BYTES = 1 << 20


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
    return table_of(path, name, content_of(path, name))


def table_of(path: str, name: str, content: bytes) -> Table:
    """What is written in ``content``: UTF-8, the delimiter as the suffix of ``path`` says, the first line with the names.

    Raises:
        UserError: it is no table, or holds no rows.
    """
    if b"\0" in content:
        raise UserError(f"{name} is not a text file (it holds zero bytes); leave it out of the corpus.", "binary")
    read = Read(DataSource(path, DELIMITERS.get(Path(path).suffix.lower()), "utf-8-sig", quoted=True, header=True), name)
    run(reader_for(path, name)(read, content))
    if read.left_out:
        raise UserError(f"{name} is no table as it is: {read.left_out[0].reason}", "no_table")
    if not read.rows:
        raise UserError(f"{name} holds no rows.", "empty_corpus")
    return read.table()


def text_column(table: Table, wanted: str) -> str:
    """``wanted``; where that is empty, the column that is named like a text, else that of the longest cells.

    Raises:
        UserError: there is none of that name.
    """
    if not wanted:
        return guess_text(table)
    table.series(wanted)
    return wanted


def columns_of(path: str) -> tuple[str, ...]:
    """Their names, from the first line alone; none where that is not the first line of a table."""
    if not is_table(path):
        return ()
    try:
        with Path(path).open("rb") as file:
            first = file.read(_HEADER_BYTES).rpartition(b"\n")[0].splitlines(keepends=True)[:1]
        again = first if Path(path).suffix.lower() in DELIMITERS else []  # as a row, since a table without rows is none
        return table_of(path, path, b"\n".join(line.strip(b"\r\n") for line in (*first, *again))).columns
    except (UserError, OSError):
        return ()
