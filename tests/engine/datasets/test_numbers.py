"""Confusion, precision, recall and calibration, counted row by row in plain Python beside."""

import math
from pathlib import Path

import numpy as np
import pytest

from engine.dataset_results import PredictionsResult
from engine.datasets.numbers import NOTHING, numbers_of
from engine.datasets.outcomes import of_classes, of_sets, of_values, probabilities
from engine.models.model import TextModel
from tests.engine.datasets.made import LABELS, predictions


def softmax(logits: list[float]) -> list[float]:
    raised = [math.exp(one) for one in logits]
    return [one / sum(raised) for one in raised]


@pytest.fixture
def result(tiny_bert: TextModel, tmp_path: Path) -> PredictionsResult:
    return predictions(tiny_bert, tmp_path, 400)


def test_what_is_said_of_each_row(result: PredictionsResult):
    for row in range(400):
        logits, true = result.logits[row].tolist(), int(result.true[row])
        if math.isnan(logits[0]):
            assert (result.predicted[row], result.correct[row]) == (-1, -1)
            assert np.isnan([result.probability[row], result.loss[row], result.margin[row]]).all()
            continue
        chances = softmax(logits)
        best = max(range(3), key=lambda i: chances[i])
        assert result.predicted[row] == best
        assert result.probability[row] == pytest.approx(chances[best])
        if true == -1:
            assert result.correct[row] == -1
            assert np.isnan([result.loss[row], result.margin[row]]).all()
            continue
        assert result.correct[row] == (best == true)
        assert result.loss[row] == pytest.approx(-math.log(chances[true]))
        assert result.margin[row] == pytest.approx(chances[true] - max(c for i, c in enumerate(chances) if i != true))
        assert (result.margin[row] >= 0) == (best == true)


@pytest.mark.parametrize("chosen", [None, range(0, 400, 3)])
def test_counts_against_counting(result: PredictionsResult, chosen: range | None):
    rows = list(range(400)) if chosen is None else list(chosen)
    numbers = numbers_of(result, None if chosen is None else np.array(rows))
    said = [row for row in rows if result.predicted[row] >= 0]
    known = [row for row in said if result.true[row] >= 0]
    pairs = [(int(result.true[row]), int(result.predicted[row])) for row in known]
    assert (numbers.n, numbers.labelled) == (len(said), len(known))
    assert numbers.accuracy == pytest.approx(sum(t == p for t, p in pairs) / len(pairs))
    assert numbers.confusion is not None
    assert numbers.confusion.tolist() == [[pairs.count((t, p)) for p in range(3)] for t in range(3)]
    f1s = []
    for at, one in enumerate(numbers.classes):
        hits = pairs.count((at, at))
        precision = hits / sum(p == at for _, p in pairs)
        recall = hits / sum(t == at for t, _ in pairs)
        f1s.append(2 * precision * recall / (precision + recall))
        assert (one.label, one.support) == (LABELS[at], sum(t == at for t, _ in pairs))
        assert (one.precision, one.recall, one.f1) == pytest.approx((precision, recall, f1s[-1]))
    assert numbers.macro_f1 == pytest.approx(sum(f1s) / 3)
    assert numbers.mean_loss == pytest.approx(sum(float(result.loss[row]) for row in known) / len(known))


def test_calibration_against_counting(result: PredictionsResult):
    known = [row for row in range(400) if result.correct[row] >= 0]
    bins: list[list[int]] = [[] for _ in range(10)]
    for row in known:
        bins[min(9, int(float(result.probability[row]) * 10))].append(row)
    error = 0.0
    found = result.numbers.calibration
    for at, members in enumerate(bins):
        assert found.counts[at] == len(members)
        if not members:
            assert np.isnan([found.confidence[at], found.accuracy[at]]).all()
            continue
        confidence = sum(float(result.probability[row]) for row in members) / len(members)
        accuracy = sum(int(result.correct[row]) for row in members) / len(members)
        assert (found.confidence[at], found.accuracy[at]) == pytest.approx((confidence, accuracy))
        error += len(members) / len(known) * abs(confidence - accuracy)
    assert found.error == pytest.approx(error)
    said = [row for row in range(400) if result.predicted[row] >= 0]
    counts = [sum(min(9, int(float(result.probability[row]) * 10)) == at for row in said) for at in range(10)]
    assert result.numbers.histogram.tolist() == counts


def test_a_class_that_never_comes_has_no_numbers():
    assert (NOTHING.n, NOTHING.accuracy, NOTHING.calibration.error) == (0, None, None)


def test_large_logits_stay_finite():
    found = of_classes(np.array([[1e4, -1e4], [-1e4, 1e4]], np.float32), np.array([0, 0], np.int32))
    np.testing.assert_allclose(found.loss, [0.0, 2e4])
    np.testing.assert_allclose(found.margin, [1.0, -1.0])
    sets = of_sets(np.array([[1e4, -1e4]], np.float32), np.array([[0, 0]], np.int8))
    np.testing.assert_allclose(sets.loss, [5e3])
    assert sets.correct.tolist() == [0]
    np.testing.assert_array_equal(probabilities(np.array([[1e4, -1e4]]), "multi_label"), [[1.0, 0.0]])


def test_a_regression_is_neither_right_nor_wrong():
    found = of_values(np.array([[1.5], [np.nan]], np.float32), np.array([2.0, 1.0]))
    np.testing.assert_array_equal(found.loss, [0.25, np.nan])
    assert found.correct.tolist() == [-1, -1]
