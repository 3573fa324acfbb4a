"""``import`` and ``inspect`` of bare files of weights, to the letter."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engine.commands import main
from tests.engine.tiny_models import opened

WORDS = ["<pad>", "<unk>", "the", "film", "was", "not", "good", "bad", "."]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A classifier that says nothing of its labels."""
    torch.manual_seed(0)
    network = nn.ModuleDict({"embedding": nn.Embedding(9, 4), "lstm": nn.LSTM(4, 5), "fc": nn.Linear(5, 2)})
    torch.save({"model_state_dict": network.state_dict(), "vocab": WORDS}, tmp_path / "mine.pt")
    return tmp_path / "mine.pt"


@pytest.fixture
def command(capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[..., tuple[int, str, str]]:
    """Exit code, stdout, stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments], lambda *_: None)
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


TOLD = ("--tokeniser", "word", "--labels", "bad,good", "--readout", "last")
Command = Callable[..., tuple[int, str, str]]


def test_imported_it_opens_and_explains(command: Command, checkpoint: Path, tmp_path: Path):
    code, out, err = command("import", checkpoint, tmp_path / "made", *TOLD, "--text", "The film was not terrible.")
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    assert found["tensors"][0] == {"name": "embedding.weight", "shape": [9, 4], "taken_for": "embedding"}
    assert found["folder"] == str(tmp_path / "made")
    assert found["trial"]["coverage"] == 5 / 6
    assert found["trial"]["unknown"] == ["terrible"]
    assert any(words.startswith("Lower case: yes") for words in found["assumed"])
    assert "embedding.weight    9 × 4  embedding" in err
    assert "the vocabulary has 83 %; it has not 'terrible'" in err
    assert opened(tmp_path / "made").info.labels == ("bad", "good")
    assert command("explain", tmp_path / "made", "--text", "not bad")[0] == 0


def test_quiet_says_nothing_beside_the_answer(command: Command, checkpoint: Path, tmp_path: Path):
    code, out, err = command("import", checkpoint, tmp_path / "made", *TOLD, "--quiet", "--out", tmp_path / "said.json")
    assert (code, out, err) == (0, "", "")
    assert json.loads((tmp_path / "said.json").read_text())["architecture"] == "LSTM 1 × 5"


@pytest.mark.parametrize("option", ["--tokeniser", "--labels", "--readout"])
def test_what_is_not_known_and_not_told_is_named(option: str, command: Command, checkpoint: Path, tmp_path: Path):
    at = TOLD.index(option)
    code, out, err = command("import", checkpoint, tmp_path / "made", *TOLD[:at], *TOLD[at + 2 :])
    assert (code, out) == (2, "")
    assert option in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "made").exists()


def test_lower_case_can_be_told_either_way(command: Command, checkpoint: Path, tmp_path: Path):
    for option, expected in (("--lowercase", True), ("--no-lowercase", False)):
        assert command("import", checkpoint, tmp_path / option, *TOLD, option)[0] == 0
        assert json.loads((tmp_path / option / "model.json").read_text())["lowercase"] is expected


@pytest.mark.parametrize(
    "arguments", [("import",), ("import", "x.pt"), ("import", "x.pt", ""), ("import", "x.pt", "d", "--out", "d.csv")]
)
def test_arguments_that_do_not_do(arguments: tuple[str, ...], command: Command):
    code, out, err = command(*arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_inspect_tells_what_can_be_known(command: Command, checkpoint: Path):
    code, out, _ = command("inspect", checkpoint)
    found = json.loads(out)
    assert (code, found["format"], found["task"], found["labels"]) == (0, "recurrent_checkpoint", "text_classification", [])
    assert found["recurrent"] == [{"name": "rnn", "kind": "lstm", "layers": 1, "hidden_size": 5, "directions": 1}]
    assert (found["can"], found["tokenizer"], found["attention"]) == ([], None, None)
    assert len(found["sha256"]) == 64


def test_inspect_refuses_what_is_no_recurrent_network(command: Command, tmp_path: Path):
    torch.save(nn.Linear(2, 3).state_dict(), tmp_path / "linear.pt")
    code, out, err = command("inspect", tmp_path / "linear.pt")
    assert (code, out) == (2, "")
    assert "no LSTM, GRU or RNN" in err


def test_other_commands_name_the_import(command: Command, checkpoint: Path):
    code, out, err = command("explain", checkpoint, "--text", "x")
    assert (code, out) == (2, "")
    assert "main.py import mine.pt DIR" in err


def test_weights_named_like_a_folders_own_are_bare_without_one(command: Command, checkpoint: Path, tmp_path: Path):
    alone = checkpoint.rename(tmp_path / "pytorch_model.bin")
    assert json.loads(command("inspect", alone)[1])["format"] == "recurrent_checkpoint"
