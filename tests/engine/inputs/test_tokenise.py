"""The tokenisers of recurrent folders."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import LoadError, UserError
from engine.inputs.tokenise import Tokeniser

KINDS = ("word", "char", r"\S+", r"(?i)[a-z]+|\d", r"\w*", r"(\w)(\w)?", r".(?=.)")


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text())
def test_pieces_are_where_they_say(kind: str, text: str):
    reached = 0
    for piece, known, start, end in Tokeniser(kind, {}, None, lowercase=False).pieces(text):
        assert piece == text[start:end] != ""
        assert start >= reached
        assert known is None
        reached = end


@given(text=st.text())
def test_characters_leave_nothing_out(text: str):
    assert "".join(piece for piece, *_ in Tokeniser("char", {}, None, lowercase=False).pieces(text)) == text


def test_words_and_single_punctuation_marks():
    pieces = [p for p, *_ in Tokeniser("word", {}, None, lowercase=False).pieces("Don't stop -- naïve café_2!\n\u3042。")]
    assert pieces == ["Don", "'", "t", "stop", "-", "-", "naïve", "café_2", "!", "\u3042", "。"]


@pytest.mark.parametrize("text", ["İstanbul", "ΑΣ", "ﬁn", "ẞ", "A\u0301B"])
def test_lower_casing_shifts_no_offset(text: str):
    """İ becomes two code points when lowered: the offsets still count the text as typed."""
    vocabulary = {text.lower(): 7}
    spans = list(Tokeniser(r"\S+", vocabulary, None, lowercase=True).pieces(text))
    assert spans == [(text.lower(), 7, 0, len(text))]


def test_look_up_falls_back_to_composed_characters():
    pieces = Tokeniser(r"\S+", {"é": 3}, 1, lowercase=False).pieces("é e\u0301 x")
    assert [known for _, known, *_ in pieces] == [3, 3, 1]


@pytest.mark.parametrize("kind", ["(", "[", "*", "(?P<a", "a{2,1}", "\\"])
def test_no_regular_expression(kind: str):
    with pytest.raises(LoadError, match="is not a regular expression"):
        Tokeniser(kind, {}, None, lowercase=False)


@pytest.mark.parametrize("kind", [r"(a+)+$", r"(a|aa)+$", r"(.*a){30}$", r"(?:a?){40}a{40}b"])
def test_a_regular_expression_that_never_ends_is_stopped(kind: str):
    start = time.perf_counter()
    with pytest.raises(UserError, match="takes too long on this text; simplify it"):
        list(Tokeniser(kind, {}, None, lowercase=False).pieces("a" * 5000 + "!"))
    assert time.perf_counter() - start < 20  # without the stop: longer than anybody's patience


def test_a_hundred_thousand_words():
    assert sum(1 for _ in Tokeniser("word", {}, 0, lowercase=True).pieces("word " * 100_000)) == 100_000
