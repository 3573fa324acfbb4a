"""One pass over a text: strings, comments and brackets as in Python source, quotes and brackets as in prose.

It never fails: what does not close is not a string, and a stray bracket holds nothing.
"""

import functools
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int]  # [start, end) in code points, both delimiters included
_PIECES = re.compile(  # bounded, so that a file full of quotes that never close costs no more than its length
    r"""
    (?P<comment>\#[^\n]*)
  | (?P<string>[rRbBuUfFtT]{0,2}(?:
        (?P<triple>\"{3}[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+){0,2000}+\"{3} | '{3}[^'\\]*+(?:(?:\\.|'(?!''))[^'\\]*+){0,2000}+'{3})
      | (?P<double>"(?:[^"\\\n]|\\.){0,2000}+")
      | (?P<single>'(?:[^'\\\n]|\\.){0,2000}+')))
  | (?P<double_marks>“[^“”]{0,5000}”)
  | (?P<single_marks>‘[^‘’]{0,5000}’)
  | (?P<word>\w+(?:['’]\w+)*)
  | (?P<bracket>[()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS = {"triple": "triple", "double": "double", "single": "single", "double_marks": "double", "single_marks": "single"}
_CLOSES = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Scan:
    """What the pass found.

    Args:
        strings: by kind of quote: ``single``, ``double``, ``triple``, without prefixes.
        literals: strings with their prefixes.
        brackets: by opening bracket.
        hidden: (length,): in a string or a comment.
        lines: those that begin a statement: outside strings and brackets; the line break belongs to the line.
    """

    length: int
    strings: dict[str, list[Span]]
    literals: list[Span]
    comments: list[Span]
    brackets: dict[str, list[Span]]
    hidden: NDArray[np.bool_]
    lines: list[Span]


@functools.lru_cache(maxsize=4)
def scanned(text: str) -> Scan:
    """The pass over ``text``; the predicates of one text share it."""
    strings: dict[str, list[Span]] = {"single": [], "double": [], "triple": []}
    literals: list[Span] = []
    comments: list[Span] = []
    brackets = _Brackets()
    for piece in _PIECES.finditer(text):
        match piece.lastgroup:
            case "comment":
                comments.append(piece.span())
            case "bracket":
                brackets.meet(piece.start(), piece[0])
            case "word" | None:
                continue
            case _:
                group = next(group for group in _KINDS if piece[group] is not None)
                strings[_KINDS[group]].append(piece.span(group))
                literals.append(piece.span())
    hidden = painted(len(text), [*literals, *comments])
    within = painted(len(text), [*literals, *(span for spans in brackets.closed.values() for span in spans)])
    breaks = [at + 1 for at in _line_breaks(text) if not within[at]]
    starts = [0, *breaks]
    lines = [(start, end) for start, end in zip(starts, [*breaks, len(text)], strict=True) if start < end]
    return Scan(len(text), strings, literals, comments, brackets.closed, hidden, lines)


class _Brackets:
    """Pairs brackets; what is opened inside a pair and never closed is dropped with it."""

    def __init__(self) -> None:
        self.closed: dict[str, list[Span]] = {"(": [], "[": [], "{": []}
        self._opened: list[tuple[int, str]] = []
        self._waiting: Counter[str] = Counter()

    def meet(self, at: int, bracket: str) -> None:
        """Take the next bracket of the text."""
        if bracket not in _CLOSES:
            self._opened.append((at, bracket))
            self._waiting[bracket] += 1
            return
        wanted = _CLOSES[bracket]
        while self._waiting[wanted]:
            start, kind = self._opened.pop()
            self._waiting[kind] -= 1
            if kind == wanted:
                self.closed[kind].append((start, at + 1))
                return


def painted(length: int, spans: Iterable[Span]) -> NDArray[np.bool_]:
    """(length,): whether each code point is in one of ``spans``."""
    marks = np.zeros(length, bool)
    for start, end in spans:
        marks[start:end] = True
    return marks


def depth(length: int, spans: Iterable[Span]) -> NDArray[np.float32]:
    """(length,): in how many of ``spans`` each code point is."""
    change = np.zeros(length + 1, np.int32)
    for start, end in spans:
        change[start] += 1
        change[end] -= 1
    return np.cumsum(change[:-1]).astype(np.float32)


def _line_breaks(text: str) -> Iterable[int]:
    at = text.find("\n")
    while at >= 0:
        yield at
        at = text.find("\n", at + 1)


def since_line_break(text: str) -> NDArray[np.int64]:
    """(length,): how many code points of its line come before each; a line break ends its line."""
    starts = np.array([0, *(at + 1 for at in _line_breaks(text))])
    here = np.arange(len(text))
    since: NDArray[np.int64] = here - starts[np.searchsorted(starts, here, side="right") - 1]
    return since
