"""Activations as 16-bit levels on a scale that is the same for all cells: the upper byte ranks, both together are exact enough to
show.

A scale is monotone, so what only depends on the order (AUC, rank correlation, F1) is kept but for ties.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOP = 65535


@dataclass(frozen=True, slots=True)
class Scale:
    """``signed``: −1 … 1; ``unit``: 0 … 1; ``soft``: any number x as x / (1 + |x|), for what has no bounds."""

    name: str

    def levels(self, values: NDArray[np.float32]) -> NDArray[np.uint16]:
        """Nearest levels; a new array. Every number must be finite."""
        bounded = np.divide(values, 1.0 + np.abs(values), dtype=np.float32) if self.name == "soft" else values
        scaled = bounded * np.float32(TOP if self.name == "unit" else TOP / 2)
        scaled += np.float32(0.5 if self.name == "unit" else TOP / 2 + 0.5)
        return scaled.astype(np.uint16)  # rounds down; sigmoid and tanh never leave their bounds, so there is nothing to clip

    def values(self, levels: NDArray[np.generic]) -> NDArray[np.float64]:
        """What each of the 65,536 levels stands for."""
        share = np.asarray(levels, np.float64) / TOP
        if self.name == "unit":
            return share
        signed = np.clip(2 * share - 1, -1 + 1 / TOP, 1 - 1 / TOP) if self.name == "soft" else 2 * share - 1
        return signed / (1 - np.abs(signed)) if self.name == "soft" else signed


SIGNED, UNIT, SOFT = Scale("signed"), Scale("unit"), Scale("soft")
SCALES = {scale.name: scale for scale in (SIGNED, UNIT, SOFT)}
