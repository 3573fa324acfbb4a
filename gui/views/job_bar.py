"""What runs, how far it is, how long it will take, and Cancel; empty when nothing runs."""

import math
from dataclasses import dataclass, field

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from engine.heatmaps.numerals import whole_percent
from engine.jobs import Partial, TimeLeft
from gui.controls.rows import name_control
from gui.theme import numbers_font

SHOW_AFTER_MS = 300  # what is done sooner announces itself by its result
RESOLUTION = 1000


@dataclass(slots=True)
class _Shown:
    what: str
    cancellable: bool
    time_left: TimeLeft = field(default_factory=TimeLeft)
    last: Partial | None = None
    seconds: float | None = None
    stopping: bool = False


class JobBar(QWidget):
    """Several jobs may run; the one begun last is shown."""

    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs: dict[int, _Shown] = {}
        self._build()
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(SHOW_AFTER_MS)
        self._patience.timeout.connect(self._refresh)
        self._cancel.clicked.connect(self.cancel_requested)
        self._show_parts(False)

    def _build(self) -> None:
        self._what, self._count, self._left = QLabel(), QLabel(), QLabel()
        self._count.setFont(numbers_font())
        self._left.setFont(numbers_font())
        self._left.setProperty("role", "muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(160)
        name_control(self._bar, "jobProgress", "Progress", "How far the running job is.")
        self._cancel = QPushButton("Cancel")
        name_control(self._cancel, "cancelButton", "Cancel", "Stop, and keep the map as far as it got (Esc).")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for each in (self._what, self._bar, self._count, self._left, self._cancel):
            row.addWidget(each)
        row.addStretch()

    def begin(self, ticket: int, what: str, cancellable: bool = True) -> None:
        """A job was asked for."""
        self._jobs[ticket] = _Shown(what, cancellable)
        if not self._patience.isActive() and self._bar.isHidden():
            self._patience.start()
        elif not self._bar.isHidden():
            self._refresh()

    def show_partial(self, ticket: int, partial: Partial) -> None:
        """How far it is."""
        job = self._jobs.get(ticket)
        if job is not None:
            job.seconds, job.last = job.time_left.update(partial), partial
            if not self._bar.isHidden():
                self._refresh()

    @Slot()
    def show_stopping(self) -> None:
        """Cancel was asked: the running step is still on its way."""
        for job in self._jobs.values():
            if job.cancellable:
                job.what, job.stopping = "Stopping after this step…", True
        if not self._bar.isHidden():
            self._refresh()

    def end(self, ticket: int) -> None:
        """It finished, failed or was cancelled."""
        self._jobs.pop(ticket, None)
        if not self._jobs:
            self._patience.stop()
            self._show_parts(False)
        elif not self._bar.isHidden():
            self._refresh()

    @Slot()
    def _refresh(self) -> None:
        if not self._jobs:
            return
        job = self._jobs[max(self._jobs)]
        partial = job.last
        said = partial.doing if partial and not job.stopping else ""
        self._what.setText(said or job.what)
        fraction = partial.fraction if partial else None
        self._bar.setRange(0, 0 if fraction is None else RESOLUTION)
        if fraction is not None:
            self._bar.setValue(round(fraction * RESOLUTION))
        self._count.setText(_count(partial))
        known = job.seconds is not None and job.seconds >= 1 and not job.stopping
        self._left.setText(f"{_duration(job.seconds or 0)} left" if known else "")
        self._show_parts(True)
        self._cancel.setVisible(job.cancellable)
        self._cancel.setEnabled(not job.stopping)

    def _show_parts(self, shown: bool) -> None:
        for each in (self._what, self._bar, self._count, self._left, self._cancel):
            each.setVisible(shown)


def _count(partial: Partial | None) -> str:
    """What is counted is told as a count, by what is done of it; what is a share of one whole, in per cent."""
    if partial is None or not partial.total or partial.fraction is None:
        return ""
    if partial.total == 1 or not float(partial.total).is_integer():
        return whole_percent(partial.fraction)
    return f"{math.floor(partial.done):,}/{partial.total:,.0f}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
