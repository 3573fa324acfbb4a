"""Imports that cost what they must."""

import importlib
from typing import Any


def leave_sources_unread() -> None:
    """Call this before anything large is imported.

    PySide reads the source of every module that is imported after it, to see whether the module wants other spellings of Qt's
    names (``from __feature__ import …``). Nothing here does; with torch's modules that is a quarter of the time until the
    engine is ready, and their text stays in memory (100 MB). A PySide without that function is left alone.
    """
    importlib.import_module("PySide6.QtCore")  # which brings it
    try:
        feature: Any = importlib.import_module("shibokensupport.feature")
    except ImportError:
        return
    if hasattr(feature, "_mod_uses_pyside"):
        feature._mod_uses_pyside = _wants_no_feature


def _wants_no_feature(module: object) -> bool:
    return False
