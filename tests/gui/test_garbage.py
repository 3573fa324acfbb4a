"""Reference cycles are taken apart in the thread of the window, whichever thread fills the memory."""

import gc
import threading
from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from engine import garbage
from gui.garbage import Garbage


class Ring:
    """A cycle that notes where it ends."""

    ended: list[bool] = []  # whether in the main thread

    def __init__(self) -> None:
        self.own = self

    def __del__(self) -> None:
        self.ended.append(threading.current_thread() is threading.main_thread())


@pytest.fixture
def ended() -> Iterator[list[bool]]:
    Ring.ended.clear()
    yield Ring.ended
    gc.collect()


def elsewhere(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def fill_memory() -> None:
    """More new containers than any threshold."""
    kept = [[] for _ in range(100_000)]
    assert kept


def test_left_to_itself_python_does_it_anywhere(ended: list[bool]) -> None:
    gc.enable()
    Ring()
    elsewhere(fill_memory).join()
    assert ended == [False], "what this is about"


def test_cycles_end_in_the_window_s_thread(qtbot: QtBot, ended: list[bool]) -> None:
    collector = Garbage(period_ms=20)
    try:
        Ring()
        elsewhere(fill_memory).join()
        assert not ended
        kept = [[] for _ in range(1000)]
        qtbot.waitUntil(lambda: ended == [True])
        assert kept
    finally:
        collector.end()
    assert gc.isenabled()


def test_who_asks_elsewhere_waits_for_it(qtbot: QtBot, ended: list[bool]) -> None:
    collector = Garbage(period_ms=1_000_000)
    seen: list[list[bool]] = []
    try:
        Ring()
        thread = elsewhere(lambda: (garbage.collect(), seen.append(list(ended))))
        qtbot.waitUntil(lambda: bool(seen))
        thread.join()
    finally:
        collector.end()
    assert seen == [[True]]
    Ring()
    elsewhere(garbage.collect).join()
    assert ended == [True, False], "without a window, whoever asks"
