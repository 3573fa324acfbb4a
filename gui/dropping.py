"""What a dropped file or folder is taken for, in words and in deed."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData

from engine.errors import UserError

DATA_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff")
TEXT_SUFFIXES = (".txt", ".md", ".text")
LARGEST_TEXT = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Drop:
    """One thing that was dropped: a text to read, a picture, data to open, or a model."""

    path: str

    @property
    def is_text(self) -> bool:
        """By its suffix alone: nothing is touched before the drop."""
        return Path(self.path).suffix.lower() in TEXT_SUFFIXES

    @property
    def is_data(self) -> bool:
        """Likewise."""
        return Path(self.path).suffix.lower() in DATA_SUFFIXES

    @property
    def is_picture(self) -> bool:
        """Likewise."""
        return Path(self.path).suffix.lower() in PICTURE_SUFFIXES

    @property
    def words(self) -> str:
        """What will happen."""
        name = Path(self.path).name
        if self.is_data:
            return f"Open “{name}” as data"
        if self.is_picture:
            return f"Explain the picture “{name}”"
        return f"Read “{name}” as the text to explain" if self.is_text else f"Open “{name}” as a model"


def drop_of(data: QMimeData) -> Drop | None:
    """The first local file among what is dragged."""
    paths = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    return Drop(paths[0].rstrip("/") or "/") if paths else None


def read_text(path: str) -> str:
    """A UTF-8 file; a byte-order mark is dropped.

    Raises:
        UserError: it cannot be read, is too large, or is not UTF-8.
    """
    name = Path(path).name
    try:
        if Path(path).stat().st_size > LARGEST_TEXT:
            raise UserError(f"{name} is larger than 16 MB; cut it to what you want explained.", "too_large")
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{name} cannot be read: {(error.strerror or 'unknown reason').lower()}.", "unreadable") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{name} is not UTF-8 text; save it as UTF-8 and drop it again.", "not_utf8", str(error)) from error
