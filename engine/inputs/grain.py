"""Tokens, words or sentences, of records fields: which tokens stand together, and what their values are together.

Groups never cut a token: where a piece crosses a border between words, the two words are one group. In scripts that
write no spaces (Chinese, Japanese) every token is its own word, since only a dictionary could say more; a run of Thai
up to the next space is one word for the same reason.
"""

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import regex
from numpy.typing import NDArray

from engine.requests import Grain, Reduction
from engine.results import FloatArray, Token, TokenizedText

GRAINS: tuple[Grain, ...] = get_args(Grain)
Indices = NDArray[np.intp]

_ALONE = r"\p{Han}\p{Hiragana}\p{Katakana}々ー"
_LETTER = rf"(?:(?![{_ALONE}])[\p{{L}}\p{{N}}\p{{M}}_])"
_WORD = regex.compile(
    r"(?:https?://|www\.)\S*[\p{L}\p{N}/]"
    r"|(?:(?<!\p{L})\p{L}\.){2,}"  # U.S., e.g.
    rf"|[{_ALONE}]\p{{M}}*"
    rf"|{_LETTER}+(?:[’'‐‑\-@&·\u200c\u200d_]{_LETTER}+|(?<=\p{{N}})[.,:/](?=\p{{N}}){_LETTER}+)*"
    r"|\p{P}+"
    r"|[^\s\p{L}\p{N}\p{M}\p{P}]+(?:[\p{M}\u200d][^\s\p{L}\p{N}\p{P}]*)*"  # symbols; emoji with what is joined to them
    r"|[^\s]"
)
_END = regex.compile(
    r"[.!?…؟۔]+[\p{Pe}\p{Pf}\"'”’]*(?=\s|$)\s*"
    r"|[。！？｡]+[\p{Pe}\p{Pf}\"'”’]*\s*"
    r"|[।॥]+\s*"
    r"|[^\S\n]*\n[^\S\n]*\n\s*"
)
_ABBREVIATIONS = (
    " mr mrs ms dr prof st sr jr rev gen col capt lt sgt gov sen rep hon vs cf no nos vol vols fig figs eq pp ch sec ed eds "
    "approx dept est inc ltd co corp al messrs mme mlle bzw ca evtl ggf hr fr nr str usw vgl z.b d.h "
)
_LAST_WORD = regex.compile(r"[\p{L}\p{N}.]+$")
_INITIALS = regex.compile(r"(?:\p{L}\.)*\p{L}")


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Groups in the order of their first token; arrays are (groups,) but ``of_token``, which is (seq,).

    ``start`` and ``end`` are code points of the group's own text, white space at the ends left out.
    """

    grain: Grain
    of_token: Indices
    first: Indices
    count: Indices
    start: Indices
    end: Indices

    def __len__(self) -> int:
        return len(self.first)

    def tokens_of(self, group: int) -> Indices:
        """The tokens of ``group``, in order."""
        return np.flatnonzero(self.of_token == group)


def group(document: TokenizedText, grain: Grain) -> Grouping:
    """Which tokens of ``document`` stand together; special tokens always stand by themselves."""
    tokens = document.tokens
    start = np.fromiter((t.start for t in tokens), np.intp, len(tokens))
    end = np.fromiter((t.end for t in tokens), np.intp, len(tokens))
    if grain == "token":
        everyone = np.arange(len(tokens))
        return Grouping(grain, everyone, everyone, np.ones(len(tokens), np.intp), start, end)
    if grain == "field":
        return _by_field(document, start, end)
    special = np.fromiter((t.special for t in tokens), np.bool_, len(tokens))
    segment = np.fromiter((t.segment for t in tokens), np.intp, len(tokens))
    keys = -1 - np.arange(len(tokens))  # a special token: a group of its own
    offset = 0
    for number, text in enumerate((document.text, document.pair or "")):
        here = np.flatnonzero((segment == number) & ~special)
        start[here], end[here] = _trimmed(text, start[here], end[here])
        cuts = _uncut(_borders(text, grain), start[here], end[here], len(text))
        keys[here] = np.searchsorted(cuts, start[here], "right") + offset
        offset += len(cuts) + 1
    return _numbered(grain, keys, start, end)


def grains_of(document: TokenizedText) -> tuple[Grain, ...]:
    """Those that say something: a record has characters and fields, and no words."""
    return ("token", "field") if document.fields else ("token", "word", "sentence")


def fitting_grain(document: TokenizedText, grain: Grain) -> Grain:
    """``grain``, or what comes nearest to it where that would say nothing of ``document``."""
    if grain in grains_of(document):
        return grain
    return "field" if document.fields else "word"


def _by_field(document: TokenizedText, start: Indices, end: Indices) -> Grouping:
    """A group for each field, its padding with it; a token outside all of them stands by itself."""
    ends = np.array([field.end for field in document.fields], np.intp)
    keys = np.searchsorted(ends, start, "right") if len(ends) else np.arange(len(start))
    return _numbered("field", keys, start, end)


def grouped_text(document: TokenizedText, groups: Grouping) -> TokenizedText:
    """The same text with a token for each group; its piece names them all, or the field, and several pieces have no id (−1)."""
    if groups.grain == "token":
        return document
    texts, tokens = (document.text, document.pair or ""), document.tokens
    order, ends = np.argsort(groups.of_token, kind="stable").tolist(), np.cumsum(groups.count).tolist()
    made, begin = [], 0
    names = {field.start: field.name for field in document.fields} if groups.grain == "field" else {}
    for stop, start, end in zip(ends, groups.start.tolist(), groups.end.tolist(), strict=True):
        first, members, begin = tokens[order[begin]], order[begin:stop], stop
        if start in names:
            made.append(Token(document.text[start:end], names[start], -1, start, end, False))
            continue
        if first.special or (len(members) == 1 and (first.start, first.end) == (start, end)):
            made.append(first)
            continue
        pieces = " ".join(tokens[token].piece for token in members)
        id = first.id if len(members) == 1 else -1
        made.append(Token(texts[first.segment][start:end], pieces, id, start, end, False, first.segment))
    return replace(document, tokens=tuple(made))


def combined(values: FloatArray, groups: Grouping, reduction: Reduction) -> NDArray[np.float64]:
    """(seq,) to (groups,), in the unit of ``values``.

    Attributions add, so that completeness stays as it is. The pieces' L2 norms become the norm over all their dimensions;
    of signed maxima the largest by magnitude stays; L1 norms add, which is their own rule.
    """
    of_tokens: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    if groups.grain == "token":
        return of_tokens
    if reduction == "l2":
        norms: NDArray[np.float64] = np.sqrt(_sums(of_tokens**2, groups))
        return norms
    if reduction == "signed_max":
        order = np.lexsort((np.abs(of_tokens), groups.of_token))  # NaN last: it stays visible
        return of_tokens[order[np.cumsum(groups.count) - 1]]
    return _sums(of_tokens, groups)


def rule_in_words(reduction: Reduction, pieces: int) -> str:
    """How ``combined`` made one value of several: "sum of 3 pieces"; empty for a single one."""
    if pieces < 2:
        return ""
    rule = {"l2": "L2 norm over", "signed_max": "largest of"}.get(reduction, "sum of")
    return f"{rule} {pieces} pieces"


def _sums(values: FloatArray, groups: Grouping) -> NDArray[np.float64]:
    return np.bincount(groups.of_token, weights=values, minlength=len(groups)).astype(np.float64, copy=False)


def _numbered(grain: Grain, keys: Indices, start: Indices, end: Indices) -> Grouping:
    """Groups of equal ``keys``, numbered as their first tokens come."""
    _, first, group_of, count = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    of_token = rank[group_of]
    lowest, highest = np.full(len(first), np.iinfo(np.intp).max), np.full(len(first), -1)
    np.minimum.at(lowest, of_token, start)
    np.maximum.at(highest, of_token, end)
    return Grouping(grain, of_token, first[order], count[order], lowest, highest)


def _borders(text: str, grain: Grain) -> Indices:
    """The code points at which a word, or the space between two, begins; or a sentence."""
    if grain == "sentence":
        return np.array(sentence_starts(text)[1:], dtype=np.intp)
    return np.array([edge for found in _WORD.finditer(text) for edge in found.span()], dtype=np.intp)


def _uncut(borders: Indices, start: Indices, end: Indices, length: int) -> Indices:
    """Those of ``borders`` that lie inside no token."""
    inside = np.zeros(length + 2, dtype=np.intp)
    wide = end > start
    np.add.at(inside, start[wide] + 1, 1)
    np.add.at(inside, end[wide], -1)
    return np.unique(borders[np.cumsum(inside)[borders] == 0])


def _trimmed(text: str, start: Indices, end: Indices) -> tuple[Indices, Indices]:
    """Without white space at the ends: byte-level pieces begin with the space before their word."""
    if not len(start):
        return start, end
    ink = np.fromiter((not character.isspace() for character in text), np.bool_, len(text))
    following = np.append(np.flatnonzero(ink), len(text))
    begin = following[np.searchsorted(following, start)]
    preceding = np.concatenate([[0], np.flatnonzero(ink) + 1])
    finish = preceding[np.searchsorted(preceding, end, "right") - 1]
    blank = begin >= finish
    return np.where(blank, start, begin), np.where(blank, end, finish)


def sentence_starts(text: str) -> list[int]:
    """The code points at which sentences begin, 0 first.

    A full stop ends none behind an abbreviation, an initial or a number that opens the line, nor before a small letter,
    unless the text has no capitals at all. A blank line always ends one.
    """
    starts, capitals = [0], any(character.isupper() for character in text)
    for found in _END.finditer(text):
        if found.end() < len(text) and _ends(text, starts[-1], found.start(), found.end(), capitals):
            starts.append(found.end())
    return starts


def _ends(text: str, begin: int, stop: int, following: int, capitals: bool) -> bool:
    mark = text[stop]
    if mark not in ".…!?؟۔":
        return True
    if capitals and text[following].islower():
        return False
    if mark != "." or text[stop : stop + 2] == "..":
        return True
    before = _LAST_WORD.search(text[max(begin, stop - 40) : stop])
    if before is None:
        return True
    word = before.group()
    opens = text[begin:stop].strip() == word and word.isdecimal()
    return not (opens or f" {word.casefold()} " in _ABBREVIATIONS or (_INITIALS.fullmatch(word) and word not in ("I", "A")))
