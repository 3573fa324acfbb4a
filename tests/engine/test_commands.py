"""The command line: keys, exit codes and one plain line, as contract.md has them."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from engine import VERSION, atomic_file
from engine.attribution.registry import METHODS
from engine.attribution.score import Score
from engine.commands import main
from engine.results import AttributionResult
from tests.engine.tiny_models import TEXT, VOCABULARY, write, write_language_model

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        def refuse(constant: str) -> NoReturn:
            raise AssertionError(f"{constant} in JSON")

        return json.loads(self.out, parse_constant=refuse)


Command = Callable[..., Answer]


def no_picture(_result: AttributionResult, _path: Path) -> NoReturn:
    raise AssertionError("a picture was drawn that nobody asked for")


@pytest.fixture
def command(capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Run a command in this process."""

    def run(*arguments: object, draw: Callable[[AttributionResult, Path], None] = no_picture) -> Answer:
        code = main([str(a) for a in arguments], draw)
        out, err = capsysbinary.readouterr()
        return Answer(code, out.decode(), err.decode())

    return run


@pytest.fixture
def refused(command: Command) -> Callable[..., str]:
    """The one line of a command that is refused."""

    def run(*arguments: object) -> str:
        answer = command(*arguments)
        assert (answer.code, answer.out) == (2, "")
        assert len(answer.err.splitlines()) == 1
        assert "Traceback" not in answer.err
        return answer.err

    return run


def test_inspect(command: Command, bert_folder: Path):
    answer = command("inspect", bert_folder)
    assert (answer.code, answer.err) == (0, "")
    found = answer.json
    assert set(found) == {
        *("path", "format", "task", "labels", "parameters", "dtype_on_disk", "bytes", "forecast_bytes", "tokenizer"),
        *("layers", "recurrent", "attention", "can", "warnings", "sha256"),
    }
    assert (found["format"], found["task"]) == ("huggingface", "text_classification")
    assert found["labels"] == ["negative", "neutral", "positive"]
    assert found["attention"] == {"layers": 2, "heads": 2}
    assert found["can"] == ["attribution", "attention"]
    assert found["forecast_bytes"] == 4 * found["parameters"]
    assert found["bytes"] == (bert_folder / "model.safetensors").stat().st_size
    assert len(found["sha256"]) == 64
    assert {"name", "type", "shape", "parameters"} == set(found["layers"][0])


def test_inspect_of_a_recurrent_folder(command: Command, lstm_folder: Path):
    found = command("inspect", lstm_folder).json
    assert found["recurrent"] == [{"name": "rnn", "kind": "lstm", "layers": 1, "hidden_size": 5, "directions": 1}]
    assert found["attention"] is None


def test_methods(command: Command):
    found = command("methods").json
    assert [m["id"] for m in found] == list(METHODS)
    for method in found:
        assert set(method) == {"id", "label", "inputs", "needs", "signed", "complete", "axioms", "parameters", "source"}
        assert method["source"]
        for parameter in method["parameters"]:
            assert set(parameter) == {"name", "type", "default", "minimum", "maximum", "choices", "help"}
            assert parameter["help"]


def test_samples(command: Command):
    for sample in command("samples").json:
        assert set(sample) == {"name", "task", "description", "path"}
        assert Path(sample["path"]).is_dir()


def test_explain(command: Command, bert_folder: Path):
    answer = command("explain", bert_folder, "--text", TEXT, "--set", "n_steps=50")
    assert answer.code == 0
    found = answer.json
    assert set(found) == {
        *("schema", "version", "model", "input", "prediction", "target", "method", "baseline", "attribution"),
        *("completeness", "cost", "warnings"),
    }
    assert (found["schema"], found["version"]) == (1, VERSION)
    tokens, values, promised = found["input"]["tokens"], found["attribution"]["values"], found["completeness"]
    assert len(tokens) == len(values)
    assert all(token["text"] == TEXT[token["start"] : token["end"]] for token in tokens)
    assert sum(values) == pytest.approx(promised["sum"], abs=1e-4)
    assert promised["delta"] == pytest.approx(promised["sum"] - (promised["f_input"] - promised["f_baseline"]), abs=1e-6)
    assert found["method"]["parameters"]["n_steps"] == found["cost"]["backward"] == 50
    chances = [row["probability"] for row in found["prediction"]]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) == pytest.approx(1)
    assert found["input"]["truncated"] is False
    assert found["input"]["cut"] is None


