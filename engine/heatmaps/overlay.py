"""A map laid over its picture, as pixels: what files show."""

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.heatmaps.colours import limit_of, ramp
from engine.heatmaps.inks import Inks
from engine.results import AttributionResult, FloatArray, ReadImage

BEYOND = 0.005  # share of the pixels that may lie beyond the colour scale: one bright pixel would leave nothing of the others
_PALE = 0.55  # how far the picture under the map is turned into the panel's colour
_LARGEST = 4096  # pixels of the longer side
_STRONG = 0.5  # power of a magnitude's share that is its opacity
Pixels = NDArray[np.uint8]


def picture_in(result: AttributionResult) -> ReadImage:
    """What was explained.

    Raises:
        TypeError: it was no picture.
    """
    read = result.prediction.input
    if not isinstance(read, ReadImage):
        raise TypeError(f"not a picture: {type(read).__name__}")
    return read


def pixel_values(result: AttributionResult) -> FloatArray:
    """(height, width) what is painted: channels are added up, which keeps completeness."""
    return result.values if result.values.ndim == 2 else result.values.sum(axis=2)


def pixel_limit(values: FloatArray) -> float:
    """The end of the colour scale: all but a few pixels lie within."""
    known = np.abs(values[np.isfinite(values)])
    if not known.size:
        return 0.0
    at = max(0, math.ceil((1 - BEYOND) * known.size) - 1)
    limit = float(np.partition(known, at)[at])
    return limit or limit_of(values)


def overlay(result: AttributionResult, inks: Inks) -> Pixels:
    """(height, width, 3): the picture, pale and grey, with the map on what the model read of it."""
    read, values = picture_in(result), pixel_values(result)
    scale = _enlargement(read, values.shape)
    picture = read.pixels.repeat(scale, axis=0).repeat(scale, axis=1)
    rows, columns = picture.shape[:2]
    row, column = (
        _cells(rows, read.size[1], read.crop[1::2], values.shape[0]),
        _cells(columns, read.size[0], read.crop[::2], values.shape[1]),
    )
    made = ramp(inks, signed=result.signed)
    table = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in made.colours], dtype=np.float64)
    panel = table[made.neutral]
    grey = picture @ np.array([0.299, 0.587, 0.114])
    under = (1 - _PALE) * grey[..., None] + _PALE * panel
    limit = pixel_limit(values)
    steps = made.steps(values, limit)[np.ix_(row.clip(min=0), column.clip(min=0))]
    strength = np.abs(steps - made.neutral) / max(made.neutral, len(made.colours) - 1 - made.neutral)
    outside = (row < 0)[:, None] | (column < 0)[None, :] | (steps < 0)
    opacity = np.where(outside, 0.0, strength**_STRONG)[..., None]
    found: Pixels = np.rint((1 - opacity) * under + opacity * table[steps]).astype(np.uint8)
    return found


def _enlargement(read: ReadImage, shape: tuple[int, ...]) -> int:
    """So many times is a small picture repeated that no value of the map is lost."""
    left, top, right, bottom = read.crop
    down = (bottom - top) * read.pixels.shape[0] / read.size[1]
    across = (right - left) * read.pixels.shape[1] / read.size[0]
    wanted = max(math.ceil(shape[0] / down), math.ceil(shape[1] / across))
    return max(1, int(min(wanted, _LARGEST // max(read.pixels.shape))))


def _cells(count: int, size: int, crop: tuple[float, ...], cells: int) -> NDArray[np.intp]:
    """(count,) the row (or column) of the map under each of the picture's; −1 outside of it."""
    low, high = crop
    at = np.floor(((np.arange(count) + 0.5) / count * size - low) / (high - low) * cells).astype(np.intp)
    at[(at < 0) | (at >= cells)] = -1
    return at


def png(pixels: Pixels) -> bytes:
    """As a file's content."""
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return written.getvalue()
