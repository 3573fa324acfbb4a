"""The tab Gradient flow: it follows the text while it is in sight; what is on screen can be saved and asked for again."""

from functools import partial

from engine.command_line import gradient_flow_command
from engine.export.flow_files import FLOW_KINDS
from engine.flow import GradientFlowResult
from engine.jobs import Failure
from engine.requests import GradientFlowRequest, Parameter, Request
from engine.results import ModelInfo
from gui.keeping import Kept
from gui.kept_view import FileKind, KeptView, picture_of
from gui.rooms import House, Room
from gui.subject import Subject
from gui.views.gradient_flow import EMPTY, WAITING, GradientFlowView


class FlowRoom(Room):
    """Asks anew about every text and target; the picture of before stays until the next is there."""

    key, title, icon = "flow", "Gradient flow", "waves"
    reads = ("text", "record")
    hint = "How much of the gradient reaches each layer, token and step."

    def __init__(self, house: House) -> None:
        self.flow = GradientFlowView()
        super().__init__(self.flow, house)
        self.flow.read_out_changed.connect(self.read_out_changed)

    def request_for(self, subject: Subject) -> Request | None:
        """See ``Room``."""
        return GradientFlowRequest(subject.model.sha256, subject.input, subject.target)

    def kept(self) -> Kept | None:
        """See ``Room``."""
        result, accepted = self.flow.result, self._house.conductor.accepted_reinitialised
        if result is None:
            return None
        kinds = {kind.suffix: FileKind(kind.words, partial(kind.write, result)) for kind in FLOW_KINDS.values() if kind.write}
        line = partial(gradient_flow_command, result, accept_reinitialised=accepted)
        return KeptView(f"{result.model.name}-gradient-flow", kinds, line, partial(picture_of, self.flow))

    def caption(self) -> tuple[str, str] | None:
        """See ``Room``."""
        if self.flow.result is None:
            return None
        title, sentence = self.flow.in_words()
        return title, f"{self.flow.result.model.name} · {sentence}"

    def state(self) -> tuple[tuple[str, Parameter], ...]:
        """See ``Room``."""
        return self.flow.switches()

    def restore(self, state: tuple[tuple[str, Parameter], ...]) -> None:
        """See ``Room``."""
        self.flow.set_switches(dict(state))

    def show_model(self, model: ModelInfo) -> None:
        """See ``Room``."""
        self._say(EMPTY)

    def show_refusal(self, words: str) -> None:
        """See ``Room``."""
        self._say(words)

    def show_subject(self, subject: Subject | None) -> None:
        """See ``Room``."""
        if subject is None:
            self._say(EMPTY)
        elif self.flow.result is None:
            self._say(WAITING)

    def show_answer(self, result: object, whole: bool) -> None:
        """See ``Room``."""
        if isinstance(result, GradientFlowResult):
            self.flow.show_result(result)
            self.kept_changed.emit()

    def show_failure(self, failure: Failure) -> None:
        """See ``Room``."""
        self._say(failure.message)

    def show_stopped(self) -> None:
        """See ``Room``."""
        if self.flow.result is None:
            self._say("Stopped. Run computes it again.")

    def _say(self, words: str) -> None:
        self.flow.show_words(words)
        self.kept_changed.emit()
