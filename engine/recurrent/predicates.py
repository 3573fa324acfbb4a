"""Ready hypotheses about a position: in quotes, in brackets, in a comment, how far into the line, …

Each is a function from a text to one value per code point: bool, or float32 where it has degrees.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

import numpy as np
import regex
from numpy.typing import NDArray

from engine.errors import UserError
from engine.recurrent.scanner import Scan, depth, painted, scanned, since_line_break

Labels = NDArray[np.bool_] | NDArray[np.float32]
_CAPITAL_WORD = regex.compile(r"(?<!\w)\p{Lu}\w*+")
_DIGIT = re.compile(r"\d+")
_URL = re.compile(r"(?:https?://|ftp://|www\.)[^\s<>\"'`)\]}]+")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|\Z)")
_IF = re.compile(r"(?:if|elif)\b")
_TAB = 8


@dataclass(frozen=True, slots=True)
class Predicate:
    """A ready hypothesis; ``label`` is what a person reads."""

    name: str
    label: str
    graded: bool
    of: Callable[[str], Labels]


def predicate_named(name: str) -> Predicate:
    """The predicate ``name``.

    Raises:
        UserError: there is none.
    """
    if name not in PREDICATES:
        raise UserError(f"There is no predicate “{name}”; there are {', '.join(PREDICATES)}.", "no_such_predicate")
    return PREDICATES[name]


def _quotes(*kinds: str) -> Callable[[str], Labels]:
    def inside(text: str) -> Labels:
        scan = scanned(text)
        return painted(scan.length, chain.from_iterable(scan.strings[kind] for kind in kinds))

    return inside


def _brackets(*kinds: str) -> Callable[[str], Labels]:
    def inside(text: str) -> Labels:
        scan = scanned(text)
        return painted(scan.length, chain.from_iterable(scan.brackets[kind] for kind in kinds))

    return inside


def _bracket_depth(text: str) -> Labels:
    scan = scanned(text)
    return depth(scan.length, chain.from_iterable(scan.brackets.values()))


def _strings(text: str) -> Labels:
    scan = scanned(text)
    return painted(scan.length, scan.literals)


def _comments(text: str) -> Labels:
    scan = scanned(text)
    return painted(scan.length, scan.comments)


def _matches(pattern: re.Pattern[str]) -> Callable[[str], Labels]:
    return lambda text: painted(len(text), (match.span() for match in pattern.finditer(text)))


def _capital_words(text: str) -> Labels:
    return painted(len(text), (match.span() for match in _CAPITAL_WORD.finditer(text)))


def _since_newline(text: str) -> Labels:
    return since_line_break(text).astype(np.float32)


def _position_in_line(text: str) -> Labels:
    """0 throughout the indentation."""
    column = since_line_break(text)
    begins = np.flatnonzero(column == 0)
    blanks = np.array([len(line) - len(line.lstrip(" \t")) for line in text.split("\n")][: len(begins)], dtype=np.int64)
    line = np.searchsorted(begins, np.arange(len(text)), side="right") - 1
    inner: Labels = np.maximum(column - blanks[line], 0).astype(np.float32)
    return inner


def _indentation(text: str) -> Labels:
    """In columns, the same throughout a statement; that of an empty line is what was before it."""
    scan, columns = scanned(text), np.zeros(len(text), np.float32)
    last = 0
    for start, end, inner in _statements(text, scan):
        last = last if inner is None else inner[1]
        columns[start:end] = last
    return columns


def _statements(text: str, scan: Scan) -> list[tuple[int, int, tuple[int, int] | None]]:
    """(start, end, (where its first word is, columns before it)) of each line; None for an empty one or a comment."""
    found: list[tuple[int, int, tuple[int, int] | None]] = []
    for start, end in scan.lines:
        line = text[start:end]
        blank = len(line) - len(line.lstrip(" \t"))
        empty = not line.strip() or line.lstrip().startswith("#")
        columns = len(line[:blank].expandtabs(_TAB))
        found.append((start, end, None if empty else (start + blank, columns)))
    return found


def _if_headers(text: str) -> Labels:
    return painted(len(text), (header for header, _ in _if_statements(text)))


def _if_bodies(text: str) -> Labels:
    return painted(len(text), (body for _, body in _if_statements(text)))


def _if_statements(text: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """(header, body) of each ``if`` and ``elif``: the header up to its colon, the body to the end of the block."""
    scan = scanned(text)
    nested = scan.hidden | painted(scan.length, chain.from_iterable(scan.brackets.values()))
    found: list[tuple[tuple[int, int], tuple[int, int]]] = []
    waiting: list[tuple[int, int, int]] = []  # start, colon, columns
    before = 0  # the end of the last line that holds anything
    for _, end, inner in _statements(text, scan):
        if inner is None:
            continue
        first, columns = inner
        while waiting and columns <= waiting[-1][2]:
            begun, colon, _ = waiting.pop()
            found.append(((begun, colon), (colon, before)))
        if _IF.match(text, first):
            colons = [at for at in range(first, end) if text[at] == ":" and not nested[at]]
            if colons:
                waiting.append((first, colons[0] + 1, columns))
        before = end
    found += [((begun, colon), (colon, before)) for begun, colon, _ in waiting]
    return found


_ALL = (
    Predicate("inside_quotes", "inside quotes", False, _quotes("single", "double", "triple")),
    Predicate("inside_single_quotes", "inside single quotes", False, _quotes("single")),
    Predicate("inside_double_quotes", "inside double quotes", False, _quotes("double")),
    Predicate("inside_triple_quotes", "inside triple quotes", False, _quotes("triple")),
    Predicate("inside_brackets", "inside brackets", False, _brackets("(", "[", "{")),
    Predicate("inside_parentheses", "inside parentheses ( )", False, _brackets("(")),
    Predicate("inside_square_brackets", "inside square brackets [ ]", False, _brackets("[")),
    Predicate("inside_braces", "inside braces { }", False, _brackets("{")),
    Predicate("bracket_depth", "how many brackets deep", True, _bracket_depth),
    Predicate("comment", "comment", False, _comments),
    Predicate("string", "string", False, _strings),
    Predicate("if_statement", "head of an if statement", False, _if_headers),
    Predicate("if_body", "body of an if statement", False, _if_bodies),
    Predicate("indentation_depth", "indentation", True, _indentation),
    Predicate("position_in_line", "position in the line, indentation left out", True, _position_in_line),
    Predicate("since_newline", "characters since the line began", True, _since_newline),
    Predicate("capital_word", "word that begins with a capital", False, _capital_words),
    Predicate("digit", "digit", False, _matches(_DIGIT)),
    Predicate("url", "web address", False, _matches(_URL)),
    Predicate("end_of_sentence", "end of a sentence", False, _matches(_SENTENCE_END)),
)
PREDICATES = {predicate.name: predicate for predicate in _ALL}
