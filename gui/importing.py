"""From a bare file of weights to an open model: looked at, asked about, tried, kept."""

from collections.abc import Callable, Hashable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from engine.checkpoints import ImportResult, InspectCheckpointResult
from engine.jobs import Failure
from engine.requests import ImportRequest, InspectCheckpointRequest
from gui.dialogs import Dialogs
from gui.folders import free_folder, imported_folder
from gui.side_jobs import SideJobs
from gui.views.import_dialog import ImportDialog
from gui.views.message_bar import Message

LOOK, TRY, KEEP = ("import", "look"), ("import", "try"), ("import", "keep")
SAMPLE_TEXT = "Not once does it come close to being exciting."


class Importing(QObject):
    """One file at a time; the dialog lives as long as it is asked about."""

    message = Signal(object)  # Message
    kept = Signal(str, str)  # the folder to open, the text it was tried on

    def __init__(self, jobs: SideJobs, dialogs: Dialogs, window: QWidget, text: Callable[[], str]) -> None:
        super().__init__(window)
        self._jobs, self._dialogs, self._window, self._text = jobs, dialogs, window, text
        self._path = ""
        self.dialog: ImportDialog | None = None
        jobs.answered.connect(self._on_answered)
        jobs.failed.connect(self._on_failed)
        jobs.stopped.connect(self._on_stopped)

    @Slot(str)
    def begin(self, path: str) -> None:
        """Look at the file, then ask."""
        self._path = path
        self._jobs.ask(LOOK, InspectCheckpointRequest(path), f"Looking at {Path(path).name}")

    def _open_dialog(self, looked: InspectCheckpointResult) -> None:
        if self.dialog is not None:
            self.dialog.reject()
        dialog = self.dialog = ImportDialog(self._window)
        dialog.set_text(self._text().strip() or SAMPLE_TEXT)
        dialog.show_finding(looked.finding)
        dialog.changed.connect(self._try)
        dialog.vocabulary_asked.connect(self._on_vocabulary_asked)
        dialog.save_asked.connect(self._on_save_asked)
        dialog.open_asked.connect(self._on_open_asked)
        dialog.finished.connect(self._on_closed)
        dialog.open()
        dialog.focus_first()
        self._try()

    @Slot()
    def _try(self) -> None:
        if self.dialog is not None:
            request = ImportRequest(self._path, self.dialog.answers(), None, self.dialog.text(), guesses=True)
            self._jobs.ask(TRY, request, "Trying the answers")

    def _keep(self, folder: Path) -> None:
        if self.dialog is not None:
            self._jobs.forget(TRY)
            self.dialog.show_running(True)
            request = ImportRequest(self._path, self.dialog.answers(), str(folder), self.dialog.text(), guesses=True)
            self._jobs.ask(KEEP, request, "Keeping it as a folder")

    @Slot()
    def _on_vocabulary_asked(self) -> None:
        if self.dialog is None:
            return
        chosen = self._dialogs.vocabulary_file(self.dialog, str(Path(self._path).parent))
        if chosen is not None:
            self.dialog.set_answer("vocabulary", chosen)

    @Slot()
    def _on_save_asked(self) -> None:
        if self.dialog is None:
            return
        chosen = self._dialogs.new_folder(self.dialog, free_folder(Path(self._path).absolute().parent, Path(self._path).stem))
        if chosen is not None:
            self._keep(chosen)

    @Slot()
    def _on_open_asked(self) -> None:
        try:
            self._keep(imported_folder(Path(self._path).stem))
        except OSError as error:
            if self.dialog is not None:
                words = f"Neuroloupe's own folder cannot be written ({error.strerror}); save it as a folder elsewhere."
                self.dialog.show_failure(Failure(words, "unwritable"))

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if not whole or key not in (LOOK, TRY, KEEP):
            return
        if isinstance(result, InspectCheckpointResult):
            self._open_dialog(result)
        elif isinstance(result, ImportResult) and self.dialog is not None:
            if result.request.folder is None:
                self.dialog.show_result(result)
            else:
                self.dialog.accept()
                self.kept.emit(result.request.folder, result.request.text)

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        if key == LOOK:
            self.message.emit(Message("opening", failure.message, detail=failure.detail))
        elif key in (TRY, KEEP) and self.dialog is not None:
            self.dialog.show_failure(failure)

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        if key in (TRY, KEEP) and self.dialog is not None:
            self.dialog.show_running(False)

    @Slot(int)
    def _on_closed(self, _code: int) -> None:
        for key in (TRY, KEEP):
            self._jobs.forget(key)
        closed, self.dialog = self.dialog, None
        if closed is not None:
            closed.deleteLater()
