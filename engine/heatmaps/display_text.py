"""What is drawn for each code point of a text as typed: always one for one, so that offsets hold."""

import re
import unicodedata

import numpy as np
import regex
from numpy.typing import NDArray

SPACES = " \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u205f\u3000"  # a line may be broken after these
BLANKS = SPACES + "\n"
_IDEOGRAPHS = "\u3041-\u3098\u309b-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_CLOSING = "、。，．！？：；」』）】〉》…"  # never at the start of a line
_UNITS = re.compile(
    f"[{_IDEOGRAPHS}][^{SPACES}\n{_IDEOGRAPHS}a-zA-Z0-9]*[{SPACES}]*\n?"  # one ideograph, with what leans on it
    f"|[^{SPACES}\n{_IDEOGRAPHS}]+[{SPACES}]*\n?"
    f"|[{SPACES}]+\n?|\n"
)
_CHARACTER = regex.compile(r"\X")  # as a reader counts them (UAX 29)
_TAB = "\u2003"
_UNSEEN = "\u25cc"  # ◌ stands for what has no width and no shape
_UNSHOWN = "\ufffd"
JOINED = "\u200b"  # drawn for a break, and for the first half of CR LF
RETURN = "↵"  # drawn for a break that a token holds


def _drawn() -> dict[int, str]:
    table = {code: chr(0x2400 + code) for code in range(32)}
    table |= {0x7F: "␡", 0x09: _TAB, 0x0D: "\r"} | dict.fromkeys((*range(0x80, 0xA0), *range(0xD800, 0xE000)), _UNSHOWN)
    table |= dict.fromkeys((0x0A, 0x0B, 0x0C, 0x85, 0x2028, 0x2029), "\n")
    table |= dict.fromkeys((0xFFFE, 0xFFFF), _UNSHOWN)  # no characters, and forbidden in XML
    unseen = (0xAD, 0x200B, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFFF9, 0xFFFC))
    return table | dict.fromkeys(unseen, _UNSEEN)


_DRAWN = _drawn()


def displayed(text: str) -> str:
    """As many code points as ``text``: controls become visible, every kind of line break a line feed."""
    return text.translate(_DRAWN).replace("\r\n", f"{JOINED}\n").replace("\r", "\n")


def one_line(text: str) -> str:
    """As ``displayed``, for a label or an attribute: breaks become ``↵``."""
    return displayed(text).replace("\n", RETURN)


def units(shown: str) -> list[str]:
    """Cut ``shown`` where a line may be broken; spaces and the break itself stay at the end of their unit."""
    return _UNITS.findall(shown)


def is_right_to_left(shown: str) -> bool:
    """By the first letter that has a direction."""
    kinds = (unicodedata.bidirectional(character) for character in shown)
    return next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") != "L"


def whitespace(text: str) -> NDArray[np.bool_]:
    """(code points,) whether each is space or break."""
    codes = code_points(text)
    blank = ((codes >= 9) & (codes <= 13)) | ((codes >= 28) & (codes <= 32))
    if text.isascii():
        return blank
    others = [ord(character) for character in set(text) if character > "\x7f" and character.isspace()]
    return blank | np.isin(codes, others)


def ideographic(text: str) -> NDArray[np.bool_]:
    """(code points,) whether each is a word of its own."""
    if text.isascii():
        return np.zeros(len(text), dtype=bool)
    codes = code_points(text)
    alone: NDArray[np.bool_] = (
        ((codes >= 0x3041) & (codes <= 0x9FFF)) | ((codes >= 0xF900) & (codes <= 0xFAFF)) | (codes >> 16 == 2)
    )
    return alone


def code_points(text: str) -> NDArray[np.uint32]:
    """(code points,), lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def character_starts(text: str) -> NDArray[np.intp] | None:
    """Code points at which a character, as a reader counts them, begins, and the end; None where every one does."""
    if "\r" not in text and (text.isascii() or not any(map(_leans, set(text)))):
        return None
    lengths = [len(character) for character in _CHARACTER.findall(text)]
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp)


def to_code_points(text: str) -> NDArray[np.intp]:
    """(UTF-16 units + 1,) the code point each unit belongs to."""
    wide = code_points(text) > 0xFFFF
    return np.append(np.repeat(np.arange(len(text)), np.where(wide, 2, 1)), len(text))


def to_units(text: str) -> NDArray[np.intp]:
    """(code points + 1,) the UTF-16 unit at which each begins: Qt counts in these."""
    return np.concatenate([[0], np.cumsum(np.where(code_points(text) > 0xFFFF, 2, 1))]).astype(np.intp)


def _leans(character: str) -> bool:
    """Whether it may be part of the character before it."""
    if character < "\u0300" or character == "\u200b":
        return character == "\r"
    code = ord(character)
    joins = character == "\u200d" or 0x1F1E6 <= code <= 0x1F1FF or 0x1F3FB <= code <= 0x1F3FF or 0x1100 <= code <= 0x11FF
    return joins or unicodedata.category(character).startswith("M")
