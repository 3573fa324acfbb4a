"""``--self-test``: one line for each check, and exit 2 when one does not hold."""

from pathlib import Path

import pytest

from engine import self_test
from engine.commands import main
from engine.results import AttributionResult
from engine.samples import Example, Sample


def sample(name: str, path: Path, *texts: str) -> Sample:
    return Sample(name, name, "text_classification", "", str(path), tuple(Example(text, None, "") for text in texts))


def run(samples: tuple[Sample, ...], monkeypatch: pytest.MonkeyPatch) -> int:
    def draw(_result: AttributionResult, _path: Path) -> None:
        raise AssertionError("a picture was drawn")

    monkeypatch.setattr(self_test, "samples", lambda: samples)
    return main(["--self-test"], draw)


def test_all_is_well(bert_folder: Path, lstm_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    made = (sample("bert", bert_folder, "it ends"), sample("lstm", lstm_folder, "Not once"))
    assert run(made, monkeypatch) == 0
    out, err = capsys.readouterr()
    assert [line.split() for line in out.splitlines()] == [
        [name, method, "ok"] for name in ("bert", "lstm") for method in self_test.METHODS
    ]
    assert err == ""


def test_what_does_not_hold_is_named_and_the_rest_goes_on(
    bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    made = (sample("gone", tmp_path / "nowhere", "it ends"), sample("mute", bert_folder), sample("bert", bert_folder, "it ends"))
    assert run(made, monkeypatch) == 2
    out, err = capsys.readouterr()
    faulty = [line.split()[0] for line in out.splitlines() if not line.endswith("ok")]
    assert faulty == ["gone", "gone", "mute", "mute"]
    assert err == "4 of 6 checks failed; reinstall Neuroloupe.\n"


def test_without_samples_nothing_was_checked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    assert run((), monkeypatch) == 2
    assert "reinstall" in capsys.readouterr().err
