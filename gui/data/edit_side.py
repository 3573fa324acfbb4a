"""Beside the example: what the heatmap shows of an edit, the tree of edits, and the prediction with its change."""

from collections.abc import Collection

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from gui.controls.rows import name_control
from gui.controls.segments import Segments
from gui.data.change_bars import ChangeBars
from gui.data.edit_tree import EditTree

PIXELS = 336
MAP, CHANGE, ATTENTION = "map", "change", "attention"
PARENT, ROW = "parent", "row"
SHOWN = (
    (MAP, "Map", "Why the model says what it says of this text."),
    (CHANGE, "Change", "Which words speak more, or less, for the class that was predicted before."),
    (ATTENTION, "Attention", "Which words receive more, or less, of the attention in the text."),
)
AGAINST = (
    (PARENT, "vs edit before", "Changes from the edit that this one was made of."),
    (ROW, "vs row", "Changes from the row as it is in the file."),
)


class EditSide(QWidget):
    """Setters are silent."""

    shown_chosen = Signal(str)
    against_chosen = Signal(str)
    keep_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("editSide")
        self.shown = Segments("editShown", SHOWN, tight=True)
        self.against = Segments("editAgainst", AGAINST, tight=True)
        self.tree, self.bars, self.keep = EditTree(), ChangeBars(), QToolButton()
        self.keep.setText("Keep as edit")
        self.keep.setProperty("role", "link")
        self.keep.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        name_control(self.keep, "editKeep", "Keep as edit", "Keep what was typed in the tree.")
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
        column.addWidget(self.keep, 0, Qt.AlignmentFlag.AlignRight)
        column.addWidget(self.bars)
        self.setFixedWidth(PIXELS)
        self.keep.hide()
        self.shown.choose(CHANGE)
        self.shown.chosen.connect(self.shown_chosen)
        self.against.chosen.connect(self.against_chosen)
        self.keep.clicked.connect(self.keep_wanted)

    def offer(self, shown: Collection[str]) -> None:
        """What the model has of ``SHOWN``; without attention the choice falls back."""
        self.shown.offer(shown)
        if self.shown.current not in shown:
            self.shown.choose(CHANGE if CHANGE in shown else MAP)
