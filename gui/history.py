"""Undo and redo of settings, and of texts and pictures that replaced others; what is typed the editor undoes itself."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoCommand, QUndoStack

from engine.requests import RecordInput
from gui.actions import Actions
from gui.choices import Snapshot
from gui.conductor import Conductor
from gui.controls.method_panel import MethodPanel

LIMIT = 200
ONE_GESTURE_SECONDS = 1.0  # changes of one setting that follow faster are one: a spin box that is held down
_SNIPPET = 28
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TextState:
    """The text, and what it is known to be."""

    text: str
    pair: str
    true: str | None


class History(QObject):
    """Listens to what a person changes; a change that is undone or redone is no new one."""

    changed = Signal()

    def __init__(self, conductor: Conductor, panel: MethodPanel, actions: Actions) -> None:
        super().__init__(conductor)
        self._conductor, self._panel, self._actions = conductor, panel, actions
        self._stack = QUndoStack(self)
        self._stack.setUndoLimit(LIMIT)
        self._replaying = False
        self._last = panel.snapshot()
        panel.changed.connect(self._on_settings_changed)
        conductor.text_swapped.connect(self._on_text_swapped)
        conductor.picture_swapped.connect(self._on_picture_swapped)
        conductor.row_put.connect(self._on_row_put)
        conductor.record_swapped.connect(self._on_record_swapped)
        conductor.model_opened.connect(self._on_model_opened)
        actions["undo"].triggered.connect(self._stack.undo)
        actions["redo"].triggered.connect(self._stack.redo)
        self._stack.indexChanged.connect(self._on_index_changed)
        self._on_index_changed()

    def push(self, change: QUndoCommand) -> None:
        """Do it, so that it can be undone."""
        self._stack.push(change)

    def replay(self, snapshot: Snapshot) -> None:
        """Put the settings back, as if a person had."""
        self._replaying = True
        self._panel.go_back_to(snapshot)
        self._replaying = False
        self._last = self._panel.snapshot()

    def replay_text(self, state: TextState) -> None:
        """Put the text back, as if a person had."""
        self._conductor.put_back(state.text, state.pair, state.true)
        self._last = self._panel.snapshot()

    def replay_picture(self, state: tuple[str, str | None]) -> None:
        """Put the picture back, as if a person had."""
        self._conductor.put_picture_back(*state)
        self._last = self._panel.snapshot()

    @Slot()
    def _on_settings_changed(self) -> None:
        now = self._panel.snapshot()
        if not self._replaying and now != self._last:
            self._stack.push(_SettingsChange(self, self._last, now))
        self._last = now

    @Slot(object, object)
    def _on_text_swapped(self, before: tuple[str, str, str | None], after: tuple[str, str, str | None]) -> None:
        self._last = self._panel.snapshot()  # the true label came or went with the text
        if before != after:
            words = f"text “{_snippet(after[0])}”"
            self._stack.push(_Swap(words, self.replay_text, TextState(*before), TextState(*after)))

    def replay_record(self, state: tuple[RecordInput, str | None]) -> None:
        """Put the record back, as if a person had."""
        self._conductor.put_record_back(*state)
        self._last = self._panel.snapshot()

    @Slot(object, object)
    def _on_record_swapped(self, before: tuple[RecordInput, str | None], after: tuple[RecordInput, str | None]) -> None:
        self._last = self._panel.snapshot()
        words = " ".join(value for _, value in after[0].fields)
        self._stack.push(_Swap(f"record {_snippet(words)}", self.replay_record, before, after))

    @Slot(object, object)
    def _on_picture_swapped(self, before: tuple[str, str | None], after: tuple[str, str | None]) -> None:
        self._last = self._panel.snapshot()
        self._stack.push(_Swap(f"picture {_snippet(Path(after[0]).name)}", self.replay_picture, before, after))

    @Slot()
    def _on_row_put(self) -> None:
        """Its label and what it is weighed against came with it."""
        self._last = self._panel.snapshot()

    @Slot()
    def _on_model_opened(self) -> None:
        self._stack.clear()
        self._last = self._panel.snapshot()

    @Slot()
    def _on_index_changed(self) -> None:
        for id, word, what, can in (
            ("undo", "Undo", self._stack.undoText(), self._stack.canUndo()),
            ("redo", "Redo", self._stack.redoText(), self._stack.canRedo()),
        ):
            self._actions.set_text(id, f"{word}: {what}" if can else word)
            self._actions.set_available(id, None if can else f"There is nothing to {word.lower()}.")


class _SettingsChange(QUndoCommand):
    """Pushed after the fact: its first ``redo`` does nothing."""

    def __init__(self, history: History, before: Snapshot, after: Snapshot) -> None:
        found = before.differences(after)
        super().__init__(_in_words(found))
        self._history, self._before, self._after = history, before, after
        self._names, self._at, self._done = tuple(found), time.monotonic(), True

    def undo(self) -> None:
        self._history.replay(self._before)

    def redo(self) -> None:
        if not self._done:
            self._history.replay(self._after)
        self._done = False

    def id(self) -> int:
        return 1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _SettingsChange) or len(self._names) != 1 or other._names != self._names:
            return False
        if other._at - self._at > ONE_GESTURE_SECONDS:
            return False
        self._after, self._at = other._after, other._at
        found = self._before.differences(self._after)
        self.setText(_in_words(found))
        self.setObsolete(not found)
        return True


class _Swap(QUndoCommand):
    """Of what is on the desk, put back by ``replay``."""

    def __init__(self, words: str, replay: Callable[[T], None], before: T, after: T) -> None:
        super().__init__(words)
        self._replay, self._before, self._after, self._done = replay, before, after, True

    def undo(self) -> None:
        self._replay(self._before)

    def redo(self) -> None:
        if not self._done:
            self._replay(self._after)
        self._done = False


def _in_words(found: dict[str, object]) -> str:
    if len(found) != 1:
        return " and ".join(name.replace("_", " ") for name in list(found)[:3]) or "settings"
    ((name, value),) = found.items()
    return f"{name.replace('_', ' ').removeprefix('n ')} {_value(value)}"


def _value(value: object) -> str:
    if value is None:
        return "as it comes"
    words = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return _snippet(words.replace("_", " "))


def _snippet(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SNIPPET else f"{line[: _SNIPPET - 1]}…"
