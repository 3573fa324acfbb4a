"""Cells over the text as small curves: above zero in one colour, below in the other, what is no number hatched.

Many at once, as pixels: a grid has dozens in sight, and noise has a corner at every token.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from engine.results import FloatArray
from gui.heatmaps.colours import colour_map
from gui.theme import Theme, mix

_ACROSS_GATES = 0.62  # of the sequential scale
_SMOOTH = 2.0  # px a token from which the curve is a line from token to token
_CROWDED = 1.0  # tokens a px from which a line would cover its own area: how far the curve reaches is drawn paler instead
_REACHED = 0.45
_LEVELS = 16  # of coverage, for smooth edges
_HATCH = 5
Pixels = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Window:
    """Which tokens lie where: column ``c`` of ``width`` px begins at token ``first + c × per_px``, counted from their edges."""

    first: float
    per_px: float
    width: int


def spark_images(
    values: FloatArray, window: Window, height: int, *, limit: float, signed: bool, look: Theme, ratio: float = 1.0
) -> list[QImage]:
    """One picture for each column of ``values`` (seq, cells), on ±``limit``, or 0 … ``limit``.

    ``window`` and ``height`` count device pixels, of which there are ``ratio`` to a px.
    """
    pixels = spark_pixels(values, window, height, limit=limit, signed=signed, look=look, ratio=ratio)
    images = []
    for each in pixels:
        image = QImage(each.tobytes(), window.width, height, 4 * window.width, QImage.Format.Format_RGB32)
        image = image.copy()  # its own memory
        image.setDevicePixelRatio(ratio)
        images.append(image)
    return images


def spark_pixels(
    values: FloatArray, window: Window, height: int, *, limit: float, signed: bool, look: Theme, ratio: float
) -> Pixels:
    """(cells, height, width)"""
    low, high, inside = _columns(np.clip(values, -limit, limit), window)
    zero = height / 2 if signed else height - 1.0
    scale = (zero - 1) / limit if limit > 0 else 0.0
    with np.errstate(invalid="ignore"):
        top, bottom = (np.clip(zero - each * scale, 0.0, height - 1.0) for each in (high, low))  # (cells, width)
    missing = np.isnan(top)
    top, bottom = np.where(missing, zero, top), np.where(missing, zero, bottom)
    middle = (top + bottom) / 2
    rows = np.arange(height, dtype=np.float32)[None, :, None]
    area = _coverage(rows, np.minimum(middle, zero), np.maximum(middle, zero))
    if window.per_px * ratio < _CROWDED:
        line = _coverage(rows, top - ratio / 2, bottom + ratio / 2)
    else:
        area = np.maximum(area, _REACHED * _coverage(rows, np.minimum(top, zero), np.maximum(bottom, zero)))
        line = np.zeros_like(area)
    drawn = inside & ~missing
    area, line = area * drawn[:, None], line * drawn[:, None]
    kinds = np.where(np.abs(rows[0, :, 0] + 0.5 - zero) < 0.6 * ratio, 2, (rows[0, :, 0] + 0.5 > zero).astype(int))
    which = kinds[None, :, None] * (_LEVELS + 1) ** 2 + _level(area) * (_LEVELS + 1) + _level(line)
    pixels: Pixels = _palette(look, signed)[which]
    if missing.any():
        x, y = np.meshgrid(np.arange(window.width), np.arange(height))
        hatched = ((x + y) % round(_HATCH * ratio) < ratio)[None] & missing[:, None] & inside
        pixels[hatched] = mix(look.panel, look.muted, 0.6).rgb()
    return pixels


def _columns(values: FloatArray, window: Window) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """(cells, width): lowest and highest of each column; (width,): whether there is text."""
    count = len(values)
    edges = window.first + np.arange(window.width + 1) * window.per_px  # tokens from their edges
    inside = (edges[1:] > 0) & (edges[:-1] < count)
    if 1 / window.per_px >= _SMOOTH or count == 1:
        centres = np.clip(edges - 0.5, 0, count - 1)
        before = np.minimum(centres.astype(np.intp), max(count - 2, 0))
        after, share = np.minimum(before + 1, count - 1), (centres - before)[:, None]
        level = np.where(share > 0, values[before] * (1 - share) + values[after] * share, values[before])
        low, high = np.minimum(level[:-1], level[1:]), np.maximum(level[:-1], level[1:])
    else:
        first = np.clip(np.floor(edges[:-1]), 0, count - 1).astype(np.intp)
        last = np.clip(np.ceil(edges[1:]), first + 1, count).astype(np.intp)
        pairs = np.stack([first, last], axis=1).ravel()
        padded = np.concatenate([values, values[-1:]])  # so that ``last`` may be the end
        low, high = np.minimum.reduceat(padded, pairs)[::2], np.maximum.reduceat(padded, pairs)[::2]
    return low.T, high.T, inside


def _coverage(rows: NDArray[np.float32], top: FloatArray, bottom: FloatArray) -> NDArray[np.float32]:
    """(cells, height, width): how much of each pixel lies between ``top`` and ``bottom``."""
    upper, lower = top[:, None].astype(np.float32), bottom[:, None].astype(np.float32)
    return np.asarray(np.clip(np.minimum(lower, rows + 1) - np.maximum(upper, rows), 0, 1), dtype=np.float32)


def _level(coverage: NDArray[np.float32]) -> NDArray[np.intp]:
    return (coverage * _LEVELS + 0.5).astype(np.intp)


@cache
def _palette(look: Theme, signed: bool) -> Pixels:
    """Every mixture of ground, area and line: for rows above zero, below, and at zero."""
    sequential = colour_map(look, signed=False).colours
    gate = sequential[round(_ACROSS_GATES * (len(sequential) - 1))]
    above, below = (look.raises, look.lowers) if signed else (gate, gate)
    line = mix(look.panel, look.text, 0.75)
    axis = mix(look.panel, look.border, 0.9)
    mixed: list[int] = []
    for ground, colour in ((look.panel, above), (look.panel, below), (axis, below if signed else gate)):
        for area in range(_LEVELS + 1):
            filled: QColor = mix(ground, mix(look.panel, colour, 0.75), area / _LEVELS)
            mixed += [mix(filled, line, share / _LEVELS).rgb() for share in range(_LEVELS + 1)]
    return np.array(mixed, dtype=np.uint32)
