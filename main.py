#!/usr/bin/env python3
"""Neuroloupe: arguments, then the window or a command; nothing else."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.results import AttributionResult
    from engine.workbench import Workbench


def main(arguments: list[str]) -> int:
    """Run what ``arguments`` ask for and return the exit code: none, or one existing path, is the window."""
    try:
        if not arguments or (len(arguments) == 1 and os.path.exists(arguments[0])):
            return _window(arguments[0] if arguments else None)
        from engine.commands import main as command

        return command(arguments, _draw)
    except ModuleNotFoundError as error:
        print(f"Neuroloupe needs {error.name}, which is not installed; run: python3 packaging/dev.py run", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # while libraries are imported; a command sees to its own
        return 130


def _window(path: str | None) -> int:
    if sys.platform == "win32":
        import torch as torch  # Qt first would keep torch's libraries from loading there
    from gui.quick_imports import leave_sources_unread

    leave_sources_unread()
    from gui.app import main as window

    return window(path, make_engine)


def make_engine() -> "Workbench":
    """Called in the engine thread, when the window is already visible."""
    from engine.workbench import Workbench

    return Workbench()


def _draw(result: "AttributionResult", path: Path) -> None:
    """A picture of an explanation; Qt is imported only now, and needs no display."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    from gui import theme
    from gui.saving import save_result

    application = QApplication(sys.argv[:1])
    theme.apply(application, theme.LIGHT)
    save_result(result, path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
