"""Writing much to the cache, on a disk that may be full."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from engine.errors import UserError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}


@contextmanager
def refusing_a_full_disk(fate: str = "what was scanned so far is kept") -> Iterator[None]:
    """Say it in a sentence.

    Args:
        fate: of what there is.

    Raises:
        UserError: the disk is full, or refuses otherwise.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL or error.errno is None:  # numpy says of a write cut short how much was written, not why
            raise UserError(
                f"The disk is full; {fate}. Free some space, or scan less (fewer gates, less text).",
                "disk_full",
            ) from None
        raise UserError(f"The cache cannot be written ({error.strerror or error}).", "unwritable") from None


def reserve(file: IO[Any], size: int) -> None:
    """Make ``file`` so large now: a mapped file that first finds the disk full when it is written to ends the process."""
    if size and hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
    else:
        file.truncate(size)


def forget_until(folder: Path, room: int, keep: Path) -> None:
    """Remove the folders in ``folder`` that were used longest ago, until all of them together leave ``room`` bytes."""
    others = sorted((path for path in folder.iterdir() if path.is_dir() and path != keep), key=lambda path: path.stat().st_mtime)
    sizes = {path: sum(file.stat().st_size for file in path.glob("*")) for path in others}
    used = sum(sizes.values())
    for path in others:
        if used <= room:
            return
        shutil.rmtree(path, ignore_errors=True)
        used -= sizes[path]


def touch(folder: Path) -> None:
    """It was used now."""
    os.utime(folder)


def in_bytes(size: float) -> str:
    """As a person reads it."""
    unit, name = next(((unit, name) for unit, name in ((1e9, "GB"), (1e6, "MB")) if size >= unit), (1e3, "kB"))
    return f"{size / unit:,.1f} {name}"
