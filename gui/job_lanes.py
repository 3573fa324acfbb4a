"""Which job has its turn: five lanes, and who waits for whom.

*Setup* (the catalogue, opening a model) is served in order and never overtaken. Of *interactive* jobs the newest asked
wins. A *view*, what the tab in sight shows, takes turns with them: the map of the tab out of sight may take a minute.
*Background* jobs run only while these are empty, and *scans* of a corpus or a data set only while all others
are, one step at a time, so that a scan yields to a keystroke between two steps.
"""

import logging
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from engine.jobs import Partial
from engine.requests import CatalogueRequest, OpenModelRequest

log = logging.getLogger(__name__)


class Lane(Enum):
    """Who waits for whom."""

    SETUP = "setup"
    INTERACTIVE = "interactive"
    VIEW = "view"
    BACKGROUND = "background"
    SCAN = "scan"


def lane_of(request: object, wanted: Lane = Lane.INTERACTIVE) -> Lane:
    """``wanted``, but that opening is never overtaken by typing."""
    return Lane.SETUP if isinstance(request, OpenModelRequest | CatalogueRequest) else wanted


@dataclass(slots=True, eq=False)
class Job:
    """One accepted ticket. ``steps`` is None until its first turn; ``held`` is a partial kept back by thinning."""

    ticket: int
    request: object
    steps: Generator[Partial, None, Any] | None = None
    held: Partial | None = None
    told_at: float = field(default=float("-inf"))

    def close(self) -> None:
        """A close that fails is logged and never stops the next job."""
        steps, self.steps = self.steps, None
        if steps is None:
            return
        try:
            steps.close()
        except Exception as error:  # whatever a job's clean-up does wrong
            log.error("closing job %d failed: %s", self.ticket, type(error).__name__)


class Lanes:
    """The jobs that wait and run, and whose turn it is."""

    def __init__(self) -> None:
        self._jobs: dict[Lane, deque[Job]] = {lane: deque() for lane in Lane}
        self._last = Lane.INTERACTIVE
        self._last_shown = Lane.VIEW  # of the two that take turns

    def __iter__(self) -> Iterator[Job]:
        return (job for jobs in self._jobs.values() for job in tuple(jobs))

    def add(self, lane: Lane, job: Job) -> None:
        """At the end of its lane."""
        self._jobs[lane].append(job)

    def take_all(self, lane: Lane) -> tuple[Job, ...]:
        """Empty a lane."""
        taken = tuple(self._jobs[lane])
        self._jobs[lane].clear()
        return taken

    def take(self, ticket: int) -> Job | None:
        """Out of its lane; None when it has ended."""
        job = next((job for job in self if job.ticket == ticket), None)
        if job is not None:
            self.forget(job)
        return job

    def forget(self, job: Job) -> None:
        """It has ended."""
        for jobs in self._jobs.values():
            if job in jobs:
                jobs.remove(job)

    def next(self) -> Job | None:
        """Setup and interactive jobs take turns: while a model opens, the open one still answers."""
        setup, interactive, view = (self._jobs[lane] for lane in (Lane.SETUP, Lane.INTERACTIVE, Lane.VIEW))
        if setup and (not interactive or self._last is Lane.INTERACTIVE):
            self._last = Lane.SETUP
            return setup[0]
        if interactive and (setup or not view or self._last_shown is Lane.VIEW):
            self._last = self._last_shown = Lane.INTERACTIVE
            return interactive[0]
        if view:
            self._last_shown = Lane.VIEW
            return view[0]
        waiting = self._jobs[Lane.BACKGROUND] or self._jobs[Lane.SCAN]
        return waiting[0] if waiting else None
