"""From a tokenizer's pieces to tokens with offsets into the text as typed."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.results import Token, TokenizedText


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece as a tokenizer gives it. ``segment`` None: a special token of the template, whose span means nothing."""

    piece: str
    id: int
    start: int
    end: int
    segment: int | None


def tokenized_text(text: str, pair: str | None, pieces: Sequence[Piece], overflowed: bool) -> TokenizedText:
    """Tokens in reading order, special ones placed behind what they follow, and what was cut.

    Args:
        overflowed: pieces that did not fit were dropped at the end of a text.
    """
    texts = (text, pair or "")
    tokens: list[Token] = []
    segment, here = 0, 0
    for p in pieces:
        if p.segment is not None:
            segment, here = p.segment, p.end
            tokens.append(Token(texts[segment][p.start : p.end], p.piece, p.id, p.start, p.end, False, segment))
        else:
            tokens.append(Token("", p.piece, p.id, here, here, True, segment))
    cuts = [
        _cut(t, max((p.end for p in pieces if p.segment == s), default=0)) if overflowed else None for s, t in enumerate(texts)
    ]
    return TokenizedText(text, tuple(tokens), pair, cuts[0], cuts[1])


def _cut(text: str, read: int) -> tuple[int, int] | None:
    """The code points behind ``read`` that hold anything."""
    rest = text[read:]
    start = read + len(rest) - len(rest.lstrip())
    return (start, len(text)) if start < len(text) else None
