"""A rotating log in the user's state folder, and what fills it: our own notes, Qt's messages, crashes.

No text of the user's goes there: exceptions are logged by type and place, without their messages.
"""

import faulthandler
import logging
import logging.handlers
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

LOG_FILE = "neuroloupe.log"
CRASH_FILE = "crash.log"
_qt = logging.getLogger("qt")
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_NOISE = ("This plugin does not support propagateSizeHints()",)  # once per window where there is no screen


class Logs:
    """From here to ``end``, all of it goes to ``folder`` (5 files of 1 MB)."""

    def __init__(self, folder: Path) -> None:
        self._handler = logging.handlers.RotatingFileHandler(
            folder / LOG_FILE, maxBytes=2**20, backupCount=4, encoding="utf-8", delay=True
        )
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._root = logging.getLogger()
        self._level = self._root.level
        self._root.addHandler(self._handler)
        self._root.setLevel(logging.INFO)
        self._former_hook = sys.excepthook
        self._crashes = (folder / CRASH_FILE).open("a", encoding="utf-8")
        faulthandler.enable(self._crashes)
        qInstallMessageHandler(_on_qt_message)

    def end(self) -> None:
        """As it was before."""
        qInstallMessageHandler(None)
        faulthandler.disable()
        self._crashes.close()
        sys.excepthook = self._former_hook
        self._root.setLevel(self._level)
        self._root.removeHandler(self._handler)
        self._handler.close()


def _on_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    if message not in _NOISE:
        _qt.log(_LEVELS.get(kind, logging.WARNING), "%s", message)


def install_excepthook(show: Callable[[str, str], None]) -> None:
    """An exception nobody caught is logged, handed to ``show`` as sentence and detail, and the application goes on."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        places = "".join(traceback.format_tb(trace))
        logging.getLogger(__name__).error("uncaught %s\n%s", kind.__name__, places)
        detail = "".join(traceback.format_exception(kind, error, trace))
        show(f"Something went wrong in Neuroloupe itself ({kind.__name__}); your text is kept.", detail)

    sys.excepthook = hook
