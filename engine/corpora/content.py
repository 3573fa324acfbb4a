"""What a text file holds, or why it is none."""

from pathlib import Path

from engine.errors import UserError


def content_of(path: str, name: str) -> bytes:
    """All of it.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{name} cannot be read ({error.strerror}).", "unreadable") from None


def decoded(content: bytes, name: str) -> str:
    """As text, a byte order mark dropped.

    Raises:
        UserError: it is not UTF-8.
    """
    if b"\0" in content:
        raise UserError(f"{name} is not a text file (it holds zero bytes); leave it out of the corpus.", "binary")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{name} is not UTF-8 text; save it as UTF-8, or leave it out of the corpus.", "binary") from None
