"""Where a window may appear: never beyond the screens that are there now."""

from collections.abc import Sequence

from PySide6.QtCore import QRect

SMALLEST = (960, 600)
COMFORTABLE = (1440, 900)


def placed(wanted: Sequence[int], screens: Sequence[QRect]) -> QRect:
    """``wanted`` (x, y, width, height, or nothing) moved and shrunk into the screen it covers most.

    Args:
        screens: what each screen leaves free, the main one first; at least one.
    """
    if len(wanted) != 4:
        return _centred(screens[0])
    asked = QRect(*wanted)
    screen = max(screens, key=lambda each: _area(each.intersected(asked)))
    if _area(screen.intersected(asked)) == 0:
        return _centred(screens[0])
    width, height = min(max(asked.width(), SMALLEST[0]), screen.width()), min(max(asked.height(), SMALLEST[1]), screen.height())
    left = min(max(asked.x(), screen.left()), screen.right() + 1 - width)
    top = min(max(asked.y(), screen.top()), screen.bottom() + 1 - height)
    return QRect(left, top, width, height)


def _centred(screen: QRect) -> QRect:
    width, height = min(COMFORTABLE[0], screen.width()), min(COMFORTABLE[1], screen.height())
    return QRect(screen.left() + (screen.width() - width) // 2, screen.top() + (screen.height() - height) // 2, width, height)


def _area(rect: QRect) -> int:
    return max(0, rect.width()) * max(0, rect.height())
