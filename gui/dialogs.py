"""The few questions that the platform's own dialogs ask; tests answer them with a stub."""

from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from gui.dropping import PICTURE_SUFFIXES
from gui.saving import FILTERS

CHECKPOINTS = "Weights (*.pt *.pth *.bin *.ckpt *.tar *.safetensors)"
DATA = "Tables and texts (*.csv *.tsv *.jsonl *.parquet *.txt)"
PICTURES = f"Pictures ({' '.join(f'*{suffix}' for suffix in PICTURE_SUFFIXES)})"
VOCABULARIES = "Vocabularies (*.json *.txt)"


class Dialogs(Protocol):
    """Each answers None when the user cancels."""

    def model_folder(self, parent: QWidget, start: str) -> str | None:
        """Which model?"""

    def checkpoint_file(self, parent: QWidget, start: str) -> str | None:
        """Which file of weights?"""

    def vocabulary_file(self, parent: QWidget, start: str) -> str | None:
        """Which vocabulary?"""

    def new_folder(self, parent: QWidget, suggested: Path) -> Path | None:
        """Under which name?"""

    def save_path(self, parent: QWidget, suggested: Path, filters: dict[str, str]) -> Path | None:
        """Where to? ``suggested`` has no suffix, the answer one of those in ``filters``."""

    def report_path(self, parent: QWidget, suggested: Path) -> Path | None:
        """As ``save_path``, for a report."""

    def texts_file(self, parent: QWidget, start: str) -> str | None:
        """Which file of texts?"""

    def data_file(self, parent: QWidget, start: str) -> str | None:
        """Which file of examples?"""

    def picture_file(self, parent: QWidget, start: str) -> str | None:
        """Which picture?"""

    def corpus(self, parent: QWidget, start: str, folder: bool) -> str | None:
        """Which file, or which folder, is to be read?"""


class NativeDialogs:
    """As the platform draws them."""

    def model_folder(self, parent: QWidget, start: str) -> str | None:
        """Choose a folder; single files are dropped, or typed as a path."""
        return QFileDialog.getExistingDirectory(parent, "Open model", start) or None

    def checkpoint_file(self, parent: QWidget, start: str) -> str | None:
        """One that exists."""
        return QFileDialog.getOpenFileName(parent, "Open checkpoint", start, f"{CHECKPOINTS};;All files (*)")[0] or None

    def vocabulary_file(self, parent: QWidget, start: str) -> str | None:
        """One that exists."""
        return QFileDialog.getOpenFileName(parent, "Choose a vocabulary", start, f"{VOCABULARIES};;All files (*)")[0] or None

    def new_folder(self, parent: QWidget, suggested: Path) -> Path | None:
        """A place that is still free, which the engine makes sure of."""
        chosen = QFileDialog.getSaveFileName(parent, "Save as folder", str(suggested))[0]
        return Path(chosen) if chosen else None

    def save_path(self, parent: QWidget, suggested: Path, filters: dict[str, str]) -> Path | None:
        """Asks before it overwrites."""
        return _chosen(SaveDialog(parent, suggested, filters))

    def report_path(self, parent: QWidget, suggested: Path) -> Path | None:
        """Asks before it overwrites."""
        return _chosen(SaveDialog(parent, suggested, {".html": FILTERS[".html"]}, "Save report"))

    def texts_file(self, parent: QWidget, start: str) -> str | None:
        """A table with a column of texts, or a plain file with one text a line."""
        kinds = "Tables and texts (*.csv *.tsv *.txt *.md);;All files (*)"
        return QFileDialog.getOpenFileName(parent, "Choose a file of texts", start, kinds)[0] or None

    def data_file(self, parent: QWidget, start: str) -> str | None:
        """One that exists."""
        return QFileDialog.getOpenFileName(parent, "Open data", start, f"{DATA};;All files (*)")[0] or None

    def picture_file(self, parent: QWidget, start: str) -> str | None:
        """One that exists."""
        return QFileDialog.getOpenFileName(parent, "Open picture", start, f"{PICTURES};;All files (*)")[0] or None

    def corpus(self, parent: QWidget, start: str, folder: bool) -> str | None:
        """Any file: whether it is text is for the engine to say."""
        if folder:
            return QFileDialog.getExistingDirectory(parent, "Choose a folder of texts", start) or None
        return QFileDialog.getOpenFileName(parent, "Choose a text file", start, "All files (*)")[0] or None


def _chosen(dialog: "SaveDialog") -> Path | None:
    accepted = dialog.exec() == QFileDialog.DialogCode.Accepted
    chosen = dialog.selectedFiles()
    dialog.deleteLater()
    return Path(chosen[0]) if accepted and chosen else None


class SaveDialog(QFileDialog):
    """A name without a suffix takes that of the chosen kind, before Qt asks whether to overwrite."""

    def __init__(self, parent: QWidget | None, suggested: Path, filters: dict[str, str] = FILTERS, title: str = "Save") -> None:
        super().__init__(parent, title, str(suggested.parent))
        self._filters = filters
        self.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        self.setNameFilters(list(filters.values()))
        self._on_filter_selected(next(iter(filters.values())))
        self.selectFile(suggested.name)
        self.filterSelected.connect(self._on_filter_selected)

    @Slot(str)
    def _on_filter_selected(self, words: str) -> None:
        self.setDefaultSuffix(next(suffix for suffix, known in self._filters.items() if known == words).lstrip("."))
