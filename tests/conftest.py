"""What holds for every test: no network, no display, no settings of the user's, nothing of Qt's left behind."""

import os

# Before anything is imported: Qt, transformers and OpenMP read these once.
os.environ.update(QT_QPA_PLATFORM="offscreen", QT_API="pyside6", HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")  # torch's threads: the workers share the cores already

import gc
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QMessageLogContext, QThread, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell starts what it puts in the background so
    signal.signal(signal.SIGINT, signal.default_int_handler)

THREAD_PATIENCE_MS = 2000
SEVERE = (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg)


class NetworkRefused(RuntimeError):
    """Not an OSError, which a library would take for a bad connection and get over."""


def _refuse(*_args: object, **_kwargs: object) -> Any:
    raise NetworkRefused("a test tried to use the network")


def _local_only(original: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        return original(self, address) if self.family == getattr(socket, "AF_UNIX", None) else _refuse()

    return connect


socket.socket.connect = _local_only(socket.socket.connect)  # type: ignore[method-assign]
socket.socket.connect_ex = _local_only(socket.socket.connect_ex)  # type: ignore[method-assign]
socket.getaddrinfo = _refuse


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test starts as on a new machine: no settings, no recent files, no caches."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home" / name.lower()))


@pytest.fixture(autouse=True)
def nothing_of_qt_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail the test that leaves a running thread, a top-level widget or an active timer, and put it away."""
    threads, timers = _started(QThread, monkeypatch), _started(QTimer, monkeypatch)
    yield
    left = [_end(thread) for thread in list(threads) if shiboken6.isValid(thread) and thread.isRunning()]
    left += [_dispose(widget) for widget in _top_level_widgets() if shiboken6.isValid(widget)]  # one may own another
    left += [_stop(timer) for timer in list(timers) if shiboken6.isValid(timer) and _is_active(timer)]
    if left:
        pytest.fail("left behind: " + "; ".join(left), pytrace=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Fail on Qt's warnings during teardown too; pytest-qt listens only while the test itself runs."""
    said: list[str] = []

    def note(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
        if kind in SEVERE and "does not support propagateSizeHints" not in message:
            said.append(message)

    previous = qInstallMessageHandler(note)
    try:
        yield
    finally:
        qInstallMessageHandler(previous)
    if said:
        pytest.fail("Qt said at teardown: " + "; ".join(said), pytrace=False)


def pytest_sessionfinish() -> None:
    """Qt objects in reference cycles are taken down while Qt is still up; later it would be a crash."""
    if QApplication.instance():
        _drain()
        gc.collect()
        _drain()


def _started(kind: Any, monkeypatch: pytest.MonkeyPatch) -> WeakSet[Any]:
    """The objects of this Qt class whose `start` gets called during the test."""
    started: WeakSet[Any] = WeakSet()
    original = kind.start

    def start(self: Any, *args: Any) -> None:
        started.add(self)
        original(self, *args)

    monkeypatch.setattr(kind, "start", start)
    return started


def _top_level_widgets() -> list[QWidget]:
    if not QApplication.instance():
        return []
    _drain()
    if QApplication.topLevelWidgets():
        gc.collect()  # what only a reference cycle kept is no leak
        _drain()
    return QApplication.topLevelWidgets()


def _is_active(timer: QTimer) -> bool:
    """Timers of other threads end with them, and may not be touched from here."""
    return timer.thread() is QThread.currentThread() and timer.isActive()


# Each leftover is put away, so that only the test which made it fails.


def _end(thread: QThread) -> str:
    thread.quit()
    ended = thread.wait(THREAD_PATIENCE_MS)
    return f"running {thread!r}" + ("" if ended else " that does not heed quit()")


def _dispose(widget: QWidget) -> str:
    name = f"{widget!r} {widget.windowTitle()!r}"
    widget.close()
    shiboken6.delete(widget)
    return name


def _stop(timer: QTimer) -> str:
    timer.stop()
    return f"active {timer!r} of {timer.parent()!r}"


def _drain() -> None:
    QToolTip.hideText()
    QCoreApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
