"""The window: there before torch is, never held up by a job, and quick to let go of one."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench import Row, benchmark

PROBE = Path(__file__).with_name("window_probe.py")
REPEATS = 5


@benchmark
def window() -> Iterator[Row]:
    starts = [_visible() for _ in range(REPEATS)]
    shown, torch_there = median(s for s, _ in starts), any(t for _, t in starts)
    imported = median(_import_torch() for _ in range(REPEATS))
    yield Row("window visible ÷ import torch", shown / imported, at_most=1, figures=f"{shown:.2f} s, {imported:.2f} s")
    yield Row("starts with torch imported by then", float(torch_there), at_most=0, unit="")
    found = _probe("stalls")
    yield Row("window held while the engine starts", found["starting"], at_most=1000, unit="ms")
    yield Row("window held while jobs run, 99th percentile", found["p99"], at_most=50, unit="ms")
    yield Row("window held while jobs run, at most", found["most"], at_most=250, unit="ms")
    most = f"median {found['cancel']:.0f} ms"
    yield Row("cancel, the slowest of 12", found["cancel_most"], at_most=500, unit="ms", figures=most)


def _visible() -> tuple[float, bool]:
    """Seconds from the start of the process to a painted window, and whether torch was imported by then."""
    start = time.time()
    found = _probe("visible")
    return found["at"] - start, bool(found["torch"])


def _import_torch() -> float:
    start = time.time()
    done = subprocess.run(
        [sys.executable, "-c", "import torch, time; print(time.time())"], capture_output=True, text=True, check=True
    )
    return float(done.stdout) - start


def _probe(what: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"NEUROLOUPE_HOME": home, "QT_QPA_PLATFORM": "offscreen"}
        done = subprocess.run([sys.executable, str(PROBE), what], capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
