"""What a position may be about: regular expressions, each of their alternatives and named groups, or a ready predicate.

Pooling hides cells: single and double quotes can sit in two of them, and together neither stands out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from engine.corpora.corpus import CorpusFile
from engine.errors import UserError
from engine.recurrent.predicates import Labels, predicate_named
from engine.recurrent.scanner import painted

PATIENCE_SECONDS = 5.0  # for one pattern in one file
PAINTED = "painted by hand"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Says of each code point of a file whether it is meant, or how much.

    Args:
        of: (a file, its text) -> (length,) bool, or float32 where ``graded``; None: this file is not asked about.
    """

    name: str
    graded: bool
    of: Callable[[CorpusFile, str], Labels | None]


def hypotheses(
    patterns: Sequence[str] = (),
    predicate: str | None = None,
    spans: Sequence[tuple[str, int, int]] = (),
    patience: float | None = None,
) -> tuple[Hypothesis, ...]:
    """The whole first; then, where it has several parts, each by itself.

    Args:
        patterns: regular expressions of the ``regex`` package. Group 1 marks what is meant, else the whole match.
        predicate: the name of a ready one.
        spans: (path, start, end) painted by hand; files without any are not asked about.
        patience: seconds for one pattern in one file; None: as many as usual.

    Raises:
        UserError: none of them or several kinds, an unknown predicate, an invalid expression.
    """
    if bool(patterns) + (predicate is not None) + bool(spans) != 1:
        raise UserError("Give either patterns, or a predicate, or places painted by hand.", "arguments")
    if predicate is not None:
        known = predicate_named(predicate)
        return (Hypothesis(known.name, known.graded, lambda _, text: known.of(text)),)
    if spans:
        return (Hypothesis(PAINTED, False, _painted_by_hand(spans)),)
    expressions = [_Expression.read(pattern) for pattern in patterns]
    parts = [part for e in expressions for part in ([e] if len(expressions) > 1 else []) + e.alternatives() + e.named_groups()]
    each = {part.name: Hypothesis(part.name, False, _union([part], patience)) for part in parts}
    pooled = Hypothesis(" | ".join(patterns), False, _union(expressions, patience))
    return (pooled, *(part for name, part in each.items() if name != pooled.name))


def _painted_by_hand(spans: Sequence[tuple[str, int, int]]) -> Callable[[CorpusFile, str], Labels | None]:
    def of(file: CorpusFile, text: str) -> Labels | None:
        own = [(start, end) for where, start, end in spans if where == file.path]
        return painted(len(text), own) if own else None

    return of


def _union(expressions: "Sequence[_Expression]", patience: float | None) -> Callable[[CorpusFile, str], Labels | None]:
    def of(file: CorpusFile, text: str) -> Labels:
        return painted(len(text), (span for expression in expressions for span in expression.spans(text, file.name, patience)))

    return of


@dataclass(frozen=True, slots=True)
class _Expression:
    """A regular expression. ``group``: the only one that marks; None: the first that took part, else the whole match."""

    name: str
    pattern: str
    compiled: Any
    group: str | None = None

    @classmethod
    def read(cls, pattern: str) -> "_Expression":
        """Compile ``pattern``.

        Raises:
            UserError: it is not a regular expression.
        """
        try:
            return cls(pattern, pattern, regex.compile(pattern))
        except (regex.error, RecursionError, OverflowError, ValueError) as error:
            raise UserError(f"{pattern!r} is not a regular expression ({error}).", "bad_pattern") from None

    def alternatives(self) -> "list[_Expression]":
        """Those at the top level, where there are several and each can stand alone."""
        flags, *branches = _branches(self.pattern)
        try:
            return [_Expression(b, flags + b, regex.compile(flags + b)) for b in branches] if len(branches) > 1 else []
        except regex.error:  # one refers to a group of another
            return []

    def named_groups(self) -> "list[_Expression]":
        """The places each named group took."""
        return [_Expression(f"{self.pattern}  <{name}>", self.pattern, self.compiled, name) for name in self.compiled.groupindex]

    def spans(self, text: str, name: str, patience: float | None = None) -> list[tuple[int, int]]:
        """Where it marks.

        Raises:
            UserError: it takes too long, as expressions do that can match one text in very many ways.
        """
        seconds = PATIENCE_SECONDS if patience is None else patience
        try:
            return [span for match in self.compiled.finditer(text, timeout=seconds) for span in self._marked(match)]
        except TimeoutError:
            raise UserError(
                f"The pattern {self.pattern!r} takes too long in {name}; make its repetitions exclude each other.", "slow_pattern"
            ) from None

    def _marked(self, match: Any) -> list[tuple[int, int]]:
        if self.group is not None:
            return list(match.spans(self.group))
        took_part = (match.spans(group) for group in range(1, self.compiled.groups + 1))
        return next((spans for spans in took_part if spans), [match.span()])


def _branches(pattern: str) -> list[str]:
    """The flags at the beginning (or nothing), then what the top level's ``|`` part."""
    flags = regex.match(r"(?:\(\?[a-zA-Z0-9]+\))*", pattern)[0]
    parts, depth, in_class, at, start = [flags], 0, False, len(flags), len(flags)
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 1
        elif in_class:
            in_class = character != "]" or pattern[at - 1] == "[" or pattern[at - 2 : at] == "[^"
        elif character == "[":
            in_class = True
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and depth == 0:
            parts.append(pattern[start:at])
            start = at + 1
        at += 1
    return [*parts, pattern[start:]]
