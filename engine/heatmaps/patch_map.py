"""What one patch of a picture attends to, or is attended by, as a map over the picture."""

from dataclasses import replace

import numpy as np

from engine.attention_maps import HeadMap, Patches
from engine.attention_reading import entry_in_words
from engine.heatmaps.colours import limit_of
from engine.heatmaps.numerals import figures
from engine.heatmaps.pixel_map import Cell, PictureMap
from engine.heatmaps.token_names import quoted
from engine.heatmaps.wording import DOT
from engine.results import FloatArray


class PatchMap(PictureMap):
    """Drawn by the square root, as every map of attention is; ``weights`` are the numbers themselves.

    Args:
        token: whose row it is, or with ``received`` whose column; −1: what each patch receives on average.
        averages: (token,): the mean of each column.
    """

    def __init__(self, shown: HeadMap, patches: Patches, token: int, received: bool, averages: FloatArray) -> None:
        self.map, self.patches, self.token, self.received = shown, patches, token, received
        self.of_tokens = averages if token < 0 else shown.pattern[:, token] if received else shown.pattern[token]
        self.weights = self.of_tokens[patches.first :].reshape(patches.rows, patches.columns)
        read = replace(patches.read, crop=patches.crop)
        super().__init__(read, np.sqrt(np.maximum(self.weights, 0)), shown.unit, False)

    def limit_of_weights(self, without_own: bool) -> float:
        """Where the scale of the weights ends. ``without_own``: what stays with the patch itself is far above all others."""
        own = self.patches.cell_of(self.token) if without_own and self.token >= 0 else None
        if own is None:
            return limit_of(self.weights)
        others = limit_of(np.delete(self.weights.ravel(), own[0] * self.patches.columns + own[1]))
        return others or limit_of(self.weights)

    def in_words(self, cell: Cell) -> str:
        """From where to where, the weight, its rank, and where the patch lies in the picture."""
        other = self.patches.token_of(cell)
        if self.token < 0:
            said = f"{quoted(self.map.keys[other])}{DOT}{figures(float(self.weights[cell]), 4)} {self.unit} on average"
            rank = int((self.of_tokens > self.of_tokens[other]).sum()) + 1
            said += f"{DOT}rank {rank:,} of {len(self.of_tokens):,}"
        else:
            said = entry_in_words(self.map, *((other, self.token) if self.received else (self.token, other)))
        left, top, right, bottom = (round(each) for each in self.patches.rectangle_of(other) or (0, 0, 0, 0))
        return f"{said}{DOT}x {left:,}–{right:,}, y {top:,}–{bottom:,}"

    def title(self) -> str:
        """What is seen, in a word or two."""
        if self.token < 0:
            return "received on average"
        name = quoted(self.map.queries[self.token])
        return f"to {name}" if self.received else f"from {name}"
