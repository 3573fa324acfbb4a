"""How a table is written: its encoding, its delimiter, whether it quotes, whether its first line names the columns."""

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import UserError

DELIMITERS = (",", "\t", ";", "|")
IN_WORDS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "vertical bar", " ": "space"}
SAMPLE_BYTES = 1 << 18
LONGEST_CELL = 10_000_000  # characters
_CHUNK = 1 << 24
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_LONGEST_NAME = 60  # of a column
_WORTH = 0.02  # how many more of the lines must fit before quotes are taken for ordinary characters
_FITS = 0.4  # of the lines have as many cells as the first: fewer, and the delimiter is one by chance


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table of lines is written."""

    delimiter: str
    quoted: bool

    def reader(self, lines: io.TextIOBase) -> Any:
        """Strict: what is quoted wrongly is an error rather than a surprise."""
        csv.field_size_limit(LONGEST_CELL)
        if self.quoted:
            return csv.reader(lines, delimiter=self.delimiter, strict=True)
        return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=True)


def encoding_of(content: bytes, name: str, wanted: str | None = None) -> str:
    """A codec that reads ``content``; UTF-8 where that is possible, else what Windows writes.

    Raises:
        UserError: it is no text, or is not in the encoding that was asked for.
    """
    if wanted is not None:
        return _checked(content, name, wanted)
    marked = next((codec for mark, codec in _BOMS if content.startswith(mark)), None)
    if marked is not None:
        return _checked(content, name, marked)
    sample = content[:SAMPLE_BYTES]
    if b"\0" in sample:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        wide = "utf-16-le" if odd > 8 * even else "utf-16-be" if even > 8 * odd else ""
        if wide and max(even, odd) > len(sample) // 8:
            return _checked(content, name, wide)
    if b"\0" in content:
        raise UserError(f"{name} is not a text file (it holds zero bytes); save it as CSV in UTF-8.", "binary")
    for codec in ("utf-8", "cp1252"):
        if _reads(content, codec):
            return codec
    return "latin-1"  # which reads anything


def _checked(content: bytes, name: str, codec: str) -> str:
    try:
        known = codecs.lookup(codec)
    except LookupError:
        raise UserError(f"There is no encoding {codec}; try utf-8, cp1252, latin-1 or utf-16.", "encoding") from None
    if not known._is_text_encoding or not _reads(content, codec):
        raise UserError(f"{name} is not written in {codec}; choose another encoding.", "encoding")
    return codec


def _reads(content: bytes, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for start in range(0, len(content), _CHUNK):
            decoder.decode(content[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except (UnicodeDecodeError, UnicodeError):
        return False
    return True


def sample_of(content: bytes, encoding: str) -> str:
    """The beginning, up to the end of a line."""
    text = codecs.getincrementaldecoder(encoding)().decode(content[:SAMPLE_BYTES])
    if len(content) <= SAMPLE_BYTES:
        return text
    return text.rpartition("\n")[0] or text


def dialect_of(sample: str, delimiter: str | None, quoted: bool | None, usual: str) -> Dialect:
    """The dialect in which most lines have as many cells as the first; among equals the one of most columns, then ``usual``."""
    wanted = (delimiter,) if delimiter else tuple(dict.fromkeys((usual, *DELIMITERS)))
    dialects = [Dialect(each, quotes) for each in wanted for quotes in ((True, False) if quoted is None else (quoted,))]
    return max(dialects, key=lambda dialect: _rank(sample, dialect, usual))  # the first of equals


def _rank(sample: str, dialect: Dialect, usual: str) -> tuple[float, int, float, bool]:
    share, width = _fit(sample, dialect)
    share = round(share - (0 if dialect.quoted else _WORTH), 2)
    common = dialect.delimiter == usual
    return (share, width, 0.0, common) if width > 1 and share >= _FITS else (0.0, 0, share, common)


def _fit(sample: str, dialect: Dialect) -> tuple[float, int]:
    """The share of lines that lie in rows with as many cells as the first row, and how many that has.

    A quote that never ends swallows lines, which then count against it.
    """
    reader = dialect.reader(io.StringIO(sample, newline=""))
    width = fitting = last = 0
    while True:
        try:
            for row in reader:
                width = width or len(row)
                fitting += (reader.line_num - last) * (len(row) in (0, width))
                last = reader.line_num
            return (fitting / last if last else 0.0), width
        except csv.Error:
            last = reader.line_num


def has_header(first: Sequence[str], known: frozenset[str]) -> bool:
    """Whether the first line names the columns: it has a name that is ``known``, or short and different words, no numbers."""
    cells = [cell.strip() for cell in first]
    if any(cell.lower() in known for cell in cells):
        return True
    different = len(set(cells)) == len(cells)
    return different and all(cell and len(cell) <= _LONGEST_NAME and not _is_number(cell) for cell in cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
