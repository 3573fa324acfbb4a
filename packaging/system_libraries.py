"""What Qt needs of the system, found by asking the dynamic loader, and the one apt line that installs it."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys

# Checked on bare Debian 12 and 13; the other libraries arrive as their dependencies.
LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
TEST_PROGRAMS = {"Xvfb": "xvfb", "xdotool": "xdotool"}
VENV = {"ensurepip": "python3-venv"}


def missing_libraries() -> dict[str, str]:
    """Library -> Debian package, for those the window cannot start without. Other systems bring their own."""
    if not sys.platform.startswith("linux"):
        return {}
    return {library: package for library, package in LIBRARIES.items() if not _loads(library)}


def missing() -> dict[str, str]:
    """As `missing_libraries`, with what the set-up, the tests and the tour need besides."""
    found = missing_libraries()
    if sys.platform.startswith("linux"):
        found |= {program: package for program, package in TEST_PROGRAMS.items() if not shutil.which(program)}
    if not has_ensurepip():
        found |= VENV
    return found


def has_ensurepip() -> bool:
    """Debian splits it off from Python, and without it no venv has a pip."""
    return importlib.util.find_spec("ensurepip") is not None


def remedy(missing: dict[str, str]) -> str:
    return "On Debian or Ubuntu: sudo apt-get install " + " ".join(sorted(set(missing.values())))


def install(packages: dict[str, str]) -> None:
    """By apt-get, as root, asking nothing."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    names = sorted(set(packages.values()))
    subprocess.run(["apt-get", "update"], check=True, env=environment)
    subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", *names], check=True, env=environment)


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
