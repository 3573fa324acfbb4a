"""How far a job is, on a terminal."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from engine.jobs import Partial


class Progress:
    """A bar on stderr that is gone when the job ends."""

    def __init__(self) -> None:
        what = TextColumn("{task.description}", markup=False)  # the name of a file may hold brackets
        share = TaskProgressColumn("{task.percentage:>3.0f} %")  # empty while the whole is unknown
        self._bar = Bar(what, BarColumn(), share, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=None)

    def show(self, partial: Partial) -> None:
        """Draw how far ``partial`` is."""
        self._bar.update(self._task, description=partial.doing, total=partial.total, completed=partial.done)

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._bar.stop()
