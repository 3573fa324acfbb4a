"""The few questions that the platform's own dialogs ask; tests answer them with a stub."""

from pathlib import Path
from typing import Protocol

from PySide6.QtWidgets import QFileDialog, QWidget

from gui.saving import FILTERS


class Dialogs(Protocol):
    """Each answers None when the user cancels."""

    def model_folder(self, parent: QWidget, start: str) -> str | None:
        """Which model?"""

    def save_path(self, parent: QWidget, suggested: Path) -> Path | None:
        """Where to? With a suffix."""


class NativeDialogs:
    """As the platform draws them."""

    def model_folder(self, parent: QWidget, start: str) -> str | None:
        """Choose a folder; single files are dropped, or typed as a path."""
        return QFileDialog.getExistingDirectory(parent, "Open model", start) or None

    def save_path(self, parent: QWidget, suggested: Path) -> Path | None:
        """A name without a suffix takes that of the chosen kind."""
        chosen, kind = QFileDialog.getSaveFileName(parent, "Save map", str(suggested), ";;".join(FILTERS.values()))
        if not chosen:
            return None
        path = Path(chosen)
        suffix = next((suffix for suffix, words in FILTERS.items() if words == kind), ".json")
        return path if path.suffix else path.with_suffix(suffix)
