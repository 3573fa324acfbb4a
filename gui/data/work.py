"""What a person made of the open data: tags and notes on rows, slices with a name; undone as a whole, kept after every change."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand

from engine.datasets.work import EMPTY, DatasetWork, WorkFile
from engine.errors import UserError

FOLDER = "data"
LONGEST_TAG = 60
Key = tuple[str, str]  # sha256 of the model (empty: none was open) and of the data


class WorkStore(QObject):
    """One file for each model and data; what cannot be written stays in memory, and is said once."""

    changed = Signal()
    told = Signal(str)  # a sentence

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder / FOLDER
        self._key: Key | None = None
        self._file: WorkFile | None = None
        self._failing = False
        self._show(EMPTY)

    def open(self, model: str, data: str) -> None:
        """What was made of these before."""
        if self._key == (model, data):
            return
        self._key, self._file = (model, data), WorkFile(self._folder, model, data)
        reading = self._file.load()
        for sentence in reading.damaged:
            self.told.emit(sentence)
        self._show(reading.work)
        self.changed.emit()

    def close(self) -> None:
        """No data are open."""
        self._key = self._file = None
        self._show(EMPTY)
        self.changed.emit()

    def set(self, work: DatasetWork) -> None:
        """In place of what there was."""
        if work == self.work or self._file is None:
            return
        self._show(work)
        try:
            self._file.save(work)
            self._failing = False
        except UserError as error:
            if not self._failing:
                self._failing = True
                self.told.emit(f"{error.message} Until then it stays while the window is open.")
        self.changed.emit()

    @property
    def key(self) -> Key | None:
        """Whose work it is."""
        return self._key

    def names(self) -> tuple[str, ...]:
        """Of the tags, each once, as they came."""
        return tuple(dict.fromkeys(tag for _, tag in self.work.tags))

    def _show(self, work: DatasetWork) -> None:
        self.work = work
        self.notes = dict(work.notes)
        self.tags: dict[int, tuple[str, ...]] = {}
        for row, tag in work.tags:
            self.tags[row] = (*self.tags.get(row, ()), tag)


class WorkChange(QUndoCommand):
    """One tag, note or slice; of the model and data that were open. Edits made since then stay: they are undone by walking."""

    def __init__(self, store: WorkStore, after: DatasetWork, words: str) -> None:
        super().__init__(words)
        self._store, self._key, self._before, self._after = store, store.key, store.work, after

    def undo(self) -> None:
        self._set(self._before)

    def redo(self) -> None:
        self._set(self._after)

    def _set(self, work: DatasetWork) -> None:
        """Of other data it is no business."""
        if self._store.key == self._key:
            self._store.set(replace(work, edits=self._store.work.edits))
