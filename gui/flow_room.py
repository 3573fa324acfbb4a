"""The tab Gradient flow: it follows the text while it is in sight; what is on screen can be saved and asked for again."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from engine.atomic_file import save
from engine.command_line import gradient_flow_command
from engine.errors import UserError
from engine.export.flow_files import FLOW_KINDS
from engine.flow import GradientFlowResult
from engine.jobs import Failure
from engine.requests import GradientFlowRequest, Request
from engine.results import ModelInfo
from gui.keeping import Kept
from gui.rooms import House, Room
from gui.subject import Subject
from gui.views.gradient_flow import EMPTY, WAITING, GradientFlowView

_PICTURE = {".png": "Picture (*.png)"}
FLOW_FILTERS = _PICTURE | {kind.suffix: f"{kind.words} (*{kind.suffix})" for kind in FLOW_KINDS.values()}


class KeptFlow:
    """A gradient flow on screen. ``accepted``: its model was opened although some of its weights are random."""

    unfinished = ""
    filters = FLOW_FILTERS

    def __init__(self, result: GradientFlowResult, shown: QWidget, accepted: bool) -> None:
        self._result, self._shown, self._accepted = result, shown, accepted
        self.name = f"{result.model.name}-gradient-flow"

    def save(self, path: Path) -> None:
        """See ``Kept``."""
        kind = FLOW_KINDS.get(path.suffix.lower())
        if path.suffix.lower() in _PICTURE:
            save(path, _png(self.picture()))
        elif kind is not None and kind.write is not None:
            save(path, kind.write(self._result))
        else:
            known = ", ".join(FLOW_FILTERS)
            raise UserError(f"This cannot be saved as “{path.suffix or path.name}”; end the name in one of {known}.", "suffix")

    def command(self, texts: Path) -> str:
        """See ``Kept``."""
        return gradient_flow_command(self._result, texts, self._accepted)

    def picture(self) -> QImage:
        """See ``Kept``."""
        return self._shown.grab().toImage()


def _png(picture: QImage) -> bytes:
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not picture.save(buffer, "PNG"):  # type: ignore[call-overload]  # the stubs want bytes for the format
        raise UserError("The picture could not be drawn.", "picture")
    return bytes(content.data())


class FlowRoom(Room):
    """Asks anew about every text and target; the picture of before stays until the next is there."""

    key, title, icon = "flow", "Gradient flow", "waves"
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
        if self.flow.result is None:
            return None
        return KeptFlow(self.flow.result, self.flow, self._house.conductor.accepted_reinitialised)

    def show_model(self, model: ModelInfo) -> None:
        """See ``Room``."""
        self._say(EMPTY)

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
