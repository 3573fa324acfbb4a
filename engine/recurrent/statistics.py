"""How well units tell positions apart: AUC from histograms of levels, and a null by moving the labels about.

AUC is P(activation at a positive position > at a negative one), ties counted half; all of it is exact for the levels it is given.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.jobs import Partial, Steps
from engine.recurrent.labels import Split
from engine.recurrent.plan import Run
from engine.recurrent.store import Store

LEVELS = 256
_SPAN = 1 << 20  # positions counted at once
_ROWS = 64
Counts = NDArray[np.int64]


def count_levels(levels: NDArray[np.uint8]) -> Counts:
    """(rows, n) -> (rows, 256). Two levels are counted as one number of 16 bits, which halves the work."""
    rows, n = levels.shape
    found = np.empty((rows, LEVELS), np.int64)
    for row, own in enumerate(np.ascontiguousarray(levels)):
        if n < LEVELS * LEVELS:
            found[row] = np.bincount(own, minlength=LEVELS)
            continue
        pairs = np.bincount(own[: n - n % 2].view(np.uint16), minlength=LEVELS * LEVELS).reshape(LEVELS, LEVELS)
        found[row] = pairs.sum(0) + pairs.sum(1)
        if n % 2:
            found[row, own[-1]] += 1
    return found


def chosen_in_blocks(
    store: Store, split: Split, testing: bool, positive: NDArray[np.bool_] | None = None
) -> list[NDArray[np.intp]]:
    """Where in each block the positions of one part lie; with ``positive``, those of them that are."""
    found = []
    for runs in store.runs:
        parts = [np.zeros(0, np.intp)]
        for run in runs:
            ranks, tests = split.ranks[run.file], split.tests[run.file]
            start, end = (ranks, ranks + tests) if testing else (0, ranks)
            start, end = max(start, run.start), min(end, run.start + run.length)
            if start < end:
                here = np.arange(run.offset + start - run.start, run.offset + end - run.start)
                first = store.reading.files[run.file].first
                parts.append(here if positive is None else here[positive[first + start : first + end]])
        found.append(np.concatenate(parts))
    return found


def histograms(store: Store, chosen: Sequence[NDArray[np.intp]], rows: Sequence[int] | None = None) -> Steps[Counts]:
    """(rows, 256): how often each level is taken at the chosen positions of each block."""
    wanted = np.arange(store.rows) if rows is None else np.asarray(rows)
    found = np.zeros((len(wanted), LEVELS), np.int64)
    span: list[int] = []
    for number in range(len(chosen)):
        span.append(number)
        if sum(len(chosen[n]) for n in span) < _SPAN and number < len(chosen) - 1:
            continue
        for at in range(0, len(wanted), _ROWS):
            some = wanted[at : at + _ROWS]
            some_rows = slice(some[0], some[-1] + 1) if rows is None else some
            parts = [store.coarse(n)[some_rows].take(chosen[n], axis=1) for n in span if len(chosen[n])]
            if parts:
                found[at : at + _ROWS] += count_levels(np.concatenate(parts, axis=1))
            yield Partial(number + at / len(wanted), len(chosen), doing="Counting")
        span = []
    return found


def auc_of(positive: Counts, total: Counts) -> NDArray[np.float64]:
    """(…, levels) counts -> (…,); NaN where there are no positives or no negatives."""
    negative = total - positive
    below = np.cumsum(negative, axis=-1) - negative
    wins = (positive * (below + 0.5 * negative)).sum(-1)
    pairs = positive.sum(-1).astype(np.float64) * negative.sum(-1)
    found: NDArray[np.float64] = np.divide(wins, pairs, out=np.full(np.shape(pairs), np.nan), where=pairs > 0)
    return found


def auc_resolution(positive: Counts, total: Counts) -> NDArray[np.float64]:
    """How far the AUC of what the levels stand for can be from that of the levels: half the tied pairs."""
    negative = total - positive
    pairs = positive.sum(-1).astype(np.float64) * negative.sum(-1)
    found: NDArray[np.float64] = 0.5 * (positive * negative).sum(-1) / np.maximum(pairs, 1.0)
    return found


def folded(auc: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
    """Cells that switch off count as much as those that switch on."""
    return 0.5 + np.abs(auc - 0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """What chance does with labels of this shape.

    Args:
        p_value: (rows,) for each unit alone: (1 + shifts at which it does at least as well) / (1 + shifts).
        p_family: (rows,) the same against the best of all units at each shift.
        best: (shifts,) folded AUC of the best unit.
    """

    p_value: NDArray[np.float64]
    p_family: NDArray[np.float64]
    best: NDArray[np.float64]


def null_of(store: Store, labels: "Moved", total: Counts) -> Steps[Null]:
    """Score every unit on the ranking part again, with labels that are moved about.

    The rank sums of all units under all moves are one matrix product, block by block.

    Args:
        total: (rows, 256) histogram of the ranking part.
    """
    n = int(total[0].sum())
    ranks = ((np.cumsum(total, axis=1) - 0.5 * total) / n - 0.5).astype(np.float32)  # centred mid-ranks of the levels
    shifts = labels.shifts
    sums, positives = np.zeros((1 + shifts, store.rows)), np.zeros((1 + shifts, 1))
    for number, runs in enumerate(store.runs):
        moved, places = labels.block(store, runs)
        positives += moved.sum(axis=1, keepdims=True, dtype=np.float64)
        for at in range(0, store.rows, LEVELS) if len(places) else ():
            block = store.coarse(number)[at : at + LEVELS]
            levels = block if len(places) == block.shape[1] else block.take(places, axis=1)
            values = np.empty(levels.shape, np.float32)
            for row, own in enumerate(levels):
                np.take(ranks[at + row], own, out=values[row], mode="clip")  # nothing to clip: it is the fast way
            sums[:, at : at + LEVELS] += (torch.from_numpy(moved) @ torch.from_numpy(values).T).numpy()
            yield Partial(number + at / store.rows, len(store.runs), doing="Shifting labels")
    distance = np.abs(sums) * (n / np.maximum(positives * (n - positives), 1.0))  # |AUC − 0.5|
    observed, null = distance[0], distance[1:]
    reached = observed - 1e-9
    best = null.max(axis=1)
    return Null(
        (1 + (null >= reached).sum(0)) / (1 + shifts),
        (1 + (best[:, None] >= reached).sum(0)) / (1 + shifts),
        0.5 + best,
    )


class Moved(ABC):
    """Labels of the ranking part, as they are and moved about, a block at a time."""

    method = ""

    def __init__(self, split: Split, shifts: int) -> None:
        self._split, self.shifts = split, shifts

    def block(self, store: Store, runs: Sequence[Run]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        """((1 + shifts, n) labels, (n,) where in the block they belong)."""
        inside = [(run, min(run.length, self._split.ranks[run.file] - run.start)) for run in runs]
        inside = [(run, length) for run, length in inside if length > 0]
        labels = np.empty((1 + self.shifts, sum(length for _, length in inside)), np.float32)
        at = 0
        for run, length in inside:
            labels[:, at : at + length] = self._of(run, length)
            at += length
        places = [np.arange(run.offset, run.offset + length) for run, length in inside]
        return labels, np.concatenate([np.zeros(0, np.intp), *places])

    @abstractmethod
    def _of(self, run: Run, length: int) -> NDArray[np.bool_]:
        """(1 + shifts, ``length`` or 1) from the beginning of the run on."""


class Rotated(Moved):
    """Within each file, by an offset of its own.

    What a rotation leaves alone is how slow labels and units are, the reason why unrelated ones look related. It is the whole
    file that is rotated: within the part that ranks, its end would be joined to its beginning at every offset, and slow units
    would be called significant too often.
    """

    method = "circular_shift"

    def __init__(self, split: Split, positive: NDArray[np.bool_], shifts: int, seed: int) -> None:
        super().__init__(split, shifts)
        self._positive = positive
        generator = np.random.default_rng(seed)
        self._offsets = {
            number: np.concatenate(([0], generator.integers(0, split.reading.files[number].tokens, shifts)))
            for number, _ in split.slices(testing=False)
        }

    def _of(self, run: Run, length: int) -> NDArray[np.bool_]:
        file = self._split.reading.files[run.file]
        own = self._positive[file.first : file.first + file.tokens]
        turned = sliding_window_view(np.concatenate((own, own)), length)
        found: NDArray[np.bool_] = turned[(run.start - self._offsets[run.file]) % file.tokens]
        return found


class Dealt(Moved):
    """Every position of a row has the row's label: whole rows exchange theirs, within each table."""

    method = "row_permutation"

    def __init__(self, split: Split, positive: NDArray[np.bool_], shifts: int, seed: int) -> None:
        super().__init__(split, shifts)
        generator = np.random.default_rng(seed)
        tables: dict[str, list[int]] = {}
        for number, _ in split.slices(testing=False):
            tables.setdefault(split.reading.files[number].file.path, []).append(number)
        self._labels: NDArray[np.bool_] = np.zeros((1 + shifts, len(split.reading.files)), bool)
        for numbers in tables.values():
            own = positive[[split.reading.files[number].first for number in numbers]]
            dealt = generator.permuted(np.broadcast_to(own, (shifts, len(own))), axis=1)
            self._labels[:, numbers] = np.concatenate((own[None], dealt))

    def _of(self, run: Run, length: int) -> NDArray[np.bool_]:
        labels: NDArray[np.bool_] = self._labels[:, run.file, None]
        return labels
