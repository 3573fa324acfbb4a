"""What counts as one document of a corpus."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from engine.errors import UserError

_BLANK_LINES = re.compile(r"\n\s*\n")
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


def documents_of(path: str, text: str, alone: bool) -> Iterator[str]:
    """Each row of a table, the first of them its header; each line of ``.jsonl``; any other file is one document.

    Args:
        alone: this file is all there is: a text then falls into what blank lines part, since one document tells nothing.

    Raises:
        UserError: a table that cannot be read.
    """
    suffix = Path(path).suffix.lower()
    if suffix in _DELIMITERS:
        yield from _rows(path, text, _DELIMITERS[suffix])
    elif suffix == ".jsonl":
        yield from (line for line in text.splitlines() if line.strip())
    elif alone:
        yield from (part for part in _BLANK_LINES.split(text) if part.strip())
    else:
        yield text


def _rows(path: str, text: str, delimiter: str) -> Iterator[str]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        next(rows, None)
        yield from (" ".join(row) for row in rows if row)
    except csv.Error as error:
        raise UserError(f"{Path(path).name} is not a table that can be read ({error}).", "bad_table") from None
