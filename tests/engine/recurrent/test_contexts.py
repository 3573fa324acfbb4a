"""The best contexts of a stream are those of a full sort."""

import numpy as np
import pytest
import torch

from engine.recurrent.contexts import TopContexts


@pytest.mark.parametrize("distinct", [3, 10_000])
def test_top_contexts_are_those_of_a_full_sort(distinct: int):
    """Ties too, of which few distinct values have many, in whatever order the positions come."""
    random = np.random.default_rng(distinct)
    values = random.integers(0, distinct, (1_000, 6)).astype(np.float32)
    order = random.permutation(1_000)
    best = TopContexts(6, 20)
    for part in np.array_split(order, 13):
        best.update(torch.from_numpy(values[part]), part.astype(np.int64))
    for unit in range(6):
        wanted = np.lexsort((np.arange(1_000), -values[:, unit]))[:20]
        np.testing.assert_array_equal(best.positions[unit], wanted)
        np.testing.assert_array_equal(best.values[unit], values[wanted, unit])


def test_fewer_positions_than_places():
    best = TopContexts(1, 4)
    best.update(torch.tensor([[0.5], [0.7]]), np.array([3, 9]))
    assert list(best.positions[0][:2]) == [9, 3]
    assert list(np.isfinite(best.values[0])) == [True, True, False, False]
