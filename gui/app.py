"""Start the window: on screen first, the engine after it."""

import logging
import sys
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from engine.samples import samples
from gui.engine_thread import EngineThread, MakeEngine
from gui.folders import config_folder, state_folder
from gui.garbage import Garbage
from gui.interrupts import Interrupts
from gui.logs import Logs, install_excepthook
from gui.main_window import TITLE, MainWindow
from gui.memory import Memory
from gui.view_actions import apply_theme

log = logging.getLogger(__name__)

FIRST_PAINT_MS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Application:
    """What runs, and has to be ended in order."""

    qt: QApplication
    window: MainWindow
    engine: EngineThread
    interrupts: Interrupts
    garbage: Garbage
    logs: Logs

    def run(self) -> int:
        """Until the window is closed."""
        return self.qt.exec()

    def end(self) -> None:
        """Wait for the engine's running step; nothing may be destroyed under it."""
        self.interrupts.end()
        self.engine.shut_down()
        while not self.engine.wait():
            log.info("waiting for the engine's running step")
        self.garbage.end()
        self.logs.end()


def main(argv_path: str | None, make_engine: MakeEngine) -> int:
    """Run the window until it is closed.

    Args:
        argv_path: a model to open at once.
        make_engine: called in the engine thread, after the window is visible; may take seconds.

    Returns:
        The exit code.
    """
    application = start(argv_path, make_engine)
    code = application.run()
    application.end()
    return code


def start(argv_path: str | None, make_engine: MakeEngine, theme: str | None = None) -> Application:
    """As ``main``, up to the event loop. ``theme``: this time, whatever the settings say."""
    logs = Logs(state_folder())
    qt = QApplication(sys.argv[:1])
    qt.setApplicationName(TITLE)
    qt.setDesktopFileName("neuroloupe")
    memory = Memory(config_folder(), state_folder())
    apply_theme(theme or memory.settings.theme)
    engine = EngineThread(make_engine)
    window = MainWindow(engine, memory, samples())
    install_excepthook(window.report)
    interrupts, garbage = Interrupts(window), Garbage()
    engine.ready.connect(garbage.spare_what_is_there)
    if memory.settings.maximised:
        window.showMaximized()
    else:
        window.show()
    QTimer.singleShot(FIRST_PAINT_MS, window, partial(window.start, argv_path))
    return Application(qt, window, engine, interrupts, garbage, logs)
