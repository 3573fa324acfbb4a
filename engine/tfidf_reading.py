"""Attention beside TF-IDF as a person reads it: the points of the plot, and the sentences about them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.attention_maps import TfidfResult, WordOccurrence
from engine.heatmaps.display_text import one_line
from engine.heatmaps.numerals import figures, fixed
from engine.results import FloatArray

AS_IT_IS, WITHOUT_AGE = "attention received (log)", "× what its age brings (log)"
RARITY = "TF-IDF: rarer in the corpus, more frequent in the text →"
_CORPORA_NAMED = 3
_FEW = 15  # words that are all named
_MERGED = {"mean": "mean of heads", "maximum": "maximum of heads"}


def heights(result: TfidfResult, without_age: bool) -> FloatArray:
    """(occurrence,) what is drawn, as it is or with age taken out."""
    return np.array([point.without_age if without_age else point.attention for point in result.occurrences])


def on_log_scale(values: FloatArray) -> FloatArray:
    """Their logarithms to base 10; nothing is drawn a little below the least of what is something."""
    some = values[values > 0]
    floor = float(some.min()) / 2 if len(some) else 1.0
    found: FloatArray = np.log10(np.maximum(values, floor))
    return found


def rank_of(values: FloatArray, at: int) -> int:
    """1 is the largest; equal values share the better rank."""
    return int((values > values[at]).sum()) + 1


def same_word(result: TfidfResult, at: int) -> tuple[int, ...]:
    """All occurrences of the word at ``at``, itself too."""
    word = result.occurrences[at].word.lower()
    return tuple(other for other, point in enumerate(result.occurrences) if point.word.lower() == word)


def occurrence_over(result: TfidfResult, start: int, end: int) -> int:
    """The one that overlaps the code points [start, end); −1: none does."""
    for at, point in enumerate(result.occurrences):
        if point.start < end and point.end > start:
            return at
    return -1


def where(result: TfidfResult) -> str:
    """Which layer and head, and whether of more than the text."""
    request = result.request
    tokens = request.attention.generation.tokens
    more = (", without sinks" if request.without_sinks else "") + (f", with up to {tokens} tokens written" if tokens else "")
    if result.model.format == "textgenrnn":
        return f"the attention layer{more}"
    head = f"head {request.head}" if isinstance(request.head, int) else _MERGED[request.head]
    stack = "" if request.stack == "self" else f"{request.stack}, "
    return f"{stack}layer {request.layer}, {head}{more}"


def corpus_in_words(result: TfidfResult) -> str:
    """How many documents of which files."""
    names = [Path(source).name or source for source in result.request.corpus]
    more = f" and {len(names) - _CORPORA_NAMED} more" if len(names) > _CORPORA_NAMED else ""
    kinds = " and ".join(result.kinds)
    kind = kinds.removesuffix("s") if result.documents == 1 else kinds
    return f"{result.documents:,} {kind} of {', '.join(names[:_CORPORA_NAMED])}{more}"


def correlation_in_words(result: TfidfResult) -> str:
    """Both correlations with how many words they are of, and what chance would bring."""
    count = len(result.occurrences)
    if count < 3:
        number = ("No word is left, which is", "One word is", "Two words are")[count]
        return f"{number} too few for a rank correlation; type a longer text."
    if result.correlation is None:
        return f"The {count} words have no rank correlation: all of them are equally rare, or receive the same."
    words = f"Rank correlation of TF-IDF with attention received, over {count} words: {signed(result.correlation)}"
    left = result.correlation_without_age
    if result.ages_differ and left is not None:
        words += f", and {signed(left)} with their age taken out"
    elif result.ages_differ:
        words += "; age explains all of it"
    return f"{words} (chance alone: within ±{fixed(result.chance, 2)}, 19 times in 20)."


def limits_in_words(result: TfidfResult) -> str:
    """What it does not mean."""
    age = (
        "Older words are seen by more steps, which explains a part of any correlation."
        if result.ages_differ
        else "Every word is seen by all steps, so there is no age to take out."
    )
    sinks = "" if result.request.without_sinks else "Sinks draw attention whatever they say; "
    several = f"{'a' if sinks else 'A'} word of several tokens is given their sum."
    return f"{age} {sinks}{several} A correlation does not explain why a head looks at a word."


def standouts_in_words(result: TfidfResult) -> str:
    """The words furthest above what their age brings, each with how far."""
    if not result.standouts:
        return "No word stands out."
    points = [result.occurrences[at] for at in labelled(result)]
    return "Standing out: " + ", ".join(f"{name_of(point)} {factor(point.without_age)}" for point in points)


def occurrence_in_words(result: TfidfResult, at: int, without_age: bool) -> str:
    """The word, where it is, both numbers, and its rank among the words."""
    if not 0 <= at < len(result.occurrences):
        return ""
    point, count = result.occurrences[at], len(result.occurrences)
    rank = rank_of(heights(result, without_age), at)
    held = f"in {point.documents:,} of {result.documents:,} documents"
    words = [
        f"“{name_of(point)}”",
        f"word {at + 1:,} of {count:,}",
        f"TF-IDF {figures(point.tfidf)} ({held})",
        f"attention {figures(point.attention)}",
        f"{factor(point.without_age)} {'what its age brings' if result.ages_differ else 'the median'}",
        f"rank {rank:,} of {count:,}",
    ]
    return " · ".join(words)


def name_of(point: WordOccurrence) -> str:
    """As it stands in a plot or a table."""
    return one_line(point.word)


def factor(value: float) -> str:
    """2.40×."""
    return f"{figures(value)}×"


def signed(value: float) -> str:
    """A correlation: +0.51."""
    return ("+" if value > 0 else "") + fixed(value, 2)


def named(result: TfidfResult) -> Sequence[int]:
    """What is named in the plot: what stands out, and every word where there are few."""
    first = labelled(result)
    rest = range(len(result.occurrences)) if len(result.occurrences) <= _FEW else ()
    return (*first, *(at for at in rest if at not in first))


def labelled(result: TfidfResult) -> Sequence[int]:
    """Of each word that stands out the occurrence furthest above; the furthest first."""
    first = dict[str, int]()
    for at in result.standouts:
        first.setdefault(result.occurrences[at].word.lower(), at)
    return tuple(first.values())
