"""The one bridge between the window and the engine: jobs are made, stepped, closed and dropped in a thread of their own.

Whose turn it is, ``job_lanes`` says.
"""

import logging
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from PySide6.QtCore import QObject, QThread, QTimer, Signal, Slot

from engine.errors import UserError
from engine.jobs import Failure, Partial
from gui.job_lanes import Job, Lane, Lanes, lane_of

log = logging.getLogger(__name__)

PARTIAL_INTERVAL_MS = 80  # a dozen a second: more is not seen, and would flood the window
WAIT_FOR_STEP_MS = 5000


class Engine(Protocol):
    """What runs the jobs: ``engine.workbench.Workbench``, or a stub in tests."""

    def job_for(self, request: Any, /) -> Generator[Partial, None, Any]:
        """The job that answers ``request``."""


MakeEngine = Callable[[], Engine]


class _Worker(QObject):
    """Lives in the engine thread; EngineThread owns both."""

    ready = Signal()
    unavailable = Signal(object)  # Failure
    started = Signal(int)
    partial = Signal(int, object)
    finished = Signal(int, object)
    failed = Signal(int, object)
    cancelled = Signal(int)

    def __init__(self, make_engine: MakeEngine) -> None:
        super().__init__()
        self._make_engine = make_engine
        self._engine: Engine | None = None
        self._failure: Failure | None = None
        self._begun = False
        self._lanes = Lanes()
        self._wake = QTimer(self)  # a zero timer: one step per turn of the thread's event loop
        self._wake.timeout.connect(self._advance)

    @Slot()
    def begin(self) -> None:
        """Import the engine here, so that the window is on screen meanwhile."""
        try:
            self._engine = self._make_engine()
        except Exception as error:  # shown to the user, like a job's
            self._failure = _why_no_engine(error)
        self._begun = True
        self._wake.start(0)  # for what was asked meanwhile
        if self._failure is None:
            self.ready.emit()
        else:
            self.unavailable.emit(self._failure)

    @Slot(int, object, object)
    def accept(self, ticket: int, request: object, lane: Lane) -> None:
        """Queue one request; it has its first step in a turn of its own."""
        overtaken = self._lanes.take_all(lane) if lane is Lane.INTERACTIVE else ()
        self._lanes.add(lane, Job(ticket, request))
        for job in overtaken:
            self._cancel(job)
        if self._begun:
            self._wake.start(0)

    @Slot(int)
    def cancel(self, ticket: int) -> None:
        """Close one job; unknown tickets have ended already."""
        job = self._lanes.take(ticket)
        if job is not None:
            self._cancel(job)

    @Slot()
    def end(self) -> None:
        """Close everything and leave the thread's event loop."""
        self._wake.stop()
        for lane in Lane:
            for job in self._lanes.take_all(lane):
                self._cancel(job)
        self._engine = None
        self.thread().quit()

    @Slot()
    def _advance(self) -> None:
        job = self._lanes.next()
        if job is None:
            self._wake.stop()
            return
        ended = self._step(job)
        if ended is not None:
            self._end(job, ended)

    def _step(self, job: Job) -> "_Done | Failure | None":
        """One step of ``job``; its end, if this was the last."""
        try:
            if job.steps is None:
                job.steps = self._steps_for(job)
            self._tell(job, next(job.steps))
        except StopIteration as end:
            return _Done(end.value)
        except Exception as error:  # the one broad except: shown to the user
            return Failure.of(error)
        return None

    def _steps_for(self, job: Job) -> Generator[Partial, None, Any]:
        self.started.emit(job.ticket)
        if self._engine is None:
            failure = self._failure or Failure("The engine is not running.", "no_engine")
            raise UserError(failure.message, failure.kind, failure.detail)
        return self._engine.job_for(job.request)

    def _end(self, job: Job, ended: "_Done | Failure") -> None:
        self._lanes.forget(job)  # first forget the job, then tell
        job.close()
        self._tell_held(job)
        if isinstance(ended, _Done):
            self.finished.emit(job.ticket, ended.result)
        else:
            self.failed.emit(job.ticket, ended)

    def _cancel(self, job: Job) -> None:
        job.close()
        self._tell_held(job)
        self.cancelled.emit(job.ticket)

    def _tell(self, job: Job, partial: Partial) -> None:
        """Pass the first partial at once, then a dozen a second; the last one is told when the job ends."""
        now = time.monotonic()
        if partial.result is None and job.held is not None and job.held.result is not None:
            partial = replace(partial, result=job.held.result)  # an answer is never lost to the progress after it
        if now - job.told_at < PARTIAL_INTERVAL_MS / 1000:
            job.held = partial
            return
        job.told_at, job.held = now, None
        self.partial.emit(job.ticket, partial)

    def _tell_held(self, job: Job) -> None:
        if job.held is not None:
            self.partial.emit(job.ticket, job.held)
            job.held = None


@dataclass(frozen=True, slots=True, eq=False)
class _Done:
    result: object


