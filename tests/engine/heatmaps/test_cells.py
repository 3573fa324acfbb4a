"""From tokens to what can be pointed at."""

import numpy as np
import pytest

from engine.heatmaps.cells import cells_of
from engine.heatmaps.display_text import displayed, is_right_to_left, units
from engine.results import Token, TokenizedText
from tests.gui import made


def shown(document: TokenizedText) -> list[str]:
    cells = cells_of(document)
    texts = (document.text, document.pair or "")
    return [texts[s][a:b] for a, b, s in zip(cells.start, cells.end, cells.segment, strict=True)]


def test_tokens_become_cells_in_reading_order_between_their_tags() -> None:
    cells = cells_of(made.document("A fine film."))
    assert cells.special.tolist() == [True, False, False, False, False, True]
    assert cells.of_token.tolist() == [0, 1, 2, 3, 4, 5]


def test_pieces_of_a_word_belong_together_and_words_do_not() -> None:
    cells = cells_of(made.document("disappointment, no"))
    words = cells.word[~cells.special]
    assert len(words) == 5
    assert len(set(words[:4].tolist())) == 1
    assert words[4] != words[3]


def test_tokens_of_one_character_are_one_cell_with_their_sum() -> None:
    document = made.spans("a😀b", (0, 1), (1, 2), (1, 2), (1, 2), (2, 3))
    cells = cells_of(document)
    assert shown(document) == ["a", "😀", "b"]
    np.testing.assert_allclose(cells.sums(np.array([1.0, 2, 3, 4, 5])), [1, 9, 5])
    assert cells.tokens_of(1).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "offsets", "expected"),
    [
        ("cafe\u0301!", [(0, 4), (4, 5), (5, 6)], ["cafe\u0301", "!"]),
        ("👩\u200d👩\u200d👧x", [(0, 1), (1, 2), (2, 5), (5, 6)], ["👩\u200d👩\u200d👧", "x"]),
        ("🇩🇪!", [(0, 1), (1, 2), (2, 3)], ["🇩🇪", "!"]),
        ("שלום", [(0, 2), (2, 4)], ["של", "ום"]),
        (" film  here", [(0, 5), (5, 11)], ["film", "here"]),
        ("a\n\nb", [(0, 1), (1, 3), (3, 4)], ["a", "\n\n", "b"]),
        ("ab", [(1, 2), (0, 1)], ["a", "b"]),
        ("ab", [(0, 0), (0, 2)], ["ab"]),
        ("ab", [(0, 2), (2, 2)], ["ab"]),
        ("", [(0, 0), (0, 0)], ["", ""]),
        ("ab", [(0, 9)], ["ab"]),
    ],
)
def test_cells_are_whole_characters_without_the_space_around(
    text: str, offsets: list[tuple[int, int]], expected: list[str]
) -> None:
    assert shown(made.spans(text, *offsets)) == expected


def test_a_missing_value_stays_missing_in_a_sum() -> None:
    cells = cells_of(made.spans("é", (0, 1), (0, 1)))
    assert np.isnan(cells.sums(np.array([np.nan, 1.0]))).all()


def test_nothing_at_all() -> None:
    cells = cells_of(TokenizedText("", ()))
    assert len(cells) == 0
    assert cells.sums(np.zeros(0)).tolist() == []


def test_the_second_text_counts_for_itself() -> None:
    document = made.document("One.", pair="Two three.")
    cells = cells_of(document)
    assert shown(document)[-4:] == ["Two", "three", ".", ""]
    assert cells.segment.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert len(set(cells.word.tolist())) == 6


def test_each_ideograph_is_a_word() -> None:
    cells = cells_of(made.spans("日本語", (0, 1), (1, 2), (2, 3)))
    assert len(set(cells.word.tolist())) == 3


@pytest.mark.parametrize(
    "text", ["a\x00b\x1b\x7f\x85c", "tab\there", "a\r\nb\rc\u2028d", "\ud800x\u200b\ufeff", "\u202eab", "😀e\u0301"]
)
def test_what_is_drawn_keeps_every_offset(text: str) -> None:
    drawn = displayed(text)
    assert len(drawn) == len(text)
    assert not any(ord(character) < 32 and character != "\n" for character in drawn)
    assert "\u2028" not in drawn


def test_controls_are_visible() -> None:
    assert displayed("a\x00b\x1b") == "a␀b␛"
    assert displayed("a\r\nb") == "a\u200b\nb"


@pytest.mark.parametrize("text", ["", "one two  three", "a\n\nb\n", "  lead", "日本語、はい。 end", "word\n", "x" * 500])
def test_units_lose_nothing(text: str) -> None:
    assert "".join(units(text)) == text


def test_direction_is_that_of_the_first_letter() -> None:
    assert is_right_to_left("12 שלום abc")
    assert not is_right_to_left("abc שלום")
    assert not is_right_to_left("123")


def test_many_tokens_are_fast_to_place() -> None:
    text = "word " * 5000
    document = TokenizedText(text, tuple(Token("word", "word", 0, 5 * i, 5 * i + 4, False) for i in range(5000)))
    assert len(cells_of(document)) == 5000
