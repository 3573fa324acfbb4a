"""What a token is called where its place in the text does not show: at an axis, in a table, in a sentence."""

from engine.heatmaps.display_text import one_line
from engine.results import Token

_BLANKS = str.maketrans({" ": "␣", "\u2003": "⇥"})  # the second is what ``one_line`` makes of a tab


def visible(text: str) -> str:
    """On one line; blanks at its ends are seen, since they make it another token."""
    shown = one_line(text)
    inside = shown.strip()
    if not inside:
        return shown.translate(_BLANKS)
    before, _, after = shown.partition(inside)
    return f"{before.translate(_BLANKS)}{inside}{after.translate(_BLANKS)}"


def name_of(token: Token) -> str:
    """Its text without the space around it; of a token that stands for no text its piece."""
    return visible(token.text.strip() or token.text or token.piece)


def quoted(token: Token) -> str:
    """In a sentence; special tokens stand as they are."""
    return name_of(token) if token.special else f"“{name_of(token)}”"
