"""What a person did on a set of examples with a model: tags, notes, edits, slices. One JSON file each, written whole.

Values are frozen: to undo is to go back to the one before. Torch-free and free of Qt; reading believes nothing.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from engine import VERSION
from engine.atomic_file import write_atomically
from engine.errors import UserError
from engine.plain import as_plain, from_plain
from engine.requests import Selection, TextInput

SCHEMA = 1
LONGEST_NOTE = 100_000
LONGEST_NAME = 200
LARGEST = 256 * 2**20  # bytes
EVERYTHING = Selection()
_ASIDE = ".damaged"


@dataclass(frozen=True, slots=True)
class Edit:
    """A text that was tried in place of a row's. ``parent``: the edit it was made of; empty: the row itself."""

    id: str
    parent: str
    row: int
    input: TextInput
    made_at: str


@dataclass(frozen=True, slots=True)
class SavedSlice:
    """Rows under a name: those chosen by hand, else whatever ``selection`` chooses."""

    name: str
    selection: Selection = EVERYTHING
    rows: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class DatasetWork:
    """All of it. ``tags``: (row, tag), each once, in the order they were given; ``notes``: (row, words), one a row."""

    tags: tuple[tuple[int, str], ...] = ()
    notes: tuple[tuple[int, str], ...] = ()
    edits: tuple[Edit, ...] = ()
    slices: tuple[SavedSlice, ...] = ()

    def tagged(self, rows: Iterable[int], tag: str) -> "DatasetWork":
        """With a tag on some rows."""
        name = tag.strip()[:LONGEST_NAME]
        known = dict.fromkeys(self.tags)
        known |= dict.fromkeys((row, name) for row in rows if name)
        return replace(self, tags=tuple(known))

    def untagged(self, rows: Iterable[int], tag: str) -> "DatasetWork":
        """Without a tag on some rows."""
        gone = {(row, tag) for row in rows}
        return replace(self, tags=tuple(each for each in self.tags if each not in gone))

    def noted(self, row: int, words: str) -> "DatasetWork":
        """With a note on a row; without words it goes."""
        notes = dict(self.notes) | {row: words[:LONGEST_NOTE]}
        return replace(self, notes=tuple((at, note) for at, note in notes.items() if note.strip()))

    def edited(self, edit: Edit) -> "DatasetWork":
        """With one more edit."""
        return replace(self, edits=(*self.edits, edit))

    def without_edit(self, id: str) -> "DatasetWork":
        """Without an edit and all that were made of it."""
        gone = {id}
        for each in self.edits:  # a child comes after its parent
            if each.parent in gone:
                gone.add(each.id)
        return replace(self, edits=tuple(each for each in self.edits if each.id not in gone))

    def made_of(self, id: str) -> tuple[Edit, ...]:
        """An edit and all that were made of it."""
        kept = {each.id for each in self.without_edit(id).edits}
        return tuple(each for each in self.edits if each.id not in kept)

    def with_edits(self, edits: Iterable[Edit]) -> "DatasetWork":
        """With edits that were taken away; those that are there stay once."""
        known = {each.id for each in self.edits}
        return replace(self, edits=(*self.edits, *(each for each in edits if each.id not in known)))

    def sliced(self, saved: SavedSlice) -> "DatasetWork":
        """With a slice; one of the same name goes."""
        kept = tuple(each for each in self.slices if each.name != saved.name)
        return replace(self, slices=(*kept, replace(saved, name=saved.name.strip()[:LONGEST_NAME])))

    def without_slice(self, name: str) -> "DatasetWork":
        """Without the slice of that name."""
        return replace(self, slices=tuple(each for each in self.slices if each.name != name))


EMPTY = DatasetWork()


@dataclass(frozen=True, slots=True)
class WorkReading:
    """What the file held. ``damaged``: what could not be read, in a sentence each; ``newer``: a later version wrote it."""

    work: DatasetWork
    damaged: tuple[str, ...] = ()
    newer: bool = False


class WorkFile:
    """The file of one model and one set of data.

    Args:
        folder: of all such files; made when the first is written.
    """

    def __init__(self, folder: Path, model_sha256: str, data_sha256: str) -> None:
        self._head = {"schema": SCHEMA, "version": VERSION, "model": model_sha256, "data": data_sha256}
        name = hashlib.sha256(f"{model_sha256}\0{data_sha256}".encode()).hexdigest()[:32]
        self.path = folder / f"{name}.json"
        self._keep_aside = self._read_only = False

    def load(self) -> WorkReading:
        """What was kept; each part by itself, so that one that is damaged does not cost the others."""
        try:
            if self.path.stat().st_size > LARGEST:
                raise ValueError("the file is too large")
            document = json.loads(self.path.read_bytes())
            reading = _read(document)
        except FileNotFoundError:
            return WorkReading(EMPTY)
        except (OSError, ValueError, RecursionError) as error:
            reading = WorkReading(EMPTY, (f"The work kept on these data cannot be read ({error}).",))
        self._keep_aside, self._read_only = bool(reading.damaged), reading.newer
        return reading

    def save(self, work: DatasetWork) -> None:
        """Whole or not at all; what could not be read is kept beside it.

        Raises:
            UserError: the disk or the folder refuses, or a later version wrote what is there.
        """
        if self._read_only:
            raise UserError("The work on these data was kept by a later version of Neuroloupe; nothing was changed.", "newer")
        content = json.dumps({**self._head, "work": as_plain(work)}, ensure_ascii=True, allow_nan=False).encode("ascii")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self._keep_aside:
                os.replace(self.path, self.path.with_suffix(_ASIDE))
                self._keep_aside = False
            write_atomically(self.path, content)
        except OSError as error:
            raise UserError(f"The work on these data cannot be kept ({error.strerror or error}).", "unwritable") from None


def _read(document: Any) -> WorkReading:
    if not isinstance(document, dict) or type(document.get("schema")) is not int or not isinstance(document.get("work"), dict):
        raise ValueError("it is no document of ours")
    known: dict[str, Any] = {}
    damaged: list[str] = []
    for part in fields(DatasetWork):
        listed = document["work"].get(part.name, [])
        kept, lost = _part(part.name, listed if isinstance(listed, list) else [listed])
        known[part.name] = kept
        damaged += [f"{lost} of the {part.name} kept on these data cannot be read."] if lost else []
    return WorkReading(DatasetWork(**known), tuple(damaged), document["schema"] > SCHEMA)


def _part(name: str, listed: list[Any]) -> tuple[Any, int]:
    """What of a list can be used, and how much cannot."""
    kept: list[Any] = []
    for plain in listed:
        try:
            kept += getattr(from_plain(DatasetWork, {name: [plain]}), name)
        except (ValueError, RecursionError):
            continue
    return tuple(kept), len(listed) - len(kept)
