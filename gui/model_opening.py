"""Opening a model: one at a time, the newest wins, the open one stays usable meanwhile."""

from PySide6.QtCore import QObject, Signal, Slot

from engine.jobs import Failure
from engine.requests import OpenModelRequest
from engine.results import OpenModelResult
from gui.engine_thread import EngineThread


class ModelOpening(QObject):
    """From a path to an OpenModelResult."""

    asked = Signal(int, str)  # ticket, what it does in words
    opened = Signal(object)  # OpenModelResult
    failed = Signal(str, object)  # path, Failure
    given_up = Signal(str)  # path; cancelled by the user

    def __init__(self, engine: EngineThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._ticket: int | None = None
        self._path = ""
        engine.finished.connect(self._on_finished)
        engine.failed.connect(self._on_failed)
        engine.cancelled.connect(self._on_cancelled)

    @property
    def running(self) -> bool:
        """Whether a model is being opened."""
        return self._ticket is not None

    def open(self, path: str, accept_reinitialised: bool = False, trusted: tuple[str, ...] = ()) -> None:
        """Ask for the model in ``path``; one that is still being opened is given up. ``trusted``: code that may be run."""
        former, self._ticket = self._ticket, None
        if former is not None:
            self._engine.cancel(former)
        self._path = path
        self._ticket = self._engine.submit(OpenModelRequest(path, accept_reinitialised, trust=trusted))
        self.asked.emit(self._ticket, f"Opening {_name(path)}…")

    def cancel(self) -> None:
        """``given_up`` follows when it has stopped."""
        if self._ticket is not None:
            self._engine.cancel(self._ticket)

    @Slot(int, object)
    def _on_finished(self, ticket: int, result: object) -> None:
        if ticket == self._ticket and isinstance(result, OpenModelResult):
            self._ticket = None
            self.opened.emit(result)

    @Slot(int, object)
    def _on_failed(self, ticket: int, failure: Failure) -> None:
        if ticket == self._ticket:
            self._ticket = None
            self.failed.emit(self._path, failure)

    @Slot(int)
    def _on_cancelled(self, ticket: int) -> None:
        if ticket == self._ticket:
            self._ticket = None
            self.given_up.emit(self._path)


def _name(path: str) -> str:
    return path.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]