def test_every_option_of_explain(command: Command, bert_folder: Path, tmp_path: Path):
    answer = command(
        *("explain", bert_folder, "--text", "a film", "--text-pair", "it ends", "--method", "integrated_gradients"),
        *("--target", "true", "--true", "positive", "--versus", "index:0", "--score", "log_probability"),
        *("--baseline", "zero", "--baseline", "mask", "--reduction", "l2", "--set", "n_steps=4", "--set", "quadrature=midpoint"),
        *("--seed", "7", "--device", "cpu", "--trust", "--accept-reinitialised", "--quiet", "--out", tmp_path / "map.json"),
    )
    assert answer == Answer(0, "", "")
    found = json.loads((tmp_path / "map.json").read_text())
    assert found["target"] == {
        "label": "positive",
        "index": 2,
        "versus": "negative",
        "score": "log_probability",
        "position": None,
    }
    assert [baseline["id"] for baseline in found["baseline"]] == ["zero", "mask"]
    assert found["method"]["seed"] == 7
    assert found["method"]["parameters"]["quadrature"] == "midpoint"
    assert found["cost"]["backward"] == 8
    assert found["attribution"]["reduction"] == "l2"
    assert found["attribution"]["signed"] is False
    assert [token["segment"] for token in found["input"]["tokens"]] == [0, 0, 0, 0, 1, 1, 1]
    assert found["input"]["text_pair"] == "it ends"


def test_a_map_at_the_grain_of_words(command: Command, bert_folder: Path):
    options = ("--text", "Not once does it end. It ends.", "--set", "n_steps=4")
    tokens, words, sentences = (
        command("explain", bert_folder, *options, "--grain", g).json for g in ("token", "word", "sentence")
    )
    assert "grain" not in tokens["attribution"]
    assert (words["attribution"]["grain"], sentences["attribution"]["grain"]) == ("word", "sentence")
    assert [t["text"] for t in sentences["input"]["tokens"] if not t["special"]] == ["Not once does it end.", "It ends."]
    for found in (words, sentences):
        assert len(found["attribution"]["values"]) == len(found["input"]["tokens"]) < len(tokens["input"]["tokens"])
        assert sum(found["attribution"]["values"]) == pytest.approx(sum(tokens["attribution"]["values"]), abs=1e-5)
        assert found["completeness"] == tokens["completeness"]


def test_repeated_random_documents_are_different_ones_and_averaged(command: Command, bert_folder: Path, tmp_path: Path):
    texts = tmp_path / "texts.txt"
    texts.write_text("not once\nit ends\nclose to being exciting\n")
    options = ("--text", TEXT, "--set", "n_steps=4", "--background", texts, *("--baseline", "random_document") * 3)
    found = command("explain", bert_folder, *options).json
    assert [baseline["id"] for baseline in found["baseline"]] == ["random_document"] * 3
    assert len({str(baseline["prediction"]) for baseline in found["baseline"]}) == 3
    assert found["cost"]["backward"] == 12


def test_a_language_model_at_a_position(command: Command, tmp_path: Path):
    folder = write_language_model(tmp_path)
    found = command("explain", folder, "--text", "Not once does", "--position", 1, "--target", "close").json
    assert found["target"] == {
        "label": "close",
        "index": VOCABULARY.index("close"),
        "versus": None,
        "score": "logit",
        "position": 1,
    }
    assert len(found["prediction"]) == len(VOCABULARY)


def test_a_regression(command: Command, tmp_path: Path):
    found = command("explain", write(tmp_path, labels=1), "--text", TEXT).json
    assert [(row["label"], row["probability"]) for row in found["prediction"]] == [(None, None)]


def test_multi_label(command: Command, tmp_path: Path):
    folder = write(tmp_path, problem_type="multi_label_classification")
    found = command("explain", folder, "--text", TEXT, "--target", "neutral", "--score", "probability").json
    for row in found["prediction"]:
        assert row["probability"] == pytest.approx(1 / (1 + np.exp(-row["logit"])), abs=1e-6)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbfit ends\r\n", "it ends\r\n"),
        (b"it\r\nends\r", "it\r\nends\r"),
        (b" it ends \n\n", " it ends \n\n"),
        ("it ends \0 \ufeff é".encode(), "it ends \0 \ufeff é"),
    ],
)
def test_a_text_file_loses_its_byte_order_mark_and_nothing_else(
    content: bytes, text: str, command: Command, bert_folder: Path, tmp_path: Path
):
    (tmp_path / "text.txt").write_bytes(content)
    assert (
        command("explain", bert_folder, "--text-file", tmp_path / "text.txt", "--method", "saliency").json["input"]["text"]
        == text
    )


