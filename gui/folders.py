"""Where Neuroloupe keeps what it remembers. ``NEUROLOUPE_HOME`` moves all of it (tests, portable installations)."""

import itertools
import os
from pathlib import Path

import platformdirs

_NAME = "neuroloupe"


def config_folder() -> Path:
    """Settings; made when missing."""
    return _made("config", platformdirs.user_config_path(_NAME, appauthor=False))


def state_folder() -> Path:
    """Logs, the last text, texts that copied commands refer to; made when missing."""
    return _made("state", platformdirs.user_state_path(_NAME, appauthor=False))


def imported_folder(name: str) -> Path:
    """A new place for a model that was imported under this name; its parent is made when missing."""
    return free_folder(_made("data", platformdirs.user_data_path(_NAME, appauthor=False)) / "imported", name, make=True)


def pictures_folder() -> Path:
    """Pictures that were pasted; made when missing."""
    folder = _made("data", platformdirs.user_data_path(_NAME, appauthor=False)) / "pictures"
    folder.mkdir(exist_ok=True)
    return folder


def free_folder(parent: Path, name: str, make: bool = False) -> Path:
    """``name`` in ``parent``, with a number where that is taken."""
    if make:
        parent.mkdir(exist_ok=True)
    names = (name if number == 1 else f"{name}-{number}" for number in itertools.count(1))
    return next(parent / each for each in names if not (parent / each).exists())


def _made(part: str, default: Path) -> Path:
    home = os.environ.get("NEUROLOUPE_HOME")
    folder = Path(home) / part if home else default
    folder.mkdir(parents=True, exist_ok=True)
    return folder
