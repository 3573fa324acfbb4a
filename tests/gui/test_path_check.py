"""Existence is asked beside the window, and the newest question wins."""

from pathlib import Path

from pytestqt.qtbot import QtBot

from gui.path_check import PathCheck


def test_what_exists(qtbot: QtBot, tmp_path: Path) -> None:
    check = PathCheck()
    with qtbot.waitSignal(check.checked, timeout=5000) as blocker:
        check.check((str(tmp_path), str(tmp_path / "gone"), "nul\0byte"))
    assert blocker.args == [((str(tmp_path), True), (str(tmp_path / "gone"), False), ("nul\0byte", False))]
    check.finish()


def test_only_the_newest_answer_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    check = PathCheck()
    told: list[object] = []
    check.checked.connect(told.append)
    with qtbot.waitSignal(check.checked, timeout=5000):
        check.check(("/a",))
        check.check((str(tmp_path),))
    check.finish()
    assert told == [((str(tmp_path), True),)]
