"""Questions beside the main one: asked in the background lane, one after another, while the main one waits for nothing."""

from PySide6.QtCore import QObject, Signal, Slot

from engine.jobs import Failure, Partial
from engine.requests import AttributionRequest
from engine.results import AttributionResult
from gui.engine_thread import EngineThread


class SideJobs(QObject):
    """One question for each key; a new one replaces the one before."""

    asked = Signal(int, str)  # ticket, what it does in words
    answered = Signal(int, object)  # key, AttributionResult; partial ones too
    failed = Signal(int, object)  # key, Failure
    stopped = Signal(int)  # key
    running_changed = Signal(bool)

    def __init__(self, engine: EngineThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._keys: dict[int, int] = {}  # by ticket
        engine.partial.connect(self._on_partial)
        engine.finished.connect(self._on_finished)
        engine.failed.connect(self._on_failed)
        engine.cancelled.connect(self._on_cancelled)

    def ask(self, key: int, request: AttributionRequest, what: str) -> None:
        """After those that were asked before."""
        self.forget(key)
        ticket = self._engine.submit(request, background=True)
        self._keys[ticket] = key
        self.asked.emit(ticket, what)
        self.running_changed.emit(True)

    def forget(self, key: int) -> None:
        """Its answer is not wanted any more; nothing is told."""
        for ticket in [ticket for ticket, each in self._keys.items() if each == key]:
            self._end(ticket)
            self._engine.cancel(ticket)

    def forget_all(self) -> None:
        """Another question is asked."""
        for key in set(self._keys.values()):
            self.forget(key)

    def cancel(self) -> None:
        """By the user: ``stopped`` follows for each; what has been answered stays."""
        for ticket in list(self._keys):
            self._engine.cancel(ticket)

    def _end(self, ticket: int) -> int | None:
        key = self._keys.pop(ticket, None)
        if key is not None:
            self.running_changed.emit(bool(self._keys))
        return key

    @Slot(int, object)
    def _on_partial(self, ticket: int, partial: Partial) -> None:
        if ticket in self._keys and isinstance(partial.result, AttributionResult):
            self.answered.emit(self._keys[ticket], partial.result)

    @Slot(int, object)
    def _on_finished(self, ticket: int, result: object) -> None:
        key = self._end(ticket)
        if key is not None and isinstance(result, AttributionResult):
            self.answered.emit(key, result)

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
