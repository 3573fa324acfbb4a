"""Two models over the same rows, and shares with their intervals. Torch-free."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.comparisons import BesideResult, Fate, Interval, PairedNumbers
from engine.dataset_results import NONE, Rows

_Z = 1.959963984540054  # of 95 %, two-sided
_TAIL = 2.5  # percent, at either end


def fates(first: NDArray[np.int32], second: NDArray[np.int32], true: NDArray[np.int32]) -> NDArray[np.int8]:
    """(rows,) of ``Fate``, from classes of which −1 are not known."""
    found = np.full(len(first), Fate.UNKNOWN, np.int8)
    both = (first != NONE) & (second != NONE)
    same, known = first == second, true != NONE
    found[both & same] = Fate.SAME
    found[both & ~same & ~known] = Fate.DIFFERENT
    found[both & ~same & known] = Fate.OTHER_ERROR
    found[both & ~same & known & (second == true)] = Fate.FIXED
    found[both & ~same & known & (first == true)] = Fate.BROKEN
    return found


def paired_numbers(
    fate: NDArray[np.int8], right: NDArray[np.bool_], known: NDArray[np.bool_], resamples: int = 2000, seed: int = 0
) -> PairedNumbers:
    """What the fates of some rows amount to.

    Args:
        right, known: (rows,) whether the first is right, and whether that is known.
    """
    counts = {each: int((fate == each).sum()) for each in Fate}
    n = len(fate) - counts[Fate.UNKNOWN]
    judged = known & (fate != Fate.UNKNOWN)
    labelled, fixed, broken = int(judged.sum()), counts[Fate.FIXED], counts[Fate.BROKEN]
    first = int((judged & right).sum())
    return PairedNumbers(
        n=n,
        labelled=labelled,
        agreement=counts[Fate.SAME] / n if n else None,
        first=first / labelled if labelled else None,
        second=(first + fixed - broken) / labelled if labelled else None,
        fixed=fixed,
        broken=broken,
        other_errors=counts[Fate.OTHER_ERROR],
        different=counts[Fate.DIFFERENT],
        difference=(fixed - broken) / labelled if labelled else None,
        interval=paired_interval(fixed, broken, labelled, resamples, seed) if labelled else None,
        p_value=mcnemar(fixed, broken) if labelled else None,
    )


def numbers_beside(result: BesideResult, rows: Rows) -> PairedNumbers:
    """``BesideResult.numbers`` of some rows."""
    first, request = result.first, result.request
    known = first.true[rows] != NONE
    return paired_numbers(result.fate[rows], first.correct[rows] == 1, known, request.resamples, request.seed)


def mcnemar(fixed: int, broken: int) -> float:
    """Exact and two-sided: how likely as uneven a split is where either way is as likely; 1 where nothing changed.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12, 1947; exact by the binomial distribution.
    """
    n, fewer = fixed + broken, min(fixed, broken)
    logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2) for k in range(fewer + 1)]
    largest = max(logs)
    return min(1.0, 2 * math.exp(largest) * math.fsum(math.exp(each - largest) for each in logs))


def paired_interval(fixed: int, broken: int, n: int, resamples: int, seed: int) -> Interval:
    """Of the difference of two accuracies on the same ``n`` rows: percentiles of a bootstrap over rows. Drawing rows with
    replacement is drawing how many of them were fixed, broken, or neither.

    Source: Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    """
    drawn = np.random.default_rng(seed).multinomial(n, [fixed / n, broken / n, (n - fixed - broken) / n], resamples)
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / n, [_TAIL, 100 - _TAIL])
    return float(low), float(high)


def share_interval(hits: int, n: int) -> Interval | None:
    """Wilson's, of 95 %; None without rows.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
    """
    if not n:
        return None
    share, z2 = hits / n, _Z**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def difference_interval(first: tuple[int, int], second: tuple[int, int]) -> Interval | None:
    """Of the second share minus the first, each (hits, n) of rows of its own; None without rows.

    Source: Newcombe, "Interval estimation for the difference between independent proportions: comparison of eleven methods",
    Statistics in Medicine 17, 1998, method 10.
    """
    one, other = share_interval(*first), share_interval(*second)
    if one is None or other is None:
        return None
    p, q = first[0] / first[1], second[0] / second[1]
    return (
        q - p - math.hypot(q - other[0], one[1] - p),
        q - p + math.hypot(other[1] - q, p - one[0]),
    )
