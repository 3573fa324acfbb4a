"""What a unit's score is made of, to look at: the two classes' histograms, the ROC, and places where it is right and wrong."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from engine.detective import Evidence, Place, PlaceKind
from engine.jobs import Partial, Steps
from engine.recurrent.contexts import TopContexts
from engine.recurrent.fine import FineUnit, in_block
from engine.recurrent.labels import Labelled, Split
from engine.recurrent.levels import Scale
from engine.recurrent.session import Session
from engine.recurrent.statistics import chosen_in_blocks
from engine.recurrent.store import Store

EXAMPLES = 6
_CANDIDATES = 96  # the best lie side by side: one place is shown once
_APART = 30  # tokens
_BINS = 256
_COARSER = 65536 // _BINS


def edges_of(scale: Scale) -> NDArray[np.float64]:
    """(257,) where the 256 levels of a histogram begin and end."""
    return scale.values(np.append(np.arange(_BINS) * _COARSER, 65535))


def curves(unit: FineUnit, scale: Scale, sign: int, places: Sequence[Place]) -> Evidence:
    """Histograms and ROC of the testing part."""
    positive, negative = (counts[1].reshape(_BINS, _COARSER).sum(1) for counts in (unit.positive, unit.negative))
    rates = [np.concatenate(([0.0], np.cumsum(counts[::-sign]) / max(1, counts.sum()))) for counts in (negative, positive)]
    return Evidence(edges_of(scale), positive, negative, rates[0], rates[1], tuple(places))


def examples(
    session: Session, store: Store, units: Sequence[tuple[int, int, float]], split: Split, labelled: Labelled
) -> Steps[list[list[Place]]]:
    """For each unit the clearest hits, misses and false alarms of the testing part.

    Args:
        units: (row, sign, threshold in the quantity's own unit) each.
    """
    rows = np.array([row for row, _, _ in units], dtype=np.intp)
    signs = np.array([[sign] for _, sign, _ in units], dtype=np.float32)
    kinds: dict[PlaceKind, tuple[bool, float]] = {"hit": (True, 1.0), "miss": (True, -1.0), "false_alarm": (False, 1.0)}
    best = {kind: TopContexts(len(units), _CANDIDATES) for kind in kinds}
    every = np.arange(session.reading.positions)
    for number, chosen in enumerate(chosen_in_blocks(store, split, testing=True)):
        if not len(chosen):
            continue
        levels = store.levels(number, rows)[:, chosen].astype(np.float32) * signs
        labels, positions = (in_block(store, number, values)[chosen] for values in (labelled.positive, every))
        for kind, (positive, direction) in kinds.items():
            own = labels == positive
            best[kind].update(torch.from_numpy(levels[:, own].T * np.float32(direction)), positions[own])
        yield Partial(number + 1, len(store.runs), doing="Looking for examples")
    found = []
    for at, (row, sign, threshold) in enumerate(units):
        places: list[Place] = []
        for kind, (_, direction) in kinds.items():
            kept = np.isfinite(best[kind].values[at])
            positions = best[kind].positions[at][kept]
            values = store.scale(row).values(best[kind].values[at][kept] * sign * direction)
            right = (values - threshold) * sign >= 0 if kind != "miss" else (values - threshold) * sign < 0
            own = apart(positions[right])[:EXAMPLES]
            places += session.places(kind, positions[right][own], values[right][own])
        found.append(places)
    return found


def apart(positions: NDArray[np.int64]) -> list[int]:
    """Which of these, best first, are not beside a better one."""
    taken: list[int] = []
    for at, position in enumerate(positions.tolist()):
        if all(abs(position - int(positions[other])) >= _APART for other in taken):
            taken.append(at)
    return taken
