"""What is said of attention beside TF-IDF."""

from dataclasses import replace

import numpy as np
import pytest

from engine.attention_maps import TfidfResult
from engine.requests import AttentionRequest, TextInput, TfidfRequest
from engine.tfidf_reading import (
    corpus_in_words,
    correlation_in_words,
    heights,
    labelled,
    limits_in_words,
    named,
    occurrence_in_words,
    occurrence_over,
    on_log_scale,
    rank_of,
    same_word,
    standouts_in_words,
    where,
)
from tests.gui import made_attention

TEXT = "Not once does it come close to being exciting, not once is it frightening, and it is over."


def made(text: str = TEXT, **changes: object) -> TfidfResult:
    attention = AttentionRequest("ab" * 32, TextInput(text))
    request = TfidfRequest(attention, ("/data/reviews.csv",), layer=2, head=1)
    document = made_attention.made.document(text)
    return replace(made_attention.tfidf(request, made_attention.attention(attention, document)), **changes)  # type: ignore[arg-type]


def test_the_correlation_has_its_n_and_what_chance_does():
    result = made()
    assert len(result.occurrences) == 18
    assert correlation_in_words(result) == (
        "Rank correlation of TF-IDF with attention received, over 18 words: +0.25, and +0.50 with their age taken out "
        "(chance alone: within ±0.48, 19 times in 20)."
    )
    assert "age taken out" not in correlation_in_words(made(ages_differ=False))
    assert "age explains all of it" in correlation_in_words(made(correlation_without_age=None))


@pytest.mark.parametrize(
    ("text", "said"),
    [("!", "No word is left, which is too few"), ("One.", "One word is too few"), ("Not once.", "Two words are too few")],
)
def test_too_few_words(text: str, said: str):
    assert said in correlation_in_words(made(text))


def test_nothing_to_rank():
    assert "no rank correlation" in correlation_in_words(made(correlation=None))


def test_what_it_does_not_mean():
    assert "Older words" in limits_in_words(made())
    assert "Sinks" in limits_in_words(made())
    result = made(ages_differ=False)
    assert "no age to take out" in limits_in_words(result)
    assert "Sinks" not in limits_in_words(replace(result, request=replace(result.request, without_sinks=True)))


def test_a_word_is_named_with_its_place_its_numbers_and_its_rank():
    said = occurrence_in_words(made(), 8, False)
    assert said == (
        "“exciting” · word 9 of 18 · TF-IDF 0.0800 (in 8 of 518 documents) · attention 0.200 · 2.00× what its age brings"
        " · rank 4 of 18"
    )
    assert occurrence_in_words(made(), 8, True).endswith("rank 1 of 18")
    assert "2.00× the median" in occurrence_in_words(made(ages_differ=False), 8, False)
    assert occurrence_in_words(made(), 99, False) == occurrence_in_words(made(), -1, False) == ""


def test_the_same_word_and_the_word_of_a_place():
    result = made()
    assert same_word(result, 0) == (0, 9)  # Not, not
    assert occurrence_over(result, 4, 6) == 1
    assert occurrence_over(result, 3, 4) == -1


def test_what_stands_out():
    result = made()
    assert standouts_in_words(result) == "Standing out: exciting 2.00×, frightening 2.00×"
    assert labelled(result) == (8, 13)
    twice = replace(result, standouts=(9, 0))
    assert labelled(twice) == (9,)
    assert named(result) == (8, 13)
    assert named(made("Not once.")) == (0, 1)  # few words are all named
    assert standouts_in_words(replace(result, standouts=())) == "No word stands out."


def test_where_it_is_of():
    result = made()
    assert where(result) == "layer 2, head 1"
    merged = replace(result, request=replace(result.request, head="mean", stack="decoder", without_sinks=True))
    assert where(merged) == "decoder, layer 2, mean of heads, without sinks"
    assert where(replace(result, model=replace(result.model, format="textgenrnn"))) == "the attention layer"
    assert corpus_in_words(result) == "518 rows of reviews.csv"
    many = replace(result.request, corpus=("a", "b", "c", "d", "e"))
    assert corpus_in_words(replace(result, request=many, documents=1, kinds=("files",))) == "1 file of a, b, c and 2 more"


def test_heights_and_ranks():
    result = made()
    np.testing.assert_allclose(heights(result, True)[[0, 8]], [1, 2])
    np.testing.assert_allclose(on_log_scale(np.array([0.1, 0.0, 10])), [-1, np.log10(0.05), 1])
    assert np.isfinite(on_log_scale(np.zeros(2))).all()
    assert [rank_of(np.array([3.0, 5.0, 3.0]), at) for at in range(3)] == [2, 1, 2]
