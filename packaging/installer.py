"""What goes into `.venv`, by pip, from wherever the user's own pip configuration says.

torch goes first and by its exact pin, so that no range of another package pulls a second build of it. Which
build: a CPU one is a fifteenth of the CUDA one, and has a local version (`+cpu`) where the package index offers both.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

TORCH = "2.13.0"
CPU_SIZE = "about 200 MB to download, 750 MB on disk"
CUDA_SIZE = "about 3 GB to download, 6 GB on disk: the CUDA build"
OTHERS_SIZE = "about 300 MB to download, 1 GB on disk"
PLAIN_IS_CUDA = sys.platform == "linux" and platform.machine() == "x86_64"   # elsewhere the index serves CPU builds


class Refused(Exception):
    """The installation stopped of itself: said to the user as it is."""


def install(python: Path, project: Path, constraints: Path, torch: str, torch_index: str | None) -> None:
    """Install what ``project`` requires, its test tools included.

    Args:
        torch: auto (CUDA where an NVIDIA device is present, else CPU), cpu, cuda, or skip (keep what is there).
        torch_index: address of a package index to take torch from.

    Raises:
        Refused: pip failed, or no torch of the wanted kind is to be had.
    """
    if torch == "skip":
        constraints = _without_torch(python, constraints)
    else:
        _install_torch(python, constraints, torch, ["--index-url", torch_index] if torch_index else [])
    print(f"Installing the other packages, unless they are there ({OTHERS_SIZE}) …", file=sys.stderr)
    _pip(python, "--constraint", str(constraints), *requirements(project))


def requirements(project: Path) -> list[str]:
    import tomllib  # a tenth of the usual run's time, which needs none of this

    with project.open("rb") as file:
        declared = tomllib.load(file)["project"]
    return [*declared["dependencies"], *declared["optional-dependencies"]["test"]]


def _install_torch(python: Path, constraints: Path, kind: str, index: list[str]) -> None:
    build = _torch_build(python, kind, index)
    size = CUDA_SIZE if PLAIN_IS_CUDA and not build.endswith("+cpu") else CPU_SIZE
    print(f"Installing torch {TORCH}, unless it is there already ({size}) …", file=sys.stderr)
    alone = ["--no-deps"] if index else []               # what torch needs comes with the rest, from the usual index
    _pip(python, "--constraint", str(constraints), *index, *alone, build)


def _torch_build(python: Path, kind: str, index: list[str]) -> str:
    """The requirement to ask for: the build of the wanted kind where it is offered, else any."""
    kind_here = kind if kind != "auto" else "cuda" if nvidia_device() else "cpu"
    build = f"torch=={TORCH}+cpu" if kind_here == "cpu" else f"torch==={TORCH}"   # ===: without a local version
    if _is_offered(python, build, index):
        return build
    if kind == "cpu" and PLAIN_IS_CUDA:
        raise Refused(
            f"Your package index offers no CPU build of torch {TORCH}. Name one that does with --torch-index URL "
            "(torch's own installation page gives it), or take the CUDA build with --torch cuda: it runs on the CPU too."
        )
    return f"torch=={TORCH}"


def nvidia_device() -> bool:
    return any(Path(node).exists() for node in ("/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg"))


def _without_torch(python: Path, constraints: Path) -> Path:
    """The constraints for a torch that the user put into `.venv` himself."""
    if not list(python.parent.parent.glob("**/site-packages/torch/__init__.py")):
        raise Refused(f"--torch skip keeps the torch in .venv, and there is none. Put one there first: {python} -m pip install …")
    lines = constraints.read_text().splitlines(keepends=True)
    copy = python.parent.parent / "constraints-without-torch.txt"
    copy.write_text("".join(line for line in lines if not line.startswith("torch==")))
    return copy


def _is_offered(python: Path, requirement: str, index: list[str]) -> bool:
    asked = [*_pip_command(python), "--quiet", "--dry-run", "--no-deps", *index, requirement]
    return subprocess.run(asked, capture_output=True, check=False, close_fds=False).returncode == 0


def _pip(python: Path, *arguments: str) -> None:
    quiet = [] if sys.stderr.isatty() else ["--quiet", "--quiet"]   # a log needs no progress, only errors
    code = subprocess.run([*_pip_command(python), *quiet, *arguments], check=False, close_fds=False).returncode
    if code > 0:
        raise Refused("pip could not install what is needed: its own words are above.")
    if code < 0:
        raise KeyboardInterrupt                          # it was killed, and may have left half a package


def _pip_command(python: Path) -> list[str]:
    return [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
