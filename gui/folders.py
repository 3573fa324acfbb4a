"""Where Neuroloupe keeps what it remembers. ``NEUROLOUPE_HOME`` moves all of it (tests, portable installations)."""

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


def _made(part: str, default: Path) -> Path:
    home = os.environ.get("NEUROLOUPE_HOME")
    folder = Path(home) / part if home else default
    folder.mkdir(parents=True, exist_ok=True)
    return folder
