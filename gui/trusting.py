"""From a folder that holds code to consent: read, shown, and remembered for exactly what lies in it."""

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from engine.jobs import Failure
from engine.models.module_code import ModuleCode
from engine.requests import ModuleCodeRequest
from gui.memory import Memory
from gui.settings import TRUSTED, with_recent
from gui.side_jobs import SideJobs
from gui.views.message_bar import Message
from gui.views.trust_dialog import TrustDialog

KEY = ("trust", "code")


class Trusting(QObject):
    """One folder at a time; the dialog lives as long as it is asked about."""

    message = Signal(object)  # Message
    trusted = Signal(str)  # a path that may be opened now

    def __init__(self, jobs: SideJobs, memory: Memory, window: QWidget) -> None:
        super().__init__(window)
        self._jobs, self._memory, self._window = jobs, memory, window
        self._path = ""
        self.dialog: TrustDialog | None = None
        jobs.answered.connect(self._on_answered)
        jobs.failed.connect(self._on_failed)

    @Slot(str)
    def begin(self, path: str) -> None:
        """Read the code, then ask."""
        self._path = path
        self._jobs.ask(KEY, ModuleCodeRequest(path), "Reading the code")

    def _ask(self, code: ModuleCode) -> None:
        if self.dialog is not None:
            self.dialog.reject()
        dialog = self.dialog = TrustDialog(code, self._window)
        dialog.accepted.connect(self._on_accepted)
        dialog.finished.connect(self._on_closed)
        dialog.open()

    @Slot()
    def _on_accepted(self) -> None:
        if self.dialog is not None:
            known = with_recent(self._memory.settings.trusted, self.dialog.code.sha256, TRUSTED)
            self._memory.change_settings(trusted=known)
            self.trusted.emit(self._path)

    @Slot()
    def _on_closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
        self.dialog = None

    @Slot(object, object, bool)
    def _on_answered(self, key: object, result: object, whole: bool) -> None:
        if key == KEY and whole and isinstance(result, ModuleCode):
            self._ask(result)

    @Slot(object, object)
    def _on_failed(self, key: object, failure: Failure) -> None:
        if key == KEY:
            self.message.emit(Message("opening", failure.message, detail=failure.detail))
