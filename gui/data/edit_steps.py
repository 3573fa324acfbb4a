"""Edits in the history: undo walks up the tree and redo down; what was taken away comes back."""

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtGui import QUndoCommand

from engine.datasets.work import Edit
from gui.data.work import WorkStore


class Walker(Protocol):
    """Who knows where in the tree one is."""

    def walk(self, row: int, id: str) -> None:
        """To an edit; to the row where there is none of that name."""


class EditStep(QUndoCommand):
    """An edit was made. Undone it stays in the tree: only the place in it is another."""

    def __init__(self, walker: Walker, store: WorkStore, edit: Edit, words: str) -> None:
        super().__init__(words)
        self._walker, self._store, self._key, self._edit = walker, store, store.key, edit

    def undo(self) -> None:
        if self._store.key == self._key:
            self._walker.walk(self._edit.row, self._edit.parent)

    def redo(self) -> None:
        if self._store.key == self._key:
            self._store.set(self._store.work.with_edits([self._edit]))
            self._walker.walk(self._edit.row, self._edit.id)


class EditDrop(QUndoCommand):
    """Edits of one row are taken away: ``gone``, the one that was chosen first; ``here``: where one was."""

    def __init__(self, walker: Walker, store: WorkStore, gone: Sequence[Edit], parent: str, here: str, words: str) -> None:
        super().__init__(words)
        self._walker, self._store, self._key = walker, store, store.key
        self._gone, self._parent, self._here = tuple(gone), parent, here

    def undo(self) -> None:
        if self._store.key == self._key:
            self._store.set(self._store.work.with_edits(self._gone))
            self._walker.walk(self._gone[0].row, self._here)

    def redo(self) -> None:
        if self._store.key != self._key:
            return
        is_here = any(edit.id == self._here for edit in self._gone)
        self._store.set(self._store.work.without_edit(self._gone[0].id))
        if is_here:
            self._walker.walk(self._gone[0].row, self._parent)
