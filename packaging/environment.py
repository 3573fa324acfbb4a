"""The project's own `.venv`: made, checked, repaired, stamped. Standard library only."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import installer
import system_libraries


class Environment:
    """The virtual environment of the project at ``root``.

    It is *ready* when the stamp in it is the hash of what it was made from. An `unfinished` file lies in it
    while it is being filled: found by a later run, it means that the filling was killed, and since nobody can
    say which package was cut in half, the environment is made anew (pip still has the downloads).
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        self.project = root / "pyproject.toml"
        self.constraints = root / "packaging" / "constraints.txt"
        self.stamp = self.folder / "neuroloupe-stamp"
        self.unfinished = self.folder / "unfinished"

    def fingerprint(self) -> str:
        """A hash of all that decides what is in the environment."""
        parts = (self.project.read_bytes(), self.constraints.read_bytes(), _python_version().encode())
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    def is_ready(self) -> bool:
        try:
            return self.stamp.read_text() == self.fingerprint() and self.python.exists() and not self.unfinished.exists()
        except FileNotFoundError:
            return False

    def damage(self) -> str | None:
        """Why what is there cannot be completed as it is; None where it can, or where there is nothing."""
        if not self.folder.exists():
            return None
        if self.unfinished.exists():
            return "its installation was interrupted"
        if not _prints(self.python, "import sys; print('%d.%d' % sys.version_info[:2])", _python_version()):
            return f"it does not start, or is of another Python than {_python_version()}"
        if not _prints(self.python, "import pip; print('pip')", "pip"):
            return "its pip is missing"
        return None

    def prepare(self, torch: str = "auto", torch_index: str | None = None) -> None:
        """Complete what is there, or make it from nothing, and stamp it."""
        with self._locked():
            if self.is_ready() and torch == "auto":
                return                                   # made by another process while this one waited
            self._make_folder()
            self.unfinished.touch()
            try:
                installer.install(self.python, self.project, self.constraints, torch, torch_index)
            except installer.Refused:                    # pip's own failures leave whole packages behind; kills do not
                self.unfinished.unlink()
                raise
            self.stamp.write_text(self.fingerprint())
            self.unfinished.unlink()

    def _make_folder(self) -> None:
        reason = self.damage()
        if self.folder.exists() and not reason:
            return
        if not system_libraries.has_ensurepip():         # asked before anything is taken away
            raise installer.Refused(f"Python lacks its venv module. {system_libraries.remedy(system_libraries.VENV)}")
        if reason:
            print(f"Making .venv anew: {reason}.", file=sys.stderr)
            shutil.rmtree(self.folder)
        self.folder.mkdir()
        self.unfinished.touch()
        outer_python = getattr(sys, "_base_executable", sys.executable)   # not the .venv that is being replaced
        subprocess.run([outer_python, "-m", "venv", str(self.folder)], check=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time. A pip that outlives its killed parent inherits the lock, and keeps it to its end."""
        with (self.root / ".venv.lock").open("a") as file:
            _wait_for_lock(file.fileno())
            os.set_inheritable(file.fileno(), True)
            yield


def _python_version() -> str:
    return "{}.{}".format(*sys.version_info[:2])


def _prints(python: Path, code: str, expected: str) -> bool:
    try:
        answer = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.stdout.strip() == expected


def _wait_for_lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
