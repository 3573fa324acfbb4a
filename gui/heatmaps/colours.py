"""From values to colours: zero is the panel's own colour, equal steps of value are equal steps of lightness."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor

from gui.theme import Theme, mix

STEPS = 255  # on either side of zero
READABLE = 4.5  # contrast of text on its cell
_VIRIDIS = ("#46327E", "#365C8D", "#277F8E", "#1FA187", "#4AC16D", "#A0DA39", "#FDE725")
_SRGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ColourMap:
    """One colour, and one legible colour of text, for each of n steps from the lowest value to the highest."""

    signed: bool
    colours: tuple[QColor, ...]
    texts: tuple[QColor, ...]
    brushes: tuple[QBrush, ...]  # of ``colours``: made once, a page takes hundreds

    def steps(self, values: NDArray[np.floating], limit: float) -> NDArray[np.intp]:
        """The step of each value within ±``limit`` (0 … ``limit`` when unsigned), clipped; −1 for NaN.

        A limit of zero, or none at all, makes everything neutral.
        """
        scale = 1.0 / limit if limit > 0 and np.isfinite(limit) and 1.0 / limit < np.inf else 0.0
        with np.errstate(invalid="ignore", over="ignore"):
            share = np.asarray(values, dtype=np.float64) * scale
        missing = np.isnan(values)
        share = np.clip(np.nan_to_num(share, nan=0.0), -1.0 if self.signed else 0.0, 1.0)
        position = (share + 1) / 2 if self.signed else share
        steps = np.rint(position * (len(self.colours) - 1)).astype(np.intp)
        steps[missing] = -1
        return steps


def limit_of(values: NDArray[np.floating]) -> float:
    """The largest finite magnitude, the end of the colour scale; 0.0 when there is none."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0


@cache
def diverging(theme: Theme) -> ColourMap:
    """For signed values: blue, the panel's colour at zero, orange."""
    neutral, low, high = (_oklab(_srgb(colour)) for colour in (theme.panel, theme.lowers, theme.raises))
    ramp = np.linspace(0, 1, STEPS + 1)[:, None]
    below, above = (neutral + ramp * (end - neutral) for end in (low, high))
    return _made(np.concatenate([below[:0:-1], above]), theme, signed=True)


@cache
def sequential(theme: Theme) -> ColourMap:
    """For magnitudes: from the panel's colour along viridis to its far end, bright in the dark and dark in the light."""
    names = _VIRIDIS if theme.dark else _VIRIDIS[:-2]  # on white its yellow would shout for the smallest values
    anchors = np.array([_oklab(_srgb(QColor(name))) for name in names])
    neutral = _oklab(_srgb(theme.panel))
    path = np.vstack([neutral, anchors] if theme.dark else [anchors, neutral])  # lightness rises
    lightness = np.linspace(neutral[0], path[-1, 0] if theme.dark else path[0, 0], 2 * STEPS + 1)
    colours = [np.interp(lightness, path[:, 0], path[:, channel]) for channel in range(3)]
    return _made(np.stack(colours, axis=1), theme, signed=False)


def colour_map(theme: Theme, *, signed: bool) -> ColourMap:
    """The one map for values of this kind."""
    return diverging(theme) if signed else sequential(theme)


def missing_brush(theme: Theme) -> QBrush:
    """Hatching, for NaN: never to be taken for "no effect"."""
    return QBrush(mix(theme.panel, theme.muted, 0.6), Qt.BrushStyle.BDiagPattern)


def contrast(first: QColor, second: QColor) -> float:
    """WCAG 2 contrast ratio, 1 … 21."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def text_on(background: QColor, theme: Theme) -> QColor:
    """The theme's own text colour where it can be read on ``background``, otherwise its opposite."""
    candidates = (theme.text, theme.panel, QColor("#000000"), QColor("#FFFFFF"))
    readable = (colour for colour in candidates if contrast(colour, background) >= READABLE)
    return next(readable, max(candidates, key=lambda colour: contrast(colour, background)))


def _made(lab: Array, theme: Theme, *, signed: bool) -> ColourMap:
    colours = tuple(QColor(*(int(channel) for channel in row)) for row in np.rint(_from_oklab(lab) * 255))
    texts = tuple(text_on(colour, theme) for colour in colours)
    return ColourMap(signed, colours, texts, tuple(map(QBrush, colours)))


def _luminance(colour: QColor) -> float:
    return float(_linear(_srgb(colour)) @ (0.2126, 0.7152, 0.0722))


def _srgb(colour: QColor) -> Array:
    return np.array([colour.redF(), colour.greenF(), colour.blueF()])


def _linear(srgb: Array) -> Array:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _oklab(srgb: Array) -> Array:
    """(…, 3) sRGB in 0 … 1 to Oklab. Source: Ottosson, "A perceptual color space for image processing", 2020."""
    lab: Array = np.cbrt(_linear(srgb) @ _SRGB_TO_LMS.T) @ _LMS_TO_LAB.T
    return lab


def _from_oklab(lab: Array) -> Array:
    linear = (lab @ np.linalg.inv(_LMS_TO_LAB).T) ** 3 @ np.linalg.inv(_SRGB_TO_LMS).T
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
