"""Maps held against answer masks: the pixels that decide are known beforehand.

What every measure shares: ``values`` (height, width) is a map, larger meaning more evidence for the target. Of a signed
map only the positive part counts, since a mask says where the evidence for the target lies, not where that against it does;
all that is not positive is equal, at zero. ``mask`` (height, width) is true where the evidence lies. Equal values have no
order, so a measure that needs one gives its expected value over all orders: a map without any positive value gets what a
random one does, no more and no less.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.floating]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Three measures of one map and one mask, each from 0 to 1, more being better."""

    pointing: float
    energy: float
    overlap: float


def agreement(values: Map, mask: Mask) -> Agreement:
    """All of them."""
    return Agreement(pointing_game(values, mask), energy_in_mask(values, mask), overlap_at_area(values, mask))


def random_control(mask: Mask) -> Agreement:
    """What is expected of a map whose values were dealt out to the pixels at random, whatever the values are.

    Pointing and energy: the mask's share of the picture, since each pixel is the largest with the same chance, and holds
    the same expected share of the sum. Overlap: the mean over how many of ``area`` pixels drawn from all are in the mask.

    Raises:
        ValueError: the mask is empty.
    """
    area = _area(mask)
    return Agreement(area / mask.size, area / mask.size, _expected_overlap(0, mask.size, area, area, area))


def pointing_game(values: Map, mask: Mask, *, tolerance: float = 0.0) -> float:
    """Whether the largest value lies in the mask: 1 or 0, and in between only where several are the largest.

    Args:
        tolerance: how far beside the mask still counts, in pixels from centre to centre. The source allows 15 on
            photographs; small pictures need none.

    Raises:
        ValueError: shapes differ, the mask is empty, or a value is not finite.

    Source: Zhang, Bargal, Lin, Brandt, Shen & Sclaroff, "Top-Down Neural Attention by Excitation Backprop", International
    Journal of Computer Vision 126, 2018, section 4.2, arXiv:1608.00507: Acc = #Hits / (#Hits + #Misses). The mean over
    examples is that accuracy.
    """
    evidence = _evidence(values, mask)
    return float(_widened(mask, tolerance)[evidence == evidence.max()].mean())


def energy_in_mask(values: Map, mask: Mask) -> float:
    """The share of the map's positive sum that lies in the mask; the mask's share of the picture where the sum is 0.

    Raises:
        ValueError: shapes differ, the mask is empty, or a value is not finite.

    Source: Wang, Wang, Du, Yang, Zhang, Ding, Mardziel & Hu, "Score-CAM: Score-Weighted Visual Explanations for
    Convolutional Neural Networks", CVPR Workshops 2020, section 4.3, arXiv:1910.01279: the energy-based pointing game.
    """
    evidence = _evidence(values, mask)
    largest = evidence.max()
    if largest == 0:
        return float(mask.mean())
    shares = evidence / largest  # so that no sum overflows
    return float(shares[mask].sum() / shares.sum())


def overlap_at_area(values: Map, mask: Mask) -> float:
    """Intersection over union of the mask and as many pixels with the largest values as the mask has: at its own area.

    Measured so, a map is not rewarded for the threshold that happens to suit it. 1 is reached exactly if every value in
    the mask is above every other.

    Raises:
        ValueError: shapes differ, the mask is empty, or a value is not finite.
    """
    evidence, area = _evidence(values, mask), _area(mask)
    threshold = np.partition(evidence, -area, axis=None)[-area]
    above, tied = evidence > threshold, evidence == threshold
    open_places = area - int(above.sum())
    return _expected_overlap(int((above & mask).sum()), int(tied.sum()), int((tied & mask).sum()), open_places, area)


def _expected_overlap(certain: int, tied: int, tied_in_mask: int, places: int, area: int) -> float:
    """The mean of hits / (2 area − hits), ``places`` pixels being drawn from ``tied`` without regard to the mask.

    Args:
        certain: hits that need no draw.
    """
    fewest, most = max(0, places - (tied - tied_in_mask)), min(places, tied_in_mask)
    drawn = np.arange(fewest, most + 1)
    log_ways = _log_choices(tied_in_mask, drawn) + _log_choices(tied - tied_in_mask, places - drawn)
    chance = np.exp(log_ways - _log_choices(tied, np.array(places)))  # hypergeometric
    hits = certain + drawn
    return float((chance * hits / (2 * area - hits)).sum())


def _log_choices(count: int, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """log of ``count`` over ``chosen``."""
    log_factorial = np.concatenate([[0.0], np.log(np.arange(1, count + 1)).cumsum()])
    result: NDArray[np.float64] = log_factorial[count] - log_factorial[chosen] - log_factorial[count - chosen]
    return result


def _widened(mask: Mask, tolerance: float) -> Mask:
    """True wherever a pixel of the mask is at most ``tolerance`` pixels away."""
    wide = mask.copy()
    height, width = mask.shape
    furthest = min(math.floor(tolerance), height - 1)
    for down in range(-furthest, furthest + 1):
        reach = math.isqrt(math.floor(tolerance**2 - down**2))
        rows = mask[max(0, -down) : height - max(0, down)]
        until = np.pad(rows.cumsum(axis=1), ((0, 0), (1, 0)))  # how many before each column
        left, right = np.arange(width) - reach, np.arange(width) + reach + 1
        near = until[:, right.clip(max=width)] > until[:, left.clip(min=0)]
        wide[max(0, down) : height - max(0, -down)] |= near
    return wide


def _evidence(values: Map, mask: Mask) -> NDArray[np.float64]:
    """The positive part of the map."""
    if values.shape != mask.shape or mask.ndim != 2:
        raise ValueError(f"A map of shape {values.shape} cannot be held against a mask of shape {mask.shape}.")
    if not np.isfinite(values).all():
        raise ValueError("The map holds values that are not finite.")
    _area(mask)
    return np.maximum(values.astype(np.float64), 0.0)


def _area(mask: Mask) -> int:
    if not mask.any():
        raise ValueError("The mask is empty: there is nothing that a map could find.")
    return int(mask.sum())
