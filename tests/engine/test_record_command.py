"""Records on the command line: read, refused in one line, written to every kind of file, and copied back."""

import csv
import io
import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.attribution.explain import explain
from engine.command_line import command_for, program
from engine.commands import main
from engine.commands.record import record_of
from engine.errors import UserError
from engine.export.csv_file import to_csv
from engine.export.html_file import to_html
from engine.export.json_file import attribution_as_dict
from engine.export.npz_file import to_npz
from engine.export.svg_file import to_svg
from engine.findings import from_json, pinned, to_json
from engine.jobs import run
from engine.requests import AttributionRequest, RecordInput
from tests.engine.record_models import FIELDS, RECORD, TEXT, open_record_model, write_record_model

JSON = '{"day": "mon", "hour": 8, "weight": 12.5, "name": "anna"}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_record_model(tmp_path / "model", checkpoints=2)


def explained(folder: Path, **how: Any) -> Any:
    model = open_record_model(folder)
    return run(explain(model, AttributionRequest(model.info.sha256, RECORD, method="input_x_gradient", **how)))


def test_a_json_object_is_a_record_with_its_digits_as_written() -> None:
    assert record_of(JSON) == RECORD
    assert record_of('{"weight": 1.50, "day": null, "flag": true}').fields == (("weight", "1.50"), ("day", ""), ("flag", "true"))


@pytest.mark.parametrize(
    "wrong", ["[1]", "1", '"a"', "{", '{"a": [1]}', '{"a": {"b": 1}}', '{"a": NaN}', "", '{"a": Infinity}', "[" * 5000]
)
def test_what_is_no_object_of_values_is_refused_in_a_sentence(wrong: str) -> None:
    with pytest.raises(UserError, match="--record"):
        record_of(wrong)


def test_explain_answers_with_characters_and_fields(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["explain", str(folder), "--record", JSON, "--method", "input_x_gradient"], lambda *_: None)
    known = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (known["input"]["kind"], known["input"]["text"]) == ("record", TEXT)
    assert [each["name"] for each in known["attribution"]["fields"]] == [field.name for field in FIELDS]
    values = known["attribution"]["values"]
    for each, of in zip(known["input"]["fields"], known["attribution"]["fields"], strict=True):
        assert of["value"] == pytest.approx(sum(values[each["start"] : each["end"]]), abs=1e-6)
    assert known["prediction"][0]["label"] is None
    assert known["model"]["task"] == "record_regression"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--record", '{"colour": 1}'], "colour"),
        (["--record", '{"day": "monday"}', "--strict"], "--strict"),
        (["--record", "{}"], "no record"),
        (["--text", "mon"], "reads records"),
        (["--record", JSON, "--grain", "word"], "no grain"),
        (["--record", JSON, "--baseline", "pad"], "zero, blank, mean"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["explain", str(folder), *words], lambda *_: None) == 2
    written = capsys.readouterr().err.strip()
    assert said in written
    assert "\n" not in written.split("Note:")[0].strip()


def test_what_had_to_be_done_is_noted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["explain", str(folder), "--record", '{"day": "monday"}', "--method", "saliency"], lambda *_: None)
    assert code == 0
    err = capsys.readouterr().err
    assert "“monday” was cut to “mon”" in err
    assert "hour, weight, name" in err


def test_other_commands_read_records_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["over-training", "--method", "saliency"], ["gradient-flow"], ["cells"]):
        assert main([words[0], str(folder), "--record", JSON, *words[1:]], lambda *_: None) == 0
        assert json.loads(capsys.readouterr().out)["input"]["text"] == TEXT


def test_the_copied_line_asks_the_same(folder: Path, tmp_path: Path) -> None:
    for given in (RECORD, RecordInput((("name", "a\u0007'"), ("day", "-x")))):
        model = open_record_model(folder)
        found = run(explain(model, AttributionRequest(model.info.sha256, given, method="saliency")))
        words = shlex.split(command_for(found, tmp_path))[len(program()) :]
        assert record_of(words[words.index("--record") + 1]) == given


def test_files_of_every_kind_hold_the_fields(folder: Path) -> None:
    found = explained(folder)
    rows = list(csv.DictReader(io.StringIO(to_csv(found).decode())))
    assert [row["field"] for row in rows] == ["day"] * 3 + ["hour"] * 2 + ["weight"] * 4 + ["name"] * 5
    page = to_html(found).decode()
    assert "By field" in page
    assert "weight" in page
    assert b"<svg" in to_svg(found)
    meta = json.loads(bytes(np.load(io.BytesIO(to_npz(found)))["meta"]))
    assert meta["attribution"]["fields"] == attribution_as_dict(found)["attribution"]["fields"]


def test_a_finding_of_a_record_comes_back_whole(folder: Path) -> None:
    finding = pinned(explained(folder))
    (back,) = from_json(to_json([finding])).findings
    assert back.result.request == finding.result.request  # type: ignore[union-attr]
    assert back.result.prediction.text == finding.result.prediction.text  # type: ignore[union-attr]
