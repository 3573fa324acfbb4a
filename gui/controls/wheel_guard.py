"""What a control leaves to the panel: the wheel, unless the user is in it, and undo, which is of settings, not of digits."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget


class WheelGuard(QObject):
    """An event filter for combo and spin boxes."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leave the wheel to the panel unless the control has the focus; undo and redo to the window."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _undoes(event):
            event.ignore()
            return True
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def _undoes(event: QKeyEvent) -> bool:
    return event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo)
