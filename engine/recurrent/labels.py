"""From what a hypothesis says of code points to labels of positions, in the corpus's order."""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.recurrent.disk import refusing_a_full_disk, reserve
from engine.recurrent.hypotheses import Hypothesis
from engine.recurrent.predicates import Labels
from engine.recurrent.reading import Reading

DOING = "Matching"


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """One hypothesis over a corpus; arrays lie on disk.

    Args:
        positive: (positions,) bool. Of a graded hypothesis: above the median of the ranking parts.
        grades: (positions,) float32 of a graded one.
        asked: which files are asked about at all.
        fingerprint: equal for equal labels.
    """

    hypothesis: Hypothesis
    positive: NDArray[np.bool_]
    grades: NDArray[np.float32] | None
    asked: tuple[bool, ...]
    fingerprint: bytes

    @property
    def matches(self) -> int:
        """How many positions are positive."""
        return int(np.count_nonzero(self.positive))


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Which positions rank and which test: the first part of every file, and the last; of tables, the first rows and the last.

    Args:
        ranks: (files,) how many tokens of each file rank.
        tests: (files,) how many test.
    """

    reading: Reading
    ranks: tuple[int, ...]
    tests: tuple[int, ...]

    @classmethod
    def of(cls, reading: Reading, holdout: float, asked: Sequence[bool]) -> "Split":
        """``holdout``: the share that tests; files that are not asked about do neither."""
        if reading.corpus.by_rows:
            first = _first_rows(reading, holdout, asked)
            ranks = [file.tokens if number in first else 0 for number, file in enumerate(reading.files)]
        else:
            ranks = [round(file.tokens * (1 - holdout)) if yes else 0 for file, yes in zip(reading.files, asked, strict=True)]
        tests = [file.tokens - n if yes else 0 for file, n, yes in zip(reading.files, ranks, asked, strict=True)]
        return cls(reading, tuple(ranks), tuple(tests))

    @property
    def files(self) -> tuple[int, int]:
        """How many files, or rows, have a part that ranks, and how many one that tests."""
        return sum(n > 0 for n in self.ranks), sum(n > 0 for n in self.tests)

    def slices(self, testing: bool) -> Iterator[tuple[int, slice]]:
        """(file, its positions) of one part."""
        for number, (file, ranks, tests) in enumerate(zip(self.reading.files, self.ranks, self.tests, strict=True)):
            start, length = (file.first + ranks, tests) if testing else (file.first, ranks)
            if length:
                yield number, slice(start, start + length)

    def take(self, values: NDArray[Any], testing: bool) -> NDArray[Any]:
        """(positions of the corpus,) -> those of one part, in order."""
        parts = [values[own] for _, own in self.slices(testing)]
        return np.concatenate(parts) if parts else values[:0]


def check_holdout(holdout: float) -> None:
    """Refuse what leaves too little to rank, or to test.

    Raises:
        UserError: it does.
    """
    if not 0.05 <= holdout <= 0.95:
        raise UserError("The part held out must be between 0.05 and 0.95 of every file.", "arguments")


def _first_rows(reading: Reading, holdout: float, asked: Sequence[bool]) -> set[int]:
    """Numbers of the files that are the first rows of each table, in the table's own order."""
    tables: dict[str, list[tuple[int, int]]] = {}
    for number, (file, yes) in enumerate(zip(reading.files, asked, strict=True)):
        if yes and file.file.row is not None:
            tables.setdefault(file.file.path, []).append((file.file.row, number))
    parts = (sorted(rows)[: round(len(rows) * (1 - holdout))] for rows in tables.values())
    return {number for part in parts for _, number in part}


def label(reading: Reading, hypotheses: Sequence[Hypothesis], holdout: float) -> Steps[tuple[Labelled, ...]]:
    """Every hypothesis over the whole corpus; of those that mark the very same positions, the first.

    Raises:
        UserError: a pattern takes too long; the whole of them (the first hypothesis) never matches, or always.
    """
    arrays = [_on_disk(reading.positions, np.float32 if h.graded else np.bool_) for h in hypotheses]
    asked: list[list[bool]] = [[] for _ in hypotheses]
    stride = reading.corpus.stride
    for at, file in enumerate(reading.files):
        text = file.file.text()
        own = slice(file.first, file.first + file.tokens)
        for hypothesis, array, answered in zip(hypotheses, arrays, asked, strict=True):
            labels = hypothesis.of(file.file, text)
            answered.append(labels is not None)
            if labels is not None:
                array[own] = of_tokens(labels, reading.start[own], reading.end[own])
        if at % stride == 0:
            yield Partial(at + 1, len(reading.files), doing=DOING)
    found: dict[bytes, Labelled] = {}
    for hypothesis, array, answered in zip(hypotheses, arrays, asked, strict=True):
        labelled = _labelled(reading, hypothesis, array, tuple(answered), holdout)
        found.setdefault(labelled.fingerprint, labelled)
    whole, *parts = found.values()
    _check(whole, reading)
    return (whole, *(part for part in parts if 0 < part.matches < reading.positions))


def _on_disk(positions: int, kind: type) -> NDArray[Any]:
    """Zeros that memory need not hold; the file is gone with the array."""
    with refusing_a_full_disk(), tempfile.TemporaryFile() as file:
        reserve(file, max(1, positions) * np.dtype(kind).itemsize)
        return np.asarray(np.memmap(file, kind, "r+", shape=(positions,)))


def of_tokens(labels: Labels, start: NDArray[np.uint32], end: NDArray[np.uint32]) -> Labels:
    """Per code point -> per token: positive where it overlaps; the grade is that of a token's last code point."""
    if labels.dtype != np.bool_:
        return labels[end.astype(np.intp) - 1]
    count = np.concatenate(([0], np.cumsum(labels, dtype=np.int64)))
    return count[end] > count[start]


def _labelled(reading: Reading, hypothesis: Hypothesis, array: NDArray[Any], asked: tuple[bool, ...], holdout: float) -> Labelled:
    digest = hashlib.sha256(repr((asked, array.dtype.name)).encode())
    positive, grades = array, None
    if hypothesis.graded:
        median = np.median(Split.of(reading, holdout, asked).take(array, testing=False))
        positive, grades = _on_disk(reading.positions, np.bool_), array
        np.greater(array, median, out=positive)
    digest.update(array.data)
    return Labelled(hypothesis, positive, grades, asked, digest.digest())


def _check(whole: Labelled, reading: Reading) -> None:
    name, matches = whole.hypothesis.name, whole.matches
    asked = sum(file.tokens for file, yes in zip(reading.files, whole.asked, strict=True) if yes)
    if not matches:
        raise UserError(f"{name!r} matches nothing in {reading.name}; try another pattern, or other text.", "never_matches")
    if matches == asked:
        raise UserError(f"{name!r} matches everywhere in {reading.name}, so there is nothing to tell it from.", "always_matches")


def check_parts(labelled: Labelled, split: Split) -> str | None:
    """What is missing where one part of the files has only one kind of position; None: nothing."""
    for testing, part in ((False, "first"), (True, "last")):
        labels = split.take(labelled.positive, testing)
        if not len(labels) or not labels.any() or labels.all():
            kind = "nowhere" if not labels.any() else "everywhere"
            name = labelled.hypothesis.name
            if split.reading.corpus.by_rows:
                return f"{name!r} holds {kind} in the {part} rows of the table; put its rows in random order, or give it more."
            return f"{name!r} matches {kind} in the {part} part of the files; more text is needed."
    return None
