"""Every kind by its suffix; the five that need no Qt bring none."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from engine import atomic_file
from engine.atomic_file import save
from engine.errors import UserError
from engine.export.registry import KINDS, kind_of
from engine.models.model import TextModel
from tests.engine.export.hostile import explained

ROOT = Path(__file__).resolve().parents[3]
WITHOUT_QT = {".json", ".npz", ".csv", ".html", ".svg"}


def test_the_kinds_are_those_promised():
    assert {suffix for suffix, kind in KINDS.items() if kind.write is not None} == WITHOUT_QT
    assert set(KINDS) == WITHOUT_QT | {".png", ".pdf"}
    assert kind_of(Path("MAP.HTML")) is KINDS[".html"]


@pytest.mark.parametrize("name", ["map.docx", "map", ".json"])
def test_another_suffix_is_refused_naming_ours(name: str):
    with pytest.raises(UserError, match=r"\.json, \.png"):
        kind_of(Path(name))


@pytest.mark.parametrize("suffix", sorted(WITHOUT_QT))
def test_each_is_written_of_a_hostile_text_the_same_every_time(tiny_bert: TextModel, suffix: str):
    result = explained(tiny_bert)
    write = KINDS[suffix].write
    assert write is not None
    assert write(result) == write(result)


def test_none_of_them_imports_qt_or_torch():
    code = "import engine.export.registry, sys; print([n for n in ('PySide6', 'torch', 'gui') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_line_writes_each_where_qt_is_not_installed(bert_folder: Path, tmp_path: Path):
    """Seven explanations in one process; Qt is missing until the pictures, which say so."""
    code = (
        "import sys; sys.modules['PySide6'] = None; from main import main\n"
        "for suffix in sys.argv[3:]:\n"
        "    print(main(['explain', sys.argv[1], '--text', 'a film', '--quiet', '--out', sys.argv[2] + '/map' + suffix]))"
    )
    command = [sys.executable, "-c", code, str(bert_folder), str(tmp_path), *KINDS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert dict(zip(KINDS, map(int, done.stdout.split()), strict=True)) == {
        suffix: 0 if suffix in WITHOUT_QT else 2 for suffix in KINDS
    }
    assert {each.suffix for each in tmp_path.iterdir()} == WITHOUT_QT
    assert ".png needs PySide6, which is not installed; .svg needs nothing more." in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_line_draws_a_pdf(bert_folder: Path, tmp_path: Path):
    command = [sys.executable, "main.py", "explain", str(bert_folder), "--text", "a film", "--out", str(tmp_path / "map.pdf")]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert (tmp_path / "map.pdf").read_bytes().startswith(b"%PDF")


def full(*_arguments: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "map.html"
    file.write_text("old")
    monkeypatch.setattr(atomic_file.os, "fsync", full)
    with pytest.raises(UserError, match=r"cannot be written \(No space left on device\); nothing was changed\.$"):
        save(file, b"new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_in_the_way_and_a_place_that_refuses_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "map.svg").mkdir()
    with pytest.raises(UserError, match="cannot be written"):
        save(tmp_path / "map.svg", b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["map.svg"]

    def read_only(*_arguments: object, **_named: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(atomic_file.tempfile, "mkstemp", read_only)
    with pytest.raises(UserError, match="Read-only file system"):
        save(tmp_path / "map.csv", b"new")
