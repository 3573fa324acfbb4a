"""The ramps of ``engine.heatmaps.colours`` in Qt's own terms: made once, a page takes hundreds of brushes."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor

from engine.heatmaps.colours import STEPS as STEPS
from engine.heatmaps.colours import limit_of as limit_of
from engine.heatmaps.colours import ramp
from gui.theme import Theme, mix


@dataclass(frozen=True, slots=True, eq=False)
class ColourMap:
    """One colour, and one legible colour of text, for each of n steps from the lowest value to the highest."""

    signed: bool
    colours: tuple[QColor, ...]
    texts: tuple[QColor, ...]
    brushes: tuple[QBrush, ...]
    look: Theme

    def steps(self, values: NDArray[np.floating], limit: float) -> NDArray[np.intp]:
        """As ``Ramp.steps``."""
        return ramp(self.look.inks, signed=self.signed).steps(values, limit)


@cache
def colour_map(theme: Theme, *, signed: bool) -> ColourMap:
    """The one map for values of this kind."""
    made = ramp(theme.inks, signed=signed)
    colours = tuple(map(QColor, made.colours))
    texts = {name: QColor(name) for name in set(made.texts)}  # painters compare them by identity
    return ColourMap(signed, colours, tuple(texts[name] for name in made.texts), tuple(map(QBrush, colours)), theme)


def diverging(theme: Theme) -> ColourMap:
    """For signed values: blue, the panel's colour at zero, orange."""
    return colour_map(theme, signed=True)


def missing_brush(theme: Theme) -> QBrush:
    """Hatching, for NaN: never to be taken for "no effect"."""
    return QBrush(mix(theme.panel, theme.muted, 0.6), Qt.BrushStyle.BDiagPattern)
