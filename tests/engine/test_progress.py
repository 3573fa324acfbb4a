"""How far a job is, as a terminal shows it."""

import pytest

from engine.jobs import Partial
from engine.progress import Progress


def shown(partial: Partial, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    with Progress() as progress:
        progress.show(partial)
    return capsys.readouterr().err


def test_a_share_is_told_in_per_cent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(Partial(0.266667, 1, doing="Integrated Gradients"), monkeypatch, capsys)
    assert "Integrated Gradients" in said
    assert "27 %" in said
    assert "0.26" not in said


def test_no_share_is_told_of_an_unknown_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(Partial(12, doing="Reading"), monkeypatch, capsys)
    assert "Reading" in said
    assert "%" not in said


def test_brackets_in_a_file_s_name_are_no_markup(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Reading model[red].pt" in shown(Partial(1, 2, doing="Reading model[red].pt"), monkeypatch, capsys)
