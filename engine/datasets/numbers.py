"""How good predictions are: confusion, precision and recall of each class, calibration. Torch-free."""

import numpy as np
from numpy.typing import NDArray

from engine.dataset_results import NONE, Calibration, ClassNumbers, Numbers, PredictionsResult, Rows
from engine.results import FloatArray

BINS = 10


def numbers_of(result: PredictionsResult, rows: Rows | None = None) -> Numbers:
    """Of some rows, or of all."""
    chosen = np.arange(result.data.rows) if rows is None else rows
    answered: NDArray[np.bool_] = ~np.isnan(result.logits[chosen]).any(-1)
    return count(
        result.labels,
        result.true[chosen],
        result.predicted[chosen],
        result.probability[chosen],
        result.loss[chosen],
        result.correct[chosen],
        answered,
    )


def count(
    labels: tuple[str, ...],
    true: NDArray[np.int32],
    predicted: NDArray[np.int32],
    probability: FloatArray,
    loss: FloatArray,
    correct: NDArray[np.int8],
    answered: NDArray[np.bool_],
) -> Numbers:
    """All (rows,): classes or −1, the predicted class's probability, loss, 1 / 0 / −1, whether there is a prediction."""
    known = answered & (correct != NONE)
    labelled = int(known.sum())
    confusion = confusion_of(true, predicted, len(labels))
    classes = tuple(_of_class(confusion, at, label) for at, label in enumerate(labels))
    measured = [each.f1 if each.f1 is not None else 0.0 for each in classes if each.support]
    finite = loss[~np.isnan(loss)]
    return Numbers(
        n=int(answered.sum()),
        labelled=labelled,
        accuracy=float((correct[known] == 1).mean()) if labelled else None,
        macro_f1=float(np.mean(measured)) if measured else None,
        mean_loss=float(finite.mean()) if len(finite) else None,
        confusion=confusion,
        classes=classes,
        calibration=calibration_of(probability[known], correct[known] == 1),
        histogram=_histogram(probability[answered]),
    )


def confusion_of(true: NDArray[np.int32], predicted: NDArray[np.int32], classes: int) -> NDArray[np.int64]:
    """(true, predicted) counts of rows where both are known."""
    both = (true != NONE) & (predicted != NONE)
    places = true[both].astype(np.int64) * classes + predicted[both]
    return np.bincount(places, minlength=classes * classes).reshape(classes, classes)


def _of_class(confusion: NDArray[np.int64], at: int, label: str) -> ClassNumbers:
    hits, said, support = int(confusion[at, at]), int(confusion[:, at].sum()), int(confusion[at].sum())
    precision = hits / said if said else None
    recall = hits / support if support else None
    f1 = 2 * hits / (said + support) if said + support else None
    return ClassNumbers(label, precision, recall, f1, support)


def bins_of(probability: FloatArray, bins: int = BINS) -> NDArray[np.intp]:
    """(rows,) which of ``bins`` equal intervals of [0, 1] each lies in; the last one holds 1."""
    return np.minimum((probability * bins).astype(np.intp), bins - 1)


def calibration_of(probability: FloatArray, correct: NDArray[np.bool_], bins: int = BINS) -> Calibration:
    """Source: Guo, Pleiss, Sun & Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, eq. 3."""
    finite = ~np.isnan(probability)
    probability, right = probability[finite].astype(np.float64), correct[finite]
    place = bins_of(probability, bins)
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(place, weights=probability, minlength=bins) / counts
        accuracy = np.bincount(place, weights=right, minlength=bins) / counts
    gaps = np.abs(np.nan_to_num(accuracy - confidence))
    error = float((counts * gaps).sum() / len(probability)) if len(probability) else None
    return Calibration(np.linspace(0, 1, bins + 1), counts, confidence, accuracy, error)


def _histogram(probability: FloatArray) -> NDArray[np.int64]:
    return np.bincount(bins_of(probability[~np.isnan(probability)]), minlength=BINS)
