"""The score: counted, batched, and back to smaller batches when memory runs out."""

import pytest
import torch
from torch import Tensor

from engine.attribution.score import Score
from engine.devices import BatchSize
from engine.errors import UserError

POINTS = torch.randn(37, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def cubic(points: Tensor) -> Tensor:
    return (points**3).sum((-2, -1))


@pytest.mark.parametrize("size", [1, 5, 37, 100])
def test_values_and_gradients_whatever_the_batch(size: int):
    score = Score(cubic, BatchSize(size, size))
    values, gradients = score.value_and_gradient(POINTS)
    torch.testing.assert_close(values, cubic(POINTS))
    torch.testing.assert_close(gradients, 3 * POINTS**2)
    torch.testing.assert_close(score.values(POINTS), values)
    assert (score.forward, score.backward) == (74, 37)


def test_rows_do_not_see_each_other():
    gradients = Score(cubic).gradient(POINTS)
    torch.testing.assert_close(gradients[3], Score(cubic).gradient(POINTS[3:4])[0])


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("you can't allocate memory"), MemoryError()]
)
def test_memory_that_runs_out_halves_the_batch_and_nothing_is_counted_twice(error: Exception):
    seen: list[int] = []

    def tight(points: Tensor) -> Tensor:
        seen.append(len(points))
        if len(points) > 5:
            raise error
        return cubic(points)

    score = Score(tight, BatchSize(32, 32))
    torch.testing.assert_close(score.gradient(POINTS), 3 * POINTS**2)
    assert seen[:4] == [32, 16, 8, 4]
    assert max(seen[4:]) <= 4
    assert score.backward == 37


def test_not_even_one_sample_fits():
    def never(_: Tensor) -> Tensor:
        raise MemoryError

    with pytest.raises(UserError, match="not enough memory"):
        Score(never).values(POINTS)


def test_other_errors_come_through():
    def wrong(_: Tensor) -> Tensor:
        raise RuntimeError("shape mismatch")

    with pytest.raises(RuntimeError, match="shape mismatch"):
        Score(wrong).gradient(POINTS)


def test_gradients_need_no_global_state():
    with torch.no_grad():
        gradients = Score(cubic).gradient(POINTS)
    torch.testing.assert_close(gradients, 3 * POINTS**2)
    assert not gradients.requires_grad
