"""Nothing is called by something that cannot be seen."""

import pytest

from engine.heatmaps.token_names import name_of, quoted, visible
from engine.results import Token


@pytest.mark.parametrize(
    ("text", "piece", "name"),
    [
        (" film", "Ġfilm", "film"),
        (" ", "Ġ", "␣"),
        ("\t ", "ĉĠ", "⇥␣"),
        ("\n", "Ċ", "↵"),
        ("a\nb", "aĊb", "a↵b"),
        ("\u200b", "âĢĭ", "◌"),
        ("", "[SEP]", "[SEP]"),
    ],
)
def test_what_a_token_is_called(text: str, piece: str, name: str) -> None:
    token = Token(text, piece, 1, 0, len(text), special=not text)
    assert name_of(token) == name
    assert quoted(token) == (name if token.special else f"“{name}”")


def test_blanks_between_letters_stay() -> None:
    assert visible("a b") == "a b"
    assert visible("") == ""


def test_blanks_at_the_ends_are_seen() -> None:
    assert visible(" YORK") == "␣YORK"
    assert visible("a b ") == "a b␣"
    assert visible("\tif") == "⇥if"
