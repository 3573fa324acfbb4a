"""The suite's own guards catch what they are for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

OFFENDERS = """
import socket, urllib.request
import pytest
from PySide6.QtCore import QObject, QThread, QTimer, qWarning
from PySide6.QtWidgets import QLabel

KEPT = []

@pytest.fixture
def warns_at_teardown():
    yield
    qWarning("late")

def test_leaves_a_thread(qapp):
    KEPT.append(QThread()); KEPT[-1].start()

def test_leaves_a_timer(qapp):
    KEPT.append(QTimer()); KEPT[-1].start(1000)

def test_leaves_a_widget(qapp):
    KEPT.append(QLabel("left"))

def test_warns(qapp):
    qWarning("said by Qt")

def test_warns_late(qapp, warns_at_teardown):
    pass

def test_raises_in_a_slot(qtbot):
    QTimer.singleShot(0, lambda: 1 / 0)
    qtbot.wait(20)

def test_connects():
    socket.create_connection(("127.0.0.1", 9))

def test_opens_an_address():
    urllib.request.urlopen("http://example.invalid")

def test_is_clean(qtbot):
    label, timer, thread = QLabel("closed by qtbot"), QTimer(), QThread()
    qtbot.addWidget(label)
    label.show()
    timer.start(1); timer.stop()
    thread.start(); thread.quit(); thread.wait()
    ours, theirs = socket.socketpair()
    ours.close(); theirs.close()
"""


def outcomes(folder: Path) -> dict[str, str]:
    """Test name -> worst outcome, of the offenders run under this suite's conftest and settings."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "test_offenders.py").write_text(OFFENDERS)
    command = [sys.executable, "-m", "pytest", "-rA", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(folder)]
    report = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    lines = [line.split(" - ")[0].split() for line in report.splitlines() if line.startswith(("PASSED ", "FAILED ", "ERROR "))]
    return {line[1].split("::")[1]: line[0] for line in sorted(lines, reverse=True)}


@pytest.mark.skipif(sys.platform == "win32", reason="socketpair is a network connection there")
def test_every_offender_is_caught_and_the_clean_one_passes(tmp_path: Path) -> None:
    assert outcomes(tmp_path) == {
        "test_leaves_a_thread": "ERROR",
        "test_leaves_a_timer": "ERROR",
        "test_leaves_a_widget": "ERROR",
        "test_warns": "FAILED",
        "test_warns_late": "ERROR",
        "test_raises_in_a_slot": "FAILED",
        "test_connects": "FAILED",
        "test_opens_an_address": "FAILED",
        "test_is_clean": "PASSED",
    }
