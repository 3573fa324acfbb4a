"""Play the scenes in the real window and save numbered pictures: `packaging/dev.py tour DIR [-- SCENES]`.

SCENES are parts of the names of scenes or of their files. Each look (light or dark, scale 1 or 1.5) is played in
a process of its own, since Qt reads its scale once. Without a display, on Linux, a virtual one is started for each.
How to write a scene: `stage.py`.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gui.app import Application
    from stage import Stage

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SIZE = (1440, 900)  # of the window, in Qt's units


@dataclass(frozen=True)
class Look:
    theme: str
    scale: str  # as QT_SCALE_FACTOR wants it
    screen: str

    @property
    def name(self) -> str:
        return self.theme if self.scale == "1" else f"{self.theme}-{self.scale}x"


SCREENS = {"1": "1440x900x24", "1.5": "2560x1600x24"}  # a window of SIZE fills the first; the second holds it enlarged
LOOKS = [Look(theme, scale, screen) for scale, screen in SCREENS.items() for theme in ("light", "dark")]


def open_application(theme: str) -> Application:
    """The application, as `main.py` starts it. The one place of the tour that knows how."""
    from gui import app
    from main import make_engine

    return app.start(None, make_engine, theme)


def play(look: str, theme: str, folder: Path, wanted: list[str]) -> int:
    """In the child process: one window, every wanted scene. A scene that fails does not stop the next."""
    sys.path[:0] = [str(ROOT), str(HERE)]
    from PySide6.QtTest import QTest

    from stage import Stage

    numbered = list(enumerate(load_scenes(), start=1))  # before the choice: a picture keeps its number
    application = open_application(theme)
    window = application.window
    window.setGeometry(0, 0, *SIZE)
    window.show()
    window.activateWindow()
    QTest.qWaitForWindowExposed(window)
    acting, failures = Stage(window, folder, look), 0
    for number, act in numbered:
        if not wanted or any(word in f"{act.__module__}.{act.__name__}" for word in wanted):
            try:
                acting.play(number, act)
            except Exception:
                traceback.print_exc()
                failures += 1
    window.close()
    application.end()
    return int(bool(failures))


def load_scenes() -> list[Callable[[Stage], None]]:
    """Every scene file's scenes, in the order of the files' names."""
    import stage

    for file in sorted(HERE.glob("scene_*.py")):
        importlib.import_module(file.stem)
    return stage.SCENES


def play_apart(look: Look, folder: Path, wanted: list[str]) -> int:
    """Play one look in its own process, on a screen that fits it, with settings of nobody's."""
    with display(look) as variables, tempfile.TemporaryDirectory() as home:
        places = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"), home)
        environment = os.environ | variables | places | {"QT_SCALE_FACTOR": look.scale}
        command = [sys.executable, __file__, "--play", look.name, look.theme, str(folder), *wanted]
        return subprocess.run(command, env=environment, check=False).returncode


@contextmanager
def display(look: Look) -> Iterator[dict[str, str]]:
    """The environment variables of the user's display, or of a virtual one."""
    if not sys.platform.startswith("linux") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        yield {}
        return
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", look.screen, "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        number = server.stdout.readline().strip()  # said once the server takes connections
        try:
            yield {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        finally:
            server.terminate()


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    folder, wanted = Path(arguments[0]).absolute(), arguments[1:]
    folder.mkdir(parents=True, exist_ok=True)
    codes = {look.name: play_apart(look, folder, wanted) for look in LOOKS}
    failed = [name for name, code in codes.items() if code != 0]
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return int(bool(failed))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--play"]:
        sys.exit(play(sys.argv[2], sys.argv[3], Path(sys.argv[4]), sys.argv[5:]))
    sys.exit(main(sys.argv[1:]))
