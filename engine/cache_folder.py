"""Where what can be computed again is kept. ``NEUROLOUPE_HOME`` moves it with all the rest."""

import os
from pathlib import Path

import platformdirs


def cache_folder(part: str) -> Path:
    """The folder ``part`` of the cache; made when missing."""
    home = os.environ.get("NEUROLOUPE_HOME")
    root = Path(home) / "cache" if home else platformdirs.user_cache_path("neuroloupe", appauthor=False)
    folder = root / part
    folder.mkdir(parents=True, exist_ok=True)
    return folder
