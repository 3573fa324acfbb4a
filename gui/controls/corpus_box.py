"""Which corpus: Python's standard library, a file, a folder, and where it makes sense the text on the desk."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from gui.controls.elided_combo import ElidedCombo

STDLIB, FILE, FOLDER, DESK = "stdlib", "\0file", "\0folder", "\0desk"


class CorpusBox(ElidedCombo):
    """As wide as its column. ``source`` is what the engine reads, or ``DESK``; setters are silent.

    Args:
        desk: the text on the desk is offered as well.
        ready: (words, source) of what comes first.
    """

    file_wanted = Signal(bool)  # a folder rather than a file

    def __init__(self, parent: QWidget | None = None, *, desk: bool = False, ready: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(ElidedCombo.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setMaxVisibleItems(20)
        self._at = 0
        for words, source in (*ready, (words_of_source(STDLIB), STDLIB)):
            self.addItem(words, source)
        if desk:
            self.addItem("The text on the desk", DESK)
        self.addItem("A file…", FILE)
        self.addItem("A folder…", FOLDER)
        self.activated.connect(self._on_activated)

    @property
    def source(self) -> str:
        return str(self.currentData())

    def set_source(self, source: str) -> None:
        """A file, a folder, or a name the engine knows."""
        at = self.findData(source)
        if at < 0:
            at = 1
            self.insertItem(at, words_of_source(source), source)
            self.setItemData(at, source, Qt.ItemDataRole.ToolTipRole)
        self.setCurrentIndex(at)
        self._at = at

    @Slot(int)
    def _on_activated(self, index: int) -> None:
        data = self.itemData(index)
        if data in (FILE, FOLDER):
            self.setCurrentIndex(self._at)
            self.file_wanted.emit(data == FOLDER)
        else:
            self._at = index


def words_of_source(source: str) -> str:
    """What a person reads."""
    return "Python's standard library" if source == STDLIB else Path(source).name or source
