"""Ranks and the fewest keys that hold most of a row, against what can be counted by hand."""

import numpy as np
import pytest

from engine.attention_reading import entry_in_words, head_in_words, heaviest, rank_in_row
from engine.requests import AttentionRequest, HeadRequest, TextInput
from tests.gui import made, made_attention

ROW = np.array([0.05, 0.4, 0.05, 0.3, 0.2])


def test_ranks_count_what_is_larger() -> None:
    assert [rank_in_row(ROW, key) for key in range(5)] == [4, 1, 4, 2, 3]


@pytest.mark.parametrize(("share", "keys"), [(0.3, [1]), (0.4, [1]), (0.41, [1, 3]), (0.9, [1, 3, 4]), (1.0, [1, 3, 4, 0, 2])])
def test_the_fewest_keys_that_hold_a_share(share: float, keys: list[int]) -> None:
    assert heaviest(ROW, share).tolist() == keys


def test_zeros_and_what_is_no_number_hold_nothing() -> None:
    assert heaviest(np.array([0.0, np.nan, 2.0, 0.0]), 1.0).tolist() == [2]
    assert heaviest(np.zeros(3), 1.0).tolist() == []


def test_an_entry_in_words() -> None:
    result = made_attention.attention(causal=True)
    request = HeadRequest(AttentionRequest(made.SHA, TextInput("")), layer=0, head=0)
    shown = made_attention.head_map(request, result)
    words = entry_in_words(shown, 3, 2)
    assert words.startswith("“does” → “once” · query 3, key 2 · weight 0.99")
    assert words.endswith("rank 1 of 4 in its row")
    assert "out of sight" in entry_in_words(shown, 2, 3)
    assert entry_in_words(shown, 0, 99) == ""


def test_a_head_in_words_leaves_out_what_means_nothing() -> None:
    result = made_attention.attention(document=made.spans("one", (0, 3)))
    words = head_in_words(result.stacks[0], 1, 2, 0.5)
    assert words.startswith("Layer 1, head 2 · agreement with attribution +0.500 · entropy")
    assert "previous" not in words
