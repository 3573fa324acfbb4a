"""Explanations of the rows that a key may bring next, computed while nothing else is asked."""

from collections.abc import Hashable

from PySide6.QtCore import QObject, QTimer, Slot

from engine.results import AttributionResult
from gui.conductor import Conductor
from gui.data.desk import DataDesk
from gui.side_jobs import SideJobs

MOST = 4
PAUSE_MS = 30  # the row that has just come to the desk is asked about first


class Ahead(QObject):
    """Quiet: it is neither announced nor failed aloud; what it finds is known when it is asked for."""

    def __init__(self, desk: DataDesk, jobs: SideJobs, conductor: Conductor) -> None:
        super().__init__(desk)
        self._desk, self._jobs, self._conductor = desk, jobs, conductor
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        desk.current_changed.connect(self._on_moved)
        conductor.question_asked.connect(self._on_moved)
        jobs.answered.connect(self._on_answered)

    @Slot()
    def _on_moved(self) -> None:
        """What was asked for the place before gives way."""
        for at in range(MOST):
            self._jobs.forget(("data.ahead", at))
        if self._desk.current >= 0 and not self._desk.is_edited:
            self._pause.start()

    @Slot()
    def _ask(self) -> None:
        if self._desk.data is None or self._desk.current < 0:
            return
        wanted = [self._desk.request_for(row) for row in self._desk.neighbours()[:MOST]]
        for at, request in enumerate(wanted):
            if request is not None and request not in self._conductor.known:
                self._jobs.ask(("data.ahead", at), request, "")

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if isinstance(key, tuple) and key[:1] == ("data.ahead",) and whole and isinstance(result, AttributionResult):
            self._conductor.known.add(result)
