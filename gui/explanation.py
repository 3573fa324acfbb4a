"""Asking why: the newest question wins, late answers are dropped."""

from PySide6.QtCore import QObject, Signal, Slot

from engine.jobs import Failure, Partial
from engine.requests import AttributionRequest
from engine.results import AttributionResult, PredictionResult
from gui.engine_thread import EngineThread


class Explanation(QObject):
    """One question at a time. An attribution brings its prediction along, as its first partial."""

    asked = Signal(int, str)  # ticket, what it does in words
    predicted = Signal(object)  # PredictionResult
    attributed = Signal(object)  # AttributionResult, partial ones too (progress < 1)
    stopped = Signal()  # by the user; the last partial map stays
    failed = Signal(object)  # Failure

    def __init__(self, engine: EngineThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._ticket: int | None = None
        self._predicted = False
        engine.partial.connect(self._on_partial)
        engine.finished.connect(self._on_finished)
        engine.failed.connect(self._on_failed)
        engine.cancelled.connect(self._on_cancelled)

    @property
    def running(self) -> bool:
        """Whether an answer is awaited."""
        return self._ticket is not None

    def ask(self, request: AttributionRequest, what: str) -> None:
        """Overtakes what was asked before."""
        self._ticket, self._predicted = self._engine.submit(request), False
        self.asked.emit(self._ticket, what)

    def cancel(self) -> None:
        """``stopped`` follows when the running step has ended."""
        if self._ticket is not None:
            self._engine.cancel(self._ticket)

    def forget(self) -> None:
        """Another model or an empty text: whatever still comes is not for the screen."""
        self.cancel()
        self._ticket = None

    def _show(self, result: object) -> None:
        prediction = result.prediction if isinstance(result, AttributionResult) else result
        if isinstance(prediction, PredictionResult) and not self._predicted:
            self._predicted = True
            self.predicted.emit(prediction)
        if isinstance(result, AttributionResult):
            self.attributed.emit(result)

    @Slot(int, object)
    def _on_partial(self, ticket: int, partial: Partial) -> None:
        if ticket == self._ticket and partial.result is not None:
            self._show(partial.result)

    @Slot(int, object)
    def _on_finished(self, ticket: int, result: object) -> None:
        if ticket == self._ticket:
            self._ticket = None
            self._show(result)

    @Slot(int, object)
    def _on_failed(self, ticket: int, failure: Failure) -> None:
        if ticket == self._ticket:
            self._ticket = None
            self.failed.emit(failure)

    @Slot(int)
    def _on_cancelled(self, ticket: int) -> None:
        if ticket == self._ticket:
            self._ticket = None
            self.stopped.emit()
