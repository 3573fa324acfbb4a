"""``over-training`` on the command line, its files, and the line that asks for it again."""

import csv
import io
import json
import shlex
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from engine.attribution.over_training import over_training
from engine.command_line import over_training_command, program
from engine.commands import main
from engine.export.csv_file import unguarded
from engine.export.over_training_files import COLUMNS, to_csv, to_json
from engine.jobs import run
from engine.models.recurrent import save
from engine.over_training import OverTrainingResult
from engine.requests import AttributionRequest, OverTrainingRequest, Target, TextInput
from tests.engine.models.training_runs import write_run
from tests.engine.tiny_models import VOCABULARY, opened, recurrent_spec, recurrent_weights

TEXT = "Not once does it come close"
NAMES = ["epoch 0", "epoch 0.5", "epoch 2", "epoch 10", "final"]


def no_picture(*_: object) -> NoReturn:
    raise AssertionError("a picture was drawn that nobody asked for")


def command(*arguments: object) -> int:
    return main(["over-training", *map(str, arguments)], no_picture)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("run"))


def result_of(folder: Path, text: str = TEXT, **question: object) -> OverTrainingResult:
    model = opened(folder)
    asked = AttributionRequest(model.info.sha256, TextInput(text), **question)  # type: ignore[arg-type]
    return run(over_training(model, OverTrainingRequest(asked)))


def test_every_number_as_json(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert command(folder, "--text", TEXT, "--target", "neutral", "--versus", "positive", "--quiet") == 0
    read = json.loads(capsys.readouterr().out)
    result = result_of(folder, target=Target("neutral", versus="positive"))
    assert [each["name"] for each in read["checkpoints"]] == NAMES
    np.testing.assert_array_equal(np.array([c["values"] for c in read["checkpoints"]], np.float32), result.values)
    np.testing.assert_array_equal([c["probabilities"] for c in read["checkpoints"]], result.probabilities)
    assert [c["sha256"] for c in read["checkpoints"]] == [row.model.sha256 for row in result.maps]
    assert len({c["sha256"] for c in read["checkpoints"]}) == 5
    assert (read["target"]["label"], read["target"]["versus"], read["unit"]) == ("neutral", "positive", "logit")
    assert [each["label"] for each in read["tracked"]] == ["negative", "neutral", "positive"]
    assert len(read["input"]["tokens"]) == 6
    assert read["method"]["id"] == "integrated_gradients"


def test_arrays_and_a_table_hold_the_same(folder: Path, tmp_path: Path):
    for name in ("o.npz", "o.csv"):
        assert command(folder, "--text", TEXT, "--method", "saliency", "--quiet", "--out", tmp_path / name) == 0
    result = result_of(folder, method="saliency")
    with np.load(tmp_path / "o.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["values"], result.values)
        np.testing.assert_array_equal(arrays["logits"], result.logits)
        np.testing.assert_array_equal(arrays["probabilities"], result.probabilities)
        meta = json.loads(bytes(arrays["meta"]))
    assert [each["name"] for each in meta["checkpoints"]] == NAMES
    rows = list(csv.DictReader(io.StringIO((tmp_path / "o.csv").read_bytes().decode())))
    assert tuple(rows[0]) == COLUMNS
    np.testing.assert_array_equal(np.array([r["value"] for r in rows], np.float32).reshape(5, 6), result.values)
    assert [row["checkpoint"] for row in rows[::6]] == NAMES
    assert [row["predicted"] for row in rows[::6]] == [each.prediction.predicted.label for each in result.maps]


def test_names_that_a_spreadsheet_would_run_are_dead(tmp_path: Path):
    spec = recurrent_spec()
    weights = recurrent_weights(spec)
    save(tmp_path, spec, weights, VOCABULARY, checkpoints={"=1+1": weights})
    rows = list(csv.DictReader(io.StringIO(to_csv(result_of(tmp_path)).decode())))
    assert rows[0]["checkpoint"] == "'=1+1"
    assert unguarded(rows[0]["checkpoint"]) == "=1+1"


def test_a_regression_is_written_too(tmp_path: Path):
    result = result_of(write_run(tmp_path, ("a",), recurrent_spec(head=(1,), labels=(), problem_type="regression")))
    assert json.loads(to_json(result))["checkpoints"][0]["probabilities"] is None
    rows = list(csv.DictReader(io.StringIO(to_csv(result).decode())))
    assert float(rows[0]["predicted"]) == pytest.approx(result.logits[0, 0], rel=1e-6)
    assert rows[0]["probability"] == ""


def test_single_checkpoints_and_what_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], lstm_folder: Path):
    assert command(folder, "--text", TEXT, "--checkpoint", "final", "--checkpoint", "epoch 2", "--quiet") == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)["checkpoints"]] == ["epoch 2", "final"]
    for arguments, words in (
        ((folder, "--text", TEXT, "--checkpoint", "epoch 3"), "no checkpoint “epoch 3”; it has epoch 0"),
        ((lstm_folder, "--text", TEXT), "only one checkpoint"),
        ((folder, "--text", TEXT, "--out", "o.png"), "suffix must be .json or .csv or .npz"),
        ((folder,), "--text"),
    ):
        assert command(*arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert words in err
        assert len(err.splitlines()) == 1


def test_what_was_left_out_is_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_run(tmp_path)
    (tmp_path / "checkpoints" / "epoch-2.safetensors").write_bytes(b"")
    assert command(tmp_path, "--text", TEXT) == 0
    out, err = capsys.readouterr()
    assert "Note: epoch 2 is left out: epoch-2.safetensors is not a safetensors file" in err
    assert len(json.loads(out)["checkpoints"]) == 4


def test_inspect_names_the_checkpoints(folder: Path, lstm_folder: Path, capsys: pytest.CaptureFixture[str]):
    for place, names in ((folder, NAMES), (lstm_folder, [])):
        assert main(["inspect", str(place)], no_picture) == 0
        assert json.loads(capsys.readouterr().out).get("checkpoints", []) == names


def test_the_copied_line_gives_the_same_numbers(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    model = opened(folder)
    question = AttributionRequest(
        model.info.sha256,
        TextInput(TEXT),
        Target("true", "neutral", "negative", "probability"),
        "smoothgrad",
        ("pad",),
        seed=4,
        parameters=(("n_samples", 5),),
    )
    result = run(over_training(model, OverTrainingRequest(question, ("epoch 2", "final"))))
    words = shlex.split(over_training_command(result, tmp_path))
    assert words[: len(program())] == program()
    assert main([*words[len(program()) :], "--quiet"], no_picture) == 0
    read = json.loads(capsys.readouterr().out)
    np.testing.assert_array_equal(np.array([c["values"] for c in read["checkpoints"]], np.float32), result.values)
    assert [c["name"] for c in read["checkpoints"]] == ["epoch 2", "final"]
