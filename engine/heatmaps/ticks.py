"""Round numbers along an axis."""

import math

from engine.heatmaps.numerals import figures

_STEPS = (1, 2, 5)


def tick_words(value: float) -> str:
    """As short as it can be: 0.05, 1, 20."""
    words = figures(value)
    return words.rstrip("0").rstrip(".") if "." in words and "×" not in words else words


def linear_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Multiples of 1, 2 or 5 × a power of ten between ``low`` and ``high``, at most ``most``."""
    if not high > low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (factor * power * tens for tens in (1, 10) for factor in _STEPS):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            return [round(number * step, 12 - math.floor(math.log10(step))) for number in range(first, last + 1)]
    return [low]


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """For an axis of logarithms: 1, 2 and 5 of each power of ten, 1 and 3, powers alone, or linear ones where those are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for factors in (_STEPS, (1, 3), (1,)):
        found = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
        found = [float(f"{value:.3g}") for value in found if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if 3 <= len(found) <= most:
            return found
    every = max(1, math.ceil((last - first) / most))
    powers = [10.0**power for power in range(first, last + 1, every) if low <= 10.0**power <= high]
    return powers if len(powers) > 2 else linear_ticks(low, high, most)
