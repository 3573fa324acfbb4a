"""What is asked of the rows: a search as it is typed, and what was chosen beside it."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.datasets.select import COMPUTED
from engine.requests import ColumnFilter, Selection

Outcome = Literal["all", "errors", "correct"]
OUTCOMES: dict[Outcome, str] = {"all": "", "errors": "no", "correct": "yes"}
_TERM = re.compile(r'\s*(?:"(?P<quoted>[^"]+)"|(?P<bare>[^\s":]+)):(?P<value>"[^"]*"|/(?:[^/\\]|\\.)*/|\S+)(?=\s|$)')
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_BOUND = re.compile(rf"(?P<sign><=?|>=?|=)\s*(?P<number>{_NUMBER})")
_BETWEEN = re.compile(rf"(?P<low>{_NUMBER})\.\.(?P<high>{_NUMBER})")


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Rows that pass all of it, in an order.

    Args:
        search: words found in the text, or a regular expression between slashes; before it any number of terms such as
            ``margin:<-0.5``, ``loss:1..2``, ``kind:sarcasm`` or ``author:/^A/``.
        true, predicted: one class each, by its name.
        tag: one of the row's.
        order: (column, whether descending).
    """

    search: str = ""
    outcome: Outcome = "all"
    true: str | None = None
    predicted: str | None = None
    tag: str | None = None
    order: tuple[tuple[str, bool], ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether every row passes."""
        return replace(self, order=()) == RowFilter()

    @property
    def needs_predictions(self) -> bool:
        """Whether it can change as they come in."""
        ordered = any(column in COMPUTED[1:-1] for column, _ in self.order)
        searched = any(f"{column}:" in self.search for column in COMPUTED[1:-1])
        return self.outcome != "all" or self.true is not None or self.predicted is not None or ordered or searched

    def of_every_class(self) -> "RowFilter":
        """Without what looks at the model's answer: what a confusion matrix is counted over."""
        return replace(self, outcome="all", true=None, predicted=None, order=())

    def with_term(self, column: str, value: str) -> "RowFilter":
        """Searched by ``column`` as well, instead of what was asked of it."""
        rest, kept = self.search, []
        while (term := _TERM.match(rest)) is not None:
            if (term["quoted"] or term["bare"]) != column:
                kept.append(term[0].strip())
            rest = rest[term.end() :]
        return replace(self, search=" ".join(filter(None, (f"{column}:{value}", *kept, rest.strip()))))

    def selection(self, text: str, columns: Sequence[str], numeric: Callable[[str], bool]) -> Selection:
        """As the engine takes it.

        Args:
            text: the column that is searched.
            columns: those that may be named; ``numeric``: whether one holds numbers.
        """
        filters = list(_of_search(self.search, text, columns, numeric))
        if self.outcome != "all":
            filters.append(ColumnFilter("correct", (OUTCOMES[self.outcome],)))
        for column, wanted in (("true", self.true), ("predicted", self.predicted), ("tag", self.tag)):
            if wanted is not None:
                filters.append(ColumnFilter(column, (wanted,)))
        return Selection(tuple(filters), self.order)

    def in_words(self) -> str:
        """For a line above numbers."""
        said: list[str] = [self.outcome] if self.outcome != "all" else []
        said += [f"true {self.true}"] if self.true is not None else []
        said += [f"predicted {self.predicted}"] if self.predicted is not None else []
        said += [f"tag {self.tag}"] if self.tag is not None else []
        said += [f"“{self.search.strip()}”"] if self.search.strip() else []
        return ", ".join(said)


def _of_search(search: str, text: str, columns: Sequence[str], numeric: Callable[[str], bool]) -> list[ColumnFilter]:
    """The terms it begins with, then what is looked for in the text."""
    found: list[ColumnFilter] = []
    known = {name.casefold(): name for name in reversed(columns)}
    while (term := _TERM.match(search)) is not None:
        name = known.get((term["quoted"] or term["bare"]).casefold())
        if name is None:
            break
        found.append(_of_term(name, term["value"], numeric(name)))
        search = search[term.end() :]
    wanted = search.strip()
    return [*found, ColumnFilter(text, pattern=pattern_of(wanted))] if wanted else found


def _of_term(column: str, value: str, is_number: bool) -> ColumnFilter:
    between, bound = _BETWEEN.fullmatch(value), _BOUND.fullmatch(value)
    if is_number and between:
        return ColumnFilter(column, minimum=float(between["low"]), maximum=float(between["high"]))
    if is_number and bound:
        number, sign = float(bound["number"]), bound["sign"]
        if sign == "=":
            return ColumnFilter(column, minimum=number, maximum=number)
        if sign.startswith("<"):
            return ColumnFilter(column, maximum=number if sign == "<=" else math.nextafter(number, -math.inf))
        return ColumnFilter(column, minimum=number if sign == ">=" else math.nextafter(number, math.inf))
    if is_number and re.fullmatch(_NUMBER, value):
        return ColumnFilter(column, minimum=float(value), maximum=float(value))
    bare = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    return ColumnFilter(column, pattern=pattern_of(bare))


def pattern_of(wanted: str) -> str:
    """A regular expression between slashes as it is; anything else for itself."""
    if len(wanted) > 1 and wanted.startswith("/") and wanted.endswith("/"):
        return wanted[1:-1]
    return re.escape(wanted).replace(r"\ ", " ")


def from_selection(selection: Selection, text: str) -> RowFilter:
    """The inverse of ``selection``, up to how the search is written."""
    terms, words = [], ""
    chosen: dict[str, str] = {}
    outcomes = {word: outcome for outcome, word in OUTCOMES.items() if word}
    outcome: Outcome = "all"
    for each in selection.filters:
        if each.column == "correct" and len(each.equals) == 1 and each.equals[0] in outcomes:
            outcome = outcomes[each.equals[0]]
        elif each.column in ("true", "predicted", "tag") and len(each.equals) == 1:
            chosen[each.column] = each.equals[0]
        elif each.pattern is not None and each.column == text:
            words = _as_typed(each.pattern)
        elif each.pattern is not None:
            typed = _as_typed(each.pattern)
            terms.append(f"{quoted(each.column)}:{quoted(typed) if not typed.startswith('/') else typed}")
        else:
            terms.append(f"{quoted(each.column)}:{_bounds(each)}")
    search = " ".join((*terms, words)).strip()
    return RowFilter(search, outcome, chosen.get("true"), chosen.get("predicted"), chosen.get("tag"), selection.order)


def quoted(name: str) -> str:
    """As a term of a search takes it."""
    return f'"{name}"' if any(letter.isspace() or letter == ":" for letter in name) else name


def _as_typed(pattern: str) -> str:
    plain = re.sub(r"\\(.)", r"\1", pattern)
    return plain if pattern_of(plain) == pattern else f"/{pattern}/"


def _bounds(each: ColumnFilter) -> str:
    low, high = each.minimum, each.maximum
    if low is not None and high is not None:
        return f"{low!r}" if low == high else f"{low!r}..{high!r}"
    if high is not None:
        beyond = math.nextafter(high, math.inf)
        return f"<{beyond!r}" if len(repr(beyond)) < len(repr(high)) else f"<={high!r}"
    assert low is not None
    beyond = math.nextafter(low, -math.inf)
    return f">{beyond!r}" if len(repr(beyond)) < len(repr(low)) else f">={low!r}"
