"""From values to colours: zero is the panel's own colour, equal steps of value are equal steps of lightness."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.heatmaps.inks import Inks

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
class Ramp:
    """One colour, and one legible colour of text, for each of n steps from the lowest value to the highest (``#rrggbb``)."""

    signed: bool
    colours: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def neutral(self) -> int:
        """The step of zero, which has the panel's own colour."""
        return len(self.colours) // 2 if self.signed else 0

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
def ramp(inks: Inks, *, signed: bool) -> Ramp:
    """The one ramp for values of this kind."""
    lab = _diverging(inks) if signed else _sequential(inks)
    colours = tuple(_hex(row) for row in _from_oklab(lab))
    return Ramp(signed, colours, tuple(text_on(colour, inks) for colour in colours))


def _diverging(inks: Inks) -> Array:
    """For signed values: blue, the panel's colour at zero, orange."""
    neutral, low, high = (oklab(colour) for colour in (inks.panel, inks.lowers, inks.raises))
    share = np.linspace(0, 1, STEPS + 1)[:, None]
    below, above = (neutral + share * (end - neutral) for end in (low, high))
    return np.concatenate([below[:0:-1], above])


def _sequential(inks: Inks) -> Array:
    """For magnitudes: from the panel's colour along viridis to its far end, bright in the dark and dark in the light."""
    names = _VIRIDIS if inks.dark else _VIRIDIS[:-2]  # on white its yellow would shout for the smallest values
    anchors = np.array([oklab(name) for name in names])
    neutral = oklab(inks.panel)
    path = np.vstack([neutral, anchors] if inks.dark else [anchors, neutral])  # lightness rises
    lightness = np.linspace(neutral[0], path[-1, 0] if inks.dark else path[0, 0], 2 * STEPS + 1)
    return np.stack([np.interp(lightness, path[:, 0], path[:, channel]) for channel in range(3)], axis=1)


def contrast(first: str, second: str) -> float:
    """WCAG 2 contrast ratio, 1 … 21."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def text_on(background: str, inks: Inks) -> str:
    """The look's own text colour where it can be read on ``background``, otherwise its opposite."""
    candidates = (inks.text, inks.panel, "#000000", "#FFFFFF")
    readable = (colour for colour in candidates if contrast(colour, background) >= READABLE)
    return next(readable, max(candidates, key=lambda colour: contrast(colour, background)))


def mix(first: str, second: str, share: float) -> str:
    """``share`` of ``second`` over ``first``, opaque."""
    return _hex((1 - share) * _srgb(first) + share * _srgb(second))


def oklab(colour: str) -> Array:
    """(3,) lightness, green to red, blue to yellow. Source: Ottosson, "A perceptual color space", 2020."""
    lab: Array = np.cbrt(_linear(_srgb(colour)) @ _SRGB_TO_LMS.T) @ _LMS_TO_LAB.T
    return lab


def _hex(srgb: Array) -> str:
    return "#" + "".join(f"{int(channel):02x}" for channel in np.rint(srgb * 255))


@cache
def _luminance(colour: str) -> float:
    return float(_linear(_srgb(colour)) @ (0.2126, 0.7152, 0.0722))


def _srgb(colour: str) -> Array:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255


def _linear(srgb: Array) -> Array:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _from_oklab(lab: Array) -> Array:
    linear = (lab @ np.linalg.inv(_LMS_TO_LAB).T) ** 3 @ np.linalg.inv(_SRGB_TO_LMS).T
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
