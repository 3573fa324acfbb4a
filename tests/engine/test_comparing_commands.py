"""``dataset --beside``, ``--checkpoints`` and ``--slices``: what they write is what the jobs found; the copied line runs."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from engine.command_line import beside_command, slices_command
from engine.comparisons import BesideResult, SlicesResult
from engine.errors import UserError
from engine.jobs import run
from engine.requests import (
    BesideRequest,
    DataSource,
    NamedRows,
    OpenModelRequest,
    OtherModel,
    PredictionsRequest,
    SlicesRequest,
)
from engine.workbench import Workbench
from tests.engine.datasets.tables import labelled
from tests.engine.models.training_runs import write_run
from tests.engine.test_dataset_command import answer, command, rows_of


@pytest.fixture
def table(tmp_path: Path) -> str:
    return labelled(tmp_path, 30)


def workbench_with(folder: Path, table: str) -> tuple[Workbench, PredictionsRequest]:
    workbench = Workbench()
    info = run(workbench.job_for(OpenModelRequest(str(folder)))).info
    return workbench, PredictionsRequest(info.sha256, DataSource(table))


def test_columns_of_a_second_model(bert_folder: Path, lstm_folder: Path, table: str, tmp_path: Path):
    out = tmp_path / "out.csv"
    assert command(bert_folder, table, "--beside", lstm_folder, "--out", out, "--quiet") == 0
    rows = rows_of(out)
    assert list(rows[0])[-3:] == ["beside_predicted", "beside_probability", "flip"]
    workbench, asked = workbench_with(bert_folder, table)
    found: BesideResult = run(workbench.job_for(BesideRequest(asked, OtherModel(str(lstm_folder)))))
    assert {row["flip"] for row in rows} >= {"", "fixed", "broken"}
    for at, row in enumerate(rows):
        assert row["beside_predicted"] == found.label(int(found.predicted[at]))
        assert float(row["beside_probability"]) == pytest.approx(found.probability[at], rel=1e-6)
        was, now = row["predicted"] == row["label"], row["beside_predicted"] == row["label"]
        same = row["predicted"] == row["beside_predicted"]
        wanted = "" if same else "fixed" if now else "broken" if was else "both wrong, differently"
        assert row["flip"] == wanted


def test_json_of_a_checkpoint_beside(tmp_path: Path, table: str, capsysbinary: pytest.CaptureFixture[bytes]):
    folder = write_run(tmp_path / "run")
    found: dict[str, Any] = answer(capsysbinary, folder, table, "--beside", "epoch 2", "--checkpoints", "--quiet")
    beside, over = found["beside"], found["checkpoints"]
    assert beside["checkpoint"] == "epoch 2"
    assert beside["accuracy"][0] == found["accuracy"]
    at = [each["name"] for each in over].index("epoch 2")
    assert beside["accuracy"][1] == pytest.approx(over[at]["accuracy"])
    assert beside["difference"] == pytest.approx((beside["fixed"] - beside["broken"]) / 30)
    assert 0 <= beside["p_value"] <= 1
    assert len(beside["flips"]) == beside["fixed"] + beside["broken"] + beside["both_wrong_differently"]
    assert [each["name"] for each in over] == ["epoch 0", "epoch 0.5", "epoch 2", "epoch 10", "final"]
    assert over[-1]["confusion"] == found["confusion"]
    right = sum(found["confusion"][i][i] for i in range(3))
    assert sum(len(each["learnt"]) for each in over) == right


def test_json_of_two_slices(bert_folder: Path, table: str, capsysbinary: pytest.CaptureFixture[bytes]):
    found = answer(capsysbinary, bert_folder, table, "--slices", "label=negative", "label=neutral", "--quiet")
    recalls = {each["label"]: each for each in found["per_class"]}
    accuracy = found["slices"]["measures"][0]
    assert accuracy["name"] == "accuracy"
    assert accuracy["first"] == pytest.approx(recalls["negative"]["recall"])
    assert accuracy["second"] == pytest.approx(recalls["neutral"]["recall"])
    assert [each["rows"] for each in found["slices"]["slices"]] == [recalls[name]["support"] for name in ("negative", "neutral")]
    assert found["slices"]["shared"] == 0


def test_a_slice_is_named_by_column_and_value(bert_folder: Path, table: str, capsys: pytest.CaptureFixture[str]):
    assert command(bert_folder, table, "--slices", "label", "label=neutral", "--quiet") == 2
    assert "COLUMN=VALUE" in capsys.readouterr().err
    assert command(bert_folder, table, "--beside", "nothing here", "--quiet") != 0
    assert "There is nothing at 'nothing here'" in capsys.readouterr().err


def test_the_copied_line_compares_the_same(
    bert_folder: Path, lstm_folder: Path, table: str, capsysbinary: pytest.CaptureFixture[bytes]
):
    workbench, asked = workbench_with(bert_folder, table)
    found: BesideResult = run(workbench.job_for(BesideRequest(asked, OtherModel(str(lstm_folder)))))
    words = shlex.split(beside_command(found))
    again = answer(capsysbinary, *words[words.index("dataset") + 1 :], "--quiet")
    assert again["beside"]["p_value"] == found.numbers.p_value
    assert (again["beside"]["fixed"], again["beside"]["broken"]) == (found.numbers.fixed, found.numbers.broken)
    assert tuple(again["beside"]["interval"]) == found.numbers.interval


def test_slices_of_errors_and_right_rows_fit_the_command_line(
    bert_folder: Path, table: str, capsysbinary: pytest.CaptureFixture[bytes]
):
    workbench, asked = workbench_with(bert_folder, table)
    said = run(workbench.job_for(asked))
    wrong, right = (tuple(row for row in range(30) if said.correct[row] == each) for each in (0, 1))
    slices = (NamedRows("Errors", wrong), NamedRows("Right", right))
    found: SlicesResult = run(workbench.job_for(SlicesRequest(asked, slices)))
    words = shlex.split(slices_command(found, said))
    again = answer(capsysbinary, *words[words.index("dataset") + 1 :], "--quiet")["slices"]
    assert [each["first"] for each in again["measures"]] == [each.first for each in found.measures]
    assert tuple(again["measures"][2]["interval"]) == found.measures[2].interval
    fewer = run(workbench.job_for(SlicesRequest(asked, (NamedRows("Errors", wrong[1:]), slices[1]))))
    with pytest.raises(UserError, match="fit none"):
        slices_command(fewer, said)
