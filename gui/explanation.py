"""Asking why: a prediction and an attribution belong together, the newest question wins, late answers are dropped."""

from PySide6.QtCore import QObject, Signal, Slot

from engine.jobs import Failure, Partial
from engine.requests import AttributionRequest, PredictionRequest
from engine.results import AttributionResult, PredictionResult
from gui.engine_thread import EngineThread


class Explanation(QObject):
    """One question at a time."""

    asked = Signal(int, str)  # ticket, what it does in words
    predicted = Signal(object)  # PredictionResult
    attributed = Signal(object)  # AttributionResult, partial ones too (progress < 1)
    stopped = Signal()  # by the user; the last partial map stays
    failed = Signal(object)  # Failure

    def __init__(self, engine: EngineThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._prediction: int | None = None
        self._attribution: int | None = None
        self._answered: PredictionRequest | None = None
        engine.partial.connect(self._on_partial)
        engine.finished.connect(self._on_finished)
        engine.failed.connect(self._on_failed)
        engine.cancelled.connect(self._on_cancelled)

    @property
    def running(self) -> bool:
        """Whether an answer is awaited."""
        return self._prediction is not None or self._attribution is not None

    def ask(self, prediction: PredictionRequest, attribution: AttributionRequest, what: str) -> None:
        """Overtakes what was asked before; a prediction that is already on screen is not asked again."""
        if prediction == self._answered:
            self._prediction, (self._attribution,) = None, self._engine.submit_together(attribution)
        else:
            self._prediction, self._attribution = self._engine.submit_together(prediction, attribution)
            self.asked.emit(self._prediction, "Predicting…")
        self.asked.emit(self._attribution, what)

    def cancel(self) -> None:
        """``stopped`` follows when the running step has ended."""
        for ticket in (self._prediction, self._attribution):
            if ticket is not None:
                self._engine.cancel(ticket)

    def forget(self) -> None:
        """Another model or an empty text: whatever still comes is not for the screen."""
        self.cancel()
        self._prediction = self._attribution = self._answered = None

    def _show(self, result: object) -> None:
        if isinstance(result, PredictionResult):
            self._answered = result.request
            self.predicted.emit(result)
        elif isinstance(result, AttributionResult):
            if self._prediction is None and result.prediction.request != self._answered:
                self._show(result.prediction)
            self.attributed.emit(result)

    @Slot(int, object)
    def _on_partial(self, ticket: int, partial: Partial) -> None:
        if ticket in (self._prediction, self._attribution) and partial.result is not None:
            self._show(partial.result)

    @Slot(int, object)
    def _on_finished(self, ticket: int, result: object) -> None:
        if self._settle(ticket):
            self._show(result)

    @Slot(int, object)
    def _on_failed(self, ticket: int, failure: Failure) -> None:
        if self._settle(ticket):
            self.failed.emit(failure)

    @Slot(int)
    def _on_cancelled(self, ticket: int) -> None:
        attribution = ticket == self._attribution
        if self._settle(ticket) and attribution:
            self.stopped.emit()

    def _settle(self, ticket: int) -> bool:
        if ticket == self._prediction:
            self._prediction = None
        elif ticket == self._attribution:
            self._attribution = None
        else:
            return False
        return True
