"""Changes are kept at once in memory, soon on disk, and a refusing disk is told once."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui import memory as memory_module
from gui.memory import Memory


def test_changes_are_written_soon(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_module, "SAVE_AFTER_MS", 10)
    memory = Memory(tmp_path, tmp_path)
    memory.change_session(text="typed")
    memory.change_settings(seed=5)
    qtbot.waitUntil(lambda: (tmp_path / "settings.json").exists(), timeout=5000)
    again = Memory(tmp_path, tmp_path)
    assert (again.session.text, again.settings.seed) == ("typed", 5)


def test_a_refusing_disk_is_told_once_and_nothing_is_lost(qtbot: QtBot, tmp_path: Path) -> None:
    memory = Memory(tmp_path, tmp_path / "no such folder")
    told: list[str] = []
    memory.not_saved.connect(told.append)
    for text in ("one", "two"):
        memory.change_session(text=text)
        memory.save()
    assert len(told) == 1
    assert told[0].startswith("Settings and text cannot be remembered")
    assert memory.session.text == "two"
