"""The engine behind one window or one command: it holds what is open, and makes the job for each request."""

from collections.abc import Callable
from typing import Any

from engine.attention.agreement import head_agreement
from engine.attention.attend import attend
from engine.attention.captures import Captures
from engine.attention.file import attention_file
from engine.attention.head_map import head_map
from engine.attention.tfidf import tfidf
from engine.attribution.explain import explain, predict
from engine.attribution.gradient_flow import gradient_flow
from engine.attribution.over_training import over_training
from engine.attribution.registry import METHODS
from engine.datasets.beside import side_by_side
from engine.datasets.compare_edit import Explained, compare_edit
from engine.datasets.counterfactual import counterfactual
from engine.datasets.data import Datasets
from engine.datasets.examine import examine
from engine.datasets.word_options import word_options
from engine.devices import is_out_of_memory, keep_full_precision, leave_a_core_free, release_memory
from engine.errors import UserError
from engine.jobs import Partial, Steps, T
from engine.models.importing import Importer
from engine.models.model import Model, TextModel
from engine.models.opening import open_model, read_code
from engine.models.other import OtherModels
from engine.optimisation.text import optimise_text
from engine.recurrent.ablation import ablate
from engine.recurrent.investigate import investigate, marks
from engine.recurrent.read import read_cells
from engine.recurrent.session import Sessions
from engine.requests import (
    AblationRequest,
    AboutACorpus,
    AboutADataset,
    AboutAModel,
    AboutAttention,
    AboutTwoModels,
    AttentionFileRequest,
    AttentionRequest,
    AttributionRequest,
    CatalogueRequest,
    CellsRequest,
    CounterfactualRequest,
    DatasetRequest,
    EditRequest,
    GradientFlowRequest,
    HeadAgreementRequest,
    HeadRequest,
    ImportRequest,
    InspectCheckpointRequest,
    MarksRequest,
    ModuleCodeRequest,
    OpenModelRequest,
    OptimisationRequest,
    OverTrainingRequest,
    PredictionRequest,
    Request,
    TfidfRequest,
    WordOptionsRequest,
    model_asked,
)
from engine.results import CatalogueResult, OpenModelResult

_OF_A_MODEL: dict[type[AboutAModel], Callable[[Model, Any], Steps[Any]]] = {  # who answers, from the open model
    PredictionRequest: predict,
    AttributionRequest: explain,
}

_OF_A_TEXT_MODEL: dict[type[AboutAModel], Callable[[TextModel, Any], Steps[Any]]] = {
    OverTrainingRequest: over_training,
    GradientFlowRequest: gradient_flow,
    OptimisationRequest: optimise_text,
    CellsRequest: read_cells,
    AblationRequest: ablate,
    CounterfactualRequest: counterfactual,
    WordOptionsRequest: word_options,
}

_OF_ATTENTION: dict[type[AboutAttention], Callable[[Model, Any, Captures], Steps[Any]]] = {
    AttentionRequest: attend,
    HeadRequest: head_map,
    AttentionFileRequest: attention_file,
    HeadAgreementRequest: head_agreement,
}


class Workbench:
    """Holds the open model; one for a window, or one for a command."""

    def __init__(self) -> None:
        keep_full_precision()
        leave_a_core_free()
        self._model: Model | None = None
        self._accepted = False
        self._importer, self._sessions, self._captures = Importer(), Sessions(), Captures()
        self._datasets, self._others, self._explained = Datasets(), OtherModels(), Explained()

    def job_for(self, request: Request) -> Steps[Any]:
        """The generator whose result answers ``request``; nothing runs before its first step."""
        if isinstance(request, OpenModelRequest):
            return self._open(request)
        if isinstance(request, ModuleCodeRequest):
            return read_code(request)
        if isinstance(request, CatalogueRequest):
            return self._catalogue()
        if isinstance(request, InspectCheckpointRequest):
            return self._importer.inspect(request)
        if isinstance(request, ImportRequest):
            return _within_memory(self._importer.run(request))
        if isinstance(request, MarksRequest):
            return marks(request)
        if isinstance(request, DatasetRequest):
            return _within_memory(self._datasets.read(request))
        return _within_memory(self._ask(request))

    def _open(self, request: OpenModelRequest) -> Steps[OpenModelResult]:
        """The old model stays until the new one is there."""
        model = yield from open_model(request)
        self._model, self._accepted = model, request.accept_reinitialised
        self._captures.forget()
        self._others.forget()
        self._explained.forget()
        return OpenModelResult(request, model.info)

    def _catalogue(self) -> Steps[CatalogueResult]:
        yield Partial(0, 1)
        return CatalogueResult(tuple(method.description for method in METHODS.values()))

    def _ask(self, request: AboutAModel) -> Steps[Any]:
        model = self._usable(model_asked(request))
        if type(request) in _OF_A_MODEL:
            return (yield from _OF_A_MODEL[type(request)](model, request))
        if isinstance(request, AboutAttention) and not isinstance(request, TfidfRequest):
            return (yield from _OF_ATTENTION[type(request)](model, request, self._captures))
        if not isinstance(model, TextModel):
            raise UserError(f"This cannot be asked of a model that reads {model.info.input_kind}s yet.", "unavailable")
        if model.info.input_kind == "record" and isinstance(request, OptimisationRequest | CounterfactualRequest):
            raise UserError("That is made of words, and this model reads records; change a field and look.", "unavailable")
        if isinstance(request, AboutACorpus):
            return (yield from investigate(self._sessions, model, request))
        if isinstance(request, AboutADataset):
            return (yield from examine(self._datasets, model, request))
        if isinstance(request, AboutTwoModels):
            return (yield from side_by_side(self._datasets, self._others, model, request))
        if isinstance(request, EditRequest):
            return (yield from compare_edit(model, request, self._captures, self._explained))
        if isinstance(request, TfidfRequest):
            return (yield from tfidf(model, request, self._captures))
        return (yield from _OF_A_TEXT_MODEL[type(request)](model, request))

    def _usable(self, sha256: str) -> Model:
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
