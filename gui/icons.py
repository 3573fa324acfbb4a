"""One family of outline icons, drawn from a bundled font in the colours of the theme."""

import os

os.environ.setdefault("QT_API", "pyside6")  # qtpy would look for others first

import qtawesome
from PySide6.QtGui import QIcon

from gui import theme


def icon(name: str, role: str = "text") -> QIcon:
    """The icon ``name`` of the family (``folder-open``), in the theme's colour for ``role``. Not kept over a theme change."""
    colours = theme.current()
    made: QIcon = qtawesome.icon(f"ph.{name}", color=getattr(colours, role), color_disabled=colours.disabled)
    return made
