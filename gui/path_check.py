"""Which of these paths still exist? Asked in a thread of its own: a sleeping network drive must not stop the window."""

from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot


class PathCheck(QObject):
    """``checked`` holds (path, exists) in the order asked; until then every path is taken to exist."""

    checked = Signal(object)  # tuple[tuple[str, bool], ...]

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._pool.setExpiryTimeout(0)
        self._asked = 0

    def check(self, paths: tuple[str, ...]) -> None:
        """The newest question wins."""
        self._asked += 1
        question = _Question(self._asked, paths)
        question.answer.found.connect(self._on_found)
        self._pool.start(question)

    def finish(self, milliseconds: int = 2000) -> None:
        """Before the window goes."""
        self._pool.clear()
        self._pool.waitForDone(milliseconds)

    @Slot(int, object)
    def _on_found(self, number: int, answer: tuple[tuple[str, bool], ...]) -> None:
        if number == self._asked:
            self.checked.emit(answer)


class _Answer(QObject):
    found = Signal(int, object)


class _Question(QRunnable):
    def __init__(self, number: int, paths: tuple[str, ...]) -> None:
        super().__init__()
        self._number, self._paths = number, paths
        self.answer = _Answer()

    def run(self) -> None:
        self.answer.found.emit(self._number, tuple((path, _exists(path)) for path in self._paths))


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
