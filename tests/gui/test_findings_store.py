"""Findings on disk: written whole, merged with another window's, never lost to a bad file or a full disk."""

import errno
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine import atomic_file
from engine.findings import SCHEMA, pinned, to_json
from gui.findings_store import FILE, NOT_READ, NOT_SAVED, FindingsStore
from tests.gui import made


@dataclass
class Told:
    """What a store said."""

    store: FindingsStore
    words: list[tuple[str, str]] = field(default_factory=list)

    def hear(self, subject: str, words: str) -> None:
        self.words.append((subject, words))


def opened(folder: Path) -> Told:
    told = Told(FindingsStore(folder))
    told.store.told.connect(told.hear)
    told.store.load()
    return told


def notes(folder: Path) -> list[str]:
    return [each["note"] for each in json.loads((folder / FILE).read_bytes())["findings"]]


def full(*_arguments: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_is_pinned_is_there_at_the_next_start(qtbot: QtBot, tmp_path: Path) -> None:
    store = opened(tmp_path).store
    for note in ("first", "second"):
        store.add(pinned(made.result(), note))
    assert notes(tmp_path) == ["first", "second"]
    again = opened(tmp_path)
    assert [each.note for each in again.store.findings] == ["second", "first"]
    assert not again.words


def test_a_deletion_can_be_undone_again_and_again(qtbot: QtBot, tmp_path: Path) -> None:
    store = opened(tmp_path).store
    for note in "abc":
        store.add(pinned(made.result(), note))
    store.delete(store.findings[1].id)
    store.delete(store.findings[0].id)
    assert notes(tmp_path) == ["a"]
    store.undo_delete()
    store.undo_delete()
    store.undo_delete()
    assert [each.note for each in store.findings] == ["c", "b", "a"]
    assert notes(tmp_path) == ["a", "b", "c"]
    assert store.last_deleted is None


def test_a_note_is_written_when_typing_pauses_and_at_the_end(qtbot: QtBot, tmp_path: Path) -> None:
    store = opened(tmp_path).store
    store.add(pinned(made.result()))
    store.set_note(store.findings[0].id, "half")
    with qtbot.waitSignal(store.saved, timeout=5000):
        pass
    assert notes(tmp_path) == ["half"]
    store.set_note(store.findings[0].id, "whole \ud800 \0")
    store.end()
    assert notes(tmp_path) == ["whole \ud800 \0"]


def test_two_windows_do_not_overwrite_each_other(qtbot: QtBot, tmp_path: Path) -> None:
    first, second = opened(tmp_path).store, opened(tmp_path).store
    first.add(pinned(made.result(), "from the first"))
    second.add(pinned(made.result(), "from the second"))
    first.add(pinned(made.result(), "once more"))
    assert sorted(notes(tmp_path)) == ["from the first", "from the second", "once more"]
    first.delete(next(each.id for each in first.findings if each.note == "from the second"))
    assert sorted(notes(tmp_path)) == ["from the first", "once more"]


def test_a_full_disk_loses_nothing_and_is_said_once(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = opened(tmp_path)
    told.store.add(pinned(made.result(), "kept"))
    with monkeypatch.context() as patched:
        patched.setattr(atomic_file.os, "fsync", full)
        told.store.add(pinned(made.result(), "not yet"))
        told.store.add(pinned(made.result(), "nor this"))
    assert [subject for subject, _ in told.words] == [NOT_SAVED]
    assert "No space left on device" in told.words[0][1]
    assert notes(tmp_path) == ["kept"]
    assert len(told.store.findings) == 3
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == [FILE]
    told.store.end()
    assert notes(tmp_path) == ["kept", "not yet", "nor this"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": 1}', b"\xff\xfe"])
def test_a_damaged_file_is_moved_aside_and_named(
    qtbot: QtBot, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        told = opened(tmp_path)
    assert told.words[0][0] == NOT_READ
    assert "findings.damaged-1.json" in told.words[0][1]
    assert "findings.damaged-1.json" in caplog.text
    assert (tmp_path / "findings.damaged-1.json").read_bytes() == content
    told.store.add(pinned(made.result(), "new"))
    assert notes(tmp_path) == ["new"]


def test_one_damaged_finding_leaves_the_others_and_the_whole_file_aside(qtbot: QtBot, tmp_path: Path) -> None:
    document = json.loads(to_json([pinned(made.result(), "good"), pinned(made.result(), "bad")]))
    document["findings"][1]["result"]["values"] = "gone"
    (tmp_path / FILE).write_text(json.dumps(document))
    told = opened(tmp_path)
    assert [each.note for each in told.store.findings] == ["good"]
    assert json.loads((tmp_path / "findings.damaged-1.json").read_text()) == document
    assert "Some findings could not be read" in told.words[0][1]


def test_a_newer_file_is_shown_and_never_written(qtbot: QtBot, tmp_path: Path) -> None:
    document = json.loads(to_json([pinned(made.result(), "later")]))
    document["schema"] = SCHEMA + 1
    before = json.dumps(document)
    (tmp_path / FILE).write_text(before)
    told = opened(tmp_path)
    assert [each.note for each in told.store.findings] == ["later"]
    assert "newer Neuroloupe" in told.words[0][1]
    told.store.set_note(told.store.findings[0].id, "changed")
    told.store.end()
    assert (tmp_path / FILE).read_text() == before


def test_a_file_that_cannot_be_read_is_not_written_over(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    told = opened(tmp_path)
    assert "cannot be read" in told.words[0][1]
    told.store.add(pinned(made.result()))
    assert (tmp_path / FILE).is_dir()
