"""Each pixel's value beside the others': rank and share."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.heatmaps.overlay import pixel_values
from engine.results import AttributionResult


@dataclass(frozen=True, slots=True)
class RankedPixel:
    """``row`` and ``column`` of the model's input; ``share`` of Σ|values|."""

    row: int
    column: int
    value: float
    rank: int
    share: float


def ranks_and_shares(values: NDArray[np.floating]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """(n,) values -> ranks (1 is the largest magnitude; 0: not a number) and shares of Σ|values|."""
    magnitudes = np.abs(np.asarray(values, dtype=np.float64))
    order = np.argsort(-magnitudes, kind="stable")
    order = order[~np.isnan(magnitudes[order])]
    ranks = np.zeros(len(magnitudes), dtype=np.intp)
    known = magnitudes[order]  # falling
    ranks[order] = 1 + np.searchsorted(-known, -known, side="left")  # equal ones share a rank, as on the screen
    total = float(np.nansum(magnitudes))
    return ranks, magnitudes / total if total > 0 else np.zeros_like(magnitudes)


def strongest(result: AttributionResult, count: int) -> list[RankedPixel]:
    """The ``count`` pixels of the largest magnitude, the first first."""
    values = pixel_values(result)
    flat = values.ravel()
    ranks, shares = ranks_and_shares(flat)
    first = [int(at) for at in np.argsort(-np.abs(np.nan_to_num(flat, nan=0.0)), kind="stable")[:count] if ranks[at]]
    width = values.shape[1]
    return [RankedPixel(at // width, at % width, float(flat[at]), int(ranks[at]), float(shares[at])) for at in first]
