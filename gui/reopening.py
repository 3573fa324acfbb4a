"""A map from before, back on screen with everything it was asked: model, text, target, method, settings. Nothing is computed."""

from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot

from engine.jobs import Failure
from engine.results import AttributionResult, ModelInfo
from gui.conductor import Conductor
from gui.views.message_bar import Message
from gui.workspace import Workspace

SUBJECT = "finding"
_HASH_DIGITS = 12


class Reopening(QObject):
    """Where its model is not open, it is opened first; where that fails or it has changed, the map is shown all the same."""

    message = Signal(object)  # Message
    cleared = Signal(str)
    shown = Signal()

    def __init__(self, conductor: Conductor, workspace: Workspace) -> None:
        super().__init__(conductor)
        self._conductor, self._workspace = conductor, workspace
        self._awaited: AttributionResult | None = None
        conductor.model_opened.connect(self._on_model_opened)
        conductor.opening.failed.connect(self._on_failed)
        conductor.opening.given_up.connect(self._on_given_up)

    def reopen(self, result: AttributionResult) -> None:
        """At once where its model is open."""
        self.cleared.emit(SUBJECT)
        model = self._conductor.model
        if model is not None and model.sha256 == result.model.sha256:
            self._show(result)
        else:
            self._awaited = result
            self._conductor.open_quietly(result.model.path)

    @Slot(object)
    def _on_model_opened(self, model: ModelInfo) -> None:
        result, self._awaited = self._awaited, None
        if result is None or model.path != result.model.path:
            return
        self._show(result)
        if model.sha256 != result.model.sha256:
            self._say(
                f"The model in {model.path} has changed since this map was pinned (then sha256 "
                f"{result.model.sha256[:_HASH_DIGITS]}…, now {model.sha256[:_HASH_DIGITS]}…). This is the map as it was pinned; "
                "Run explains the text with the model as it is now."
            )

    @Slot(str, object)
    def _on_failed(self, path: str, failure: Failure) -> None:
        self._show_without_model(path, failure.message)

    @Slot(str)
    def _on_given_up(self, path: str) -> None:
        self._show_without_model(path, "Opening it was cancelled.")

    def _show_without_model(self, path: str, why: str) -> None:
        result, self._awaited = self._awaited, None
        if result is None or path != result.model.path:
            return
        self._show(result)
        self._say(f"This is the map as it was pinned; its model is not open, so Run cannot make it again. {why}")

    def _say(self, words: str) -> None:
        self.message.emit(Message(SUBJECT, words, "warning"))

    def _show(self, result: AttributionResult) -> None:
        self._restore(result)
        self._conductor.show_stored(result)
        self.shown.emit()

    def _restore(self, result: AttributionResult) -> None:
        """Text and settings, as if a person had, so that both can be undone; what its method does not use stays as it is."""
        request, method, panel = result.request, result.method, self._workspace.method_panel
        self._conductor.put_stored_text(request.input, request.target.true)
        now = panel.snapshot()
        wishes = dict(now.wishes) | {request.method: request.parameters}
        panel.go_back_to(
            replace(
                now,
                method=request.method,
                wishes=tuple(wishes.items()),
                target=request.target if method.uses_target else now.target,
                baselines=request.baselines if method.uses_baseline else now.baselines,
                background=request.background or now.background,
                reduction=request.reduction,
                seed=request.seed if method.uses_seed or request.background else now.seed,
            )
        )
