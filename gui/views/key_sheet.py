"""F1: every shortcut on one sheet, from the same registry as menus and palette."""

from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QLabel, QLayout, QVBoxLayout, QWidget

from gui.actions import Actions
from gui.controls.rows import section_label
from gui.theme import mono_font

ON_THE_MAP = [
    ("← →", "Previous, next token"),
    ("Home End", "First, last token"),
    ("Space, click", "Pin a token"),
    ("Ctrl+C", "Copy the text, or the table's values"),
    ("Alt+↑ Alt+↓", "Move a compared map"),
    ("Esc", "Unpin a token; remove a compared map"),
]
IN_THE_FILM = [
    ("← →", "Previous, next step"),
    ("Home End", "First, last step"),
    ("Space", "Play, pause"),
]
ON_A_ROW = [
    ("Del", "Take the chosen word away"),
    ("M", "Put the mask token in its place"),
    ("S", "Other words that change the answer"),
    ("Enter", "Type another word"),
]
RIGHT = ("Map", "Data", "Help")  # the other groups stand on the left
GAP_PIXELS = 16
BY_NUMBER = {"tag_1": ("1 … 9", "Set one of your tags"), "tag_row": ("T", "Tag the row")}  # nine lines would say no more

Rows = list[tuple[str, str]]


class KeySheet(QDialog):
    """Not modal: it may stay beside the window."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("keySheet")
        self.setAccessibleName("Keys")
        self.setWindowTitle("Keys")
        groups = _groups(actions)
        frame, title = QFrame(), QLabel("Keys")
        frame.setProperty("role", "sheet")
        title.setProperty("role", "title")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)
        whole.addWidget(frame)
        column = QVBoxLayout(frame)
        column.setContentsMargins(24, 16, 24, 24)
        column.setSpacing(12)
        column.addWidget(title)
        page = QHBoxLayout()
        page.setSpacing(48)
        column.addLayout(page)
        page.addLayout(_column([*(each for each in groups if each[0] not in RIGHT), ("On a row of the data", ON_A_ROW)]))
        page.addLayout(
            _column([("On the map", ON_THE_MAP), ("In the film", IN_THE_FILM), *(each for each in groups if each[0] in RIGHT)])
        )


def _groups(actions: Actions) -> list[tuple[str, Rows]]:
    """In the order in which the groups are first met."""
    groups: dict[str, Rows] = {}
    for each in actions.descriptions():
        if each.id in BY_NUMBER:
            groups.setdefault(each.group, []).append(BY_NUMBER[each.id])
        elif actions.keys(each.id) and not each.id.startswith("tag_"):
            groups.setdefault(each.group, []).append((actions.keys(each.id), each.text.rstrip("…")))
    return list(groups.items())


def _column(groups: list[tuple[str, Rows]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(4)
    at = 0
    for title, rows in groups:
        if at:
            grid.setRowMinimumHeight(at, GAP_PIXELS)
            at += 1
        grid.addWidget(section_label(title), at, 0, 1, 2)
        for keys, text in rows:
            at += 1
            label = QLabel(keys)
            label.setFont(mono_font(12))
            label.setProperty("role", "muted")
            grid.addWidget(label, at, 0)
            grid.addWidget(QLabel(text), at, 1)
        at += 1
    grid.setRowStretch(at, 1)
    return grid