def test_a_lone_surrogate_makes_no_invalid_file(command: Command, bert_folder: Path, tmp_path: Path):
    """As Python reads an argument that is not UTF-8."""
    text = "it \udcff ends"
    assert command("explain", bert_folder, "--text", text, "--method", "saliency").json["input"]["text"] == text
    command("explain", bert_folder, "--text", text, "--method", "saliency", "--out", tmp_path / "map.json")
    assert json.loads((tmp_path / "map.json").read_bytes().decode("utf-8"))["input"]["text"] == text


BAD = {
    "no command": (),
    "unknown command": ("nonsense",),
    "unknown option": ("methods", "--nonsense"),
    "no model": ("inspect",),
    "no such path": ("inspect", "/no/such\nplace"),
    "no text": ("explain", "BERT"),
    "two texts": ("explain", "BERT", "--text", "a", "--text-file", "b"),
    "empty text": ("explain", "BERT", "--text", ""),
    "blank text": ("explain", "BERT", "--text", " \n "),
    "no such file": ("explain", "BERT", "--text-file", "/no/such/file"),
    "a folder for a file": ("explain", "BERT", "--text-file", "/"),
    "unknown class": ("explain", "BERT", "--text", TEXT, "--target", "no\nsuch\u2028class"),
    "true without true": ("explain", "BERT", "--text", TEXT, "--target", "true"),
    "versus itself": ("explain", "BERT", "--text", TEXT, "--target", "0", "--versus", "negative"),
    "unknown method": ("explain", "BERT", "--text", TEXT, "--method", "nonsense"),
    "unknown score": ("explain", "BERT", "--text", TEXT, "--score", "entropy"),
    "unknown baseline": ("explain", "BERT", "--text", TEXT, "--baseline", "nonsense"),
    "unknown reduction": ("explain", "BERT", "--text", TEXT, "--reduction", "max"),
    "no value": ("explain", "BERT", "--text", TEXT, "--set", "n_steps"),
    "unknown parameter": ("explain", "BERT", "--text", TEXT, "--set", "colour=red"),
    "no name": ("explain", "BERT", "--text", TEXT, "--set", "=3"),
    "steps 0": ("explain", "BERT", "--text", TEXT, "--set", "n_steps=0"),
    "steps -1": ("explain", "BERT", "--text", TEXT, "--set", "n_steps=-1"),
    "steps 1000000": ("explain", "BERT", "--text", TEXT, "--set", "n_steps=1000000"),
    "steps 1.5": ("explain", "BERT", "--text", TEXT, "--set", "n_steps=1.5"),
    "steps of words": ("explain", "BERT", "--text", TEXT, "--set", "n_steps=many"),
    "steps true": ("explain", "BERT", "--text", TEXT, "--set", "n_steps=true"),
    "tolerance nan": ("explain", "BERT", "--text", TEXT, "--set", "tolerance=nan"),
    "tolerance inf": ("explain", "BERT", "--text", TEXT, "--set", "tolerance=inf"),
    "unknown quadrature": ("explain", "BERT", "--text", TEXT, "--set", "quadrature=simpson"),
    "position": ("explain", "BERT", "--text", TEXT, "--position", "3"),
    "position of words": ("explain", "BERT", "--text", TEXT, "--position", "last"),
    "seed below zero": ("methods", "--seed", "-1"),
    "seed too large": ("methods", "--seed", "9" * 30),
    "seed of words": ("methods", "--seed", "lucky"),
    "device": ("inspect", "BERT", "--device", "abacus"),
    "suffix": ("explain", "BERT", "--text", TEXT, "--out", "map.exe"),
    "no suffix": ("explain", "BERT", "--text", TEXT, "--out", "map"),
    "picture of no map": ("methods", "--out", "methods.png"),
    "picture of a model": ("inspect", "BERT", "--out", "model.png"),
    "no folder": ("explain", "BERT", "--text", TEXT, "--out", "/no/such/folder/map.json"),
    "name too long": ("explain", "BERT", "--text", TEXT, "--out", "a" * 300 + ".json"),
    "folder too long": ("explain", "BERT", "--text", TEXT, "--out", "/" + "a" * 5000 + "/map.json"),
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_bad_input_is_one_line_and_exit_2(
    arguments: tuple[str, ...], refused: Callable[..., str], bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    refused(*(str(bert_folder) if a == "BERT" else a for a in arguments))
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == []


def test_a_text_file_that_is_not_utf_8(refused: Callable[..., str], bert_folder: Path, tmp_path: Path):
    (tmp_path / "latin.txt").write_bytes("é".encode("latin-1"))
    assert "save it as UTF-8" in refused("explain", bert_folder, "--text-file", tmp_path / "latin.txt")


def test_a_device_that_is_not_there(refused: Callable[..., str], bert_folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert "choose cpu or auto" in refused("inspect", bert_folder, "--device", "cuda")


def test_random_weights_are_refused_until_accepted(command: Command, refused: Callable[..., str], tmp_path: Path):
    folder = write(tmp_path)
    described = json.loads((folder / "config.json").read_text())
    described |= {"id2label": {str(i): f"c{i}" for i in range(5)}, "label2id": {f"c{i}": i for i in range(5)}}
    (folder / "config.json").write_text(json.dumps(described))
    inspected = command("inspect", folder)
    assert inspected.code == 0
    assert "random instead" in inspected.json["warnings"][0]
    assert "--accept-reinitialised" in refused("explain", folder, "--text", TEXT)
    accepted = command("explain", folder, "--text", TEXT, "--accept-reinitialised", "--method", "saliency")
    assert accepted.code == 0
    assert "random instead" in accepted.err
    assert "random instead" in accepted.json["warnings"][0]


def test_notes_go_to_stderr_unless_quiet(command: Command, bert_folder: Path):
    long = "film " * 500
    assert "Note: Characters" in command("explain", bert_folder, "--text", long, "--method", "saliency").err
    quiet = command("explain", bert_folder, "--text", long, "--method", "saliency", "--quiet")
    assert quiet.err == ""
    cut = quiet.json["input"]["cut"]
    assert quiet.json["input"]["truncated"] is True
    assert (cut[1], long[cut[0] : cut[0] + 4]) == (len(long), "film")


def _explain_to(command: Command, folder: Path, out: Path) -> Answer:
    return command("explain", folder, "--text", TEXT, "--method", "saliency", "--out", out)


def test_out_replaces_a_file_as_a_whole(command: Command, bert_folder: Path, tmp_path: Path):
    out = tmp_path / "map.json"
    out.write_text("before")
    assert _explain_to(command, bert_folder, out) == Answer(0, "", "")
    assert json.loads(out.read_text())["schema"] == 1
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["map.json"]


def test_out_is_a_folder(command: Command, bert_folder: Path, tmp_path: Path):
    (tmp_path / "map.json").mkdir()
    answer = _explain_to(command, bert_folder, tmp_path / "map.json")
    assert answer.code == 2
    assert "cannot be written" in answer.err
    assert list((tmp_path / "map.json").iterdir()) == []


def test_out_is_a_link_to_itself(command: Command, bert_folder: Path, tmp_path: Path):
    (tmp_path / "map.json").symlink_to(tmp_path / "map.json")
    answer = _explain_to(command, bert_folder, tmp_path / "map.json")
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 1


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_disk_that_refuses_leaves_what_was_there(
    call: str, code: int, command: Command, bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> NoReturn:
        raise OSError(code, os.strerror(code))

    out = tmp_path / "map.json"
    out.write_text("before")
    monkeypatch.setattr(atomic_file.os, call, fail)
    answer = _explain_to(command, bert_folder, out)
    monkeypatch.undo()
    assert answer == Answer(2, "", f"{out} cannot be written ({os.strerror(code)}); nothing was changed.\n")
    assert out.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["map.json"]


def test_a_folder_that_may_not_be_written_to(
    command: Command, bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(**_: object) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(atomic_file.tempfile, "mkstemp", fail)
    assert "Permission denied" in _explain_to(command, bert_folder, tmp_path / "map.json").err


def test_gradient_flow(command: Command, refused: Callable[..., str], lstm_folder: Path, tmp_path: Path):
    answer = command("gradient-flow", lstm_folder, "--text", TEXT, "--target", "neutral", "--versus", "positive")
    assert (answer.code, answer.err) == (0, "")
    found = answer.json
    assert {"schema", "model", "input", "prediction", "target", "layers", "recurrent", "cost", "warnings"} <= set(found)
    assert (found["target"]["label"], found["target"]["versus"]) == ("neutral", "positive")
    assert len(found["recurrent"][0]["per_step"]["hidden_state"]) == len(found["input"]["tokens"])
    assert (found["cost"]["forward"], found["cost"]["backward"]) == (1, 1)
    for suffix, start in ((".csv", b"kind,name"), (".npz", b"PK"), (".json", b"{")):
        out = tmp_path / f"flow{suffix}"
        assert command("gradient-flow", lstm_folder, "--text", TEXT, "--out", out) == Answer(0, "", "")
        assert out.read_bytes().startswith(start)
    assert "must be .json" in refused("gradient-flow", lstm_folder, "--text", TEXT, "--out", tmp_path / "flow.png")
    assert "no class" in refused("gradient-flow", lstm_folder, "--text", TEXT, "--target", "grand")
    assert "--text" in refused("gradient-flow", lstm_folder)
    assert "no text" in refused("gradient-flow", lstm_folder, "--text", " ")


def test_a_picture_is_drawn_only_for_png(command: Command, bert_folder: Path, tmp_path: Path):
    drawn: list[tuple[int, Path]] = []

    def draw(result: AttributionResult, path: Path) -> None:
        drawn.append((len(result.values), path))

    out = tmp_path / "map.PNG"
    assert command("explain", bert_folder, "--text", "it ends", "--method", "saliency", "--out", out, draw=draw).code == 0
    assert drawn == [(4, out)]


def test_ctrl_c_ends_with_130_and_writes_nothing(
    command: Command, bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    original, calls = Score.value_and_gradient, 0

    def interrupted(self: Score, points: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            signal.raise_signal(signal.SIGINT)
        return original(self, points)

    monkeypatch.setattr(Score, "value_and_gradient", interrupted)
    answer = command("explain", bert_folder, "--text", TEXT, "--set", "n_steps=500", "--out", tmp_path / "map.json")
    assert answer == Answer(130, "", "")
    assert calls == 3
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == []


def test_memory_that_runs_out_is_one_line(refused: Callable[..., str], bert_folder: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> NoReturn:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory")

    for place in ("engine.attribution.explain.resolve", "engine.models.huggingface.HuggingFaceModel.embed"):
        monkeypatch.setattr(place, fail)
        assert "not enough memory" in refused("explain", bert_folder, "--text", TEXT)


def test_a_bug_of_ours_is_called_one(command: Command, bert_folder: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> NoReturn:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("engine.attribution.explain.resolve", fail)
    answer = command("explain", bert_folder, "--text", TEXT)
    assert (answer.code, answer.out) == (1, "")
    assert "in Neuroloupe itself (ZeroDivisionError: oops)" in answer.err


def _process(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(ROOT / "main.py"), *arguments], cwd=ROOT, stderr=subprocess.PIPE, **options)


def test_version_and_help():
    for arguments in (["--version"], ["--help"], ["explain", "--help"]):
        with _process(*arguments, stdout=subprocess.PIPE) as process:
            out, err = process.communicate(timeout=50)
        assert (process.returncode, err) == (0, b"")
        assert b"Neuroloupe" in out or b"usage" in out


@pytest.mark.parametrize("argument", ["a" * 5000, "/" * 10_000 + "x", "methods\n"])
def test_one_argument_that_is_neither_a_command_nor_a_path(argument: str):
    with _process(argument, stdout=subprocess.PIPE) as process:
        out, err = process.communicate(timeout=50)
    assert (process.returncode, out) == (2, b"")
    assert len(err.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_ctrl_c_while_libraries_are_imported(tmp_path: Path):
    """However early it comes once main.py runs."""
    interrupt = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text(interrupt)
    (tmp_path / "main.py").write_bytes((ROOT / "main.py").read_bytes())
    finished = subprocess.run([sys.executable, str(tmp_path / "main.py"), "methods"], capture_output=True, timeout=50)
    assert (finished.returncode, finished.stdout, finished.stderr) == (130, b"", b"")


def test_a_reader_that_has_gone_is_no_error():
    """As in: main.py methods | head -0."""
    read, write_end = os.pipe()
    os.close(read)
    with _process("methods", stdout=write_end) as process:
        os.close(write_end)
        _, err = process.communicate(timeout=50)
    assert (process.returncode, err) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_behind_stdout_is_one_line():
    with open("/dev/full", "wb") as full, _process("methods", stdout=full) as process:
        _, err = process.communicate(timeout=50)
    assert (process.returncode, err) == (2, b"The answer cannot be written to standard output (No space left on device).\n")


def test_json_is_utf_8_whatever_the_terminal():
    """A terminal in ASCII, or in one of Windows' own alphabets, must not change the file that is piped."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    with _process("methods", stdout=subprocess.PIPE, env=environment) as process:
        out, err = process.communicate(timeout=50)
    assert (process.returncode, err) == (0, b"")
    assert "×" in json.dumps(json.loads(out.decode("utf-8")), ensure_ascii=False)
