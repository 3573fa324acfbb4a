"""F1: every shortcut on one sheet, from the same registry as menus and palette."""

from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui.actions import Actions
from gui.controls.rows import section_label
from gui.theme import mono_font

ON_THE_MAP = (
    ("←  →", "Previous, next token"),
    ("Home  End", "First, last token"),
    ("Space or click", "Pin a token"),
    ("Ctrl+C", "Copy the values"),
)


class KeySheet(QDialog):
    """Not modal: it may stay beside the window."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("keySheet")
        self.setWindowTitle("Keys")
        columns = QHBoxLayout()
        columns.setSpacing(48)
        left, right = QVBoxLayout(), QVBoxLayout()
        with_keys = [(d.group, actions.keys(d.id), d.text.rstrip("…")) for d in actions.descriptions() if actions.keys(d.id)]
        for at, (group, rows) in enumerate(groupby(with_keys, key=lambda each: each[0])):
            _add(left if at < 2 else right, group, [(keys, text) for _, keys, text in rows])
        _add(right, "On the map", list(ON_THE_MAP))
        for side in (left, right):
            side.addStretch(1)
            columns.addLayout(side)
        page = QVBoxLayout(self)
        page.setContentsMargins(24, 24, 24, 24)
        page.addLayout(columns)


def _add(column: QVBoxLayout, title: str, rows: list[tuple[str, str]]) -> None:
    column.addWidget(section_label(title))
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(4)
    for at, (keys, text) in enumerate(rows):
        label = QLabel(keys)
        label.setFont(mono_font(12))
        label.setProperty("role", "muted")
        grid.addWidget(label, at, 0, Qt.AlignmentFlag.AlignLeft)
        grid.addWidget(QLabel(text), at, 1)
    grid.setColumnStretch(1, 1)
    column.addLayout(grid)
    column.addSpacing(16)
