"""Ctrl-C in the terminal and a polite kill close the window as its own button does."""

import signal
import socket

from PySide6.QtCore import QObject, QSocketNotifier, Slot
from PySide6.QtWidgets import QWidget

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts(QObject):
    """Python sees signals only while Python runs: a socket wakes it from Qt's event loop."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._reader.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_signal)
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._former = {each: signal.signal(each, _ignore) for each in SIGNALS}

    @Slot()
    def _on_signal(self) -> None:
        self._reader.recv(64)
        self._window.close()

    def end(self) -> None:
        """As it was before."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._wakeup)
        for each, handler in self._former.items():
            signal.signal(each, handler)
        self._reader.close()
        self._writer.close()


def _ignore(number: int, frame: object) -> None:
    """The socket tells."""
