"""Texts to draw random documents from: a table with a column of texts, or a plain file with one text a line."""

import csv
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from engine.errors import UserError

LARGEST = 200_000_000  # bytes
TEXT_COLUMNS = ("text", "sentence", "review", "document", "content")


def read_texts(path: str) -> tuple[str, ...]:
    """The texts in ``path``; read once as long as the file stays as it is.

    Raises:
        UserError: unreadable, too large, not UTF-8, without a column of texts, or empty.
    """
    file = Path(path)
    try:
        known = file.stat()
        if known.st_size > LARGEST:
            raise UserError(f"{file.name} is larger than {LARGEST // 1_000_000} MB; give a smaller file of texts.", "too_large")
        return _read(file, known.st_mtime_ns, known.st_size)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).", "unreadable") from None
    except (UnicodeDecodeError, csv.Error):
        raise UserError(f"{file.name} is not a UTF-8 text or table; save it as one.", "unreadable") from None


@lru_cache(maxsize=4)
def _read(file: Path, _changed: int, _size: int) -> tuple[str, ...]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = _column(file, lines) if file.suffix.lower() in (".csv", ".tsv") else lines
        texts = tuple(text.strip() for text in rows if text and text.strip())
    if not texts:
        raise UserError(f"{file.name} holds no text.", "empty")
    return texts


def _column(file: Path, lines: Iterator[str]) -> Iterator[str]:
    """The column named like a text, else the last."""
    rows = csv.DictReader(lines, delimiter="\t" if file.suffix.lower() == ".tsv" else ",")
    names = rows.fieldnames or []
    if not names:
        raise UserError(f"{file.name} holds no table.", "empty")
    chosen = next((name for wanted in TEXT_COLUMNS for name in names if name.strip().lower() == wanted), names[-1])
    return (row.get(chosen) or "" for row in rows)
