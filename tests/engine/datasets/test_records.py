"""Tables of records: columns that are fields, numbers that are off, and tables that are not as they should be."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.attribution.explain import explain, predict
from engine.dataset_results import PredictionsResult
from engine.datasets.aggregate import aggregate
from engine.datasets.columns import columns_of_fields
from engine.datasets.consistency import consistency
from engine.datasets.data import Datasets
from engine.datasets.explanations import explain_rows, top_tokens
from engine.datasets.numbers import regression_numbers
from engine.datasets.predict import predict_rows
from engine.datasets.select import select
from engine.errors import UserError
from engine.export.dataset_files import dataset_to_csv, dataset_to_json, errors_of
from engine.heatmaps.fields import field_sums
from engine.jobs import run
from engine.records import filled
from engine.requests import (
    AggregateRequest,
    AttributionRequest,
    ColumnFilter,
    ConsistencyRequest,
    DataSource,
    ExplainRowsRequest,
    NamedRows,
    PredictionRequest,
    PredictionsRequest,
    RecordInput,
    Selection,
    TextInput,
)
from tests.engine.record_models import FIELDS, open_record_model, write_planted, write_record_model

NAMES = tuple(field.name for field in FIELDS)
ROWS = (
    ("mon", "8", "12.5", "anna", "5"),
    ("tue", "11", "3", "bo", "4.5"),
    ("sun", "23", "0.25", "cleo", "x"),
    ("mon", "", "7", "dora", "9"),
)
CSV = "day,hour,weight,name,minutes\n" + "".join(",".join(row) + "\n" for row in ROWS)


def write(folder: Path, content: str | bytes) -> str:
    path = folder / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def predicted(model: Any, path: str, **how: Any) -> PredictionsResult:
    source = DataSource(path, fields=NAMES, **how)
    return run(predict_rows(Datasets(), model, PredictionsRequest(model.info.sha256, source)))


@pytest.fixture
def model(tmp_path: Path) -> Any:
    return open_record_model(write_record_model(tmp_path / "model", checkpoints=2))


def test_each_row_is_read_as_the_record_it_is(tmp_path: Path, model: Any) -> None:
    result = predicted(model, write(tmp_path, CSV))
    assert result.data.source.labels == ("minutes",)
    for row, cells in enumerate(ROWS):
        given = RecordInput(tuple(zip(NAMES, cells[:4], strict=True)))
        assert result.data.input_of(row) == filled(given)
        alone = run(predict(model, PredictionRequest(model.info.sha256, given)))
        assert result.logits[row, 0] == pytest.approx(alone.predicted.logit, rel=1e-4)
    assert result.data.inputs(range(1, 3)) == [result.data.input_of(1), result.data.input_of(2)]


def test_columns_are_found_but_for_case_and_blanks_and_others_stay_columns() -> None:
    found = columns_of_fields(("Day", "a b", "hour", "x"), ("id", "DAY", "A_B", "hour", "day"))
    assert found == (("Day", "DAY"), ("a b", "A_B"), ("hour", "hour"))


def test_no_column_is_read_as_two_fields() -> None:
    assert columns_of_fields(("day", "Day"), ("DAY",)) == (("day", "DAY"),)


def test_a_field_without_a_column_is_blank_and_said(tmp_path: Path, model: Any) -> None:
    result = predicted(model, write(tmp_path, "day,hour,minutes\nmon,8,5\n"))
    assert any("weight, name" in notice.message for notice in result.warnings)
    alone = run(predict(model, PredictionRequest(model.info.sha256, RecordInput((("day", "mon"), ("hour", "8"))))))
    assert result.logits[0, 0] == pytest.approx(alone.predicted.logit, rel=1e-4)


def test_fields_missing_too_long_and_of_another_type_are_counted(tmp_path: Path, model: Any) -> None:
    content = "day,hour,weight,name\nmon,x,1,anna\nmonday,8,much,b\n,8,1,\n"
    said = {notice.kind: notice.message for notice in predicted(model, write(tmp_path, content)).warnings}
    assert "day 1; name 1" in said["missing_field"]
    assert "day 1 (“monday” to 3)" in said["cut"]
    assert "hour 1 (should be a whole number, and is “x”)" in said["wrong_type"]
    assert "weight 1 (should be a number, and is “much”)" in said["wrong_type"]


def test_a_row_of_nothing_has_no_prediction(tmp_path: Path, model: Any) -> None:
    result = predicted(model, write(tmp_path, "day,hour,minutes\nmon,8,5\n , ,4\n"))
    assert [(each.row, each.reason) for each in result.skipped] == [(1, "Every field is empty.")]
    assert np.isnan(result.logits[1, 0])


def test_ragged_lines_and_other_encodings_are_read_and_said(tmp_path: Path, model: Any) -> None:
    content = "day,hour,weight,name,minutes\nmon,8,1,zoé,5\ntue,9\nmon,8,1,a,5,6,7\n".encode("cp1252")
    result = predicted(model, write(tmp_path, content))
    assert any(notice.kind == "encoding" for notice in result.warnings)
    assert result.data.left_out_count + result.data.rows == 3
    assert result.data.table.cell(0, "name") == "zoé"


def test_a_table_without_any_field_is_refused_with_what_is_read(tmp_path: Path, model: Any) -> None:
    with pytest.raises(UserError, match="day, hour, weight, name"):
        predicted(model, write(tmp_path, "text,label\nhello,1\n"))


def test_records_are_refused_by_a_model_of_texts(tmp_path: Path, tiny_lstm: Any) -> None:
    with pytest.raises(UserError, match="reads texts"):
        predicted(tiny_lstm, write(tmp_path, CSV))


def test_a_field_cannot_be_the_label(tmp_path: Path, model: Any) -> None:
    with pytest.raises(UserError, match="“hour” is a field"):
        predicted(model, write(tmp_path, CSV), labels=("hour",))


# Numbers


def test_regression_numbers_are_those_of_their_formulas() -> None:
    draw = np.random.default_rng(1)
    truth, said = draw.normal(3, 2, 200), draw.normal(3, 2, 200)
    found = regression_numbers(truth, said.astype(np.float64))
    assert found is not None
    residuals = [y - p for y, p in zip(truth.tolist(), said.tolist(), strict=True)]
    mean = sum(truth.tolist()) / 200
    assert found.mae == pytest.approx(sum(map(abs, residuals)) / 200)
    assert found.rmse == pytest.approx((sum(r * r for r in residuals) / 200) ** 0.5)
    assert found.r2 == pytest.approx(1 - sum(r * r for r in residuals) / sum((y - mean) ** 2 for y in truth.tolist()))
    assert found.bias == pytest.approx(sum(residuals) / 200)
    assert found.median == pytest.approx(sorted(map(abs, residuals))[99] / 2 + sorted(map(abs, residuals))[100] / 2)
    assert found.mae_of_mean == pytest.approx(sum(abs(y - mean) for y in truth.tolist()) / 200)
    counted = [sum(a <= r < b for r in residuals) for a, b in zip(found.edges[:-1], found.edges[1:], strict=True)]
    assert found.counts.tolist() == counted
    assert found.counts.sum() == 200
    assert 0.0 in found.edges.tolist()


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_residuals_of_any_size_have_their_bins(scale: float) -> None:
    truth = np.linspace(-1, 1, 50) * scale
    found = regression_numbers(truth, np.zeros(50))
    assert found is not None
    assert found.counts.sum() == 50
    assert 10 <= len(found.counts) <= 40
    assert found.counts[: len(found.counts) // 2].sum() == 25


def test_what_is_not_known_plays_no_part() -> None:
    found = regression_numbers(np.array([1.0, np.nan, 3.0, np.inf]), np.array([1.5, 1.0, np.nan, 1.0]))
    assert found is not None
    assert (found.n, found.mae, found.r2) == (1, 0.5, None)
    assert regression_numbers(np.array([np.nan]), np.array([1.0])) is None


def test_one_that_is_right_everywhere() -> None:
    found = regression_numbers(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    assert found is not None
    assert (found.mae, found.r2, found.counts.sum()) == (0.0, 1.0, 2)


def test_residuals_order_and_select_rows(tmp_path: Path, model: Any) -> None:
    result = predicted(model, write(tmp_path, CSV))
    expected = np.array([5, 4.5, np.nan, 9]) - result.logits[:, 0]
    np.testing.assert_allclose(result.residual, expected, rtol=1e-6)
    worst = select(result.data, result, Selection(order=(("absolute_error", True),)))
    assert worst.tolist() == [*sorted((0, 1, 3), key=lambda row: -abs(float(expected[row]))), 2]
    low = float(np.sort(expected[[0, 1, 3]])[1])
    chosen = select(result.data, result, Selection((ColumnFilter("residual", minimum=low),)))
    assert set(chosen.tolist()) == {row for row in (0, 1, 3) if expected[row] >= low}


def test_files_hold_what_regression_adds(tmp_path: Path, model: Any) -> None:
    import csv
    import io
    import json

    result = predicted(model, write(tmp_path, CSV))
    known = json.loads(dataset_to_json(result))
    assert known["regression"]["n"] == 3
    assert known["fields"][0] == {"name": "day", "column": "day"}
    rows = list(csv.DictReader(io.StringIO(dataset_to_csv(result).decode())))
    assert rows[0]["text"] == "day: mon, hour: 8, weight: 12.5, name: anna"
    assert float(rows[0]["residual"]) == pytest.approx(result.residual[0], rel=1e-5)
    assert float(rows[0]["absolute_error"]) == pytest.approx(abs(result.residual[0]), rel=1e-5)
    assert rows[2]["residual"] == ""
    assert errors_of(result) == sorted((0, 1, 3), key=lambda row: -abs(float(result.residual[row])))


# Why


def explained(model: Any, path: str, rows: tuple[int, ...]) -> Any:
    question = AttributionRequest(model.info.sha256, TextInput(""), baselines=("blank",))
    return run(explain_rows(Datasets(), model, ExplainRowsRequest(DataSource(path, fields=NAMES), rows, question)))


def test_rows_are_explained_as_by_themselves_and_taken_from_disk_the_same(tmp_path: Path, model: Any) -> None:
    path = write(tmp_path, CSV)
    for _ in range(2):
        found = explained(model, path, (0, 3))
        for each in found.explained:
            given = RecordInput(tuple(zip(NAMES, ROWS[each.row][:4], strict=True)))
            alone = run(explain(model, AttributionRequest(model.info.sha256, given, baselines=("blank",))))
            np.testing.assert_allclose(each.values, alone.values, rtol=1e-5, atol=1e-7)
            assert each.fields == alone.prediction.text.fields
            totals = {f"{sum_.field.name}={sum_.field.value}": sum_.total for sum_ in field_sums(alone)}
            assert dict(top_tokens(each, 9)) == pytest.approx(totals, rel=1e-4, abs=1e-6)
    assert found.cost.forward == 0


def test_fields_are_summed_up_over_rows(tmp_path: Path) -> None:
    """Of the planted model, whose characters are each worth what they are worth."""
    worth = write_planted(tmp_path / "planted")
    model = open_record_model(tmp_path / "planted")
    question = AttributionRequest(model.info.sha256, TextInput(""), baselines=("blank",), parameters=(("n_steps", 64),))
    source = DataSource(write(tmp_path, CSV), fields=NAMES)
    found = run(aggregate(Datasets(), model, AggregateRequest(source, (NamedRows("all", (0, 1)),), question)))
    (of,) = found.slices
    assert of.values.shape == (2, 14)
    assert of.spans[2].name == "weight"
    np.testing.assert_allclose(of.values[1], [worth[c] for c in "tue11   3bo   "], atol=1e-5)
    day = next(each for each in of.fields if each.name == "day")
    sums = [sum(worth[c] for c in "mon"), sum(worth[c] for c in "tue")]
    magnitudes = [sum(abs(worth[c]) for c in word) for word in ("mon", "tue")]
    assert day.mean == pytest.approx(np.mean(sums), abs=1e-5)
    assert day.magnitude == pytest.approx(np.mean(magnitudes), abs=1e-5)
    assert day.maximum == pytest.approx(max(magnitudes), abs=1e-5)
    (every,) = of.classes
    assert every.label == "the value"
    assert {word.word for word in (*every.raises, *every.lowers)} >= {"day=mon", "name=bo"}


def test_a_checkpoint_is_summed_up_as_the_model_was_then(tmp_path: Path, model: Any) -> None:
    question = AttributionRequest(model.info.sha256, TextInput(""), method="input_x_gradient")
    source = DataSource(write(tmp_path, CSV), fields=NAMES)
    asked = AggregateRequest(source, (NamedRows("all", (0,)),), question, checkpoint="epoch 0")
    found = run(aggregate(Datasets(), model, asked))
    then = model.at_checkpoint("epoch 0")
    given = RecordInput(tuple(zip(NAMES, ROWS[0][:4], strict=True)))
    alone = run(explain(then, AttributionRequest(then.info.sha256, given, method="input_x_gradient")))
    np.testing.assert_allclose(found.slices[0].values[0], alone.values, rtol=1e-5)
    with pytest.raises(UserError, match="no checkpoint “epoch 9”"):
        run(aggregate(Datasets(), model, AggregateRequest(source, (NamedRows("all", (0,)),), question, checkpoint="epoch 9")))


def test_rewriting_words_is_refused(tmp_path: Path, model: Any) -> None:
    source = DataSource(write(tmp_path, CSV), fields=NAMES)
    with pytest.raises(UserError, match="reads records"):
        run(consistency(Datasets(), model, ConsistencyRequest(model.info.sha256, source, (0,))))
