"""``tfidf`` on the command line, and the line that the window copies."""

import csv
import json
import shlex
from pathlib import Path

import pytest

from engine.command_line import tfidf_command
from engine.commands import main
from engine.requests import AttentionRequest, Generation, TextInput, TfidfRequest
from tests.engine import tiny_models
from tests.gui import made_attention

REVIEWS = Path(__file__).resolve().parents[2] / "resources" / "samples" / "datasets" / "reviews.csv"


def no_picture(*_: object) -> None:
    raise AssertionError("a picture was drawn")


@pytest.fixture(scope="module")
def gpt2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.write(tmp_path_factory.mktemp("gpt2"), "gpt2", head="CausalLM", tokenizer="byte_bpe")


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, object]:
    assert main(["tfidf", *map(str, arguments)], no_picture) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_words_of_a_text_and_of_what_is_written(gpt2_folder: Path, capsys: pytest.CaptureFixture[str]):
    asked = (gpt2_folder, "--text", "the film is not good", "--corpus", REVIEWS)
    plain = said(capsys, *asked)
    assert (plain["n"], plain["documents"], plain["document_kinds"]) == (5, 518, ["rows"])
    assert (plain["layer"], plain["head"], plain["generated_tokens"]) == (0, "mean", 0)
    one = said(capsys, *asked, "--layer", 1, "--head", 1, "--generate", 4)
    assert (one["layer"], one["head"], one["generated_tokens"]) == (1, 1, 4)
    assert str(one["text"]).startswith("the film is not good")


def test_a_table_and_a_picture(bert_folder: Path, tmp_path: Path):
    asked = ["tfidf", str(bert_folder), "--text", "it ends", "--corpus", str(REVIEWS), "--quiet", "--out"]
    assert main([*asked, str(tmp_path / "a.csv")], no_picture) == 0
    assert [row["word"] for row in csv.DictReader((tmp_path / "a.csv").open(encoding="utf-8"))] == ["it", "ends"]
    assert main([*asked, str(tmp_path / "a.svg")], no_picture) == 0
    assert (tmp_path / "a.svg").read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--corpus", "nowhere.txt"], "There is no file or folder nowhere.txt"),
        (["--corpus", str(REVIEWS), "--head", "first"], "--head takes a number from 0 on, mean or maximum, not 'first'."),
        (["--corpus", str(REVIEWS), "--head", "7"], "The heads are 0 to 1; there is no head 7."),
        (["--corpus", str(REVIEWS), "--text-column", "no"], "has no column “no”"),
        (["--corpus", str(REVIEWS), "--out", "a.png"], "the suffix must be .json or .csv or .svg"),
        ([], "required: --corpus"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], words: str, bert_folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["tfidf", str(bert_folder), "--text", "it ends", *arguments], no_picture) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert len(captured.err.strip().splitlines()) == 1


def test_a_model_without_attention(capsys: pytest.CaptureFixture[str]):
    sample = REVIEWS.parents[1] / "news-bilstm"
    assert main(["tfidf", str(sample), "--text", "it ends", "--corpus", str(REVIEWS)], no_picture) == 2
    assert "no attention layers; it has recurrent ones" in capsys.readouterr().err


def test_the_copied_line_asks_the_same(tmp_path: Path):
    attention = AttentionRequest("ab" * 32, TextInput("it ends"), Generation(tokens=3), "er endet")
    request = TfidfRequest(attention, ("/a b.csv", "/c"), 2, "maximum", "said", "decoder", True)
    document = made_attention.made.document("it ends")
    result = made_attention.tfidf(request, made_attention.attention(attention, document))
    words = shlex.split(tfidf_command(result, tmp_path))
    words = words[words.index("tfidf") + 2 :]
    assert words == [
        *("--text", "it ends", "--decoder-text", "er endet", "--corpus", "/a b.csv", "--corpus", "/c", "--text-column", "said"),
        *("--layer", "2", "--head", "maximum", "--stack", "decoder", "--without-sinks"),
        *("--generate", "3", "--alternatives", str(Generation().alternatives), "--device", "cpu"),
    ]
