"""Predictions over a table made by hand: what the stub engine says of each text, counted as the engine counts."""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.dataset_results import NONE, Dataset, PredictionsResult, Skipped
from engine.datasets.labels import true_classes
from engine.datasets.numbers import numbers_of
from engine.jobs import Partial, Steps
from engine.requests import PredictionsRequest, TextInput
from engine.results import Cost, ModelInfo

Logits = Callable[[TextInput], list[float]]


def predicted(
    request: PredictionsRequest, data: Dataset, model: ModelInfo, logits_of: Logits, done: int, resumed: int = 0
) -> PredictionsResult:
    """The first ``done`` rows; a text that begins with ``!`` fails, an empty one too."""
    rows, labels = data.rows, len(model.labels)
    logits = np.full((rows, labels), np.nan, np.float32)
    skipped = []
    for row in range(done):
        input = data.input_of(row)
        if not input.text.strip() or input.text.startswith("!"):
            skipped.append(Skipped(row, "The row has no text." if not input.text.strip() else "Its answer is not a number."))
        else:
            logits[row] = logits_of(input)
    true, matches, said = true_classes(data, model)
    known = ~np.isnan(logits).any(-1)
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    predicted = np.where(known, np.nan_to_num(logits, nan=-np.inf).argmax(-1), NONE).astype(np.int32)
    both = known & (true != NONE)
    of_true = np.where(both, shares[np.arange(rows), np.maximum(true, 0)], np.nan)
    others = shares.copy()
    others[np.arange(rows), np.maximum(true, 0)] = -1
    found: Any = PredictionsResult(
        request,
        model,
        data,
        logits,
        true,
        predicted,
        np.where(known, shares[np.arange(rows), np.maximum(predicted, 0)], np.nan),
        -np.log(of_true),
        of_true - np.where(both, others.max(-1), np.nan),
        np.where(both, predicted == true, NONE).astype(np.int8),
        None,  # type: ignore[arg-type]
        np.zeros(0, np.int64),
        matches,
        tuple(skipped),
        Cost(done, 0, 0.1, "cpu"),
        done,
        resumed,
        warnings=tuple(said),
    )
    object.__setattr__(found, "numbers", numbers_of(found))
    return found


def predicting(request: PredictionsRequest, data: Dataset, model: ModelInfo, logits_of: Logits, steps: int) -> Steps[Any]:
    """In ``steps``."""
    for step in range(steps):
        done = data.rows * step // steps
        yield Partial(done, data.rows, predicted(request, data, model, logits_of, done), "Predicting")
    return predicted(request, data, model, logits_of, data.rows)
