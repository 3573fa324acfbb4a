"""What Qt has to draw, and the sentences when it cannot be saved."""

import errno
import re
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from engine import atomic_file
from engine.errors import UserError
from engine.export.registry import KINDS
from gui import theme
from gui.saving import FILTERS, save_result
from tests.gui import made

BEGINNINGS = {".json": b"{", ".npz": b"PK", ".csv": b"index,", ".html": b"<!DOCTYPE", ".svg": b"<?xml", ".png": b"\x89PNG",
              ".pdf": b"%PDF"}  # fmt: skip


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> None:
    theme.apply(qapp, theme.LIGHT)


@pytest.mark.parametrize("suffix", KINDS)
def test_every_kind_is_saved(suffix: str, tmp_path: Path) -> None:
    save_result(made.result(), tmp_path / f"map{suffix}")
    assert (tmp_path / f"map{suffix}").read_bytes().startswith(BEGINNINGS[suffix])
    assert FILTERS[suffix].endswith(f"(*{suffix})")


@pytest.mark.parametrize("text", ["A fine film.", "word\n" * 1500, "שלום <script> \0 👩\u200d👩\u200d👧"])
def test_a_pdf_has_a_page_with_its_fonts(text: str, tmp_path: Path) -> None:
    save_result(made.result(made.document(text)), tmp_path / "map.pdf")
    content = (tmp_path / "map.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 1
    assert b"/FontFile" in content
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    assert box is not None
    assert float(box[2]) <= 14_400


def test_what_cannot_be_saved_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "map.pdf"
    file.write_bytes(b"old")
    monkeypatch.setattr(atomic_file.os, "fsync", full)
    with pytest.raises(UserError, match="No space left"):
        save_result(made.result(), file)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]
