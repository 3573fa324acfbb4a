"""The masking game: equal masks once, values against a direct loop."""

import numpy as np
import torch

from engine.attribution.score import Score
from engine.devices import BatchSize
from engine.jobs import run
from engine.perturbation.masking import MaskingGame

INPUTS = torch.randn(1, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
FILL = torch.zeros_like(INPUTS)


def score() -> Score:
    return Score(lambda p: (p**3).sum((-2, -1)).tanh(), BatchSize(4, 4))


def test_values_against_a_direct_loop():
    masks = np.random.default_rng(0).random((20, 3)) < 0.5
    groups = [[0, 2], [1], [3, 4]]
    values = run(MaskingGame(score(), INPUTS, FILL, groups).values(masks))
    for mask, value in zip(masks, values, strict=True):
        point = INPUTS.clone()
        for group, stays in zip(groups, mask, strict=True):
            if not stays:
                point[:, group] = FILL[:, group]
        assert np.isclose(value, float((point**3).sum().tanh()))


def test_equal_masks_are_evaluated_once_also_over_calls():
    counted = score()
    game = MaskingGame(counted, INPUTS, FILL)
    masks = np.array([[True] * 5, [False] * 5, [True] * 5, [True, False, True, True, True]])
    first = run(game.values(masks))
    assert counted.forward == 3
    np.testing.assert_array_equal(run(game.values(masks[::-1])), first[::-1])
    assert counted.forward == 3


def test_hiding_what_the_fill_keeps_is_no_new_mask():
    counted, fill = score(), FILL.clone()
    fill[:, 1] = INPUTS[:, 1]
    game = MaskingGame(counted, INPUTS, fill)
    run(game.values(np.array([[True, True, True, True, True], [True, False, True, True, True]])))
    assert counted.forward == 1
