"""Texts to draw random documents from: a table with a column of texts, or a plain file with one text a line."""

from functools import lru_cache
from pathlib import Path

from engine.corpora.table import DELIMITERS, LARGEST, table_of, text_column
from engine.errors import UserError


def read_texts(path: str) -> tuple[str, ...]:
    """The texts in ``path``; read once as long as the file stays as it is.

    Raises:
        UserError: unreadable, too large, not UTF-8, no table where it should be one, or empty.
    """
    file = Path(path)
    try:
        known = file.stat()
        if known.st_size > LARGEST:
            raise UserError(f"{file.name} is larger than {LARGEST // 1_000_000} MB; give a smaller file of texts.", "too_large")
        return _read(file, known.st_mtime_ns, known.st_size)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).", "unreadable") from None
    except UnicodeDecodeError:
        raise UserError(f"{file.name} is not a UTF-8 text or table; save it as one.", "unreadable") from None


@lru_cache(maxsize=4)
def _read(file: Path, _changed: int, _size: int) -> tuple[str, ...]:
    content = file.read_bytes()
    if file.suffix.lower() in DELIMITERS:
        table = table_of(str(file), file.name, content)
        rows = table.cells(text_column(table, ""))
    else:
        rows = content.decode("utf-8-sig").splitlines()
    texts = tuple(text.strip() for text in rows if text.strip())
    if not texts:
        raise UserError(f"{file.name} holds no text.", "empty")
    return texts
