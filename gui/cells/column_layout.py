"""Text in columns of one width, as an editor for code sets it: every token where it was typed, without gaps.

Half a million characters are laid out with a few array operations; a line is looked at only when it is painted.
"""

import unicodedata
from collections.abc import Callable
from functools import cache
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from engine.heatmaps.display_text import code_points, displayed, one_line
from engine.results import Token, TokenizedText

TAB_COLUMNS = 4
_TAB, _FEED = ord("\t"), ord("\n")
_PLAIN = (0x20, 0x24F)  # drawn in runs; what is beyond may come from another font, and is placed by itself
Indices = NDArray[np.intp]


class ColumnText:
    """The text as drawn: special tokens as words at its ends; ``token`` is −1 where the model reads nothing.

    ``room``: (seq,) columns that each token takes at least.
    """

    def __init__(self, document: TokenizedText, room: Indices | None = None) -> None:
        leading, trailing = _tags(document)
        before, after = ("".join(f"{_name(document, t)} " for t in tags) for tags in (leading, trailing))
        after = f" {after}" if after else ""
        self.text = before + displayed(document.text) + after
        self.offset = len(before)
        self.token = np.full(len(self.text), -1, dtype=np.intp)
        self._mark_tags(document, leading, 0)
        self._mark_tags(document, trailing, len(before) + len(document.text) + 1)
        starts, ends, segments = (_column(document, name) for name in ("start", "end", "segment"))
        which = np.flatnonzero((ends > starts) & (segments == 0))
        self._place(starts[which] + self.offset, ends[which] + self.offset, which)
        self.codes = code_points(self.text)
        self.columns = self._columns(document.text, before, after)
        self.first, self.last = self._edges(len(document.tokens))
        if room is not None:
            held = np.flatnonzero(self.first >= 0)
            before_each = np.concatenate([[0], np.cumsum(self.columns)])
            own = before_each[self.last[held] + 1] - before_each[self.first[held]]
            self.columns[self.last[held]] += np.maximum(room[held] - own, 0)
        self.simple = (self.codes >= _PLAIN[0]) & (self.codes <= _PLAIN[1])
        self.right = np.concatenate([[0], np.cumsum(self.columns)])  # (characters + 1,) columns before each, of one endless line

    def _mark_tags(self, document: TokenizedText, tags: list[int], at: int) -> None:
        for token in tags:
            length = len(_name(document, token))
            self.token[at : at + length] = token
            at += length + 1

    def _place(self, starts: Indices, ends: Indices, which: Indices) -> None:
        """A character of several tokens shows the last of them: the state once the whole of it was read."""
        lengths = ends - starts
        if lengths.sum() and len(lengths):
            flat = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) + np.arange(lengths.sum())
            self.token[flat] = np.repeat(which, lengths)

    def _columns(self, typed: str, before: str, after: str) -> Indices:
        columns = np.ones(len(self.text), dtype=np.intp)
        if not self.text.isascii():
            for character in set(self.text):
                wide = _width(character)
                if wide != 1:
                    columns[self.codes == ord(character)] = wide
        tabs = np.flatnonzero(code_points(typed) == _TAB) + len(before)
        columns[tabs] = TAB_COLUMNS
        return columns

    def _edges(self, tokens: int) -> tuple[Indices, Indices]:
        """First and last character of each token; −1 where it has none."""
        first, last = (np.full(tokens, -1, dtype=np.intp) for _ in range(2))
        held = np.flatnonzero(self.token >= 0)
        last[self.token[held]] = held
        first[self.token[held[::-1]]] = held[::-1]
        return first, last


class ColumnLayout:
    """``ColumnText`` broken into lines of at most ``width`` columns: after a space where there is one."""

    def __init__(self, text: ColumnText, width: int) -> None:
        self.text, self.width = text, width
        self.starts = self._broken()  # (lines + 1,)

    @property
    def line_count(self) -> int:
        return len(self.starts) - 1

    def line_of(self, character: int) -> int:
        return int(np.searchsorted(self.starts, character, "right")) - 1

    def line(self, number: int) -> tuple[int, int]:
        """Its characters [start, end)."""
        return int(self.starts[number]), int(self.starts[number + 1])

    def column_of(self, character: int) -> int:
        """Within its line."""
        right = self.text.right
        return int(right[character] - right[self.starts[min(self.line_of(character), self.line_count - 1)]])

    def character_at(self, number: int, column: float) -> int:
        """The character there; −1 if there is none."""
        start, end = self.line(number)
        at = int(np.searchsorted(self.text.right, self.text.right[start] + column, "right")) - 1
        return at if column >= 0 and start <= at < end else -1

    def _broken(self) -> Indices:
        right, codes, length = self.text.right, self.text.codes, len(self.text.text)
        begins = np.concatenate([[0], np.flatnonzero(codes == _FEED) + 1])
        ends = np.append(begins[1:] - 1, length)  # a break hangs over the margin
        room = right[ends] - right[begins]
        long = np.flatnonzero(room > self.width)
        added: list[int] = []
        for row in long.tolist():
            added += self._folds(int(begins[row]), int(ends[row]))
        starts = np.sort(np.concatenate([begins, np.array(added, dtype=np.intp)])) if added else begins
        return np.append(starts, length)

    def _folds(self, start: int, end: int) -> list[int]:
        right, text, found = self.text.right, self.text.text, []
        while right[end] - right[start] > self.width:
            fits = int(np.searchsorted(right, right[start] + self.width, "right")) - 1
            space = text.rfind(" ", start + 1, fits)
            start = space + 1 if space > start + (fits - start) // 3 else max(fits, start + 1)
            if start >= end:
                break
            found.append(start)
        return found


def _column(document: TokenizedText, name: str) -> Indices:
    getter: Callable[[Token], int] = attrgetter(name)
    return np.fromiter(map(getter, document.tokens), np.intp, len(document.tokens))


def _tags(document: TokenizedText) -> tuple[list[int], list[int]]:
    """Tokens that stand for no character, before the text and after it."""
    starts, ends = _column(document, "start"), _column(document, "end")
    empty, held = np.flatnonzero(ends <= starts), np.flatnonzero(ends > starts)
    first = int(held[0]) if len(held) else len(starts)
    return [i for i in empty.tolist() if i < first], [i for i in empty.tolist() if i >= first]


def _name(document: TokenizedText, token: int) -> str:
    return one_line(document.tokens[token].piece) or "special"


@cache
def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
