"""Two slices side by side: counted by hand, resampled by a literal copy."""

from pathlib import Path

import numpy as np
import pytest

from engine.comparisons import Measure, SlicesResult
from engine.datasets.data import Datasets
from engine.datasets.numbers import calibration_of, confusion_of, numbers_of
from engine.datasets.paired import share_interval
from engine.datasets.predict import predict_rows
from engine.datasets.slices import calibration_error, compare_slices, macro_f1
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import DataSource, NamedRows, PredictionsRequest, SlicesRequest
from tests.engine.datasets.tables import labelled


def compared(model: TextModel, path: str, first: tuple[int, ...], second: tuple[int, ...], resamples: int = 200) -> SlicesResult:
    asked = PredictionsRequest(model.info.sha256, DataSource(path))
    slices = (NamedRows("a", first), NamedRows("b", second))
    return run(compare_slices(Datasets(), model, SlicesRequest(asked, slices, resamples, seed=2)))


def measure(result: SlicesResult, name: str) -> Measure:
    return next(each for each in result.measures if each.name == name)


def test_numbers_are_those_of_each_slice(tmp_path: Path, tiny_bert: TextModel):
    first, second = tuple(range(0, 60, 2)), tuple(range(1, 60, 3))
    found = compared(tiny_bert, labelled(tmp_path, 60), first, second)
    said = run(predict_rows(Datasets(), tiny_bert, found.request.predictions))
    for at, rows in enumerate((first, second)):
        wanted = numbers_of(said, np.array(rows))
        assert found.numbers[at].accuracy == wanted.accuracy
        right = sum(int(said.correct[row]) == 1 for row in rows)
        each = measure(found, "accuracy")
        assert (each.first, each.second)[at] == pytest.approx(right / len(rows))
        assert (each.first_interval, each.second_interval)[at] == share_interval(right, len(rows))
        assert (measure(found, "mean loss").first, measure(found, "mean loss").second)[at] == pytest.approx(
            np.mean([said.loss[row] for row in rows])
        )
    for each in found.measures:
        if each.difference is not None:
            assert each.first is not None
            assert each.second is not None
            assert each.interval is not None
            assert each.difference == pytest.approx(each.second - each.first)
            assert each.interval[0] <= each.difference + 0.2
            assert each.interval[1] >= each.difference - 0.2
    assert found.shared == len(set(first) & set(second))
    assert [notice.kind for notice in found.warnings] == ["overlap"]


def test_intervals_are_percentiles_of_drawn_rows(tmp_path: Path, tiny_bert: TextModel):
    """The mean loss, drawn again with another generator: the same interval up to what the drawing leaves to chance."""
    rows = tuple(range(40))
    found = compared(tiny_bert, labelled(tmp_path, 80), rows, tuple(range(40, 80)), resamples=4000)
    said = run(predict_rows(Datasets(), tiny_bert, found.request.predictions))
    draw, loss = np.random.default_rng(99), said.loss[list(rows)]
    slow = np.percentile([loss[draw.integers(0, 40, 40)].mean() for _ in range(4000)], [2.5, 97.5])
    each = measure(found, "mean loss")
    assert each.first_interval is not None
    np.testing.assert_allclose(each.first_interval, slow, atol=0.12 * (slow[1] - slow[0]))


def test_the_quick_formulas_are_those_of_the_overview():
    draw = np.random.default_rng(0)
    sure, right = draw.random(300), draw.random(300) < 0.6
    assert calibration_error(sure, right) == pytest.approx(calibration_of(sure, right).error)
    true, said = draw.integers(0, 4, 300).astype(np.int32), draw.integers(0, 4, 300).astype(np.int32)
    true[true == 3] = 2  # a class that does not occur
    f1 = []
    for each in range(3):
        hits = sum((true == each) & (said == each))
        f1.append(2 * hits / (sum(true == each) + sum(said == each)))
    assert macro_f1(confusion_of(true, said, 4)) == pytest.approx(np.mean(f1))


def test_the_same_seed_gives_the_same_intervals(tmp_path: Path, tiny_bert: TextModel):
    path = labelled(tmp_path, 20)
    one, other = (compared(tiny_bert, path, (1, 2, 3, 4), (5, 6, 7)) for _ in range(2))
    assert one.measures == other.measures


@pytest.mark.parametrize(("rows", "message"), [((), "no rows"), ((99,), "no row 99")])
def test_slices_that_cannot_be_compared_say_why(tmp_path: Path, tiny_bert: TextModel, rows: tuple[int, ...], message: str):
    with pytest.raises(UserError, match=message):
        compared(tiny_bert, labelled(tmp_path, 20), (1, 2), rows)


def test_without_labels_there_are_no_measures(tmp_path: Path, tiny_bert: TextModel):
    path = tmp_path / "t.csv"
    path.write_text("text\n" + "\n".join(f"not once {at}" for at in range(8)))
    found = compared(tiny_bert, str(path), (0, 1), (2, 3))
    assert all((each.first, each.second, each.interval) == (None, None, None) for each in found.measures)
