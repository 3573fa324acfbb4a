"""A Python module folder tried in a process of its own: code that loops, exits or takes the process down harms nothing.

``python -m engine.models.module_trial FOLDER ANSWER`` opens it and writes into the file ANSWER what became of it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine.errors import LoadError, UserError
from engine.jobs import Partial, Steps

SECONDS = 120.0  # to import, build, and answer once
_LOOK = 0.1  # seconds between two looks
_ROOT = Path(__file__).resolve().parents[2]


def try_apart(folder: Path, seconds: float = SECONDS) -> Steps[None]:
    """Open ``folder`` in another process.

    Yields:
        Progress, so that it can be cancelled; the process is gone then.

    Raises:
        LoadError: what opening it would raise here, or that it never ended, or took its process down.
    """
    with tempfile.TemporaryDirectory(prefix="neuroloupe-trial-") as place:
        answer = Path(place) / "answer.json"
        command = [sys.executable, "-m", "engine.models.module_trial", str(folder), str(answer)]
        process = subprocess.Popen(
            command,
            cwd=_ROOT,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            began = time.monotonic()
            while process.poll() is None:
                if time.monotonic() - began > seconds:
                    raise LoadError(
                        f"The code in {folder.name} did not answer within {seconds:.0f} seconds and was stopped; mend it in its "
                        "folder.",
                        "module_failed",
                    )
                yield Partial(0, doing=f"Trying the code in {folder.name}")
                time.sleep(_LOOK)
        finally:
            process.kill()
            process.wait()
        _raise_if_refused(folder, answer, process.returncode)


def _raise_if_refused(folder: Path, answer: Path, code: int) -> None:
    try:
        said = json.loads(answer.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        words = f"The code in {folder.name} ended the process it was tried in (exit code {code}); mend it in its folder."
        raise LoadError(words, "module_failed") from None
    if said is not None:
        raise LoadError(said["message"], said["kind"], said["detail"])


def main(folder: Path, answer: Path) -> None:
    """Try it here."""
    from engine.models.python_module import build_module
    from engine.models.safety import refusals_in_words

    refused = None
    try:
        with refusals_in_words(folder.name):
            build_module(folder, "cpu")
    except UserError as error:
        refused = {"message": error.message, "kind": error.kind, "detail": error.detail}
    answer.write_text(json.dumps(refused), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
