"""Offsets are code points into the text as typed, whatever Unicode it is and whatever a tokenizer makes of it."""

import time
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UserError
from engine.inputs.text import Piece, tokenized_text
from engine.models.model import TextModel
from engine.requests import TextInput
from engine.results import TokenizedText
from tests.engine.tiny_models import opened, write, write_recurrent

READERS = ("bert", "roberta", "gpt2", "albert", "modernbert", "char", "word", "regex")
NASTY = (
    "plain words",
    "  leading, trailing  ",
    "tab\tnew\nline\r\ncarriage\x0bvertical\x0cfeed",
    "nul\0inside\0",
    "\ufeffbyte order mark\ufeff",
    "e\u0301 combining a\u0308\u0323",
    "👩‍👩‍👧‍👦 family, 🏳️‍🌈 flag, 👍🏽 thumb, 🇩🇪",
    "שלום עולם مرحبا بالعالم",
    "\u202eright to left\u202c \u200bzero\u200dwidth\u00ad",
    "中文，日本語。한국어",
    "lone \ud800 high, \udfff low",
    "ﬁ ligature, Å, ½, ℌ, ㎏, İı, ß, ǅ",
    "[SEP] [CLS] <s> </s> <mask> [MASK] <pad>",
    "\U0010ffff\ufffe\ufdd0 noncharacters",
    "a" * 300,
    "…— “quotes” ‘single’",
)


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TextModel]:
    def folder(name: str) -> Path:
        return tmp_path_factory.mktemp(name)

    found = {name: opened(write(folder(name), name)) for name in READERS[:5]}
    for name, kind in (("char", "char"), ("word", "word"), ("regex", r"\S+\s?")):
        found[name] = opened(write_recurrent(folder(name), tokeniser=kind, maximum_tokens=500))
    return found


def read(model: TextModel, text: str, pair: str | None = None) -> TokenizedText | None:
    """The tokens, or None where the model's tokenizer reads nothing at all in the text."""
    try:
        return model.encode(TextInput(text, pair)).input
    except UserError as error:
        assert error.kind == "empty_text"  # noqa: PT017 - the only one there may be
        return None


def check(found: TokenizedText) -> None:
    """What holds for every text."""
    for token in found.tokens:
        source = found.text if token.segment == 0 else found.pair or ""
        assert 0 <= token.start <= token.end <= len(source)
        assert token.text == source[token.start : token.end]
        assert not token.special or token.start == token.end
        assert isinstance(token.piece, str)
    for segment in (0, 1):
        starts = [token.start for token in found.tokens if token.segment == segment]
        assert starts == sorted(starts)
    for cut, source in ((found.cut, found.text), (found.cut_pair, found.pair)):
        if cut is not None:
            assert source is not None
            assert 0 <= cut[0] < cut[1] == len(source)
            assert source[cut[0] :].strip()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", NASTY)
def test_nasty_texts(reader: str, text: str, readers: dict[str, TextModel]):
    found = read(readers[reader], text)
    if found is not None:
        assert found.text == text
        check(found)


@pytest.mark.parametrize("reader", READERS)
@given(text=st.text(st.characters(), max_size=80))
def test_any_text(reader: str, text: str, readers: dict[str, TextModel]):
    found = read(readers[reader], text)
    if found is not None:
        assert found.text == text
        check(found)


@pytest.mark.parametrize("reader", ["bert", "roberta", "albert"])
@given(text=st.text(max_size=60), pair=st.text(max_size=60))
def test_any_pair(reader: str, text: str, pair: str, readers: dict[str, TextModel]):
    found = read(readers[reader], text, pair)
    if found is not None:
        assert (found.text, found.pair) == (text, pair)
        check(found)


@pytest.mark.parametrize("reader", ["roberta", "gpt2", "char"])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=15))
def test_where_nothing_is_normalised_away_every_character_is_someones(reader: str, text: str, readers: dict[str, TextModel]):
    found = read(readers[reader], text)
    if found is not None:
        covered = {i for token in found.tokens for i in range(token.start, token.end)}
        assert {i for i, character in enumerate(text) if not character.isspace()} <= covered


def test_a_plain_sentence_word_by_word(readers: dict[str, TextModel]):
    found = readers["bert"].encode(TextInput("Not once  does\nit")).input
    assert [(t.text, t.start, t.end, t.special) for t in found.tokens] == [
        ("", 0, 0, True),
        ("Not", 0, 3, False),
        ("once", 4, 8, False),
        ("does", 10, 14, False),
        ("it", 15, 17, False),
        ("", 17, 17, True),
    ]
    assert [t.piece for t in found.tokens] == ["[CLS]", "not", "once", "does", "it", "[SEP]"]


def test_pieces_of_one_emoji_share_its_span(readers: dict[str, TextModel]):
    tokens = [t for t in readers["gpt2"].encode(TextInput("a🙂b")).input.tokens if not t.special]
    assert [(t.start, t.end) for t in tokens] == [(0, 1)] + [(1, 2)] * (len(tokens) - 2) + [(2, 3)]
    assert len(tokens) == 6


