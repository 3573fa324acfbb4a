"""The kind chosen in the dialog decides the suffix, unless one was typed."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.dialogs import SaveDialog
from gui.saving import FILTERS


@pytest.mark.parametrize("suffix", [".json", ".png"])
def test_a_name_takes_the_suffix_of_the_kind(qtbot: QtBot, tmp_path: Path, suffix: str) -> None:
    dialog = SaveDialog(None, tmp_path / "film-mood-saliency")
    qtbot.addWidget(dialog)
    dialog.selectNameFilter(FILTERS[suffix])
    dialog.filterSelected.emit(FILTERS[suffix])
    assert dialog.selectedFiles() == [str(tmp_path / f"film-mood-saliency{suffix}")]


def test_a_typed_suffix_stays(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = SaveDialog(None, tmp_path / "map")
    qtbot.addWidget(dialog)
    dialog.selectFile("other.png")
    assert dialog.selectedFiles() == [str(tmp_path / "other.png")]
