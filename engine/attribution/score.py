"""The scalar that is explained, counted and sent in batches that fit."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor

from engine.devices import BatchSize, is_out_of_memory, release_memory


class Score:
    """(batch, seq, d_model) -> (batch,): the target's score in the unit the user chose.

    Methods need to know nothing of memory, recurrent kernels or cost: all that is here.

    Args:
        function: differentiable, rows independent of each other.
        batch: how many rows to send at once; None: found by measurement.
        recurrent: leave cuDNN out of gradients, since it cannot differentiate recurrent layers in eval mode.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], batch: BatchSize | None = None, recurrent: bool = False) -> None:
        self._function = function
        self._batch = batch or BatchSize()
        self._recurrent = recurrent
        self._rules: Callable[[], AbstractContextManager[object]] = nullcontext
        self.forward = 0
        self.backward = 0

    def take(self, waiting: int) -> int:
        """How many of ``waiting`` rows to send in the next step; may change between two calls."""
        return self._batch.take(waiting)

    @contextmanager
    def under(self, rules: Callable[[], AbstractContextManager[object]]) -> Iterator[None]:
        """Evaluate in a context of ``rules``, made anew for each batch: its backward pass need not be the gradient's."""
        before, self._rules = self._rules, rules
        try:
            yield
        finally:
            self._rules = before

    def values(self, points: Tensor) -> Tensor:
        """(n, seq, d_model) -> (n,) float64 on the CPU, without gradients."""
        return self._in_batches(points, self._values)[0]

    def gradient(self, points: Tensor) -> Tensor:
        """(n, seq, d_model) -> the gradient at each point, detached, of the same shape."""
        return self.value_and_gradient(points)[1]

    def value_and_gradient(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """The gradient's forward pass has the values anyway: (n,) float64 on the CPU, and (n, seq, d_model)."""
        values, gradients = self._in_batches(points, self._value_and_gradient)
        return values, gradients

    def at_layers(
        self, points: Tensor, capture: Callable[[], AbstractContextManager[Mapping[str, Tensor]]]
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """Whatever ``capture`` keeps of the network's insides while it runs, and the gradient of the scores with respect to it,
        both detached; zero where the score does not depend on it.
        """
        names: list[str] = []

        def evaluate(batch: Tensor) -> tuple[Tensor, ...]:
            kept = self._insides(batch, capture)
            names[:] = kept
            return tuple(each for pair in kept.values() for each in pair)

        columns = self._in_batches(points, evaluate)
        return {name: (columns[2 * at], columns[2 * at + 1]) for at, name in enumerate(names)}

    @torch.enable_grad()
    def _insides(
        self, points: Tensor, capture: Callable[[], AbstractContextManager[Mapping[str, Tensor]]]
    ) -> dict[str, tuple[Tensor, Tensor]]:
        with torch.backends.cudnn.flags(enabled=torch.backends.cudnn.enabled and not self._recurrent), capture() as caught:
            values = self._function(points.detach().requires_grad_())
            kept = {name: each for name, each in caught.items() if each.requires_grad}
            wanted = list(kept.values())
            gradients = torch.autograd.grad(values.sum(), wanted, allow_unused=True, materialize_grads=True) if wanted else ()
        self.forward += len(points)
        self.backward += len(points)
        return {name: (kept[name].detach(), gradient) for name, gradient in zip(kept, gradients, strict=True)}

    def _in_batches(self, points: Tensor, evaluate: Callable[[Tensor], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        """Send ``points`` in batches, each smaller one after memory ran out."""
        parts: list[tuple[Tensor, ...]] = []
        done = 0
        while done < len(points):
            batch = points[done : done + self._batch.take(len(points) - done)]
            start = time.perf_counter()
            part = _unless_out_of_memory(evaluate, batch)
            if part is None:
                release_memory()
                self._batch.halve()
                continue
            self._batch.record(len(batch), time.perf_counter() - start, work=evaluate.__name__)
            parts.append(part)
            done += len(batch)
        return tuple(torch.cat(column) for column in zip(*parts, strict=True))

    @torch.no_grad()
    def _values(self, points: Tensor) -> tuple[Tensor, ...]:
        with self._rules():
            values = self._function(points)
        self.forward += len(points)
        return (values.cpu().double(),)

    @torch.enable_grad()
    def _value_and_gradient(self, points: Tensor) -> tuple[Tensor, ...]:
        points = points.detach().requires_grad_()
        with torch.backends.cudnn.flags(enabled=torch.backends.cudnn.enabled and not self._recurrent):
            with self._rules():
                values = self._function(points)
            (gradients,) = torch.autograd.grad(values.sum(), points)
        self.forward += len(points)
        self.backward += len(points)
        return values.detach().cpu().double(), gradients


def _unless_out_of_memory(evaluate: Callable[[Tensor], tuple[Tensor, ...]], batch: Tensor) -> tuple[Tensor, ...] | None:
    """None where memory ran out; the exception, which holds tensors, is gone by then."""
    try:
        return evaluate(batch)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return None
