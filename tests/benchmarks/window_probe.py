"""Play the window in a process of its own and print what was measured, as JSON. Used by `bench_window.py`."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

HEARTBEAT_MS = 5
PATIENCE_S = 60
TEXT = "What begins as a sharp satire ends, an hour too late, in a puddle of sentiment that nobody asked for. " * 4


def visible() -> dict[str, float]:
    """Unix time at which the window had been painted, and whether torch was there by then."""
    from gui.quick_imports import leave_sources_unread

    leave_sources_unread()
    from PySide6.QtCore import QCoreApplication

    from gui import app
    from main import make_engine

    application = app.start(None, make_engine)
    while application.window.windowHandle() is None or not application.window.windowHandle().isExposed():
        QCoreApplication.processEvents()
    application.window.repaint()
    at, torch_there = time.time(), float("torch" in sys.modules)
    _end(application)
    return {"at": at, "torch": torch_there}


def stalls() -> dict[str, float]:
    """Gaps of the window's heartbeat in ms: while the engine starts, then while jobs run; and how long a cancel takes."""
    from gui.quick_imports import leave_sources_unread

    leave_sources_unread()
    from PySide6.QtCore import QTimer

    from engine.samples import samples
    from gui import app
    from main import make_engine

    application = app.start(None, make_engine)
    gaps: list[float] = []
    last = time.perf_counter()

    def beat() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append(1000 * (now - last))
        last = now

    heart = QTimer()
    heart.timeout.connect(beat)
    heart.start(HEARTBEAT_MS)
    window = application.window
    ready: list[bool] = []
    application.engine.ready.connect(lambda: ready.append(True))
    _wait(lambda: bool(ready))
    starting = max(gaps)
    window.conductor.open_sample(samples()[0].name)
    _wait(lambda: window.conductor.map is not None and window.conductor.map.progress == 1)
    gaps.clear()
    for turn in range(8):
        window.workspace.input_panel.text.set_text(f"{TEXT} {turn}")
        window.conductor.run()
        _wait(lambda: not window.conductor.explanation.running)
    while_running = list(gaps)
    cancels = [_cancel(application) for _ in range(12)]
    heart.stop()
    _end(application)
    return {
        "starting": starting,
        "p99": quantiles(while_running, n=100)[98],
        "most": max(while_running),
        "cancel": median(cancels),
        "cancel_most": max(cancels),
    }


def _cancel(application: object) -> float:
    """Milliseconds from the click to the engine being idle, in the middle of ten thousand steps."""
    from engine.requests import AttributionRequest, TextInput

    conductor, engine = application.window.conductor, application.engine
    request = AttributionRequest(conductor.model.sha256, TextInput(TEXT), parameters=(("n_steps", 10_000),))
    ended: list[int] = []
    partials: list[int] = []
    engine.cancelled.connect(ended.append)
    engine.partial.connect(lambda ticket, _: partials.append(ticket))
    ticket = engine.submit(request)
    _wait(lambda: partials.count(ticket) > 4)
    start = time.perf_counter()
    engine.cancel(ticket)
    _wait(lambda: ticket in ended)
    return 1000 * (time.perf_counter() - start)


def _wait(done: Callable[[], bool]) -> None:
    from PySide6.QtCore import QCoreApplication, QEventLoop

    deadline = time.perf_counter() + PATIENCE_S
    while not done():
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, HEARTBEAT_MS)
        if time.perf_counter() > deadline:
            raise TimeoutError("the window did not come to it")


def _end(application: object) -> None:
    application.window.close()
    application.end()


if __name__ == "__main__":
    print(json.dumps({"visible": visible, "stalls": stalls}[sys.argv[1]]()))
