"""Cells a person has marked, with a note each, by model: written whole after every change, read as if a stranger had."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand

from engine.atomic_file import write_atomically
from engine.cells import Cell
from engine.errors import UserError

log = logging.getLogger(__name__)

FILE = "cell_marks.json"
VERSION = 1
MAXIMUM_BYTES = 16 * 2**20
LONGEST_NOTE, MOST_MARKS, MOST_MODELS = 200, 20_000, 5_000
Key = tuple[str, Cell]  # a model's sha256, and one of its cells


@dataclass(frozen=True, slots=True)
class Marks:
    """Of one model: cell -> note, which may be empty."""

    notes: Mapping[Cell, str]

    def __contains__(self, cell: Cell) -> bool:
        return cell in self.notes


class MarksStore(QObject):
    """What cannot be written stays in memory, is said once, and is tried again with the next change."""

    changed = Signal(str)  # the model whose marks are others now
    told = Signal(str)  # a sentence

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = folder / FILE
        self._kept: dict[str, dict[Cell, str]] = {}
        self._changes: dict[Key, str | None] = {}  # since the window opened; another window's file does not undo them
        self._seen: tuple[int, int] | None = None
        self._failing = False
        self._read_only = ""
        self._read()

    def of(self, model: str) -> Marks:
        """Those of the model with this sha256."""
        return Marks(self._kept.get(model, {}))

    def set(self, model: str, cell: Cell, note: str | None) -> None:
        """Mark ``cell``, or unmark it (None)."""
        note = None if note is None else " ".join(note.split())[:LONGEST_NOTE]
        if self._kept.get(model, {}).get(cell) == note:
            return
        self._changes[model, cell] = note
        self._apply(model, cell, note)
        self._save()
        self.changed.emit(model)

    def _apply(self, model: str, cell: Cell, note: str | None) -> None:
        marks = self._kept.setdefault(model, {})
        if note is None:
            marks.pop(cell, None)
        else:
            marks[cell] = note
        if not marks:
            del self._kept[model]

    def _save(self) -> None:
        """Over what another window has written meanwhile."""
        if self._read_only:
            self._tell_once(self._read_only)
            return
        try:
            if self._stamp() not in (None, self._seen):
                self._read()
                for (model, cell), note in self._changes.items():
                    self._apply(model, cell, note)
            write_atomically(self._path, _to_json(self._kept))
            self._seen = self._stamp()
            self._failing = False
        except (OSError, RuntimeError) as error:
            log.warning("cell marks could not be saved: %s", type(error).__name__)
            reason = getattr(error, "strerror", None) or str(error)
            self._tell_once(f"Marks on cells cannot be saved ({reason}); they stay while the window is open.")

    def _tell_once(self, words: str) -> None:
        if not self._failing:
            self._failing = True
            self.told.emit(words)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            known = self._path.stat()
        except OSError:
            return None
        return known.st_mtime_ns, known.st_size

    def _read(self) -> None:
        try:
            if not self._path.exists():
                return
            if self._path.stat().st_size > MAXIMUM_BYTES:
                raise ValueError("too large")
            self._seen = self._stamp()
            self._kept, damaged = _from_json(self._path.read_bytes())
        except OSError as error:
            self._read_only = f"{self._path} cannot be read ({error.strerror}); marks are not saved over it."
        except _Newer:
            self._read_only = f"{self._path} was written by a newer Neuroloupe; marks are not saved over it."
        except (ValueError, RecursionError) as error:
            self._keep_aside(type(error).__name__)
        else:
            if damaged:
                self._keep_aside(f"{damaged} entries")

    def _keep_aside(self, why: str) -> None:
        """The damaged file under another name; what could be read of it is written anew with the next mark."""
        aside = next(path for n in range(1, 10_000) if not (path := self._path.with_suffix(f".damaged-{n}.json")).exists())
        log.warning("%s is damaged (%s); kept as %s", self._path.name, why, aside.name)
        try:
            self._path.replace(aside)
        except OSError as error:
            self._read_only = f"{self._path} is damaged and cannot be moved aside ({error.strerror}); marks are not saved."


class _Newer(Exception):
    pass


def _to_json(kept: Mapping[str, Mapping[Cell, str]]) -> bytes:
    models = {model: {str(cell): marks[cell] for cell in sorted(marks)} for model, marks in kept.items()}
    return json.dumps({"version": VERSION, "models": models}, ensure_ascii=True, indent=1).encode()


def _from_json(content: bytes) -> tuple[dict[str, dict[Cell, str]], int]:
    """What is usable, and how many entries are not.

    Raises:
        ValueError: nothing of it is.
        _Newer: a later version's.
    """
    read: Any = json.loads(content)
    if not isinstance(read, dict) or type(read.get("version")) is not int or not isinstance(read.get("models"), dict):
        raise ValueError("not a file of marks")
    if read["version"] > VERSION:
        raise _Newer
    kept: dict[str, dict[Cell, str]] = {}
    damaged = max(len(read["models"]) - MOST_MODELS, 0)
    for model, marks in list(read["models"].items())[:MOST_MODELS]:
        if not isinstance(marks, dict) or len(model) > 200:
            damaged += 1
            continue
        good = {}
        for name, note in list(marks.items())[:MOST_MARKS]:
            cell = _cell(name)
            if cell is None or not isinstance(note, str):
                damaged += 1
            else:
                good[cell] = " ".join(note.split())[:LONGEST_NOTE]
        damaged += max(len(marks) - MOST_MARKS, 0)
        if good:
            kept[model] = good
    return kept, damaged


def _cell(name: str) -> Cell | None:
    try:
        return Cell.read(name)
    except UserError:
        return None


class MarkChange(QUndoCommand):
    """One cell marked, unmarked, or given another note."""

    def __init__(self, store: MarksStore, model: str, cell: Cell, note: str | None) -> None:
        self._before = store.of(model).notes.get(cell)
        verb = "unmark" if note is None else "mark" if self._before is None else "note on"
        super().__init__(f"{verb} {cell}")
        self._store, self._model, self._cell, self._after = store, model, cell, note

    def undo(self) -> None:
        self._store.set(self._model, self._cell, self._before)

    def redo(self) -> None:
        self._store.set(self._model, self._cell, self._after)
