"""What a benchmark file needs: a mark for its functions, rows to yield, a fair clock.

A file `tests/benchmarks/bench_<topic>.py` is played by `packaging/dev.py bench`, in a process of its own:

    from bench import Row, benchmark, seconds

    @benchmark
    def text_heatmap() -> Iterator[Row]:
        ours, theirs = seconds(recolour_ours, recolour_text_edit)     # in turns, the median of each
        yield Row("recolour 50,000 tokens ÷ QTextEdit", ours / theirs, at_most=0.05, figures=f"{ours:.4f} s, {theirs:.2f} s")

`measured` is a ratio against a peer in the same run where there is a peer; a plain figure names its `unit`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

BENCHMARKS: list[Callable[[], Iterable[Row]]] = []


@dataclass(frozen=True, slots=True)
class Row:
    """One measured thing and the bar it is held against; with neither bar it only informs."""

    what: str
    measured: float
    at_most: float | None = None
    at_least: float | None = None
    unit: str = "×"
    figures: str = ""  # the absolute figures behind the ratio

    @property
    def kept(self) -> bool:
        """Not-a-number keeps no bar."""
        low_enough = self.at_most is None or self.measured <= self.at_most
        high_enough = self.at_least is None or self.measured >= self.at_least
        return low_enough and high_enough


def benchmark(function: Callable[[], Iterable[Row]]) -> Callable[[], Iterable[Row]]:
    BENCHMARKS.append(function)
    return function


def seconds(*functions: Callable[[], object], repeats: int = 7, warm_up: int = 1) -> list[float]:
    """The median wall time of each, run in turns, so that what else the machine does falls on all alike."""
    times: list[list[float]] = [[] for _ in functions]
    for turn in range(warm_up + repeats):
        for function, own in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            if turn >= warm_up:
                own.append(time.perf_counter() - start)
    return [statistics.median(own) for own in times]
