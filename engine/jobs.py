"""A job is a generator: it yields what it has so far and returns what it found. To cancel it is to close it."""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar, cast

from engine.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """Progress, and the answer so far where there is one.

    ``total`` is None while nobody knows it. ``result`` is a copy: the job goes on with its own.
    """

    done: float
    total: float | None = None
    result: object = None
    doing: str = ""

    @property
    def fraction(self) -> float | None:
        """Of the whole, 0 … 1, or None while the whole is unknown."""
        return min(1.0, self.done / self.total) if self.total else None


Steps = Generator[Partial, None, T]


def ignore(_: Partial) -> None:
    """Take no notice."""


def run(steps: Steps[T], on_partial: Callable[[Partial], None] = ignore) -> T:
    """Drive a job to its end: what the command line and the tests do."""
    with closing(steps):
        while True:
            try:
                partial = next(steps)
            except StopIteration as end:
                return cast(T, end.value)
            on_partial(partial)


def relay(steps: Steps[T], change: Callable[[Partial], Partial]) -> Steps[T]:
    """Run one job inside another, its partials changed on the way; it is closed with the outer one. ``yield from`` it."""
    with closing(steps):
        while True:
            try:
                partial = next(steps)
            except StopIteration as end:
                return cast(T, end.value)
            yield change(partial)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error on its way to the user: text only, since a traceback object would keep tensors alive."""

    message: str
    kind: str
    detail: str = ""

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """Put ``error`` in words; what is not the user's to mend is called a bug of ours."""
        if isinstance(error, UserError):
            return cls(error.message, error.kind, error.detail)
        import traceback  # only on the way down

        detail = "".join(traceback.format_exception(error))
        return cls(f"Something went wrong in Neuroloupe itself ({type(error).__name__}: {error}).", "bug", detail)


class TimeLeft:
    """Seconds until a job ends, from its own pace; recent steps count more, since batches grow as a job warms up."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._done = 0.0
        self._pace: float | None = None  # seconds per unit of work

    def update(self, partial: Partial) -> float | None:
        """Seconds left after ``partial``, or None while that cannot be told."""
        now, fraction = self._clock(), partial.fraction
        if fraction is None:
            return None
        if fraction > self._done:
            pace = (now - self._last) / (fraction - self._done)
            self._pace = pace if self._pace is None else 0.7 * self._pace + 0.3 * pace
            self._last, self._done = now, fraction
        return None if self._pace is None else self._pace * (1 - self._done)
