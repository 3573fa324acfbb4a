"""A scale for magnitudes, logarithmic or linear: where a value lies, and which numbers stand beside it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.heatmaps.numerals import figures
from engine.results import FloatArray

MOST_DECADES = 12  # of a colour scale or a bar; more would leave nothing to be told apart
_BELOW_LEAST = 0.15  # of a decade: the least value differs from zero
_LEAST = -323  # power of ten that is not zero
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class MagnitudeScale:
    """From ``floor`` to ``limit`` by decades, or from zero where ``floor`` is zero. Empty where ``limit`` is zero."""

    floor: float
    limit: float

    @classmethod
    def of(cls, values: FloatArray, *, logarithmic: bool, decades: int | None = MOST_DECADES) -> "MagnitudeScale":
        """That holds all finite ones, or the largest ``decades`` of them."""
        known = values[np.isfinite(values) & (values > 0)]
        if not known.size:
            return cls(0.0, 0.0)
        limit = float(known.max())
        if not logarithmic:
            return cls(0.0, limit)
        low = math.floor(math.log10(float(known.min())) - _BELOW_LEAST)
        if decades is not None:
            low = max(low, math.floor(math.log10(limit)) - decades)
        return cls(10.0 ** max(low, _LEAST), limit)

    @property
    def logarithmic(self) -> bool:
        """By decades."""
        return self.floor > 0

    def shares(self, values: FloatArray) -> NDArray[np.float64]:
        """Where each value lies, 0 … 1: what is below the floor at 0, what is infinite at 1; NaN stays.

        Pictures are drawn in these, since neither images nor painters can tell 1e-300 from nothing.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            found = np.asarray(values, dtype=np.float64)
            if self.logarithmic:
                low = math.log10(self.floor)
                found = (np.log10(found) - low) / ((math.log10(self.limit) - low) or 1.0)
            else:
                found = found / (self.limit or 1.0)
            return np.where(np.isnan(values), np.nan, np.clip(found, 0.0, 1.0))

    def clips(self, values: FloatArray) -> bool:
        """Whether some lie below the floor."""
        return self.logarithmic and bool((values[np.isfinite(values)] < self.floor).any())

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """At most so many, each with its share."""
        if not self.logarithmic:
            return [(share, figures(share * self.limit, 2)) for share in (0.0, 0.5, 1.0)] if self.limit > 0 else []
        low, high = math.log10(self.floor), math.log10(self.limit)
        first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
        step = max(1, math.ceil((last - first + 1) / max(most, 1)))
        return [
            ((power - low) / ((high - low) or 1.0), f"10{str(power).translate(_SUPERSCRIPTS)}")
            for power in range(first, last + 1, step)
        ]
