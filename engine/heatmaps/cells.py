"""Tokens as spans of the text that can be seen and pointed at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.heatmaps.display_text import character_starts, ideographic, whitespace
from engine.results import Token, TokenizedText

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What is drawn, in reading order: tokens that share a character are one cell, special tokens one tag each.

    All arrays are (cells,) but ``of_token``, which is (seq,). Offsets are code points of the cell's own text, without
    white space at the ends unless there is nothing else.
    """

    start: Indices
    end: Indices
    segment: Indices
    special: NDArray[np.bool_]
    word: Indices  # cells of one word share a number
    first_token: Indices
    of_token: Indices

    def __len__(self) -> int:
        return len(self.start)

    def sums(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """(seq,) to (cells,): what is drawn as one is added."""
        return np.bincount(self.of_token, weights=values, minlength=len(self)).astype(np.float64, copy=False)

    def tokens_of(self, cell: int) -> Indices:
        """The tokens drawn as ``cell``."""
        return np.flatnonzero(self.of_token == cell)


def cells_of(document: TokenizedText) -> Cells:
    """The cells of a text, or of a pair of texts one after the other."""
    columns = _columns(document.tokens)
    parts = [_segment(columns, text or "", number) for number, text in enumerate((document.text, document.pair))]
    offsets = np.cumsum([0] + [len(part.start) for part in parts])
    of_token = np.zeros(len(document.tokens), dtype=np.intp)
    for part, offset in zip(parts, offsets, strict=False):
        of_token[part.tokens] = part.cell_of + offset
    first = np.full(int(offsets[-1]), len(document.tokens), dtype=np.intp)
    np.minimum.at(first, of_token, np.arange(len(of_token)))
    word_offsets = np.cumsum([0] + [int(part.word[-1]) + 1 if len(part.word) else 0 for part in parts])
    found = Cells(
        start=np.concatenate([part.start for part in parts]),
        end=np.concatenate([part.end for part in parts]),
        segment=np.repeat(np.arange(len(parts)), np.diff(offsets)),
        special=np.concatenate([part.special for part in parts]),
        word=np.concatenate([part.word + offset for part, offset in zip(parts, word_offsets, strict=False)]),
        first_token=first,
        of_token=of_token,
    )
    return replace(found, word=_fields(document, found.start)) if document.fields else found


def _fields(document: TokenizedText, start: Indices) -> Indices:
    """Of a record the field in place of the word: what is framed as one."""
    return np.searchsorted([field.end for field in document.fields], start, "right").astype(np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    start: Indices
    end: Indices
    segment: Indices
    special: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    start: Indices
    end: Indices
    special: NDArray[np.bool_]
    word: Indices
    tokens: Indices
    cell_of: Indices  # of each of ``tokens``


def _columns(tokens: Sequence[Token]) -> _Columns:
    def column(name: str, kind: Any = np.intp) -> NDArray[Any]:
        getter: Callable[[Token], int] = attrgetter(name)
        return np.fromiter(map(getter, tokens), kind, len(tokens))

    return _Columns(column("start"), column("end"), column("segment"), column("special", np.bool_))


def _segment(columns: _Columns, text: str, number: int) -> _Part:
    here = np.flatnonzero(columns.segment == number)
    special = columns.special[here]
    in_text, tags = here[~special], here[special]
    first_in_text = in_text[0] if len(in_text) else np.inf
    leading, trailing = tags[tags < first_in_text], tags[tags >= first_in_text]
    start, end, order, cell = _spans(columns.start[in_text], columns.end[in_text], text)
    cells = (len(leading), len(start), len(trailing))
    edges = np.repeat([0, len(text)], (len(leading), len(trailing)))
    return _Part(
        start=np.concatenate([edges[: len(leading)], start, edges[len(leading) :]]).astype(np.intp),
        end=np.concatenate([edges[: len(leading)], end, edges[len(leading) :]]).astype(np.intp),
        special=np.repeat([True, False, True], cells),
        word=_words(start, end, text, cells),
        tokens=np.concatenate([leading, in_text[order], trailing]),
        cell_of=np.concatenate([np.arange(cells[0]), cell + cells[0], np.arange(cells[2]) + cells[0] + cells[1]]).astype(np.intp),
    )


def _spans(start: Indices, end: Indices, text: str) -> tuple[Indices, Indices, Indices, Indices]:
    """Cells' starts and ends, the tokens' order, and the cell of each token in that order."""
    start, end = _whole_characters(np.clip(start, 0, len(text)), np.clip(end, 0, len(text)), text)
    order = np.lexsort((np.arange(len(start)), start))
    start, end = start[order], end[order]
    if not len(start):
        return start, end, order, start
    reached = np.maximum.accumulate(end)
    opens = np.concatenate([[True], start[1:] >= reached[:-1]])
    heads = np.flatnonzero(opens)
    return *_trimmed(start[heads], np.maximum.reduceat(end, heads), text), order, np.cumsum(opens) - 1


def _whole_characters(start: Indices, end: Indices, text: str) -> tuple[Indices, Indices]:
    """Widen to whole characters: a mark without its letter, or half a family of emoji, cannot be pointed at."""
    empty = end <= start
    end = np.where(empty, np.minimum(start + 1, len(text)), end)
    start = np.where(empty, np.maximum(end - 1, 0), start)
    edges = character_starts(text)
    if edges is None:
        return start, end
    return edges[np.searchsorted(edges, start, "right") - 1], edges[np.searchsorted(edges, end, "left")]


def _trimmed(start: Indices, end: Indices, text: str) -> tuple[Indices, Indices]:
    """Without white space at the ends, where anything is left."""
    if not text:
        return start, end
    blank = whitespace(text)
    if not (blank[start] | blank[end - 1]).any():
        return start, end
    ink = np.concatenate([[-1], np.flatnonzero(~blank), [len(text)]])
    first, last = ink[np.searchsorted(ink, start)], ink[np.searchsorted(ink, end) - 1] + 1
    nothing = first >= end
    return np.where(nothing, start, first), np.where(nothing, end, last)


def _words(start: Indices, end: Indices, text: str, cells: tuple[int, int, int]) -> Indices:
    """Number the words: a new one wherever something lies between two cells, or a script writes no spaces."""
    begins = np.ones(sum(cells), dtype=bool)
    if len(start) > 1 and text:
        alone = ideographic(text) | whitespace(text)
        apart = (start[1:] != end[:-1]) | alone[start[1:]] | alone[end[:-1] - 1]
        begins[cells[0] + 1 : cells[0] + cells[1]] = apart
    return np.cumsum(begins) - 1
