"""Reference cycles are taken apart by whoever has to: a window keeps that to its own thread, for cycles may hold its widgets."""

import gc
from collections.abc import Callable

_collect: Callable[[], object] = gc.collect


def collect() -> None:
    """Now, wherever it is done."""
    _collect()


def hand_over(collect: Callable[[], object] = gc.collect) -> None:
    """From now on ``collect`` does it; by default whichever thread asks."""
    global _collect
    _collect = collect
