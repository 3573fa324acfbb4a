"""Partial results that cost something to make: no oftener than it is worth."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from engine.jobs import Partial

State = TypeVar("State")


class NowAndThen(Generic[State]):
    """Between two of them so many times (``share``) what the last one cost goes by, and at least ``seconds``."""

    def __init__(self, state: type[State], make: Callable[[State], object], share: float, seconds: float = 0.0) -> None:
        self._state, self._make, self._share, self._seconds = state, make, share, seconds
        self._next = 0.0

    def shown(self, partial: Partial) -> Partial:
        """Progress, and now and then what was made of the state it came with."""
        state, now = partial.result, time.monotonic()
        if not isinstance(state, self._state) or now < self._next:
            return replace(partial, result=None)
        result = self._make(state)
        self._next = time.monotonic() + max(self._seconds, self._share * (time.monotonic() - now))
        return replace(partial, result=result)
