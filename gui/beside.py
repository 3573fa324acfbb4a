"""What is shown beside the main map: other methods on the same question, and every dimension of its embeddings."""

from collections.abc import Hashable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot

from engine.jobs import Failure
from engine.requests import AttributionRequest
from engine.results import AttributionResult, ModelInfo, TokenizedText
from gui.choices import Choices
from gui.conductor import Conductor
from gui.side_jobs import SideJobs
from gui.views.map_board import Companion
from gui.workspace import Workspace

DIMENSIONS = "dimensions"  # its key; companions are numbered
MOST_COMPANIONS = 8
_WAITING, _NOT_ASKED = "waiting for its turn", "Run computes it for this text"
_STOPPED = "stopped before it began; Run starts it again"


class Beside(QObject):
    """Follows the conductor's question; asks only while that one rests."""

    note = Signal(str)

    def __init__(self, jobs: SideJobs, conductor: Conductor, workspace: Workspace) -> None:
        super().__init__(conductor)
        self._jobs = jobs
        self._conductor, self._workspace = conductor, workspace
        self._view = workspace.attribution_view
        self._asked: AttributionRequest | None = None
        self._choices: dict[int, Choices] = {}  # in the order shown
        self._shown: dict[int, Companion] = {}
        self._last_key = 0
        self._dimensions = False
        self._connect()

    def _connect(self) -> None:
        view = self._view
        view.method_added.connect(self.add)
        view.method_removed.connect(self.remove)
        view.method_moved.connect(self.move)
        view.dimensions_toggled.connect(self._on_dimensions_toggled)
        self._conductor.question_asked.connect(self._on_question)
        self._conductor.model_opened.connect(self._on_model_opened)
        self._conductor.catalogue_shown.connect(self._on_catalogue)
        self._conductor.map_changed.connect(self._on_map_changed)
        self._jobs.answered.connect(self._on_answered)
        self._jobs.failed.connect(self._on_failed)
        self._jobs.stopped.connect(self._on_stopped)

    @Slot(str)
    def add(self, method: str) -> None:
        """As it was set last."""
        found = next((each for each, _ in self._workspace.method_panel.methods() if each.id == method), None)
        if found is None:
            return
        if len(self._choices) >= MOST_COMPANIONS:
            self.note.emit(f"{MOST_COMPANIONS} methods are compared already; remove one first")
            return
        self._last_key += 1
        key = self._last_key
        self._choices[key] = self._workspace.method_panel.choices_for(found)
        self._shown[key] = Companion(key, found.label, note=_WAITING)
        self._ask(key)
        self._show()

    @Slot(int)
    def remove(self, key: int) -> None:
        """Its map goes; the others stay as they are."""
        self._jobs.forget(key)
        self._choices.pop(key, None)
        self._shown.pop(key, None)
        self._show()

    @Slot(int, int)
    def move(self, key: int, step: int) -> None:
        """One place up (−1) or down."""
        keys = list(self._choices)
        here = keys.index(key)
        there = min(max(here + step, 0), len(keys) - 1)
        keys.insert(there, keys.pop(here))
        self._choices = {each: self._choices[each] for each in keys}
        self._show()

    def _ask(self, key: int) -> None:
        if self._asked is None:
            return
        chosen = self._choices[key]
        request = replace(
            self._asked,
            method=chosen.method,
            parameters=chosen.parameters,
            baselines=chosen.baselines,
            background=chosen.background,
            reduction=chosen.reduction,
            seed=chosen.seed,
        )
        self._jobs.ask(key, request, self._shown[key].label)

    def _show(self) -> None:
        self._view.show_companions([self._shown[key] for key in self._choices])

    @Slot(object)
    def _on_question(self, request: AttributionRequest | None) -> None:
        """Another text, target or unit is another question for the companions too; their former maps stay till then."""
        before, self._asked = self._asked, request
        same = before is not None and request is not None and _common(before) == _common(request)
        same_text = before is not None and request is not None and before.input == request.input
        note = _NOT_ASKED if request is None else _WAITING
        for key in self._choices:
            each = self._shown[key]
            done = each.result is not None and each.result.progress >= 1 and not each.stopped
            if same and done:
                continue
            self._shown[key] = replace(each, result=each.result if same_text else None, note=note, stopped=False)
            self._jobs.forget(key)
            if request is not None:
                self._ask(key)
        if self._choices:
            self._show()
        if not same:
            self._jobs.forget(DIMENSIONS)

    @Slot()
    def _on_map_changed(self) -> None:
        shown = self._conductor.map
        if self._dimensions and shown is not None and shown.progress >= 1 and isinstance(shown.prediction.input, TokenizedText):
            self._ask_dimensions(shown)

    @Slot(bool)
    def _on_dimensions_toggled(self, on: bool) -> None:
        self._dimensions = on
        if not on:
            self._jobs.forget(DIMENSIONS)
        elif self._conductor.map is not None and isinstance(self._conductor.map.prediction.input, TokenizedText):
            self._ask_dimensions(self._conductor.map)

    def _ask_dimensions(self, shown: AttributionResult) -> None:
        if shown.values.ndim == 2:
            self._view.dimensions.show_result(shown)
            return
        self._view.dimensions.show_words("Computing every dimension…")
        self._jobs.ask(DIMENSIONS, replace(shown.request, reduction="none"), "Every dimension")

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, _whole: bool) -> None:
        if not isinstance(result, AttributionResult):
            return
        if key == DIMENSIONS:
            self._view.dimensions.show_result(result)
            self._view.dimensions.select_token(self._view.board.selected_token)
        elif isinstance(key, int) and key in self._shown:
            self._shown[key] = replace(self._shown[key], result=result, note="", stopped=False)
            self._show()

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        if key == DIMENSIONS:
            self._view.dimensions.show_words(failure.message)
        elif isinstance(key, int) and key in self._shown:
            self._shown[key] = replace(self._shown[key], result=None, note=failure.message)
            self._show()

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        if key == DIMENSIONS:
            self._view.dimensions.show_words("Stopped. Run computes it again.")
        elif isinstance(key, int) and key in self._shown:
            each = self._shown[key]
            self._shown[key] = replace(each, note="" if each.result else _STOPPED, stopped=True)
            self._show()

    @Slot(object)
    def _on_model_opened(self, model: ModelInfo) -> None:
        """Methods that this model cannot run go."""
        self._asked = None
        refused = {each.id for each, reason in self._workspace.method_panel.methods() if reason is not None}
        for key in [key for key, chosen in self._choices.items() if chosen.method in refused]:
            self.remove(key)
        self._shown = {key: Companion(key, each.label, note=_NOT_ASKED) for key, each in self._shown.items()}
        if self._shown:
            self._show()
        self._on_catalogue()

    @Slot()
    def _on_catalogue(self) -> None:
        offered = tuple((each.id, each.label, reason) for each, reason in self._workspace.method_panel.methods())
        self._view.head.show_methods(offered)


def _common(request: AttributionRequest) -> tuple[object, ...]:
    """What all methods on screen are asked alike."""
    return request.model_sha256, request.input, request.target
