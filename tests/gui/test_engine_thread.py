"""The bridge: lanes, tickets, thinning, failures and the end, driven by stub jobs that wait for us, not for time."""

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from PySide6.QtCore import QObject, QTimer, Slot
from pytestqt.qtbot import QtBot

from engine.errors import UserError
from engine.jobs import Failure, Partial
from engine.requests import CatalogueRequest, OpenModelRequest
from gui import engine_thread
from gui.engine_thread import PARTIAL_INTERVAL_MS, EngineThread
from gui.job_lanes import Lane, lane_of
from gui.side_jobs import SideJobs

PATIENCE = 5000


@dataclass(frozen=True)
class Ask:
    """``steps`` yields, then ``end``: a result, or an exception to raise. ``answers``: steps that have something to show."""

    name: str
    steps: int = 1
    end: Any = "done"
    answers: tuple[int, ...] = ()


class Gate:
    """Lets a job take one step for each permission; the test never has to guess how far it is."""

    def __init__(self) -> None:
        self._steps = threading.Semaphore(0)

    def allow(self, steps: int = 1) -> None:
        for _ in range(steps):
            self._steps.release()

    def pass_through(self) -> None:
        assert self._steps.acquire(timeout=5), "the test forgot to allow a step"


class Stub:
    """Notes what happens, in which order and in which thread."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.gates: dict[str, Gate] = {}
        self.close_fails = False
        self.threads: set[int] = set()

    def gate(self, name: str) -> Gate:
        return self.gates.setdefault(name, Gate())

    def job_for(self, request: Any) -> Generator[Partial, None, Any]:
        self.threads.add(threading.get_ident())
        return self._job(request)

    def _job(self, request: Any) -> Generator[Partial, None, Any]:
        name = getattr(request, "name", type(request).__name__)
        try:
            for step in range(getattr(request, "steps", 1)):
                if name in self.gates:
                    self.gates[name].pass_through()
                self.log.append(f"{name} {step}")
                answer = f"answer {step}" if step in getattr(request, "answers", ()) else None
                yield Partial(step + 1, getattr(request, "steps", 1), answer)
        except GeneratorExit:
            self.log.append(f"{name} closed")
            if self.close_fails:
                raise RuntimeError("clean-up went wrong") from None
            raise
        end = getattr(request, "end", "done")
        if isinstance(end, BaseException):
            raise end
        return end


class Told(QObject):
    """Everything the bridge says, in order; a QObject, since only its methods are called in this thread."""

    def __init__(self, engine: EngineThread) -> None:
        super().__init__()
        self.said: list[tuple[Any, ...]] = []
        self.answers: list[object] = []
        self.threads: set[int] = set()
        engine.started.connect(self._on_started)
        engine.partial.connect(self._on_partial)
        engine.finished.connect(self._on_finished)
        engine.failed.connect(self._on_failed)
        engine.cancelled.connect(self._on_cancelled)

    def _note(self, *words: Any) -> None:
        self.said.append(words)
        self.threads.add(threading.get_ident())

    @Slot(int)
    def _on_started(self, ticket: int) -> None:
        self._note("started", ticket)

    @Slot(int, object)
    def _on_partial(self, ticket: int, partial: Partial) -> None:
        self._note("partial", ticket, partial.done)
        self.answers += [] if partial.result is None else [partial.result]

    @Slot(int, object)
    def _on_finished(self, ticket: int, result: object) -> None:
        self._note("finished", ticket, result)

    @Slot(int, object)
    def _on_failed(self, ticket: int, failure: Failure) -> None:
        self._note("failed", ticket, failure)

    @Slot(int)
    def _on_cancelled(self, ticket: int) -> None:
        self._note("cancelled", ticket)

    def ends(self, ticket: int) -> list[str]:
        return [said[0] for said in self.said if said[1] == ticket and said[0] in ("finished", "failed", "cancelled")]

    def of(self, ticket: int, kind: str) -> list[Any]:
        return [said[2] for said in self.said if said[:2] == (kind, ticket)]


@pytest.fixture
def stub() -> Stub:
    return Stub()


@pytest.fixture
def engine(stub: Stub, qtbot: QtBot) -> Iterator[EngineThread]:
    thread = EngineThread(lambda: stub)
    yield thread
    for gate in stub.gates.values():
        gate.allow(1000)
    with qtbot.waitSignal(thread.stopped, timeout=PATIENCE):
        thread.shut_down()
    assert thread.wait()


@pytest.fixture
def told(engine: EngineThread) -> Told:
    return Told(engine)


def until_settled(qtbot: QtBot, told: Told, *tickets: int) -> None:
    qtbot.waitUntil(lambda: all(told.ends(ticket) for ticket in tickets), timeout=PATIENCE)


def test_a_job_is_started_stepped_and_finished(engine: EngineThread, told: Told, stub: Stub, qtbot: QtBot) -> None:
    engine.start()
    ticket = engine.submit(Ask("a", 2, end={"answer": 42}))
    until_settled(qtbot, told, ticket)
    assert told.said[0] == ("started", ticket)
    assert told.of(ticket, "partial")[0] == 1
    assert told.of(ticket, "partial")[-1] == 2
    assert told.of(ticket, "finished") == [{"answer": 42}]
    assert told.ends(ticket) == ["finished"]


def test_jobs_live_in_the_engine_thread_and_answers_arrive_in_ours(
    engine: EngineThread, told: Told, stub: Stub, qtbot: QtBot
) -> None:
    engine.start()
    until_settled(qtbot, told, engine.submit(Ask("a")))
    assert stub.threads.isdisjoint({threading.get_ident()})
    assert told.threads == {threading.get_ident()}


def test_requests_may_come_before_the_engine_is_ready(engine: EngineThread, told: Told, qtbot: QtBot) -> None:
    ticket = engine.submit(Ask("early"))
    engine.start()
    until_settled(qtbot, told, ticket)
    assert told.ends(ticket) == ["finished"]


def test_the_newest_interactive_request_wins(engine: EngineThread, told: Told, stub: Stub, qtbot: QtBot) -> None:
    gate = stub.gate("old")
    engine.start()
    old = engine.submit(Ask("old", 100))
    gate.allow()
    qtbot.waitUntil(lambda: bool(told.of(old, "partial")), timeout=PATIENCE)
    middle, new = engine.submit(Ask("middle")), engine.submit(Ask("new"))
    gate.allow(100)
    until_settled(qtbot, told, old, middle, new)
    assert [told.ends(ticket) for ticket in (old, middle, new)] == [["cancelled"], ["cancelled"], ["finished"]]
    assert "old closed" in stub.log
    assert not any(line.startswith("middle") for line in stub.log), "a job that was never begun needs no clean-up"


def test_a_scan_yields_to_an_interactive_job_between_two_steps_and_goes_on(
    engine: EngineThread, told: Told, stub: Stub, qtbot: QtBot
) -> None:
    scanning = stub.gate("scan")
    engine.start()
    scan = engine.submit(Ask("scan", 4), Lane.SCAN)
    scanning.allow(2)
    qtbot.waitUntil(lambda: "scan 1" in stub.log, timeout=PATIENCE)
    quick = engine.submit(Ask("quick", 3))
    scanning.allow(1)  # the scan waits inside its third step; only after it can anybody else run
    until_settled(qtbot, told, quick)
    scanning.allow(1)
    until_settled(qtbot, told, scan)
    assert stub.log == ["scan 0", "scan 1", "scan 2", "quick 0", "quick 1", "quick 2", "scan 3"]
    assert told.ends(scan) == ["finished"]


def test_scans_wait_for_one_another(engine: EngineThread, told: Told, stub: Stub, qtbot: QtBot) -> None:
    engine.start()
    first, second = engine.submit(Ask("first", 2), Lane.SCAN), engine.submit(Ask("second", 2), Lane.SCAN)
    until_settled(qtbot, told, first, second)
    assert stub.log == ["first 0", "first 1", "second 0", "second 1"]


def test_opening_a_model_is_not_overtaken_by_typing_and_takes_turns_with_it(
    engine: EngineThread, told: Told, stub: Stub, qtbot: QtBot
) -> None:
    opening, catalogue = engine.submit(OpenModelRequest("m")), engine.submit(CatalogueRequest())
    typed = engine.submit(Ask("typed"))
    engine.start()
    until_settled(qtbot, told, opening, catalogue, typed)
    assert [told.ends(ticket) for ticket in (opening, catalogue, typed)] == [["finished"]] * 3
    assert stub.log == ["OpenModelRequest 0", "typed 0", "CatalogueRequest 0"]


@pytest.mark.parametrize(
    ("request_", "wanted", "lane"),
    [
        (OpenModelRequest("m"), Lane.INTERACTIVE, Lane.SETUP),
        (CatalogueRequest(), Lane.SCAN, Lane.SETUP),
        (Ask("a"), Lane.INTERACTIVE, Lane.INTERACTIVE),
        (Ask("a"), Lane.BACKGROUND, Lane.BACKGROUND),
        (Ask("a"), Lane.SCAN, Lane.SCAN),
    ],
)
def test_lanes(request_: object, wanted: Lane, lane: Lane) -> None:
    assert lane_of(request_, wanted) is lane


def test_what_is_asked_beside_overtakes_a_scan(engine: EngineThread, told: Told, stub: Stub, qtbot: QtBot) -> None:
    scan, beside = engine.submit(Ask("scan", 2), Lane.SCAN), engine.submit(Ask("beside", 2), Lane.BACKGROUND)
    engine.start()
    until_settled(qtbot, told, scan, beside)
    assert stub.log == ["beside 0", "beside 1", "scan 0", "scan 1"]


def test_a_failure_crosses_as_text_and_the_next_job_runs(engine: EngineThread, told: Told, qtbot: QtBot) -> None:
    engine.start()
    mended = engine.submit(Ask("a", end=UserError("The text is empty; type one.", "empty")))
    until_settled(qtbot, told, mended)
    broken = engine.submit(Ask("b", end=ZeroDivisionError("oh")))
    until_settled(qtbot, told, broken)
    fine = engine.submit(Ask("c"))
    until_settled(qtbot, told, fine)
    assert told.of(mended, "failed") == [Failure("The text is empty; type one.", "empty")]
    [bug] = told.of(broken, "failed")
    assert bug.kind == "bug"
    assert "ZeroDivisionError" in bug.detail
    assert told.ends(fine) == ["finished"]


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_cancel_at_every_step(steps: int, engine: EngineThread, told: Told, stub: Stub, qtbot: QtBot) -> None:
    gate = stub.gate("a")
    engine.start()
    ticket = engine.submit(Ask("a", 4))
    gate.allow(steps)
    qtbot.waitUntil(lambda: len(stub.log) == steps, timeout=PATIENCE)
    engine.cancel(ticket)
    gate.allow(1)  # the step that is running ends by itself
    until_settled(qtbot, told, ticket)
    assert told.ends(ticket) == ["cancelled"]
    last = [int(line.split()[1]) + 1 for line in stub.log if "closed" not in line]
    assert told.of(ticket, "partial")[-1:] == last[-1:], "the last partial is told before the end, thinned or not"


def test_a_cancelled_ticket_that_ended_meanwhile_is_let_be(engine: EngineThread, told: Told, qtbot: QtBot) -> None:
    engine.start()
    ticket = engine.submit(Ask("a"))
    until_settled(qtbot, told, ticket)
    engine.cancel(ticket)
    until_settled(qtbot, told, engine.submit(Ask("b")))
    assert told.ends(ticket) == ["finished"]


def test_a_clean_up_that_fails_is_logged_and_stops_nothing(
    engine: EngineThread, told: Told, stub: Stub, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    stub.close_fails = True
    gate = stub.gate("a")
    engine.start()
    first = engine.submit(Ask("a", 10))
    gate.allow()
    qtbot.waitUntil(lambda: bool(stub.log), timeout=PATIENCE)
    second = engine.submit(Ask("b"))
    gate.allow(10)
    until_settled(qtbot, told, first, second)
    assert told.ends(second) == ["finished"]
    assert "RuntimeError" in caplog.text
    assert "clean-up went wrong" not in caplog.text, "messages may hold the user's text"


def test_partials_are_thinned_but_the_first_and_the_last_pass(engine: EngineThread, told: Told, qtbot: QtBot) -> None:
    engine.start()
    ticket = engine.submit(Ask("a", 5000))
    until_settled(qtbot, told, ticket)
    done = told.of(ticket, "partial")
    assert done[0] == 1
    assert done[-1] == 5000
    assert len(done) < 500, f"{len(done)} of 5000 within a moment; one in {PARTIAL_INTERVAL_MS} ms is enough"


@pytest.mark.parametrize("ended", ["finished", "cancelled"])
def test_an_answer_is_not_lost_to_the_progress_after_it(
    ended: str, engine: EngineThread, told: Told, stub: Stub, qtbot: QtBot
) -> None:
    """The second partial has something to show and comes too soon; the third, which has nothing, takes it along."""
    gate = stub.gate("a")
    engine.start()
    ticket = engine.submit(Ask("a", 3, answers=(1,)))
    gate.allow(3 if ended == "finished" else 2)
    if ended == "cancelled":
        qtbot.waitUntil(lambda: "a 1" in stub.log, timeout=PATIENCE)
        engine.cancel(ticket)
        gate.allow()
    until_settled(qtbot, told, ticket)
    assert told.ends(ticket) == [ended]
    assert told.answers[-1:] == ["answer 1"]
    assert [said[0] for said in told.said][-1] == ended, "what was kept back is told before the end"


class Listener(QObject):
    """What whoever asks beside hears."""

    def __init__(self, jobs: SideJobs) -> None:
        super().__init__()
        self.heard: list[tuple[Any, ...]] = []
        jobs.progressed.connect(self._on_progressed)
        jobs.answered.connect(self._on_answered)

    @Slot(object, object)
    def _on_progressed(self, key: object, partial: Partial) -> None:
        self.heard.append(("progressed", key, partial.done, partial.result))

    @Slot(object, object, bool)
    def _on_answered(self, key: object, result: object, whole: bool) -> None:
        self.heard.append(("answered", key, result, whole))


def test_progress_beside_is_told_with_its_key_whether_or_not_there_is_an_answer(
    engine: EngineThread, told: Told, stub: Stub, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_thread, "PARTIAL_INTERVAL_MS", 0)
    jobs = SideJobs(engine)
    listener = Listener(jobs)
    engine.start()
    jobs.ask("mine", Ask("a", 2, answers=(1,)), "Counting")  # type: ignore[arg-type]
    assert jobs.runs("mine")
    qtbot.waitUntil(lambda: not jobs.runs("mine"), timeout=PATIENCE)
    assert listener.heard == [
        ("progressed", "mine", 1, None),
        ("progressed", "mine", 2, "answer 1"),
        ("answered", "mine", "answer 1", False),
        ("answered", "mine", "done", True),
    ]


def test_what_is_forgotten_makes_no_progress(engine: EngineThread, told: Told, stub: Stub, qtbot: QtBot) -> None:
    jobs, gate = SideJobs(engine), stub.gate("a")
    listener = Listener(jobs)
    engine.start()
    jobs.ask("mine", Ask("a", 3, answers=(0, 1, 2)), "Counting")  # type: ignore[arg-type]
    jobs.forget("mine")
    gate.allow(3)
    until_settled(qtbot, told, 1)
    assert listener.heard == []
    assert not jobs.runs("mine")


def test_an_engine_that_cannot_be_imported_is_one_sentence(qtbot: QtBot) -> None:
    def missing() -> Any:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    engine = EngineThread(missing)
    told = Told(engine)
    with qtbot.waitSignal(engine.unavailable, timeout=PATIENCE) as blocker:
        engine.start()
    assert blocker.args[0].message.startswith("The engine could not start because torch cannot be imported")
    ticket = engine.submit(Ask("a"))
    until_settled(qtbot, told, ticket)
    assert told.of(ticket, "failed")[0].message == blocker.args[0].message
    with qtbot.waitSignal(engine.stopped, timeout=PATIENCE):
        engine.shut_down()
    assert engine.wait()


def test_shutting_down_ends_every_ticket_once(stub: Stub, qtbot: QtBot) -> None:
    engine = EngineThread(lambda: stub)
    told = Told(engine)
    gate = stub.gate("a")
    tickets = [engine.submit(Ask("scan", 100), Lane.SCAN), engine.submit(OpenModelRequest("m")), engine.submit(Ask("a", 100))]
    engine.start()
    gate.allow(1)
    qtbot.waitUntil(lambda: "a 0" in stub.log, timeout=PATIENCE)
    with qtbot.waitSignal(engine.stopped, timeout=PATIENCE):
        engine.shut_down()
        engine.shut_down()
        tickets.append(engine.submit(Ask("late")))
        gate.allow(100)
    assert engine.wait()
    assert [len(told.ends(ticket)) for ticket in tickets] == [1] * 4
    assert not engine.busy


def test_shutting_down_before_the_start(qtbot: QtBot) -> None:
    engine = EngineThread(Stub)
    told = Told(engine)
    ticket = engine.submit(Ask("a"))
    with qtbot.waitSignal(engine.stopped, timeout=PATIENCE):
        engine.shut_down()
    assert told.ends(ticket) == ["cancelled"]


def busy_step() -> None:
    """As long as a slow layer, in C and without the interpreter's lock, as torch works."""
    import hashlib

    hashlib.pbkdf2_hmac("sha256", b"", b"", 200_000)


class Busy:
    def job_for(self, request: Any) -> Generator[Partial, None, Any]:
        for step in range(10):
            busy_step()
            yield Partial(step + 1, 10)


class Watchdog(QObject):
    """How long the window's thread was kept from its events."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock, self._last, self.worst = clock, clock(), 0.0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._on_tick)
        self._timer.start(5)

    @Slot()
    def _on_tick(self) -> None:
        now = self._clock()
        self.worst, self._last = max(self.worst, now - self._last), now

    def stop(self) -> None:
        self._timer.stop()


def test_the_window_stays_awake_while_a_job_is_busy(qtbot: QtBot) -> None:
    import time

    engine = EngineThread(Busy)
    told = Told(engine)
    engine.start()
    watchdog = Watchdog(time.monotonic)
    until_settled(qtbot, told, engine.submit(Ask("busy")))
    watchdog.stop()
    with qtbot.waitSignal(engine.stopped, timeout=PATIENCE):
        engine.shut_down()
    assert engine.wait()
    assert watchdog.worst < 0.25
