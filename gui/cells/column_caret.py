"""Where the keyboard and the mouse go in a text of columns: from one token to the next."""

import numpy as np
from PySide6.QtCore import Qt

from gui.cells.column_layout import ColumnLayout

MOVES = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)


def nearest(layout: ColumnLayout, number: int, column: float) -> int:
    """The token at ``column`` of line ``number``, else the last before it, else the first after it; −1: there is none."""
    number = min(max(number, 0), layout.line_count - 1)
    start, end = layout.line(number)
    columns = layout.text.right[start:end] - layout.text.right[start]
    upto = int(np.searchsorted(columns, column, "right"))
    held = layout.text.token[start:end]
    before, after = np.flatnonzero(held[: max(upto, 1)] >= 0), np.flatnonzero(held >= 0)
    return int(held[before[-1]]) if len(before) else int(held[after[0]]) if len(after) else -1


def moved(layout: ColumnLayout, token: int, key: Qt.Key, *, last: int, everything: bool) -> int:
    """From ``token`` by one of ``MOVES``; ``last``: of all tokens; ``everything``: Home and End are those of the text."""
    if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
        return min(max(token + (1 if key == Qt.Key.Key_Right else -1), 0), last)
    if everything and key in (Qt.Key.Key_Home, Qt.Key.Key_End):
        return 0 if key == Qt.Key.Key_Home else last
    character = max(int(layout.text.first[token]), 0)
    number = layout.line_of(character)
    if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
        return _on_next_line(layout, number, layout.column_of(character), 1 if key == Qt.Key.Key_Down else -1, token)
    here = [held for held in layout.text.token[slice(*layout.line(number))].tolist() if held >= 0]
    return int(here[0] if key == Qt.Key.Key_Home else here[-1])


def _on_next_line(layout: ColumnLayout, number: int, column: int, step: int, otherwise: int) -> int:
    number += step
    while 0 <= number < layout.line_count:
        start, end = layout.line(number)
        held = np.flatnonzero(layout.text.token[start:end] >= 0)
        if len(held):
            columns = layout.text.right[start + held] - layout.text.right[start]
            return int(layout.text.token[start + int(held[np.abs(columns - column).argmin()])])
        number += step
    return otherwise
