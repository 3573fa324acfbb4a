"""Write a file whole or not at all."""

import os
import tempfile
from pathlib import Path

from engine.errors import UserError


def save(path: Path, content: bytes) -> None:
    """As ``write_atomically``, for a place that the user named.

    Raises:
        UserError: the disk or the folder refuses.
    """
    try:
        write_atomically(path, content)
    except (OSError, RuntimeError) as error:  # a link to itself is a RuntimeError
        why = getattr(error, "strerror", None) or error
        raise UserError(f"{path} cannot be written ({why}); nothing was changed.", "unwritable") from None


def write_atomically(path: Path, content: bytes) -> None:
    """Put ``content`` in ``path``; whatever goes wrong, what was there before stays.

    Raises:
        OSError: the folder is missing or read-only, the disk is full, ``path`` is a folder.
    """
    path = path.resolve()  # a link keeps pointing at its file
    handle, draft = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, _mode(path))
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def _mode(path: Path) -> int:
    """Permissions as an ordinary ``open`` would have left them."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
