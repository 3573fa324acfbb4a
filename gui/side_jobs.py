"""Questions beside the main one: each under a key of whoever asks, in a lane of its own, while the main one waits for nothing."""

from collections.abc import Hashable

from PySide6.QtCore import QObject, Signal, Slot

from engine.jobs import Failure, Partial
from engine.requests import Request
from gui.engine_thread import EngineThread
from gui.job_lanes import Lane


class SideJobs(QObject):
    """One question for each key; a new one replaces the one before. Everybody hears every answer, and knows his keys."""

    asked = Signal(int, str)  # ticket, what it does in words
    answered = Signal(object, object, bool)  # key, result, whether it is the whole of it
    progressed = Signal(object, object)  # key, Partial
    failed = Signal(object, object)  # key, Failure
    stopped = Signal(object)  # key
    running_changed = Signal(bool)

    def __init__(self, engine: EngineThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._keys: dict[int, Hashable] = {}  # by ticket
        engine.partial.connect(self._on_partial)
        engine.finished.connect(self._on_finished)
        engine.failed.connect(self._on_failed)
        engine.cancelled.connect(self._on_cancelled)

    def ask(self, key: Hashable, request: Request, what: str, lane: Lane = Lane.BACKGROUND) -> None:
        """After those that were asked before. Without words for ``what`` it is not announced."""
        self.forget(key)
        ticket = self._engine.submit(request, lane)
        self._keys[ticket] = key
        if what:
            self.asked.emit(ticket, what)
        self.running_changed.emit(True)

    def runs(self, key: Hashable) -> bool:
        """Whether an answer to it is awaited."""
        return key in self._keys.values()

    def forget(self, key: Hashable) -> None:
        """Its answer is not wanted any more; nothing is told."""
        for ticket in [ticket for ticket, each in self._keys.items() if each == key]:
            self._end(ticket)
            self._engine.cancel(ticket)

    @Slot()
    def forget_all(self) -> None:
        """Another model is open."""
        for key in set(self._keys.values()):
            self.forget(key)

    @Slot()
    def cancel(self) -> None:
        """By the user: ``stopped`` follows for each; what has been answered stays."""
        for ticket in list(self._keys):
            self._engine.cancel(ticket)

    def stop(self, key: Hashable) -> None:
        """By the user, one of them: ``stopped`` follows."""
        for ticket in [ticket for ticket, each in self._keys.items() if each == key]:
            self._engine.cancel(ticket)

    def _end(self, ticket: int) -> Hashable:
        key = self._keys.pop(ticket, None)
        if key is not None:
            self.running_changed.emit(bool(self._keys))
        return key

    @Slot(int, object)
    def _on_partial(self, ticket: int, partial: Partial) -> None:
        if ticket not in self._keys:
            return
        self.progressed.emit(self._keys[ticket], partial)
        if ticket in self._keys and partial.result is not None:
            self.answered.emit(self._keys[ticket], partial.result, False)

    @Slot(int, object)
    def _on_finished(self, ticket: int, result: object) -> None:
        key = self._end(ticket)
        if key is not None:
            self.answered.emit(key, result, True)

    @Slot(int, object)
    def _on_failed(self, ticket: int, failure: Failure) -> None:
        key = self._end(ticket)
        if key is not None:
            self.failed.emit(key, failure)

    @Slot(int)
    def _on_cancelled(self, ticket: int) -> None:
        key = self._end(ticket)
        if key is not None:
            self.stopped.emit(key)
