"""Choosing the next token: frequencies against the softmax, and what the cuts leave."""

import numpy as np
import pytest
import torch

from engine.sampling import choose

LOGITS = torch.tensor([2.0, 1.0, 0.5, -1.0], dtype=torch.float64)


def frequencies(draws: int = 40_000, **options: float | int | None) -> np.ndarray:
    noise = torch.Generator().manual_seed(3)
    rows = LOGITS.expand(1, -1)
    drawn = [int(choose(rows, noise, **options)) for _ in range(draws)]  # type: ignore[arg-type]
    return np.bincount(drawn, minlength=len(LOGITS)) / draws


def test_without_a_temperature_the_highest_is_chosen() -> None:
    assert choose(torch.stack([LOGITS, -LOGITS]), torch.Generator()).tolist() == [0, 3]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_samples_come_as_often_as_the_softmax_says(temperature: float) -> None:
    expected = (LOGITS / temperature).softmax(-1).numpy()
    np.testing.assert_allclose(frequencies(temperature=temperature), expected, atol=0.01)


def test_top_k_leaves_the_likeliest() -> None:
    expected = LOGITS[:2].softmax(-1).numpy()
    np.testing.assert_allclose(frequencies(temperature=1.0, top_k=2), [*expected, 0, 0], atol=0.01)


def test_top_p_leaves_the_fewest_that_hold_the_mass() -> None:
    shares = LOGITS.softmax(-1)
    between = float(shares[0] + 0.5 * shares[1])  # the second is needed to hold it, the third is not
    expected = LOGITS[:2].softmax(-1).numpy()
    np.testing.assert_allclose(frequencies(temperature=1.0, top_p=between), [*expected, 0, 0], atol=0.01)


def test_top_p_counts_what_top_k_has_left() -> None:
    two = LOGITS[:2].softmax(-1)
    assert frequencies(1_000, temperature=1.0, top_k=2, top_p=float(two[0]) - 1e-6)[0] == 1


def test_one_token_always_stays() -> None:
    assert frequencies(100, temperature=1.0, top_p=1e-9)[0] == 1


def test_rows_draw_the_same_numbers() -> None:
    noise = torch.Generator().manual_seed(0)
    drawn = [choose(LOGITS.expand(2, -1), noise, 1.0).tolist() for _ in range(50)]
    assert all(first == second for first, second in drawn)
    assert len({first for first, _ in drawn}) > 1
