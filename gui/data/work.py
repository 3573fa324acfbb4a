"""What a person made of a data set: tags and notes on its rows, and slices that were given a name."""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand

from engine.atomic_file import write_atomically
from gui.data.row_filter import OUTCOMES, RowFilter

log = logging.getLogger(__name__)

FOLDER = "data"
VERSION = 1
MAXIMUM_BYTES = 64 * 2**20
LONGEST_TAG, LONGEST_NOTE, LONGEST_NAME, LONGEST_SEARCH = 60, 4000, 80, 2000
MOST_TAGS = 20  # on one row
Key = tuple[str, str]  # sha256 of the model (empty: none was open) and of the data


@dataclass(frozen=True, slots=True)
class Work:
    """Of one model on one data set. Frozen: every change makes a new one, so that it can be undone."""

    tags: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    notes: Mapping[int, str] = field(default_factory=dict)
    slices: Mapping[str, RowFilter] = field(default_factory=dict)

    def pairs(self) -> tuple[tuple[int, str], ...]:
        """(row, tag), as selections take them."""
        return tuple((row, tag) for row, tags in self.tags.items() for tag in tags)

    def names(self) -> tuple[str, ...]:
        """Of the tags, each once."""
        return tuple(sorted({tag for tags in self.tags.values() for tag in tags}))

    def tagged(self, row: int, tag: str, on: bool) -> "Work":
        """With or without ``tag`` on ``row``."""
        tag = " ".join(tag.split())[:LONGEST_TAG]
        others = tuple(each for each in self.tags.get(row, ()) if each != tag)
        tags = {**self.tags, row: (*others, tag)[-MOST_TAGS:] if on and tag else others}
        return replace(self, tags={row: kept for row, kept in tags.items() if kept})

    def noted(self, row: int, note: str) -> "Work":
        """With another note on ``row``; an empty one is none."""
        notes = {**self.notes, row: note.strip()[:LONGEST_NOTE]}
        return replace(self, notes={row: kept for row, kept in notes.items() if kept})

    def with_slice(self, name: str, rows: RowFilter | None) -> "Work":
        """With a slice of that name, or without (None)."""
        slices = {each: kept for each, kept in self.slices.items() if each != name}
        if rows is not None:
            slices[" ".join(name.split())[:LONGEST_NAME]] = rows
        return replace(self, slices=slices)


class WorkStore(QObject):
    """One file for each model and data, written whole after every change; what cannot be written is said once."""

    changed = Signal()
    told = Signal(str)  # a sentence

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder / FOLDER
        self._key: Key | None = None
        self.work = Work()
        self._failing = False

    def open(self, model: str, data: str) -> None:
        """What was made of these before."""
        if self._key != (model, data):
            self._key = (model, data)
            self.work = _read(self._path())
            self.changed.emit()

    def close(self) -> None:
        """No data are open."""
        self._key, self.work = None, Work()
        self.changed.emit()

    def set(self, work: Work) -> None:
        """In place of what there was."""
        if work == self.work or self._key is None:
            return
        self.work = work
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path(), _to_json(work))
            self._failing = False
        except (OSError, RuntimeError) as error:
            log.warning("work on data could not be saved: %s", type(error).__name__)
            if not self._failing:
                self._failing = True
                why = getattr(error, "strerror", None) or str(error)
                self.told.emit(f"Tags and notes cannot be saved ({why}); they stay while the window is open.")
        self.changed.emit()

    def _path(self) -> Path:
        model, data = self._key or ("", "")
        return self._folder / f"{_short(data)}-{_short(model) or 'no-model'}.json"


class WorkChange(QUndoCommand):
    """One tag, note or slice; of the model and data that are open."""

    def __init__(self, store: WorkStore, after: Work, words: str) -> None:
        super().__init__(words)
        self._store, self._before, self._after = store, store.work, after

    def undo(self) -> None:
        self._store.set(self._before)

    def redo(self) -> None:
        self._store.set(self._after)


def _short(sha256: str) -> str:
    return "".join(letter for letter in sha256 if letter.isalnum())[-32:]


def _to_json(work: Work) -> bytes:
    known = {
        "version": VERSION,
        "tags": {str(row): list(tags) for row, tags in sorted(work.tags.items())},
        "notes": {str(row): note for row, note in sorted(work.notes.items())},
        "slices": {name: asdict(rows) for name, rows in work.slices.items()},
    }
    return json.dumps(known, ensure_ascii=True, indent=1).encode()


def _read(path: Path) -> Work:
    """What is usable of it; a damaged file is kept under another name."""
    try:
        if not path.exists():
            return Work()
        if path.stat().st_size > MAXIMUM_BYTES:
            raise ValueError("too large")
        read: Any = json.loads(path.read_bytes())
        if not isinstance(read, dict) or read.get("version") != VERSION:
            raise ValueError("not a file of this version")
    except (OSError, ValueError, RecursionError) as error:
        _keep_aside(path, type(error).__name__)
        return Work()
    tags = {row: tuple(t for t in kept if _is_text(t, LONGEST_TAG)) for row, kept in _by_row(read.get("tags"), list)}
    notes = {row: note for row, note in _by_row(read.get("notes"), str) if _is_text(note, LONGEST_NOTE)}
    return Work({row: kept[:MOST_TAGS] for row, kept in tags.items() if kept}, notes, dict(_slices(read.get("slices"))))


def _keep_aside(path: Path, why: str) -> None:
    aside = next(found for n in range(1, 10_000) if not (found := path.with_suffix(f".damaged-{n}.json")).exists())
    log.warning("%s is damaged (%s); kept as %s", path.name, why, aside.name)
    try:
        path.replace(aside)
    except OSError as error:
        log.warning("%s could not be moved aside: %s", path.name, error.strerror)


def _by_row(read: Any, kind: type) -> Iterator[tuple[int, Any]]:
    for row, value in read.items() if isinstance(read, dict) else ():
        if row.isdecimal() and len(row) < 12 and isinstance(value, kind):
            yield int(row), value


def _slices(read: Any) -> Iterator[tuple[str, RowFilter]]:
    for name, value in read.items() if isinstance(read, dict) else ():
        if _is_text(name, LONGEST_NAME) and isinstance(value, dict):
            rows = _row_filter(value)
            if rows is not None:
                yield name, rows


def _row_filter(read: Mapping[str, Any]) -> RowFilter | None:
    search, outcome, order = read.get("search", ""), read.get("outcome", "all"), read.get("order", [])
    names = true, predicted, tag = [read.get(name) for name in ("true", "predicted", "tag")]
    if not (isinstance(search, str) and len(search) <= LONGEST_SEARCH and isinstance(order, list)):
        return None
    if not (isinstance(outcome, str) and outcome in OUTCOMES):
        return None
    if not all(name is None or isinstance(name, str) for name in names):
        return None
    pairs = [tuple(each) for each in order if isinstance(each, list)]
    if not all(len(each) == 2 and isinstance(each[0], str) and isinstance(each[1], bool) for each in pairs):
        return None
    return RowFilter(search, outcome, true, predicted, tag, tuple(pairs))


def _is_text(value: Any, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest
