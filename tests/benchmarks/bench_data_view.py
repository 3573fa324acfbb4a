"""A table of 100,000 rows opened, sorted, filtered, scrolled; and from a key to the heatmap while one steps through errors."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from bench import Row, benchmark, seconds
from engine.samples import samples
from gui.data.room import DataRoom
from gui.data.row_filter import RowFilter
from gui.engine_thread import EngineThread
from gui.main_window import MainWindow
from gui.memory import Memory
from gui.view_actions import apply_theme

ROWS, ERRORS = 100_000, 50
OPEN_S, CHOOSE_MS, FRAME_MS, KEY_MS = 3.0, 150, 16, 50
WORDS = ("film", "takes", "time", "gives", "none", "one", "long", "look", "people", "are", "not", "looked", "at", "dull")


class Bench:
    """A whole window, as it is started."""

    def __init__(self, home: Path, make_engine: object) -> None:
        self.qt = QApplication.instance() or QApplication([])
        apply_theme("light")
        for part in ("config", "state"):
            (home / part).mkdir(parents=True, exist_ok=True)
        self.engine = EngineThread(make_engine)  # type: ignore[arg-type]
        self.window = MainWindow(self.engine, Memory(home / "config", home / "state"), samples())
        self.window.resize(1440, 900)
        self.window.show()
        self.window.start()
        self.until(lambda: self.window.workspace.method_panel.method_box.count() > 0)

    @property
    def room(self) -> DataRoom:
        assert self.window.data_room is not None
        return self.window.data_room

    def until(self, holds: object, patience: float = 300.0) -> None:
        end = time.monotonic() + patience
        while not holds():  # type: ignore[operator]
            if time.monotonic() > end:
                raise TimeoutError
            self.qt.processEvents()
            time.sleep(0.001)

    def close(self) -> None:
        self.window.close()
        self.until(lambda: not self.engine.running)
        self.window.deleteLater()
        self.qt.processEvents()


def table(folder: Path) -> Path:
    """Lengths and words differ; a third of the labels are wrong by the stub's lights."""
    rng = np.random.default_rng(0)
    path = folder / "rows.csv"
    with path.open("w") as file:
        file.write("text,label,stars\n")
        for length, label in zip(rng.integers(3, 60, ROWS), rng.integers(0, 3, ROWS), strict=True):
            words = " ".join(WORDS[at] for at in rng.integers(0, len(WORDS), length))
            file.write(f"{words},{('negative', 'neutral', 'positive')[label]},{length}\n")
    return path


@benchmark
def a_large_table() -> Iterator[Row]:
    from tests.gui.stub_engine import StubEngine

    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), StubEngine)
        path, room = table(Path(folder)), bench.room
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        bench.window.open_data(str(path))
        bench.until(lambda: room.desk.data is not None)
        bench.qt.processEvents()
        opened = time.perf_counter() - start
        yield Row(f"open a CSV of {ROWS:,} rows, table on screen", opened, at_most=OPEN_S, unit="s")
        bench.window.conductor.open_model("/models/film-mood")
        bench.until(lambda: room.desk.predictions is not None or bench.window.conductor.model is not None)
        data = room.desk.data
        assert data is not None
        room.desk.stop()
        bench.until(lambda: not room.desk.is_predicting)
        room.desk._show_predictions(_predictions(data, bench.window.conductor.model), True)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        yield Row(f"memory for {ROWS:,} rows with predictions", grown, unit="MB")
        yield from _choosing(bench)
        yield from _scrolling(bench)
        bench.close()


def _predictions(data: object, model: object) -> object:
    from engine.requests import PredictionsRequest
    from tests.gui import made_data

    rng = np.random.default_rng(1)
    draws = iter(rng.normal(size=(ROWS, 3)).tolist())
    request = PredictionsRequest("sha of /models/film-mood", data.source)  # type: ignore[attr-defined]
    return made_data.predicted(request, data, model, lambda _: next(draws), ROWS)  # type: ignore[arg-type]


def _choosing(bench: Bench) -> Iterator[Row]:
    room, turn = bench.room, [0]

    def shown(known: RowFilter) -> None:
        room.desk.set_filter(known)
        bench.window.grab() if turn[0] < 0 else room._view.table.viewport().repaint()
        bench.qt.processEvents()

    def order(column: str) -> None:
        turn[0] += 1
        shown(RowFilter(order=((column, bool(turn[0] % 2)),)))

    by_margin, by_text, by_number = seconds(lambda: order("margin"), lambda: order("text"), lambda: order("stars"), repeats=5)
    yield Row("sort by margin", by_margin * 1e3, at_most=CHOOSE_MS, unit="ms")
    yield Row("sort by text", by_text * 1e3, at_most=2 * CHOOSE_MS, unit="ms")
    yield Row("sort by a column of numbers", by_number * 1e3, at_most=CHOOSE_MS, unit="ms")
    words, errors, pattern = seconds(
        lambda: shown(RowFilter("long look")),
        lambda: shown(RowFilter("margin:<-0.3", "errors", "negative")),
        lambda: shown(RowFilter("/(film|people) .* none/")),
        repeats=5,
    )
    yield Row("search for words", words * 1e3, at_most=CHOOSE_MS, unit="ms")
    yield Row("errors of one class below a margin", errors * 1e3, at_most=CHOOSE_MS, unit="ms")
    yield Row("search by a regular expression", pattern * 1e3, at_most=2 * CHOOSE_MS, unit="ms")


def _scrolling(bench: Bench) -> Iterator[Row]:
    table, bar = bench.room._view.table, bench.room._view.table.verticalScrollBar()
    bench.room.desk.set_filter(RowFilter())

    def scroll() -> None:
        bar.setValue((bar.value() + 997) % max(1, bar.maximum()))
        table.viewport().repaint()

    (frame,) = seconds(scroll, repeats=41)
    yield Row(f"a frame while {ROWS:,} rows are scrolled", frame * 1e3, at_most=FRAME_MS, unit="ms")


@benchmark
def from_key_to_heatmap() -> Iterator[Row]:
    """Movie sentiment on its reviews, ``ERRORS`` times J as soon as the next explanation is known."""
    from main import make_engine

    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), make_engine)
        window, room = bench.window, bench.room
        window.actions_registry["sample_data"].trigger()
        bench.until(lambda: room.desk.whole)
        window.workspace.tabs.setCurrentWidget(window.workspace.attribution_view)
        view, conductor, times = window.workspace.attribution_view, window.conductor, list[float]()
        computed = list[float]()
        for at in range(ERRORS + 1):
            following = room.desk._error_after(room.desk.place, 1)
            wanted = room.desk.request_for(following) if following is not None else None
            bench.until(lambda first=at == 0, wanted=wanted: first or wanted in conductor.known)
            start, computing = time.perf_counter(), time.thread_time()
            QTest.keyClick(view, Qt.Key.Key_J)
            if at:
                assert conductor.map is not None
                assert conductor.map.request == wanted
                view.board.main.heatmap.viewport().repaint()
                times.append(time.perf_counter() - start)
                computed.append(time.thread_time() - computing)
            bench.until(lambda: not conductor.explanation.running)
        median, slowest = statistics.median(times), max(times)
        figures = f"slowest {slowest * 1e3:.0f} ms; {statistics.median(computed) * 1e3:.0f} ms of the window's own time"
        yield Row(f"key to heatmap, {ERRORS} errors known before", median * 1e3, at_most=KEY_MS, unit="ms", figures=figures)
        bench.close()
