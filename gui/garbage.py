"""Python takes reference cycles apart in whichever thread comes by; here that is the window's thread alone.

Plots keep Qt objects in cycles that belong to nobody else: an engine thread that destroyed one would end the process.
"""

import gc
import threading

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.garbage import hand_over

PERIOD_MS = 1000
FULL_EVERY = 10  # rounds: of the others, only what is new is looked at
_YOUNG = 700  # new objects that are worth a round
_PATIENCE_S = 2.0  # of a thread that asks, where the window is busy


class Garbage(QObject):
    """From its making to ``end``."""

    _wanted = Signal()

    def __init__(self, parent: QObject | None = None, period_ms: int = PERIOD_MS) -> None:
        super().__init__(parent)
        gc.disable()
        self._rounds, self._done = 0, threading.Event()
        self._wanted.connect(self._on_wanted)
        self._timer = QTimer(self)
        self._timer.setInterval(period_ms)
        self._timer.timeout.connect(self._on_timer)
        self._timer.start()
        hand_over(self.collect)

    @Slot()
    def spare_what_is_there(self) -> None:
        """Libraries are imported: what they are made of is never garbage, and need not be looked at again."""
        gc.freeze()

    def collect(self) -> None:
        """Called in any thread, which waits for it."""
        if threading.current_thread() is threading.main_thread():
            gc.collect()
            return
        self._done.clear()
        self._wanted.emit()
        self._done.wait(_PATIENCE_S)

    def end(self) -> None:
        """Other threads have ended."""
        self._timer.stop()
        hand_over()
        gc.unfreeze()
        gc.enable()

    @Slot()
    def _on_wanted(self) -> None:
        gc.collect()
        self._done.set()

    @Slot()
    def _on_timer(self) -> None:
        if gc.get_count()[0] > _YOUNG:
            self._rounds += 1
            gc.collect(2 if self._rounds % FULL_EVERY == 0 else 1)
