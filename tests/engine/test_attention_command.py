"""``attention`` on the command line: NPZ and JSON to the letter of the contract."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.commands import main
from tests.engine import tiny_images, tiny_models


def no_picture(*_: object) -> None:
    raise AssertionError("a picture was drawn")


@pytest.fixture(scope="module")
def gpt2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.write(tmp_path_factory.mktemp("gpt2"), "gpt2", head="CausalLM", tokenizer="byte_bpe")


def written(*arguments: object, out: Path) -> dict[str, Any]:
    assert main(["attention", *map(str, arguments), "--out", str(out), "--quiet"], no_picture) == 0
    with np.load(out, allow_pickle=False) as file:
        return {name: file[name] for name in file}


def test_patterns_of_every_head(bert_folder: Path, tmp_path: Path):
    file = written(bert_folder, "--text", "it ends", out=tmp_path / "a.npz")
    meta = json.loads(bytes(file["meta"]))
    assert file["patterns"].shape == (2, 2, 4, 4)
    np.testing.assert_allclose(file["patterns"].sum(-1), 1, atol=1e-5)
    assert meta["tokens"] == ["[CLS]", "it", "ends", "[SEP]"]
    assert set(file) == {"patterns", "meta"}
    one = written(bert_folder, "--text", "it ends", "--layer", 1, "--head", 0, out=tmp_path / "b.npz")
    np.testing.assert_array_equal(one["patterns"], file["patterns"][1:, :1])


def test_a_generation_with_a_forced_token(gpt2_folder: Path, tmp_path: Path):
    arguments = (gpt2_folder, "--text", "it ends", "--generate", 3, "--force", "1= a", "--alternatives", 2)
    file = written(*arguments, out=tmp_path / "g.npz")
    meta = json.loads(bytes(file["meta"]))
    prompt = meta["prompt_tokens"]
    assert file["generated_patterns"].shape == (3, 2, 2, prompt + 2)
    for step in range(3):
        row = file["generated_patterns"][step]
        np.testing.assert_array_equal(row[..., : prompt + step], file["patterns"][:, :, prompt - 1 + step, : prompt + step])
        assert np.isnan(row[..., prompt + step :]).all()
    assert len(meta["tokens"]) == prompt + 3
    assert meta["tokens"][prompt + 1] == " a"
    assert [step["forced"] for step in meta["generated"]] == [False, True, False]
    assert [len(step) for step in meta["alternatives"]] == [2, 2, 2]


def test_json_has_the_same_names(gpt2_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = written(gpt2_folder, "--text", "it ends", "--generate", 2, out=tmp_path / "g.npz")
    assert main(["attention", str(gpt2_folder), "--text", "it ends", "--generate", "2"], no_picture) == 0
    said = json.loads(capsys.readouterr().out)
    for name in ("patterns", "generated_patterns"):
        np.testing.assert_array_equal(np.array(said[name], dtype=np.float32), file[name])
    assert said["warnings"] == []


def test_an_encoder_decoder_has_three(tmp_path: Path):
    folder = tiny_models.write(tmp_path / "t5", "t5", head="Seq2SeqLM", eos_token_id=None)
    file = written(
        folder, "--text", "it ends", "--decoder-text", "it", "--generate", 2, "--force", "0=index:40", out=tmp_path / "t.npz"
    )
    assert set(file) == {"encoder_patterns", "decoder_patterns", "cross_patterns", "generated_patterns", "meta"}
    queries = file["decoder_patterns"].shape[2]
    assert file["cross_patterns"].shape == (2, 2, queries, file["encoder_patterns"].shape[2])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--text", "it", "--force", "x"], "STEP=TOKEN"),
        (["--text", "it", "--generate", "2", "--force", "5=a"], "the steps are 0 to 1"),
        (["--text", "it", "--generate", "2", "--force", "0=zzzz"], "tokens to this model"),
        (["--text", "it", "--generate", "2", "--top-p", "0.5"], "give a --temperature too"),
        (["--text", "it", "--layer", "9"], "no layer 9"),
        (["--text", "it", "--head", "9"], "no head 9"),
        (["--text", "it", "--out", "a.svg"], "suffix must be"),
        (["--text", " "], "no text yet"),
        (["--text", "it", "--text-pair", "b", "--generate", "1"], "not a pair"),
    ],
)
def test_what_is_refused_takes_one_line(arguments: list[str], words: str, gpt2_folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["attention", str(gpt2_folder), *arguments], no_picture) == 2
    err = capsys.readouterr().err
    assert words in err
    assert len(err.splitlines()) == 1


def test_a_recurrent_model_says_what_it_has(lstm_folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["attention", str(lstm_folder), "--text", "Not once"], no_picture) == 2
    assert "look at its cells" in capsys.readouterr().err


def test_more_than_memory_holds_is_refused(
    bert_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("engine.attention.file.available_memory", lambda _device: 500)
    assert main(["attention", str(bert_folder), "--text", "it ends"], no_picture) == 2
    assert "choose a layer and a head" in capsys.readouterr().err
    assert main(["attention", str(bert_folder), "--text", "it ends", "--layer", "0", "--head", "0"], no_picture) == 0


def test_of_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder, picture = tiny_images.write(tmp_path / "deit", "deit"), tiny_images.picture(tmp_path)
    file = written(folder, "--image", picture.path, out=tmp_path / "a.npz")
    meta = json.loads(bytes(file["meta"]))
    assert file["patterns"].shape == (2, 2, 18, 18)
    np.testing.assert_allclose(file["patterns"].sum(-1), 1, atol=1e-5)
    assert meta["tokens"] == ["[CLS]", "[DIST]", *(f"r{row} c{column}" for row in range(4) for column in range(4))]
    assert meta["grid"] == {"rows": 4, "columns": 4, "first": 2, "crop": [0.0, 0.0, 48.0, 40.0]}
    assert meta["input"]["sha256"] == picture.sha256
    assert main(["attention", str(folder), "--image", picture.path, "--layer", "1", "--head", "0"], no_picture) == 0
    said = json.loads(capsys.readouterr().out)
    np.testing.assert_array_equal(np.array(said["patterns"], dtype=np.float32), file["patterns"][1:, :1])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--text-pair", "so"), "no second text"),
        (("--generate", "2"), "not gone on with"),
        (("--layer", "7"), "layers are 0 to 1"),
        (("--text", "so"), "not allowed with"),
    ],
)
def test_what_does_not_go_with_a_picture(more: tuple[str, str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder, picture = tiny_images.write(tmp_path / "vit", "vit"), tiny_images.picture(tmp_path)
    assert main(["attention", str(folder), "--image", picture.path, *more], no_picture) == 2
    assert words in capsys.readouterr().err
