"""Words and sentences as a reader sees them, whatever a tokeniser made of them."""

import re

import numpy as np
import pytest

from engine.inputs.grain import combined, group, grouped_text, rule_in_words, sentence_starts
from engine.requests import Grain
from engine.results import Token, TokenizedText


def special(piece: str, segment: int = 0) -> Token:
    return Token("", piece, 0, 0, 0, True, segment)


def spans(text: str, *edges: tuple[int, int]) -> TokenizedText:
    return TokenizedText(text, tuple(Token(text[a:b], text[a:b], i, a, b, False) for i, (a, b) in enumerate(edges)))


def cut(text: str, pattern: str = r"\w{1,3}|[^\w\s]") -> TokenizedText:
    """As WordPiece would: short pieces, punctuation by itself, no spaces."""
    return spans(text, *(found.span() for found in re.finditer(pattern, text)))


def texts(document: TokenizedText, grain: Grain) -> list[str]:
    grouped = grouped_text(document, group(document, grain))
    return [token.piece if token.special else token.text for token in grouped.tokens]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A gorgeous film.", ["A", "gorgeous", "film", "."]),
        ("Don't say it’s well-known!!!", ["Don't", "say", "it’s", "well-known", "!!!"]),
        ("It cost $1,234.50 (5%).", ["It", "cost", "$", "1,234.50", "(", "5", "%).", ""][:-1]),
        ("The U.S. and/or e.g. us", ["The", "U.S.", "and", "/", "or", "e.g.", "us"]),
        ("see https://a.bc/d?e=1, then", ["see", "https://a.bc/d?e=1", ",", "then"]),
        ("rock—roll… no", ["rock", "—", "roll", "…", "no"]),
        ("cafe\u0301s nai\u0308ve", ["cafe\u0301s", "nai\u0308ve"]),
        ("שלום עולם!", ["שלום", "עולם", "!"]),
        ("مرحبا، عالم", ["مرحبا", "،", "عالم"]),
        ("हिन्दी में।", ["हिन्दी", "में", "।"]),
        ("한국어 단어", ["한국어", "단어"]),
    ],
)
def test_pieces_become_words(text: str, words: list[str]) -> None:
    assert texts(cut(text, r"\w\w?\w?|[^\w\s]"), "word") == words


def test_scripts_without_spaces_keep_their_tokens() -> None:
    assert texts(spans("我喜欢电影。", (0, 1), (1, 3), (3, 5), (5, 6)), "word") == ["我", "喜欢", "电影", "。"]


def test_byte_level_pieces_begin_with_the_space_before_their_word() -> None:
    document = spans("a gorgeous film", (0, 1), (1, 6), (6, 10), (10, 15))
    assert texts(document, "word") == ["a", "gorgeous", "film"]


def test_a_piece_across_a_border_joins_both_words() -> None:
    assert texts(spans("of the film", (0, 6), (7, 11)), "word") == ["of the", "film"]


def test_white_space_that_is_a_token_stays_by_itself() -> None:
    assert texts(spans("a\n\nb", (0, 1), (1, 3), (3, 4)), "word") == ["a", "\n\n", "b"]


def test_the_bytes_of_an_emoji_stand_together() -> None:
    family = "👩\u200d👩\u200d👧"
    document = spans(f"so {family} !", (0, 2), (3, 4), (3, 4), (4, 6), (6, 8), (9, 10))
    assert texts(document, "word") == ["so", family, "!"]


def test_special_tokens_and_the_texts_of_a_pair_stay_apart() -> None:
    first, second = cut("Great film").tokens, cut("Bad film").tokens
    second = tuple(Token(t.text, t.piece, t.id, t.start, t.end, False, 1) for t in second)
    tokens = (special("[CLS]"), *first, special("[SEP]"), *second, special("[SEP]", 1))
    document = TokenizedText("Great film", tokens, "Bad film")
    assert texts(document, "sentence") == ["[CLS]", "Great film", "[SEP]", "Bad film", "[SEP]"]
    assert texts(document, "word") == ["[CLS]", "Great", "film", "[SEP]", "Bad", "film", "[SEP]"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It works. It does!", ["It works. ", "It does!"]),
        ("Dr. Smith met J. K. Rowling. He left.", ["Dr. Smith met J. K. Rowling. ", "He left."]),
        ("“Really?” she said. Yes.", ["“Really?” she said. ", "Yes."]),
        ("Wait... what? No… Yes.", ["Wait... what? ", "No… ", "Yes."]),
        ("it was fun! loved it. again", ["it was fun! ", "loved it. ", "again"]),
        ("1. First. 2. Second.", ["1. First. ", "2. Second."]),
        ("Pi is 3.14 or so. Yes", ["Pi is 3.14 or so. ", "Yes"]),
        ("(He left.) She stayed.", ["(He left.) ", "She stayed."]),
        ("A title\n\nThe text", ["A title\n\n", "The text"]),
        ("我喜欢。真的！", ["我喜欢。", "真的！"]),
        ("नमस्ते। ठीक", ["नमस्ते। ", "ठीक"]),
        ("كيف؟ جيد.", ["كيف؟ ", "جيد."]),
        ("It was I. Then he.", ["It was I. ", "Then he."]),
        ("", [""]),
        ("   ", ["   "]),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    starts = sentence_starts(text)
    assert [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)] == sentences


@pytest.mark.parametrize("grain", ["token", "word", "sentence"])
@pytest.mark.parametrize("text", ["", "a", "Uninspired, overlong. Yet mesmerising!", "我喜欢。", "\u200b\x00 \t", "😀😀"])
def test_attributions_add_up_at_every_grain(grain: Grain, text: str) -> None:
    document = cut(text, r"\w{1,2}|[^\w\s]")
    values = np.random.default_rng(0).normal(size=len(document.tokens))
    groups = group(document, grain)
    together = combined(values, groups, "sum")
    assert together.shape == (len(groups),)
    assert together.sum() == pytest.approx(values.sum())
    assert sorted(np.concatenate([groups.tokens_of(i) for i in range(len(groups))] or [[]])) == list(range(len(values)))
    assert len(grouped_text(document, groups).tokens) == len(groups)


def test_norms_combine_by_their_own_rule() -> None:
    groups = group(cut("gorgeous film", r"\w{1,4}|[^\w\s]"), "word")
    rows = np.random.default_rng(1).normal(size=(3, 8))  # gorg, eous, film
    together = np.concatenate(rows[:2])
    l2 = combined(np.linalg.norm(rows, axis=1), groups, "l2")
    np.testing.assert_allclose(l2, [np.linalg.norm(together), np.linalg.norm(rows[2])])
    l1 = combined(np.abs(rows).sum(1), groups, "l1")
    np.testing.assert_allclose(l1, [np.abs(together).sum(), np.abs(rows[2]).sum()])
    np.testing.assert_allclose(combined(np.array([0.2, -0.9, 0.1]), groups, "signed_max"), [-0.9, 0.1])


def test_what_is_no_number_stays_none() -> None:
    groups = group(cut("gorgeous film", r"\w{1,4}|[^\w\s]"), "word")
    for reduction in ("sum", "l2", "signed_max"):
        assert np.isnan(combined(np.array([np.nan, 1.0, 2.0]), groups, reduction)).tolist() == [True, False]  # type: ignore[arg-type]


def test_the_rule_is_said() -> None:
    assert rule_in_words("sum", 1) == ""
    assert rule_in_words("sum", 3) == "sum of 3 pieces"
    assert rule_in_words("l2", 2) == "L2 norm over 2 pieces"
