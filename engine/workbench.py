"""The engine behind one window or one command: it holds what is open, and makes the job for each request."""

from typing import Any, overload

from engine.attribution.explain import explain, predict
from engine.attribution.registry import METHODS
from engine.cells import AblationResult, CellsResult
from engine.detective import DetectResult, MarksResult, PhraseResult, ScanResult, TracksResult, UnitResult
from engine.devices import is_out_of_memory, keep_full_precision, leave_a_core_free, release_memory
from engine.errors import UserError
from engine.jobs import Partial, Steps, T
from engine.models.model import TextModel
from engine.models.opening import open_model
from engine.recurrent.ablation import ablate
from engine.recurrent.investigate import Investigation, investigate, marks
from engine.recurrent.read import read_cells
from engine.recurrent.session import Sessions
from engine.requests import (
    AblationRequest,
    AttributionRequest,
    CatalogueRequest,
    CellsRequest,
    DetectRequest,
    MarksRequest,
    OpenModelRequest,
    PhraseRequest,
    PredictionRequest,
    Request,
    ScanRequest,
    TracksRequest,
    UnitRequest,
)
from engine.results import AttributionResult, CatalogueResult, OpenModelResult, PredictionResult


class Workbench:
    """Holds the open model; one for a window, or one for a command."""

    def __init__(self) -> None:
        keep_full_precision()
        leave_a_core_free()
        self._model: TextModel | None = None
        self._accepted = False
        self._sessions = Sessions()

    @overload
    def job_for(self, request: OpenModelRequest) -> Steps[OpenModelResult]: ...
    @overload
    def job_for(self, request: CatalogueRequest) -> Steps[CatalogueResult]: ...
    @overload
    def job_for(self, request: PredictionRequest) -> Steps[PredictionResult]: ...
    @overload
    def job_for(self, request: AttributionRequest) -> Steps[AttributionResult]: ...
    @overload
    def job_for(self, request: CellsRequest) -> Steps[CellsResult]: ...
    @overload
    def job_for(self, request: AblationRequest) -> Steps[AblationResult]: ...
    @overload
    def job_for(self, request: ScanRequest) -> Steps[ScanResult]: ...
    @overload
    def job_for(self, request: DetectRequest) -> Steps[DetectResult]: ...
    @overload
    def job_for(self, request: MarksRequest) -> Steps[MarksResult]: ...
    @overload
    def job_for(self, request: UnitRequest) -> Steps[UnitResult]: ...
    @overload
    def job_for(self, request: PhraseRequest) -> Steps[PhraseResult]: ...
    @overload
    def job_for(self, request: TracksRequest) -> Steps[TracksResult]: ...
    def job_for(self, request: Request) -> Steps[Any]:
        """The generator that answers ``request``; nothing runs before its first step."""
        match request:
            case OpenModelRequest():
                return self._open(request)
            case CatalogueRequest():
                return self._catalogue()
            case PredictionRequest():
                return self._predict(request)
            case AttributionRequest():
                return self._explain(request)
            case CellsRequest():
                return self._cells(request)
            case AblationRequest():
                return self._ablate(request)
            case ScanRequest() | DetectRequest() | UnitRequest() | TracksRequest() | PhraseRequest():
                return self._investigate(request)
            case MarksRequest():
                return marks(request)

    def _open(self, request: OpenModelRequest) -> Steps[OpenModelResult]:
        """The old model stays until the new one is there."""
        model = yield from open_model(request)
        self._model, self._accepted = model, request.accept_reinitialised
        return OpenModelResult(request, model.info)

    def _catalogue(self) -> Steps[CatalogueResult]:
        yield Partial(0, 1)
        return CatalogueResult(tuple(method.description for method in METHODS.values()))

    def _predict(self, request: PredictionRequest) -> Steps[PredictionResult]:
        return (yield from _within_memory(predict(self._usable(request.model_sha256), request)))

    def _explain(self, request: AttributionRequest) -> Steps[AttributionResult]:
        return (yield from _within_memory(explain(self._usable(request.model_sha256), request)))

    def _cells(self, request: CellsRequest) -> Steps[CellsResult]:
        return (yield from _within_memory(read_cells(self._usable(request.model_sha256), request)))

    def _ablate(self, request: AblationRequest) -> Steps[AblationResult]:
        return (yield from _within_memory(ablate(self._usable(request.model_sha256), request)))

    def _investigate(self, request: Investigation) -> Steps[Any]:
        return (yield from _within_memory(investigate(self._sessions, self._usable(request.model_sha256), request)))

    def _usable(self, sha256: str) -> TextModel:
        """The open model, unless something about it must be accepted first.

        Raises:
            UserError: another model is open, or this one holds random or damaged weights.
        """
        if self._model is None or self._model.info.sha256 != sha256:
            raise UserError("This model is no longer open; open it again.", "not_open")
        blocking = [notice.message for notice in self._model.info.warnings if notice.blocking]
        if blocking and not self._accepted:
            raise UserError(
                f"{blocking[0]} Accept that to go on all the same (on the command line: --accept-reinitialised).", "reinitialised"
            )
        return self._model


def _within_memory(steps: Steps[T]) -> Steps[T]:
    """Batches shrink by themselves; where a single step does not fit either, that is for the user to mend."""
    try:
        return (yield from steps)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    release_memory()
    raise UserError("There is not enough memory for this input; shorten it, or close other programs.", "out_of_memory")
