"""Every value with what it is on the baseline: how a difference passes each kind of function."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.attribution.propagation.differences_recurrent import multiplier
from engine.attribution.propagation.rules import sloped, valued


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A tensor and what it is on the baseline; the way back of ``now`` is its multipliers."""

    now: Tensor
    then: Tensor

    @property
    def middle(self) -> Tensor:
        """The mean of both."""
        return (self.now.detach() + self.then) / 2

    def through(self, linear: Callable[[Tensor], Tensor]) -> "Pair":
        """Both by a function that is linear, but for a constant."""
        return Pair(linear(self.now), linear(self.then))


def rescaled(before: Pair, now: Tensor, then: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """What an elementwise ``function`` made of ``before``, by the rescale rule."""
    return sloped(before.now, now, multiplier(before.now.detach(), before.then, now, then, function))


def mapped(function: Callable[[Tensor], Tensor], pair: Pair) -> Pair:
    """An elementwise function of a pair."""
    now, then = function(pair.now.detach()), function(pair.then)
    return Pair(rescaled(pair, now, then, function), then)


def product_of(product: Callable[[Tensor, Tensor], Tensor], a: Pair, b: Pair) -> Pair:
    """Δ(a b) = b̄ Δa + ā Δb, for anything bilinear."""
    with torch.no_grad():
        now, then = product(a.now, b.now), product(a.then, b.then)
    return Pair(valued(product(a.now, b.middle) + product(a.middle, b.now), now), then)


def softmax(pair: Pair, axis: int) -> Pair:
    """exp(x) / Σ exp(x); both are moved by the same constant, so that neither overflows."""
    exponentials = mapped(torch.exp, _moved(pair, axis))
    total = exponentials.through(lambda x: x.sum(axis, keepdim=True))
    return scaled(exponentials, mapped(torch.reciprocal, total))


def logsumexp(pair: Pair, axis: int, keep: bool) -> Pair:
    """log Σ exp(x), moved as for softmax."""
    peak = _peak(pair, axis)
    total = mapped(torch.exp, _moved(pair, axis)).through(lambda x: x.sum(axis, keepdim=True))
    found = mapped(torch.log, total).through(lambda x: x + peak)
    return found if keep else found.through(lambda x: x.squeeze(axis))


def _moved(pair: Pair, axis: int) -> Pair:
    peak = _peak(pair, axis)
    return pair.through(lambda x: x - peak)


def _peak(pair: Pair, axis: int) -> Tensor:
    """Half way between the two, which are as far from overflowing as they can be."""
    return (pair.now.detach().amax(axis, keepdim=True) + pair.then.amax(axis, keepdim=True)) / 2


def scaled(values: Pair, scale: Pair) -> Pair:
    """x r, where r divides by the size of x: Δ(x r) = r̃ Δx + x̃ Δr.

    With the means of both, Δx and Δr would each be blown up by the larger r, and cancel, where a baseline has next to no size
    (zeros before a norm). So the mean of r leans to the smaller one, r̃ = w r + (1 − w) r', and that of x to the other's x,
    x̃ = (1 − w) x + w x', with w = r'² / (r² + r'²): the sum stays exact, and the two sides can be exchanged.
    """
    r, r_then = scale.now.detach(), scale.then
    w = 1 / (1 + (r / r_then) ** 2)
    x, x_then = values.now.detach(), values.then
    way_back = values.now * (w * r + (1 - w) * r_then) + ((1 - w) * x + w * x_then) * scale.now
    return Pair(valued(way_back, x * r), x_then * r_then)


def maximum(pair: Pair, axis: int) -> tuple[Tensor, Tensor]:
    """Δy goes to where the maximum is, as far as it is above the other one, and to where it was, as far as it was.

    Returns:
        The maximum and where it is; ``axis`` is kept.
    """
    (now, here), (then, there) = pair.now.detach().max(axis, keepdim=True), pair.then.max(axis, keepdim=True)
    change, higher = (pair.now - pair.then).detach(), torch.maximum(now, then)

    def share(place: Tensor, gain: Tensor) -> Tensor:
        """Where there is something to gain, Δx is at least that."""
        slope = torch.where(gain == 0, 0.0, gain / torch.where(gain == 0, 1.0, change.gather(axis, place)))
        return pair.now.gather(axis, place) * slope

    return valued(share(here, higher - then) + share(there, now - higher), now), here


def normed(centred: Pair, axes: tuple[int, ...], eps: float, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """x / √(mean x² + ε) · γ + β."""
    variance = mapped(torch.square, centred).through(lambda x: x.mean(axes, keepdim=True) + eps)
    found = scaled(centred, mapped(torch.rsqrt, variance)).now
    found = found if weight is None else found * weight
    return found if bias is None else found + bias
