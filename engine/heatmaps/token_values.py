"""Each token's value beside the others': rank and share, and all of it in words."""

import numpy as np
from numpy.typing import NDArray

from engine.heatmaps.numerals import percent, signed_figures
from engine.results import Token


class TokenValues:
    """The values of the tokens, with rank (1 is the largest magnitude) and share; NaN has neither."""

    def __init__(self, tokens: tuple[Token, ...], values: NDArray[np.floating], unit: str) -> None:
        self.tokens, self.unit = tokens, unit
        self.values = np.asarray(values, dtype=np.float64)
        magnitudes = np.abs(self.values)
        self.rank = np.zeros(len(tokens), dtype=np.intp)  # 0: none
        order = np.argsort(-magnitudes, kind="stable")
        order = order[~np.isnan(magnitudes[order])]
        self.rank[order] = np.arange(1, len(order) + 1)
        total = float(np.nansum(magnitudes)) if len(tokens) else 0.0
        with np.errstate(invalid="ignore"):
            self.share = magnitudes / total if total > 0 else np.zeros_like(magnitudes)

    def in_words(self, token: int) -> str:
        """The read-out: the token, its piece, value, rank and share."""
        it, value = self.tokens[token], float(self.values[token])
        name = f"“{it.text.strip()}” · piece {it.piece}" if it.text.strip() and not it.special else it.piece
        if np.isnan(value):
            return f"{name} · no value (not a number)"
        ranked = f"rank {self.rank[token]} of {len(self.tokens)}"
        return f"{name} · {signed_figures(value)} {self.unit} · {ranked} · {percent(float(self.share[token]))} of Σ|values|"
