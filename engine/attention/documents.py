"""What counts as one document of a corpus."""

import re
from collections.abc import Iterator
from pathlib import Path

from engine.corpora.table import DELIMITERS, table_of
from engine.errors import UserError

_BLANK_LINES = re.compile(r"\n\s*\n")


def documents_of(path: str, text: str, alone: bool) -> Iterator[str]:
    """Each row of a table, the first of them its header; each line of ``.jsonl``; any other file is one document.

    Args:
        alone: this file is all there is: a text then falls into what blank lines part, since one document tells nothing.

    Raises:
        UserError: a table that cannot be read.
    """
    suffix = Path(path).suffix.lower()
    if suffix in DELIMITERS:
        yield from _rows(path, text)
    elif suffix == ".jsonl":
        yield from (line for line in text.splitlines() if line.strip())
    elif alone:
        yield from (part for part in _BLANK_LINES.split(text) if part.strip())
    else:
        yield text


def _rows(path: str, text: str) -> Iterator[str]:
    try:
        table = table_of(path, Path(path).name, text.encode())
    except UserError as error:
        if error.kind != "empty_corpus":
            raise
        return
    yield from (" ".join(table.row(row)) for row in range(table.rows))
