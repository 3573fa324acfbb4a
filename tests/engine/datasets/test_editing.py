"""Two texts held against each other: cases made by hand, and what holds of any two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.datasets.editing import SPACING, aligned, change_in_words, merged, replaced, without
from engine.edits import WordChange
from engine.inputs.grain import word_spans
from engine.requests import TextInput


def changes(before: str, after: str) -> list[WordChange]:
    old, new = word_spans(before), word_spans(after)
    found = []
    for a, b in aligned([before[slice(*span)] for span in old], [after[slice(*span)] for span in new]):
        span = new[b] if b is not None else old[a or 0]
        text = (after if b is not None else before)[slice(*span)]
        found.append(
            WordChange(text, False, 0, None if a is None else old[a], None if b is None else new[b], (None, None), (None, None))
        )
    return found


def marked(before: str, after: str) -> str:
    signs = {"same": "{}", "removed": "[-{}-]", "added": "[+{}+]"}
    return " ".join(signs[word.kind].format(word.text) for word in changes(before, after))


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("not good", "good", "[-not-] good"),
        ("good", "not good", "[+not+] good"),
        ("a dull film", "a fine film", "a [-dull-] [+fine+] film"),
        ("it is not a good film", "it is a very good film", "it is [-not-] a [+very+] good film"),
        ("a a b", "a b", "a [-a-] b"),
        ("a b a b", "a b", "a b [-a-] [-b-]"),
        ("the end", "The end", "[-the-] [+The+] end"),
        ("one, two", "one two", "one [-,-] two"),
        ("same words", "same words", "same words"),
        ("all gone", "nothing left here", "[-all-] [-gone-] [+nothing+] [+left+] [+here+]"),
        ("", "new", "[+new+]"),
    ],
)
def test_words_are_aligned_as_one_would_by_hand(before: str, after: str, wanted: str):
    assert marked(before, after) == wanted


words = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=12)


@given(words, words)
def test_an_alignment_has_every_word_once_in_order_and_equal_ones_are_equal(before: list[str], after: list[str]):
    pairs = aligned(before, after)
    assert [a for a, _ in pairs if a is not None] == list(range(len(before)))
    assert [b for _, b in pairs if b is not None] == list(range(len(after)))
    for a, b in pairs:
        assert a is not None or b is not None
        if a is not None and b is not None:
            assert before[a] == after[b]


@given(words, st.integers(0, 11), st.integers(1, 3))
def test_a_stretch_taken_out_costs_exactly_so_many_words(before: list[str], start: int, length: int):
    after = before[:start] + before[start + length :]
    assert sum(b is None for _, b in aligned(before, after)) == len(before) - len(after)


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("a big film", "a film", "a big film"),
        ("a big, film", "a, film", "a big, film"),
        ("not good", "good", "not good"),
        ("a dull film.", "a fine film.", "a dull fine film."),
        ("good", "not good", "not good"),
        ("  so  dull", "so  fine", "so  dull  fine"),
        ("(bad)", "(bad film)", "(bad film)"),
    ],
)
def test_both_texts_as_one(before: str, after: str, wanted: str):
    document = merged(changes(before, after), TextInput(before), TextInput(after))
    assert document.text.strip() == wanted
    for token, word in zip(document.tokens, changes(before, after), strict=True):
        assert token.text == word.text == document.text[token.start : token.end]


def test_special_tokens_and_a_second_text_have_their_places():
    words = (
        WordChange("[CLS]", True, 0, (0, 0), (0, 0), (0.0, 0.0)),
        WordChange("good", False, 0, (0, 4), (0, 4), (1.0, 2.0)),
        WordChange("[SEP]", True, 0, (4, 4), (4, 4), (0.0, 0.0)),
        WordChange("it", False, 1, (0, 2), None, (1.0, None)),
        WordChange("is", False, 1, (3, 5), (0, 2), (1.0, 4.0)),
    )
    document = merged(words, TextInput("good", "it is"), TextInput("good", "is"))
    assert (document.text, document.pair) == ("good", "it is")
    assert [(token.special, token.start, token.end, token.segment) for token in document.tokens] == [
        (True, 0, 0, 0),
        (False, 0, 4, 0),
        (True, 4, 4, 0),
        (False, 0, 2, 1),
        (False, 3, 5, 1),
    ]
    assert [word.attribution_change for word in words] == [0.0, 1.0, 0.0, -1.0, 3.0]


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("not good", "good", "− not"),
        ("not exciting", "not dull", "exciting → dull"),
        ("good", "very good", "+ very"),
        ("a film", "a  film", SPACING),
        ("a film", "a film", ""),
        ("being exciting.", "being [MASK].", "exciting → [MASK]"),
        ("is it?", "is it!", "? → !"),
        ("a b c d e f g h i", "b d f h", "− a, − c, − e, and 2 more"),
        ("x", "y" * 50, f"x → {'y' * 31}…"),
    ],
)
def test_a_change_in_words(before: str, after: str, wanted: str):
    assert change_in_words(TextInput(before), TextInput(after)) == wanted


def test_a_change_of_the_second_text():
    assert change_in_words(TextInput("a", "b c"), TextInput("a", "b d")) == "c → d"


@pytest.mark.parametrize(
    ("text", "spans", "rest"),
    [
        ("a big film", [(2, 5)], "a film"),
        ("a big film", [(0, 1)], "big film"),
        ("a big film", [(6, 10)], "a big"),
        ("a big, film", [(2, 5)], "a, film"),
        ("a big film", [(0, 1), (2, 5)], "film"),
    ],
)
def test_words_go_with_the_space_before_them(text: str, spans: list[tuple[int, int]], rest: str):
    assert without(text, spans) == rest


def test_a_word_is_exchanged_and_nothing_takes_it_away():
    assert replaced("a big film", (2, 5), "small") == "a small film"
    assert replaced("a big film", (2, 5), " ") == "a film"
