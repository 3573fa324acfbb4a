"""Rank correlation."""

import numpy as np

from engine.results import FloatArray


def spearman(first: FloatArray, second: FloatArray) -> float:
    """Spearman's: the correlation of ranks, equal values sharing the mean of theirs; NaN where one of them is constant."""
    if len(first) < 2:
        return float("nan")
    one, other = (ranks(np.asarray(values, np.float64)) for values in (first, second))
    one, other = one - one.mean(), other - other.mean()
    length = np.sqrt((one @ one) * (other @ other))
    return float(one @ other / length) if length > 0 else float("nan")


def ranks(values: FloatArray) -> FloatArray:
    """(n,) from 0, equal values sharing the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    found: FloatArray = (ends - (counts + 1) / 2)[inverse]
    return found
