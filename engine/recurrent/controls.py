"""What a unit must beat, measured on the part of the files that tests: what needs no training at all."""

import numpy as np
from numpy.typing import NDArray

from engine.detective import Controls
from engine.jobs import Steps
from engine.recurrent.labels import Labelled, Split
from engine.recurrent.session import Session
from engine.recurrent.statistics import Counts, auc_of, chosen_in_blocks, histograms
from engine.recurrent.store import Store

_ENOUGH = 50  # positions of either kind in either part, to test an untrained network on a sample


def controls(session: Session, split: Split, labelled: Labelled, holdout: float, seed: int) -> Steps[Controls]:
    """The best unit of the best of several untrained networks; the token's identity; the position in the line.

    One untrained network is one draw, and its best unit may be lucky or not. Several read a sample of the corpus, which bounds
    what they cost, each with its own parts that rank and test. Where the sample holds too few matches, one network reads it all.
    """
    reading = session.sample()
    own, draws = split, session.draws
    if reading is not session.reading:
        known = {file.first: yes for file, yes in zip(session.reading.files, labelled.asked, strict=True)}
        own = Split.of(reading, holdout, [known[file.first] for file in reading.files])
        if not _enough(own, labelled):
            reading, own, draws = session.reading, split, 1
    found = []
    for number, drawn in enumerate(np.random.SeedSequence(seed).generate_state(draws).tolist(), start=1):
        doing = f"Scanning untrained network {number} of {draws}" if draws > 1 else "Scanning an untrained network"
        store = yield from session.untrained(drawn, reading, doing)
        found.append((yield from _best_unit(session, store, own, labelled)))
    best, unit = max(found)
    tested = tuple(auc for auc, _ in found)
    return Controls(best, _identity(session, split, labelled), _column(session, split, labelled), unit, tested)


def _enough(split: Split, labelled: Labelled) -> bool:
    parts = [split.take(labelled.positive, testing) for testing in (False, True)]
    return all(min(np.count_nonzero(part), np.count_nonzero(~part)) >= _ENOUGH for part in parts)


def _best_unit(session: Session, untrained: Store, split: Split, labelled: Labelled) -> Steps[tuple[float, str]]:
    """(folded AUC where units are tested, name) of the unit that is best where they are ranked."""
    total = yield from session.totals(untrained, split)
    positive = yield from positives(untrained, split, labelled, total)
    auc = np.nan_to_num(auc_of(positive, total), nan=0.5)
    row = int(np.argmax(np.abs(auc - 0.5)))
    counts = []
    for labels in (None, labelled.positive):
        counts.append((yield from histograms(untrained, chosen_in_blocks(untrained, split, True, labels), [row]))[0])
    found = float(auc_of(counts[1], counts[0]))
    quantity, cell = untrained.unit(row)
    return max(0.5, found if auc[row] > 0.5 else 1 - found), f"{quantity} {cell}"


def positives(store: Store, split: Split, labelled: Labelled, total: Counts) -> Steps[Counts]:
    """(rows, 256): the histogram of positive positions of the ranking part, read off the rarer class."""
    ranked = split.take(labelled.positive, testing=False)
    rarer = np.count_nonzero(ranked) * 2 <= len(ranked)
    labels = labelled.positive if rarer else ~labelled.positive
    counts = yield from histograms(store, chosen_in_blocks(store, split, False, labels))
    return counts if rarer else total - counts


def auc_of_scores(scores: NDArray[np.generic], positive: NDArray[np.bool_]) -> float:
    """By counting every different score."""
    values, which = np.unique(scores, return_inverse=True)
    total = np.bincount(which, minlength=len(values))
    return float(auc_of(np.bincount(which[positive], minlength=len(values)), total))


def _identity(session: Session, split: Split, labelled: Labelled) -> float:
    """P(positive | token) as the first part has it; a token unseen there has the rate of all."""
    ids, labels = (
        {testing: split.take(values, testing) for testing in (False, True)} for values in (session.reading.ids, labelled.positive)
    )
    size = int(max(ids[False].max(), ids[True].max())) + 1
    seen = np.bincount(ids[False], minlength=size)
    hits = np.bincount(ids[False][labels[False]], minlength=size)
    rate = np.where(seen > 0, hits / np.maximum(seen, 1), labels[False].mean())
    return max(0.5, auc_of_scores(rate[ids[True]], labels[True]))


def _column(session: Session, split: Split, labelled: Labelled) -> float:
    columns, labels = (split.take(values, testing=True) for values in (session.columns(), labelled.positive))
    found = auc_of_scores(columns, labels)
    return max(found, 1 - found)
