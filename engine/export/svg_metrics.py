"""How wide a text will be, without Qt: the bundled font where it has the letters, an estimate elsewhere.

An SVG says each width (``textLength``), so a reader's other font is fitted to it.
"""

import unicodedata
from functools import cache
from pathlib import Path

import regex
from PIL import ImageFont

_FONT = Path(__file__).resolve().parents[2] / "resources" / "fonts" / "Inter-Regular.otf"
_MEASURED_AT = 200
_FALLBACK, _WIDE, _EMOJI = 0.56, 1.0, 1.3  # of the font's size
_CHARACTER = regex.compile(r"\X")
_KNOWN = regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{Common}--\p{So}--[\u2400-\u243f]]", regex.VERSION1)


def width(text: str, size: float) -> float:
    """Of one line, in px."""
    return size * sum(map(_advance, _CHARACTER.findall(text)))


def is_known(text: str) -> bool:
    """Whether every letter was measured, so that fitting another font to the width only helps."""
    return all(map(_in_font, set(text)))


@cache
def _advance(character: str) -> float:
    first = character[0]
    if unicodedata.category(first) in ("Mn", "Me", "Cf"):
        return 0.0
    if _in_font(first) and (font := _font()) is not None:
        return float(font.getlength(first)) / _MEASURED_AT
    if unicodedata.category(first) == "So" or "\ufe0f" in character:
        return _EMOJI
    return _WIDE if unicodedata.east_asian_width(first) in ("W", "F") else _FALLBACK


@cache
def _in_font(character: str) -> bool:
    return bool(_KNOWN.fullmatch(character)) and unicodedata.east_asian_width(character) not in ("W", "F")


@cache
def _font() -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(_FONT, _MEASURED_AT, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        return None
