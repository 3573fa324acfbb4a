"""Where names go beside their points: none over another, as few points covered as can be. Shared by window and files."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from engine.results import FloatArray

Box = tuple[float, float, float, float]  # left, top, right, bottom
_RINGS = (0.0, 8.0, 18.0)  # further from the point than the gap, where nearer there is no room
_SIDES = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))


def place_labels(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    dots: FloatArray,
    within: Box,
    gap: float = 6.0,
) -> list[Box | None]:
    """A box for each label, the first come first; None: there is no room left within.

    Args:
        points: of the labels.
        sizes: width and height of each.
        dots: (n, 2) of all points, labelled or not.
        gap: between a point and its label.
    """
    placed: list[Box | None] = []
    for point, size in zip(points, sizes, strict=True):
        taken = [box for box in placed if box is not None]
        free = [box for box in _around(point, size, gap) if _inside(box, within) and not any(_meet(box, one) for one in taken)]
        placed.append(min(free, key=lambda box: _covered(box, dots), default=None))
    return placed


def leader(point: tuple[float, float], box: Box, gap: float = 6.0) -> tuple[float, float] | None:
    """Where a line from the point meets its label; None: it is near enough without."""
    x, y = min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3])
    return (x, y) if math.hypot(x - point[0], y - point[1]) > 1.5 * gap else None


def _around(point: tuple[float, float], size: tuple[float, float], gap: float) -> Iterator[Box]:
    """The best places first."""
    (x, y), (wide, high) = point, size
    for ring in _RINGS:
        for right, down in _SIDES:
            away = (gap + ring) * (0.7 if right and down else 1)
            left = x + away if right > 0 else x - away - wide if right < 0 else x - wide / 2
            top = y + away if down > 0 else y - away - high if down < 0 else y - high / 2
            yield left, top, left + wide, top + high


def _inside(box: Box, within: Box) -> bool:
    return box[0] >= within[0] and box[1] >= within[1] and box[2] <= within[2] and box[3] <= within[3]


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _covered(box: Box, dots: FloatArray) -> int:
    if not len(dots):
        return 0
    across = (dots[:, 0] > box[0] - 2) & (dots[:, 0] < box[2] + 2)
    return int(np.count_nonzero(across & (dots[:, 1] > box[1] - 2) & (dots[:, 1] < box[3] + 2)))
