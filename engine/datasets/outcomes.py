"""From logits and labels to what a person sorts by: the predicted class, its probability, loss, margin, right or wrong."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.dataset_results import NONE
from engine.results import FloatArray, ProblemType

SURE = 0.5  # a label of several is said to hold from here on


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """All (rows,), as in ``PredictionsResult``."""

    predicted: NDArray[np.int32]
    probability: FloatArray
    loss: FloatArray
    margin: FloatArray
    correct: NDArray[np.int8]


def answered_rows(logits: FloatArray) -> NDArray[np.bool_]:
    """(rows,) whether there is an answer."""
    return np.logical_not(np.isnan(logits).any(axis=-1))


def probabilities(logits: FloatArray, problem: ProblemType) -> NDArray[np.float64]:
    """(rows, outputs) -> the same in float64: softmax, or sigmoid of each; of a regression the values themselves."""
    wide = logits.astype(np.float64)
    if problem == "regression":
        return wide
    if problem == "multi_label":
        return np.exp(-np.logaddexp(0, -wide))
    return np.exp(wide - _log_sum(wide)[:, None])


def _log_sum(wide: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = wide.max(axis=-1)
    summed: NDArray[np.float64] = largest + np.log(np.exp(wide - largest[:, None]).sum(axis=-1))
    return summed


def of_classes(logits: FloatArray, true: NDArray[np.int32]) -> Outcomes:
    """One class of several: loss is the cross-entropy in nats, margin the true probability minus the highest other."""
    rows = np.arange(len(logits))
    answered = answered_rows(logits)
    safe = np.where(answered[:, None], logits, 0.0)
    wide = safe.astype(np.float64)
    chances = probabilities(safe, "single_label")
    predicted = np.where(answered, safe.argmax(axis=-1), NONE).astype(np.int32)
    known = answered & (true != NONE)
    at = np.where(known, true, 0)
    loss = np.where(known, _log_sum(wide) - wide[rows, at], np.nan)
    others = chances.copy()
    others[rows, at] = -np.inf
    margin = np.where(known, chances[rows, at] - others.max(axis=-1), np.nan)
    correct = np.where(known, predicted == true, NONE).astype(np.int8)
    return Outcomes(predicted, np.where(answered, chances.max(axis=-1), np.nan), loss, margin, correct)


def of_sets(logits: FloatArray, holds: NDArray[np.int8]) -> Outcomes:
    """Several labels at once: right is every label right, loss the mean binary cross-entropy, margin the least certain label's
    distance from one half, negative where it is wrong; ``predicted`` is the most probable label.

    Args:
        holds: (rows, labels) 1, 0, or −1 where not known.
    """
    answered = answered_rows(logits)
    safe = np.where(answered[:, None], logits, 0.0)
    wide = safe.astype(np.float64)
    chances = probabilities(safe, "multi_label")
    known = answered & (holds != NONE).all(axis=-1)
    truth = holds == 1
    losses = np.logaddexp(0, np.where(truth, -wide, wide))
    sides = np.where(truth, chances - SURE, SURE - chances)
    right = ((chances >= SURE) == truth).all(axis=-1)
    return Outcomes(
        np.where(answered, safe.argmax(axis=-1), NONE).astype(np.int32),
        np.where(answered, chances.max(axis=-1), np.nan),
        np.where(known, losses.mean(axis=-1), np.nan),
        np.where(known, 2 * sides.min(axis=-1), np.nan),
        np.where(known, right, NONE).astype(np.int8),
    )


def of_values(logits: FloatArray, expected: FloatArray) -> Outcomes:
    """A regression: the squared error is the loss, nothing is right or wrong."""
    nothing = np.full(len(logits), np.nan)
    none = np.full(len(logits), NONE)
    return Outcomes(
        none.astype(np.int32), nothing, (logits[:, 0].astype(np.float64) - expected) ** 2, nothing, none.astype(np.int8)
    )
