"""Start the window: on screen first, the engine after it."""

import logging
import sys
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from engine.samples import samples
from gui.engine_thread import EngineThread, MakeEngine
from gui.folders import config_folder, state_folder
from gui.interrupts import Interrupts
from gui.logs import Logs, install_excepthook
from gui.main_window import TITLE, MainWindow
from gui.memory import Memory
from gui.view_actions import apply_theme

log = logging.getLogger(__name__)

FIRST_PAINT_MS = 30


def main(argv_path: str | None, make_engine: MakeEngine) -> int:
    """Run the window until it is closed.

    Args:
        argv_path: a model to open at once.
        make_engine: called in the engine thread, after the window is visible; may take seconds.

    Returns:
        The exit code.
    """
    logs = Logs(state_folder())
    app = QApplication(sys.argv[:1])
    app.setApplicationName(TITLE)
    app.setDesktopFileName("neuroloupe")
    memory = Memory(config_folder(), state_folder())
    apply_theme(memory.settings.theme)
    engine = EngineThread(make_engine)
    window = MainWindow(engine, memory, samples())
    install_excepthook(window.report)
    interrupts = Interrupts(window)
    if memory.settings.maximised:
        window.showMaximized()
    else:
        window.show()
    QTimer.singleShot(FIRST_PAINT_MS, window, partial(window.start, argv_path))
    code = app.exec()
    interrupts.end()
    while not engine.wait():
        log.info("waiting for the engine's running step")
    logs.end()
    return code
