"""What the example's heatmap shows of an edit: both texts as one, each word on the colour of its change."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.datasets.editing import merged
from engine.edits import EditResult, WordChange
from engine.heatmaps.numerals import signed_figures
from engine.heatmaps.wording import title_of
from engine.inputs.grain import Grouping
from engine.requests import as_text
from engine.results import TokenizedText

Spot = tuple[int, int, int]  # segment, start, end: a word of the text on the desk
OF_ATTENTION = "of attention"


@dataclass(frozen=True, slots=True, eq=False)
class ShownEdit:
    """A comparison, and which of its numbers; ``against``: with what, in words."""

    result: EditResult
    attention: bool
    against: str

    @property
    def document(self) -> TokenizedText:
        """A token for each of the result's words."""
        return merged(self.result.words, as_text(self.result.request.before.input), self.result.request.after)

    @property
    def values(self) -> NDArray[np.float64]:
        """(words,)."""
        words = self.result.words
        return np.array([word.attention_change if self.attention else word.attribution_change for word in words])

    @property
    def unit(self) -> str:
        """Of ``values``."""
        return OF_ATTENTION if self.attention else self.result.before.unit

    def places(self, kind: str) -> list[int]:
        """Of the words that were ``removed`` or ``added``."""
        return [at for at, word in enumerate(self.result.words) if word.kind == kind and not word.special]

    def title(self) -> str:
        """What is drawn, in a line."""
        if self.attention:
            return f"Change from {self.against} · attention received"
        method, colon, target = title_of(self.result.before).partition(": ")
        return f"Change from {self.against} of {target} · {method}" if colon else f"Change from {self.against} · {method}"

    def read_out(self, place: int) -> str:
        """Of a word: what it had, what it has, and the difference."""
        word = self.result.words[place]
        before, after = word.attention if self.attention else word.attribution
        change = word.attention_change if self.attention else word.attribution_change
        name = word.text if word.special else f"“{word.text}”"
        return f"{name} · before {_number(before)} · now {_number(after)} · change {signed_figures(change)} {self.unit}"

    def spot_of(self, place: int) -> Spot | None:
        """Where a word stands in the text on the desk; None: it was taken out, or is none."""
        return _spot(self.result.words[place])

    def spots_within(self, start: int, end: int) -> list[Spot]:
        """Those of what is marked in the first text as it is drawn."""
        tokens = self.document.tokens
        touched = [at for at, token in enumerate(tokens) if token.segment == 0 and token.start < end and token.end > start]
        return [spot for at in touched if (spot := self.spot_of(at)) is not None]


def _number(value: float | None) -> str:
    return "not there" if value is None else signed_figures(value)


def _spot(word: WordChange) -> Spot | None:
    return None if word.special or word.after is None else (word.segment, *word.after)


def spots_of(document: TokenizedText, words: Grouping, token: int, marked: tuple[int, int] | None) -> list[Spot]:
    """The ``words`` of ``document`` that are marked, else the one that ``token`` (−1: none) is part of."""
    first = [document.tokens[int(at)] for at in words.first]
    places = range(len(words)) if marked is not None else () if token < 0 else (int(words.of_token[token]),)
    return [
        (first[at].segment, int(words.start[at]), int(words.end[at]))
        for at in places
        if not first[at].special and (marked is None or _touches(first[at].segment, words.start[at], words.end[at], marked))
    ]


def _touches(segment: int, start: int, end: int, marked: tuple[int, int]) -> bool:
    return segment == 0 and start < marked[1] and end > marked[0]
