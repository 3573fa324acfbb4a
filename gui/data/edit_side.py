"""Beside the example: what the heatmap shows of an edit, the tree of edits, and the prediction with its change."""

from collections.abc import Collection

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.controls.segments import Segments
from gui.data.change_bars import ChangeBars
from gui.data.edit_tree import EditTree

PIXELS = 364
MAP, CHANGE, ATTENTION = "map", "change", "attention"
PARENT, ROW = "parent", "row"
SHOWN = (
    (MAP, "Map", "Why the model says what it says of this text."),
    (CHANGE, "Change", "Which words speak more, or less, for the class that was predicted before."),
    (ATTENTION, "Attention", "Which words receive more, or less, of the attention in the text."),
)
AGAINST = (
    (PARENT, "vs parent", "Changes from the edit that this one was made of."),
    (ROW, "vs row", "Changes from the row as it is in the file."),
)


class EditSide(QWidget):
    """Setters are silent."""

    shown_chosen = Signal(str)
    against_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("editSide")
        self.shown = Segments("editShown", SHOWN, tight=True)
        self.against = Segments("editAgainst", AGAINST, tight=True)
        self.tree, self.bars = EditTree(), ChangeBars()
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.shown)
        head.addStretch()
        head.addWidget(self.against)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.tree, 1)
        column.addWidget(self.bars)
        self.setFixedWidth(PIXELS)
        self.shown.choose(CHANGE)
        self.shown.chosen.connect(self.shown_chosen)
        self.against.chosen.connect(self.against_chosen)

    def offer(self, shown: Collection[str]) -> None:
        """What the model has of ``SHOWN``; without attention the choice falls back."""
        self.shown.offer(shown)
        if self.shown.current not in shown:
            self.shown.choose(CHANGE if CHANGE in shown else MAP)
