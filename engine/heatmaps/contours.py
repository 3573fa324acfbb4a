"""Lines of equal value on a map (marching squares), a segment for each square a line passes through."""

import numpy as np
from numpy.typing import NDArray

from engine.results import FloatArray

FINEST = 512  # squares a side; a larger map is averaged first
SMOOTHED = 64  # a map is blurred by a Gaussian of a standard deviation of 1 / SMOOTHED of its shorter side
Segments = NDArray[np.float64]  # (n, 4): x, y, x, y in pixels of the map


def smoothed(values: FloatArray) -> tuple[FloatArray, float]:
    """What the lines are drawn of: blurred, since the gradient of a pixel is its own; and how many pixels one value spans."""
    step = max(1, -(-max(values.shape) // FINEST))
    known = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if step > 1:
        rows, columns = (size // step * step for size in known.shape)
        known = known[:rows, :columns].reshape(rows // step, step, columns // step, step).mean(axis=(1, 3))
    deviation = min(values.shape) / SMOOTHED / step
    return _blurred(_blurred(known, deviation).T, deviation).T, float(step)


def _blurred(values: FloatArray, deviation: float) -> FloatArray:
    """Along the rows; beyond the edges the last value goes on."""
    reach = int(np.ceil(3 * deviation))
    if reach < 1 or deviation < 0.3:
        return values
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    weights /= weights.sum()
    padded = np.pad(values, ((0, 0), (reach, reach)), mode="edge")
    width = values.shape[1]
    return sum((weight * padded[:, at : at + width] for at, weight in enumerate(weights)), np.zeros_like(values))


def contour(values: FloatArray, level: float, step: float = 1.0) -> Segments:
    """Where ``values``, each at the middle of its pixel, pass through ``level``; linear in between.

    Args:
        step: pixels of the map that one value spans.
    """
    above = values > level
    case = above[:-1, :-1] + 2 * above[:-1, 1:] + 4 * above[1:, 1:] + 8 * above[1:, :-1]
    rows, columns = np.nonzero((case != 0) & (case != 15))
    if not len(rows):
        return np.empty((0, 4))
    cases = case[rows, columns]
    a, b = values[rows, columns], values[rows, columns + 1]
    c, d = values[rows + 1, columns + 1], values[rows + 1, columns]
    with np.errstate(divide="ignore", invalid="ignore"):
        across, down = columns.astype(float), rows.astype(float)
        crossings = {  # of each side: where it is crossed, if it is
            "top": (across + (level - a) / (b - a), down),
            "right": (across + 1, down + (level - b) / (c - b)),
            "bottom": (across + (level - d) / (c - d), down + 1),
            "left": (across, down + (level - a) / (d - a)),
        }
    middle_above = (a + b + c + d) / 4 > level
    found = []
    for sides, here in _pairs(cases, middle_above):
        if here.any():
            (x0, y0), (x1, y1) = (crossings[side] for side in sides)
            found.append(np.stack([x0[here], y0[here], x1[here], y1[here]], axis=1))
    return (np.concatenate(found) + 0.5) * step


def _pairs(cases: NDArray[np.int_], middle_above: NDArray[np.bool_]) -> list[tuple[tuple[str, str], NDArray[np.bool_]]]:
    """Which two sides a line joins, and in which squares; of a saddle its middle decides."""
    one, other = cases == 5, cases == 10  # a and c above, b and d above
    cut_bd, cut_ac = (one & middle_above) | (other & ~middle_above), (one & ~middle_above) | (other & middle_above)
    corner = {side: np.isin(cases, both) for side, both in {"a": (1, 14), "b": (2, 13), "c": (4, 11), "d": (8, 7)}.items()}
    return [
        (("left", "top"), corner["a"] | cut_ac),
        (("top", "right"), corner["b"] | cut_bd),
        (("right", "bottom"), corner["c"] | cut_ac),
        (("bottom", "left"), corner["d"] | cut_bd),
        (("left", "right"), np.isin(cases, (3, 12))),
        (("top", "bottom"), np.isin(cases, (6, 9))),
    ]
