"""Writing much to the cache, on a disk that may be full."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import UserError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}


@contextmanager
def refusing_a_full_disk() -> Iterator[None]:
    """Say it in a sentence.

    Raises:
        UserError: the disk is full, or refuses otherwise.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise UserError(
                "The disk is full; what was scanned so far is kept. Free some space, or scan less (fewer gates, less text).",
                "disk_full",
            ) from None
        raise UserError(f"The cache cannot be written ({error.strerror or error}).", "unwritable") from None


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
