"""A finding back on screen with all it was asked. A map needs no computing, other views are asked the same question again."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal, Slot

from engine.findings import SeenView
from engine.jobs import Failure
from engine.results import AttributionResult, ModelInfo
from gui.conductor import Conductor
from gui.rooms import Room
from gui.views.message_bar import Message
from gui.workspace import Workspace

SUBJECT = "finding"
_HASH_DIGITS = 12


@dataclass(frozen=True, slots=True, eq=False)
class _Awaited:
    """``show`` puts it on screen; ``stands``: also where its model cannot be asked."""

    path: str
    sha256: str
    what: str
    stands: bool
    show: Callable[[], None]


class Reopening(QObject):
    """Where its model is not open, it is opened first; where that fails or it has changed, the map is shown all the same."""

    message = Signal(object)  # Message
    cleared = Signal(str)
    shown = Signal()

    def __init__(self, conductor: Conductor, workspace: Workspace) -> None:
        super().__init__(conductor)
        self._conductor, self._workspace = conductor, workspace
        self._awaited: _Awaited | None = None
        conductor.opening.failed.connect(self._on_failed)
        conductor.opening.given_up.connect(self._on_given_up)

    def furnish(self) -> None:
        """The rooms are there: a model that opens is theirs to hear of first, since they forget then what they showed."""
        self._conductor.model_opened.connect(self._on_model_opened)

    def reopen(self, result: AttributionResult) -> None:
        """A map as it was; at once where its model is open."""
        model = result.model
        self._await(_Awaited(model.path, model.sha256, "map", True, lambda: self._show_map(result)))

    def reopen_view(self, seen: SeenView, room: Room) -> None:
        """A view, asked the same question again."""
        self._await(_Awaited(seen.model_path, seen.model_sha256, "view", False, lambda: self._show_view(seen, room)))

    def _await(self, wanted: _Awaited) -> None:
        self.cleared.emit(SUBJECT)
        model = self._conductor.model
        if model is not None and model.sha256 == wanted.sha256:
            self._show(wanted)
        else:
            self._awaited = wanted
            self._conductor.open_quietly(wanted.path)

    @Slot(object)
    def _on_model_opened(self, model: ModelInfo) -> None:
        wanted, self._awaited = self._awaited, None
        if wanted is None or model.path != wanted.path:
            return
        if model.sha256 == wanted.sha256:
            self._show(wanted)
            return
        then, now = wanted.sha256[:_HASH_DIGITS], model.sha256[:_HASH_DIGITS]
        changed = f"The model in {model.path} has changed since this {wanted.what} was pinned (then sha256 {then}…, now {now}…)."
        if wanted.stands:
            self._show(wanted)
            self._say(f"{changed} This is the map as it was pinned; Run explains the text with the model as it is now.")
        else:
            self._say(f"{changed} What it showed then is on its card; the question is not asked of another model.")

    @Slot(str, object)
    def _on_failed(self, path: str, failure: Failure) -> None:
        self._show_without_model(path, failure.message)

    @Slot(str)
    def _on_given_up(self, path: str) -> None:
        self._show_without_model(path, "Opening it was cancelled.")

    def _show_without_model(self, path: str, why: str) -> None:
        wanted, self._awaited = self._awaited, None
        if wanted is None or path != wanted.path:
            return
        if wanted.stands:
            self._show(wanted)
            self._say(f"This is the map as it was pinned; its model is not open, so Run cannot make it again. {why}")
        else:
            self._say(f"What the view showed is on its card; its model is not open, so it cannot be asked again. {why}")

    def _say(self, words: str) -> None:
        self.message.emit(Message(SUBJECT, words, "warning"))

    def _show(self, wanted: _Awaited) -> None:
        wanted.show()
        self.shown.emit()

    def _show_view(self, seen: SeenView, room: Room) -> None:
        panel = self._workspace.method_panel
        self._conductor.put_stored(seen.input, seen.true)
        panel.go_back_to(replace(panel.snapshot(), target=seen.target))
        self._conductor.forget_question()
        room.show_seen(seen)

    def _show_map(self, result: AttributionResult) -> None:
        self._restore(result)
        self._workspace.tabs.setCurrentWidget(self._workspace.attribution_view)
        self._conductor.show_stored(result)

    def _restore(self, result: AttributionResult) -> None:
        """Text and settings, as if a person had, so that both can be undone; what its method does not use stays as it is."""
        request, method, panel = result.request, result.method, self._workspace.method_panel
        self._conductor.put_stored(request.input, request.target.true)
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