def _why_no_engine(error: Exception) -> Failure:
    failure = Failure.of(error)
    if isinstance(error, ImportError):
        missing = error.name or "a library"
        words = f"The engine could not start because {missing} cannot be imported; run “python3 packaging/dev.py doctor”."
        return Failure(words, "no_engine", failure.detail)
    if failure.kind == "bug":
        return Failure(f"The engine could not start ({type(error).__name__}: {error}).", "no_engine", failure.detail)
    return failure


class EngineThread(QObject):
    """The window's handle on the engine, in the GUI thread.

    Every accepted ticket gets exactly one of ``finished``, ``failed`` and ``cancelled``; between it and the submission
    come ``started`` and any number of ``partial``. A ticket that ended is never heard of again.
    """

    ready = Signal()
    unavailable = Signal(object)  # Failure: the engine could not be imported
    started = Signal(int)
    partial = Signal(int, object)  # ticket, Partial
    finished = Signal(int, object)  # ticket, result
    failed = Signal(int, object)  # ticket, Failure
    cancelled = Signal(int)
    stopped = Signal()  # the thread has ended

    _begin = Signal()
    _accept = Signal(int, object, object)
    _cancel = Signal(int)
    _end = Signal()

    def __init__(self, make_engine: MakeEngine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = QThread()
        self._thread.setObjectName("engine")
        self._worker = _Worker(make_engine)
        self._worker.moveToThread(self._thread)
        self._last_ticket = 0
        self._open: set[int] = set()
        self._closing = False
        self._connect()

    def _connect(self) -> None:
        worker = self._worker
        worker.ready.connect(self._on_ready)
        worker.unavailable.connect(self._on_unavailable)
        worker.started.connect(self._on_started)
        worker.partial.connect(self._on_partial)
        worker.finished.connect(self._on_finished)
        worker.failed.connect(self._on_failed)
        worker.cancelled.connect(self._on_cancelled)
        self._begin.connect(worker.begin)
        self._accept.connect(worker.accept)
        self._cancel.connect(worker.cancel)
        self._end.connect(worker.end)
        self._thread.finished.connect(self._on_thread_finished)

    @property
    def busy(self) -> bool:
        """Whether any ticket is still open."""
        return bool(self._open)

    @property
    def running(self) -> bool:
        """Whether the thread lives."""
        return self._thread.isRunning()

    def start(self) -> None:
        """Start the thread and import the engine in it; requests may be submitted before it is ready."""
        self._thread.start()
        self._begin.emit()

    def submit(self, request: object, lane: Lane = Lane.INTERACTIVE) -> int:
        """Ask; the answer comes by signal under the ticket that is returned. Interactive: overtakes what was asked before."""
        self._last_ticket += 1
        self._open.add(self._last_ticket)
        if not self._closing:  # else it is cancelled when the thread has ended
            self._accept.emit(self._last_ticket, request, lane_of(request, lane))
        return self._last_ticket

    def cancel(self, ticket: int) -> None:
        """End one job after its running step; ``cancelled`` follows unless it ended meanwhile."""
        if ticket in self._open:
            self._cancel.emit(ticket)

    def shut_down(self) -> None:
        """Cancel everything and end the thread after its running step; ``stopped`` follows. May be called twice."""
        if self._closing:
            return
        self._closing = True
        if self.running:
            self._end.emit()
        else:
            self._on_thread_finished()

    def wait(self, milliseconds: int = WAIT_FOR_STEP_MS) -> bool:
        """Block until the thread has ended; False when it still works on a step. Never terminates it."""
        return self._thread.wait(milliseconds)

    @Slot()
    def _on_ready(self) -> None:
        self.ready.emit()

    @Slot(object)
    def _on_unavailable(self, failure: Failure) -> None:
        self.unavailable.emit(failure)

    @Slot(int)
    def _on_started(self, ticket: int) -> None:
        if ticket in self._open:
            self.started.emit(ticket)

    @Slot(int, object)
    def _on_partial(self, ticket: int, partial: Partial) -> None:
        if ticket in self._open:
            self.partial.emit(ticket, partial)

    @Slot(int, object)
    def _on_finished(self, ticket: int, result: object) -> None:
        if self._settle(ticket):
            self.finished.emit(ticket, result)

    @Slot(int, object)
    def _on_failed(self, ticket: int, failure: Failure) -> None:
        if self._settle(ticket):
            self.failed.emit(ticket, failure)

    @Slot(int)
    def _on_cancelled(self, ticket: int) -> None:
        if self._settle(ticket):
            self.cancelled.emit(ticket)

    def _settle(self, ticket: int) -> bool:
        known = ticket in self._open
        self._open.discard(ticket)
        return known

    @Slot()
    def _on_thread_finished(self) -> None:
        for ticket in sorted(self._open):  # accepted, but the thread never came to them
            self._on_cancelled(ticket)
        self.stopped.emit()
