"""The application as a process of its own: it starts, it is closed from outside, it leaves with 0 and no noise."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from gui.app import main
from tests.gui.stub_engine import StubEngine

class Told(StubEngine):
    def job_for(self, request):
        print(type(request).__name__, flush=True)
        return super().job_for(request)

sys.exit(main(sys.argv[1], lambda: Told(0.05)))
"""


def started(home: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "NEUROLOUPE_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "/models/film-mood"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_opens_a_path_and_leaves_when_asked(tmp_path: Path, how: signal.Signals) -> None:
    process = started(tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "CatalogueRequest\n"
    assert process.stdout.readline() == "OpenModelRequest\n"
    process.send_signal(how)  # while the model is being opened
    _, noise = process.communicate(timeout=30)
    assert process.returncode == 0, noise
    assert noise == ""
    assert (tmp_path / "config" / "settings.json").exists()


def test_the_window_needs_no_torch() -> None:
    check = "import sys, gui.app; sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'tokenizers')))"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0
