"""Two explained texts held against each other, word by word. Torch-free."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.datasets.editing import aligned
from engine.edits import WordChange
from engine.heatmaps.wording import token_values
from engine.inputs.grain import Grouping, combined, group
from engine.results import AttributionResult, FloatArray, TokenizedText


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One of the texts in words."""

    document: TokenizedText
    words: Grouping
    attribution: NDArray[np.float64]
    attention: NDArray[np.float64] | None

    @classmethod
    def of(cls, result: AttributionResult, received: FloatArray | None) -> "_Side":
        document = result.prediction.text
        words = group(document, "word")
        values = combined(token_values(result), words, result.reduction)
        return cls(document, words, values, None if received is None else combined(received, words, "sum"))

    def keys(self) -> list[tuple[int, bool, str]]:
        """What has to be equal for two words to be the same."""
        return [(self.segment(at), self.special(at), self.text(at)) for at in range(len(self.words))]

    def special(self, at: int) -> bool:
        return self.document.tokens[int(self.words.first[at])].special

    def segment(self, at: int) -> int:
        return self.document.tokens[int(self.words.first[at])].segment

    def text(self, at: int) -> str:
        if self.special(at):
            return self.document.tokens[int(self.words.first[at])].piece
        whole = (self.document.pair or "") if self.segment(at) else self.document.text
        return whole[slice(*self.span(at))]

    def span(self, at: int) -> tuple[int, int]:
        return int(self.words.start[at]), int(self.words.end[at])

    def values(self, at: int | None) -> tuple[float | None, float | None]:
        """Attribution and attention of a word."""
        if at is None:
            return None, None
        return float(self.attribution[at]), None if self.attention is None else float(self.attention[at])


def words_of(before: AttributionResult, after: AttributionResult, received: Sequence[FloatArray] = ()) -> tuple[WordChange, ...]:
    """Both texts in reading order; ``received``: (seq,) attention of the one before and the one after."""
    sides = [_Side.of(result, received[at] if received else None) for at, result in enumerate((before, after))]
    old, new = sides
    found = []
    for a, b in aligned(old.keys(), new.keys()):
        side, at = (new, b) if b is not None else (old, a)
        assert at is not None, "a word is in one of the texts"
        (old_value, old_share), (new_value, new_share) = old.values(a), new.values(b)
        found.append(
            WordChange(
                side.text(at),
                side.special(at),
                side.segment(at),
                None if a is None else old.span(a),
                None if b is None else new.span(b),
                (old_value, new_value),
                (old_share, new_share),
            )
        )
    return tuple(found)
