"""SmoothGrad: the mean (or square, or variance) of another method's map over noisy copies of the input."""

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from torch import Tensor

from engine.attribution.attribution import Attribution, completeness_of
from engine.attribution.input_x_gradient import times_input
from engine.attribution.integrated_gradients import integrated_gradients
from engine.attribution.noise import noisy
from engine.attribution.registry import Range, attribution_method
from engine.attribution.saliency import magnitude
from engine.attribution.score import Score
from engine.descriptions import OnlyWith
from engine.jobs import Partial, Steps, relay
from engine.results import FloatArray

Over = Literal["input_x_gradient", "saliency", "integrated_gradients"]
Form = Literal["mean", "squared", "variance"]
_OF_A_POINT: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"saliency": magnitude, "input_x_gradient": times_input}


@attribution_method(
    "smoothgrad",
    label="SmoothGrad",
    signed=True,
    complete=False,
    axioms=("dummy", "linearity", "implementation_invariance"),
    inputs=("text", "image", "record"),
)
def smoothgrad(
    score: Score,
    inputs: Tensor,
    *,
    baseline: Tensor,
    seed: int,
    over: Over = "input_x_gradient",
    form: Form = "mean",
    n_samples: Annotated[int, Range(1, 1000)] = 25,
    noise: Annotated[float, Range(0.0, 1.0)] = 0.15,
    n_steps: Annotated[int, Range(1, 1000), OnlyWith("over", "integrated_gradients")] = 20,
) -> Steps[Attribution]:
    """Average a method's map over noisy copies of the input, so that what only one copy shows falls away.

    Args:
        over: The method that is averaged.
        form: The mean, the mean of the squares, or the variance between copies.
        n_samples: Noisy copies of the input.
        noise: Standard deviation of the noise, relative to the range of the input's values.
        n_steps: Gradient evaluations for each copy, where Integrated Gradients is averaged.

    Yields:
        The map over the copies so far.

    Returns:
        ``values`` (seq, d_model). Complete where Integrated Gradients is averaged in the form mean: against the mean score
        of the noisy copies.

    Source: Smilkov et al., "SmoothGrad", 2017, arXiv:1706.03825; VarGrad: Adebayo et al., 2018, arXiv:1810.03307.
    """
    copies = _Copies(inputs, noise, seed, n_samples)
    unsigned = form != "mean" or over == "saliency"
    if over == "integrated_gradients":
        f_noisy, f_baseline = yield from _integrated(score, copies, baseline, n_steps, form)
        values = copies.map(form)
        promised = completeness_of(values, f_noisy, f_baseline) if form == "mean" else None
        return Attribution(values, promised, signed=not unsigned)
    yield from _pointwise(score, copies, _OF_A_POINT[over], form)
    return Attribution(copies.map(form), signed=not unsigned)


class _Copies:
    """The noisy copies, and the moments of their maps so far."""

    def __init__(self, inputs: Tensor, noise: float, seed: int, count: int) -> None:
        self._inputs, self._seed, self.count = inputs, seed, count
        self._deviation = noise * float(inputs.max() - inputs.min())
        self.done = 0
        self._sum = torch.zeros(inputs.shape[1:], dtype=torch.float64)
        self._squares = torch.zeros_like(self._sum)

    def next(self, count: int) -> Tensor:
        """(up to count, seq, d_model): the copies that follow those done."""
        return noisy(self._inputs, self._deviation, self._seed, range(self.done, min(self.done + count, self.count)))

    def add(self, maps: Tensor) -> None:
        """(n, seq, d_model): the maps of the next n copies."""
        maps = maps.detach().cpu().double()
        self._sum += maps.sum(0)
        self._squares += (maps**2).sum(0)
        self.done += len(maps)

    def map(self, form: Form) -> FloatArray:
        """Over the copies done."""
        mean, square = self._sum / self.done, self._squares / self.done
        return {"mean": mean, "squared": square, "variance": (square - mean**2).clamp(min=0)}[form].numpy()

    def partial(self, form: Form) -> Partial:
        """How far it is, with the map so far."""
        return Partial(self.done, self.count, Attribution(self.map(form)) if self.done else None)


def _pointwise(score: Score, copies: _Copies, of_a_point: Callable[[Tensor, Tensor], Tensor], form: Form) -> Steps[None]:
    """Methods of one gradient each: many copies in one batch."""
    while copies.done < copies.count:
        points = copies.next(score.take(copies.count - copies.done))
        copies.add(of_a_point(points, score.gradient(points)))
        yield copies.partial(form)


def _integrated(score: Score, copies: _Copies, baseline: Tensor, n_steps: int, form: Form) -> Steps[tuple[float, float]]:
    """Integrated Gradients of each copy; returns the mean score of the copies, and the baseline's."""
    f_noisy, f_baseline = 0.0, 0.0
    while copies.done < copies.count:

        def of_all(partial: Partial, done: int = copies.done) -> Partial:
            return Partial(done + (partial.fraction or 0), copies.count)

        steps = integrated_gradients(score, copies.next(1), baseline=baseline, n_steps=n_steps)
        found = yield from relay(steps, of_all)
        copies.add(torch.from_numpy(found.values)[None])
        if found.completeness is not None:
            f_noisy, f_baseline = f_noisy + found.completeness.f_input / copies.count, found.completeness.f_baseline
        yield copies.partial(form)
    return f_noisy, f_baseline