def test_a_separator_that_was_typed_is_the_users_own(readers: dict[str, TextModel]):
    """It reads as the separator does, but it stands in the text: it has a span, and a baseline may blank it."""
    encoding = readers["bert"].encode(TextInput("it [SEP] ends"))
    typed = next(t for t in encoding.input.tokens if t.text == "[SEP]")
    assert (typed.start, typed.end, typed.special) == (3, 8, False)
    assert typed.id == encoding.input.tokens[-1].id
    assert encoding.special.tolist() == [True, False, False, False, True]


def test_a_lone_surrogate_stays_in_the_text_and_reaches_the_model_as_a_replacement(readers: dict[str, TextModel]):
    broken, mended = readers["gpt2"].encode(TextInput("a\ud800b")), readers["gpt2"].encode(TextInput("a\ufffdb"))
    assert torch.equal(broken.ids, mended.ids)
    assert broken.input.text == "a\ud800b"
    assert "\ud800" in [token.text for token in broken.input.tokens]


def test_a_pair_counts_within_each_text(readers: dict[str, TextModel]):
    found = readers["bert"].encode(TextInput("a film", "it ends")).input
    shown = [(t.text, t.start, t.segment, t.special) for t in found.tokens]
    assert shown == [
        ("", 0, 0, True),
        ("a", 0, 0, False),
        ("film", 2, 0, False),
        ("", 6, 0, True),
        ("it", 0, 1, False),
        ("ends", 3, 1, False),
        ("", 7, 1, True),
    ]
    assert readers["bert"].encode(TextInput("a film", "it ends")).extras["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1, 1]]


@pytest.mark.parametrize("reader", ["bert", "roberta", "gpt2", "word"])
def test_what_was_cut_is_exactly_what_was_not_read(reader: str, readers: dict[str, TextModel]):
    text = " ".join(f"film{i}" for i in range(2000)) + "  \n"
    found = readers[reader].encode(TextInput(text)).input
    assert found.truncated
    last = max(t.end for t in found.tokens if not t.special)
    assert found.cut is not None
    assert not text[last : found.cut[0]].strip()
    assert not text[found.cut[0]].isspace()
    assert found.cut[1] == len(text)
    again = read(readers[reader], text[: found.cut[0]])
    assert again is not None
    assert [t.id for t in again.tokens] == [t.id for t in found.tokens]
    assert not again.truncated


@pytest.mark.parametrize("reader", ["bert", "roberta", "gpt2", "char", "word"])
@pytest.mark.parametrize("tail", ["", " ", " \n\t\r\n   ", " " * 100_000])
def test_blanks_at_the_end_were_not_cut(reader: str, tail: str, readers: dict[str, TextModel]):
    if reader in ("char", "gpt2") and len(tail) > 1000:
        return  # for them a blank is a token like any other, and these are too many
    assert not readers[reader].encode(TextInput("it ends" + tail)).input.truncated


def test_of_a_long_pair_each_text_says_what_was_cut(readers: dict[str, TextModel]):
    found = readers["bert"].encode(TextInput("short one", "film " * 500)).input
    assert found.cut is None
    assert found.cut_pair is not None
    check(found)
    both = readers["bert"].encode(TextInput("film " * 500, "film " * 500)).input
    assert both.cut is not None
    assert both.cut_pair is not None


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", ["word " * 100_000, "w" * 500_000, "🙂" * 100_000, "\n" * 500_000 + "end"])
@pytest.mark.timeout(20)
def test_a_hundred_thousand_words_are_no_more_work_than_a_page(reader: str, text: str, readers: dict[str, TextModel]):
    start = time.process_time()
    found = read(readers[reader], text)
    assert time.process_time() - start < 5  # well below a second on an idle machine
    if found is not None:
        check(found)
        assert len(found.tokens) <= 500


@pytest.mark.parametrize("text", ["", " ", "\n\t  ", "\u2003\u3000"])
def test_no_text(text: str, readers: dict[str, TextModel]):
    for model in readers.values():
        with pytest.raises(UserError, match="no text yet; type a sentence"):
            model.encode(TextInput(text))


@pytest.mark.parametrize("text", ["\0", "\u200b", "\ufeff", "\x01\x02"])
def test_a_text_of_which_nothing_is_left(text: str, readers: dict[str, TextModel]):
    with pytest.raises(UserError, match="nothing in this text that the model's tokenizer reads"):
        readers["bert"].encode(TextInput(text))


def test_special_tokens_stand_behind_what_they_follow():
    pieces = [Piece("[CLS]", 1, 0, 0, None), Piece("a", 2, 0, 1, 0), Piece("[SEP]", 3, 0, 0, None), Piece("b", 4, 2, 3, 1)]
    found = tokenized_text("a", "x b", [*pieces, Piece("[SEP]", 3, 0, 0, None)], overflowed=False)
    assert [(t.start, t.end, t.segment, t.special) for t in found.tokens] == [
        (0, 0, 0, True),
        (0, 1, 0, False),
        (1, 1, 0, True),
        (2, 3, 1, False),
        (3, 3, 1, True),
    ]
