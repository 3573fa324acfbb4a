"""The tab Training, where a model carries checkpoints: the main question put to each of them."""

from functools import partial

from PySide6.QtCore import Slot

from engine.command_line import over_training_command
from engine.export.over_training_files import OVER_TRAINING_KINDS
from engine.jobs import Failure
from engine.over_training import OverTrainingResult
from engine.requests import OverTrainingRequest, Parameter, Request
from engine.results import ModelInfo
from gui.keeping import Kept
from gui.kept_view import FileKind, KeptView, picture_of
from gui.rooms import House, Room
from gui.subject import Subject
from gui.views.training import EMPTY, WAITING, TrainingView

_NONE = "This model carries no checkpoints from its training."


class TrainingRoom(Room):
    """Asks anew about every text, target and method; the picture of before stays until the next is there."""

    key, title, icon = "training", "Training", "graduation-cap"
    reads = ("text", "record")
    hint = "How the attribution came about: the same map at every training checkpoint."

    def __init__(self, house: House) -> None:
        self.training = TrainingView()
        super().__init__(self.training, house)
        house.workspace.set_apart(self.training, True)  # what is said at a checkpoint stands in the room itself
        view, panel = self.training, house.workspace.method_panel
        view.read_out_changed.connect(self.read_out_changed)
        view.target_chosen.connect(panel.set_target)
        view.versus_chosen.connect(panel.set_versus)
        view.token_selected.connect(self._on_token)
        panel.true_changed.connect(self._on_true)
        house.workspace.attribution_view.token_selected.connect(self._on_attribution_token)
        self._offer(False)

    def request_for(self, subject: Subject) -> Request | None:
        """See ``Room``."""
        if not subject.model.checkpoints:
            return None
        choices = self._house.workspace.method_panel.choices()
        return OverTrainingRequest(choices.request(subject.input, subject.model.sha256))

    def kept(self) -> Kept | None:
        """See ``Room``."""
        result, accepted = self.training.result, self._house.conductor.accepted_reinitialised
        if result is None:
            return None
        kinds = {
            kind.suffix: FileKind(kind.words, partial(kind.write, result)) for kind in OVER_TRAINING_KINDS.values() if kind.write
        }
        line = partial(over_training_command, result, accept_reinitialised=accepted)
        unfinished = f"only {len(result.names)} of {result.total} checkpoints are there" if result.progress < 1 else ""
        return KeptView(f"{result.model.name}-over-training", kinds, line, partial(picture_of, self.training), unfinished)

    def caption(self) -> tuple[str, str] | None:
        """See ``Room``."""
        if self.training.result is None:
            return None
        title, facts = self.training.in_words()
        return title, f"{self.training.result.model.name} · {facts}"

    def state(self) -> tuple[tuple[str, Parameter], ...]:
        """See ``Room``."""
        return self.training.state()

    def restore(self, state: tuple[tuple[str, Parameter], ...]) -> None:
        """See ``Room``."""
        self.training.restore(dict(state))

    def show_model(self, model: ModelInfo) -> None:
        """See ``Room``."""
        self._say(EMPTY)
        self._offer(bool(model.checkpoints))

    def show_refusal(self, words: str) -> None:
        """See ``Room``."""
        self._say(words)
        self._offer(False)

    def show_subject(self, subject: Subject | None) -> None:
        """See ``Room``."""
        if subject is None:
            self.forget()
            self._say(EMPTY)
        elif self.training.result is None:
            self._say(WAITING)

    def show_answer(self, result: object, whole: bool) -> None:
        """See ``Room``."""
        if isinstance(result, OverTrainingResult):
            self.training.show_result(result)
            self._on_true()
            self.kept_changed.emit()

    def show_failure(self, failure: Failure) -> None:
        """See ``Room``."""
        self._say(failure.message)

    def show_stopped(self) -> None:
        """See ``Room``."""
        if self.training.result is None:
            self._say("Stopped. Run computes it again.")
        self.training.show_stopped()

    def _say(self, words: str) -> None:
        self.training.show_words(words)
        self.kept_changed.emit()

    def _offer(self, on: bool) -> None:
        """A tab that could never show anything is not there."""
        tabs = self._house.workspace.tabs
        if not on and self.in_sight:
            tabs.setCurrentIndex(0)
        tabs.setTabVisible(tabs.indexOf(self.view), on)
        self._house.actions.set_available(f"view_{self.key}", None if on else _NONE)

    def _aligned(self) -> bool:
        """Whether the map in Attribution is of the same tokens."""
        result, attributed = self.training.result, self._house.conductor.map
        return result is not None and attributed is not None and result.tokens == attributed.tokens

    @Slot(int)
    def _on_token(self, token: int) -> None:
        if self._aligned():
            self._house.workspace.attribution_view.select_token(token)

    @Slot(int)
    def _on_attribution_token(self, token: int) -> None:
        if self._aligned():
            self.training.select_token(token)

    @Slot()
    def _on_true(self) -> None:
        self.training.show_true(self._house.workspace.method_panel.target_controls.true_label())
