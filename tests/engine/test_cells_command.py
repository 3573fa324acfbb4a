"""``cells`` on the command line, as contract.md has it."""

import io
import json
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from engine.commands import main
from tests.engine.tiny_models import write_language_model, write_recurrent

TEXT = "Not once does it a b"


def no_picture(*_: object) -> NoReturn:
    raise AssertionError("a picture was drawn that nobody asked for")


def cells(*arguments: object) -> int:
    return main(["cells", *map(str, arguments)], no_picture)


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]):
    """The one line of a command that is refused."""

    def run(*arguments: object) -> str:
        assert cells(*arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert len(err.splitlines()) == 1
        return err

    return run


def test_arrays_of_every_quantity(lstm_folder: Path, tmp_path: Path):
    assert cells(lstm_folder, "--text", TEXT, "--out", tmp_path / "c.npz") == 0
    with np.load(tmp_path / "c.npz", allow_pickle=False) as found:
        quantities = {"hidden_state", "cell_state", "input_gate", "forget_gate", "candidate", "output_gate"}
        assert set(found) == quantities | {"hidden_sizes", "cell_sizes", "token_ids", "start", "end", "meta"}
        assert {found[name].shape for name in quantities} == {(6, 1, 5)}
        assert json.loads(bytes(found["meta"]))["input"]["text"] == TEXT


@pytest.mark.parametrize(
    ("architecture", "quantities"),
    [("gru", {"hidden_state", "reset_gate", "update_gate", "candidate"}), ("rnn", {"hidden_state"})],
)
def test_other_kinds_have_other_quantities(architecture: str, quantities: set[str], tmp_path: Path):
    folder = write_recurrent(tmp_path / "model", architecture=architecture, bidirectional=True)
    assert cells(folder, "--text", TEXT, "--out", tmp_path / "c.npz") == 0
    with np.load(tmp_path / "c.npz") as found:
        assert {name for name in found if found[name].ndim == 4} == quantities
        assert {found[name].shape for name in quantities} == {(6, 1, 2, 5)}


def test_without_a_file_json_of_what_was_chosen(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]):
    folder = write_language_model(tmp_path / "model", layers=2)
    text = tmp_path / "text"
    text.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    chosen = ("--unit", "1:3", "--unit", "0:0:0", "--unit", "1:3", "--gate", "forget_gate", "--gate", "cell_state")
    assert cells(folder, "--text-file", text, *chosen) == 0
    out, err = capsysbinary.readouterr()
    found = json.loads(out)
    assert err == b""
    assert found["input"]["text"] == TEXT
    assert [list(unit) for unit in found["units"]] == [["layer", "index", "direction", "cell_state", "forget_gate"]] * 2
    assert [(unit["layer"], unit["index"]) for unit in found["units"]] == [(1, 3), (0, 0)]
    assert {len(unit["forget_gate"]) for unit in found["units"]} == {6}


def test_a_table(lstm_folder: Path, tmp_path: Path):
    assert cells(lstm_folder, "--text", TEXT, "--unit", "0:2", "--out", tmp_path / "c.csv") == 0
    header, *rows = (tmp_path / "c.csv").read_text().splitlines()
    assert header.startswith("index,text,piece,id,start,end,hidden_state 0:2,cell_state 0:2")
    assert len(rows) == 6


def test_what_is_not_there_is_refused(refused, lstm_folder: Path, bert_folder: Path, tmp_path: Path):
    asked = (lstm_folder, "--text", TEXT)
    assert "there is no 5" in refused(*asked, "--unit", "0:5")
    assert "layers 0 to 0" in refused(*asked, "--unit", "1:0")
    assert "reads forwards only" in refused(*asked, "--unit", "0:1:1")
    assert "LAYER:INDEX" in refused(*asked, "--unit", "0,1")
    assert "there is no “gate”" in refused(*asked, "--gate", "gate")
    assert "no recurrent layers" in refused(bert_folder, "--text", TEXT)
    assert "suffix must be" in refused(*asked, "--out", tmp_path / "c.png")
    assert "no text yet" in refused(lstm_folder, "--text", " ")
    assert "required" in refused(lstm_folder)
    assert not list(tmp_path.glob("c.*"))


def test_what_was_cut_is_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = write_recurrent(tmp_path / "model", maximum_tokens=3)
    for quiet, notes in ((["--quiet"], 0), ([], 1)):
        assert cells(folder, "--text", TEXT, "--out", tmp_path / "c.npz", *quiet) == 0
        assert len(capsys.readouterr().err.splitlines()) == notes
    with np.load(io.BytesIO((tmp_path / "c.npz").read_bytes())) as found:
        assert len(found["token_ids"]) == 3
