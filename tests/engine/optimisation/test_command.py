"""``optimise``: its keys, its table, what it refuses, and the line that gives the same again."""

import csv
import io
import json
import shlex
from pathlib import Path
from typing import Any, NoReturn

import pytest

from engine.command_line import optimisation_command, program
from engine.commands import main
from engine.export.csv_file import unguarded
from engine.jobs import run
from engine.optimisation.text import optimise_text
from engine.requests import OptimisationRequest, Target, TextInput
from tests.engine import tiny_models


def no_picture(*_: object) -> NoReturn:
    raise AssertionError("a picture was drawn that nobody asked for")


def answer(capsysbinary: pytest.CaptureFixture[bytes], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words], no_picture)
    out, err = capsysbinary.readouterr()
    return code, out.decode(), err.decode()


def test_json(capsysbinary: pytest.CaptureFixture[bytes], bert_folder: Path):
    words = ("--target", "positive", "--tokens", 3, "--steps", 6, "--seed", 2, "--set", "pull=0.5", "--quiet")
    code, out, err = answer(capsysbinary, "optimise", bert_folder, *words)
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    assert set(found) == {
        *("schema", "version", "model", "target", "unit", "settings", "start", "best", "positions", "curve", "text_curve"),
        *("cost", "warnings"),
    }
    assert found["target"] == {"label": "positive", "index": 2, "versus": None, "score": "logit", "position": None}
    assert found["settings"] == {
        "mode": "embeddings",
        "steps": 6,
        "learning_rate": 1.0,
        "pull": 0.5,
        "seed": 2,
        "tokens": 3,
    }
    assert len(found["curve"]["score"]) == 7
    assert found["text_curve"]["step"] == list(range(7))
    assert [column["position"] for column in found["positions"]] == [1, 2, 3]
    assert all(len(column["near"]) == 5 for column in found["positions"])
    assert found["best"]["score"] == max(found["text_curve"]["score"])
    assert found["cost"]["backward"] == 6


def test_a_table_of_the_way(capsysbinary: pytest.CaptureFixture[bytes], bert_folder: Path, tmp_path: Path):
    out = tmp_path / "way.csv"
    words = ("--target", "positive", "--start", "it does come close.", "--steps", 120, "--out", out, "--quiet")
    assert answer(capsysbinary, "optimise", bert_folder, *words) == (0, "", "")
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8"), newline="")))
    assert [row["step"] for row in rows] == [str(step) for step in range(121)]
    assert rows[0]["score"] == rows[0]["text_score"]
    assert rows[1]["text_score"] == ""
    assert unguarded(rows[0]["text"]) == "it does come close ."


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "speed=3"), "There is no setting speed"),
        (("--set", "pull=much"), "pull is a number"),
        (("--tokens", "0"), "tokens must lie between"),
        (("--target", "splendid"), "no class"),
        (("--out", "way.npz"), "suffix must be .json or .csv"),
    ],
)
def test_what_is_refused(capsysbinary: pytest.CaptureFixture[bytes], bert_folder: Path, words: tuple[str, ...], said: str):
    code, out, err = answer(capsysbinary, "optimise", bert_folder, *words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err


@pytest.mark.parametrize("start", [None, TextInput("it does come close.")])
def test_the_copied_line_finds_the_same_text(
    capsysbinary: pytest.CaptureFixture[bytes], bert_folder: Path, start: TextInput | None
):
    model = tiny_models.opened(bert_folder)
    target = Target("positive", versus="negative")
    request = OptimisationRequest(model.info.sha256, target, "tokens", 4, start, 5, pull=0.3, seed=7)
    result = run(optimise_text(model, request))
    words = shlex.split(optimisation_command(result))[len(program()) :]
    code, out, _ = answer(capsysbinary, *words)
    assert code == 0
    assert json.loads(out)["best"]["ids"] == list(result.best.ids)
    assert json.loads(out)["settings"]["pull"] == 0.3
