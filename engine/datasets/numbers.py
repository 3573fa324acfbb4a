"""How good predictions are: confusion, precision and recall of each class, calibration. Torch-free."""

import numpy as np
from numpy.typing import NDArray

from engine.dataset_results import NONE, Calibration, ClassNumbers, Numbers, PredictionsResult, RegressionNumbers, Rows
from engine.datasets.outcomes import SURE, answered_rows, probabilities
from engine.results import FloatArray

BINS = 10
FEWEST_BINS, MOST_BINS = 30, 200  # of residuals, about
_EMPTY = np.zeros(0)


def numbers_of(result: PredictionsResult, rows: Rows | None = None) -> Numbers:
    """Of some rows, or of all."""
    chosen = np.arange(result.data.rows) if rows is None else rows
    logits = result.logits[chosen]
    answered = answered_rows(logits)
    correct, probability, loss = result.correct[chosen], result.probability[chosen], result.loss[chosen]
    known = answered & (correct != NONE)
    finite = loss[~np.isnan(loss)]
    confusion = None
    if result.holds.size:
        holds, likely = result.holds[chosen][known] == 1, probabilities(logits[known], "multi_label")
        classes = classes_of_sets(holds, likely >= SURE, result.labels)
        sure = np.maximum(likely, 1 - likely).ravel()
        calibration = calibration_of(sure, ((likely >= SURE) == holds).ravel())
    else:
        confusion = confusion_of(result.true[chosen], result.predicted[chosen], len(result.labels))
        classes = tuple(
            class_numbers(label, int(confusion[at, at]), int(confusion[:, at].sum()), int(confusion[at].sum()))
            for at, label in enumerate(result.labels)
        )
        calibration = calibration_of(probability[known], correct[known] == 1)
    measured = [each.f1 or 0.0 for each in classes if each.support]
    return Numbers(
        n=int(answered.sum()),
        labelled=int(known.sum()) if result.labels else len(finite),
        accuracy=float((correct[known] == 1).mean()) if known.any() else None,
        macro_f1=float(np.mean(measured)) if measured else None,
        mean_loss=float(finite.mean()) if len(finite) else None,
        confusion=confusion,
        classes=classes,
        calibration=calibration,
        histogram=_histogram(probability[answered]),
        regression=regression_numbers(result.expected[chosen], logits[:, 0]) if result.expected.size else None,
    )


def confusion_of(true: NDArray[np.int32], predicted: NDArray[np.int32], classes: int) -> NDArray[np.int64]:
    """(true, predicted) counts of rows where both are known."""
    both = (true != NONE) & (predicted != NONE)
    places = true[both].astype(np.int64) * classes + predicted[both]
    return np.bincount(places, minlength=classes * classes).reshape(classes, classes)


def class_numbers(label: str, hits: int, said: int, support: int) -> ClassNumbers:
    """From how often a class was rightly said, said at all, and true."""
    f1 = 2 * hits / (said + support) if said + support else None
    return ClassNumbers(label, hits / said if said else None, hits / support if support else None, f1, support)


def classes_of_sets(holds: NDArray[np.bool_], said: NDArray[np.bool_], labels: tuple[str, ...]) -> tuple[ClassNumbers, ...]:
    """Each label by itself; both (rows, labels)."""
    counts = zip(labels, (holds & said).sum(0).tolist(), said.sum(0).tolist(), holds.sum(0).tolist(), strict=True)
    return tuple(class_numbers(*each) for each in counts)


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


def regression_numbers(expected: FloatArray, said: FloatArray) -> RegressionNumbers | None:
    """Of the rows where both are numbers; None where there is none."""
    known = np.isfinite(expected) & np.isfinite(said)
    if not known.any():
        return None
    truth = expected[known].astype(np.float64)
    residual = truth - said[known].astype(np.float64)
    off, spread = np.abs(residual), truth - truth.mean()
    around = float((spread**2).sum())
    edges = _residual_edges(residual)
    return RegressionNumbers(
        n=len(residual),
        mae=float(off.mean()),
        rmse=float(np.sqrt((residual**2).mean())),
        r2=1 - float((residual**2).sum()) / around if around > 0 else None,
        bias=float(residual.mean()),
        median=float(np.median(off)),
        mae_of_mean=float(np.abs(spread).mean()),
        edges=edges,
        counts=np.histogram(residual, edges)[0].astype(np.int64),
    )


def _residual_edges(residual: NDArray[np.float64]) -> FloatArray:
    """Bins of a round width, zero being an edge, that hold every residual.

    Their width is that of Freedman & Diaconis (1981), 2 IQR ∕ n^⅓, within what makes some thirty bins and two hundred: a few
    rows that are far off must not make one bar of all the others.
    """
    reach = float(np.abs(residual).max())
    if reach == 0:
        return np.array([-1.0, 0.0, 1.0])
    spread = float(np.subtract(*np.percentile(residual, (75, 25))))
    fine = 2 * spread / len(residual) ** (1 / 3)
    rough = min(2 * reach / FEWEST_BINS, max(fine, 2 * reach / MOST_BINS))
    power = 10.0 ** np.floor(np.log10(rough))
    width = float(power * next(step for step in (1, 2, 2.5, 5, 10) if step * power >= rough * (1 - 1e-12)))
    low, high = int(np.floor(residual.min() / width)), int(np.floor(residual.max() / width)) + 1
    return np.arange(low, high + 1, dtype=np.float64) * width


def _histogram(probability: FloatArray) -> NDArray[np.int64]:
    return np.bincount(bins_of(probability[~np.isnan(probability)]), minlength=BINS)


NOTHING = Numbers(0, 0, None, None, None, None, (), calibration_of(_EMPTY, _EMPTY.astype(np.bool_)), _histogram(_EMPTY))
