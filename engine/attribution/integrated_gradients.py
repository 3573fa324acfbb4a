"""Integrated Gradients, with a fixed number of steps or until the map is certified to a tolerance."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from engine.attribution.attribution import DEFAULT_TOLERANCE, Attribution, completeness_of
from engine.attribution.quadrature import Quadrature, embedded_weights, rule
from engine.attribution.registry import Range, attribution_method
from engine.attribution.score import Score
from engine.descriptions import OnlyWith
from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.results import FloatArray, PathCurve

FIRST_EDGES = (0.0, 0.2, 0.5, 1.0)  # networks saturate: most happens near the baseline
FIRST_NODES, NODES_OF_A_HALF = 7, 5  # for each panel
COARSER = {7: (0, 2, 4, 6), 5: (0, 2, 4)}  # nodes that the coarser rule keeps
DELTA_TO_ERROR = 2.0  # the errors of tokens partly cancel in a panel's delta
ROUGHNESS_TO_ERROR = 0.02  # the finer rule is far closer than the coarser one
MOST_STEPS = 10_000
MOST_ADAPTIVE_STEPS = 500
SPARE = 0.9  # of the tolerance, that the panels left alone may use up
SHARE_OF_A_ROUND = 0.7


@attribution_method(
    "integrated_gradients",
    label="Integrated Gradients",
    signed=True,
    complete=True,
    axioms=("completeness", "sensitivity", "dummy", "linearity", "symmetry", "implementation_invariance"),
    inputs=("text", "image", "record"),
)
def integrated_gradients(
    score: Score,
    inputs: Tensor,
    *,
    baseline: Tensor,
    n_steps: Annotated[int | None, Range(1, MOST_STEPS)] = None,
    quadrature: Annotated[Quadrature, OnlyWith("n_steps", None, unless=True)] = "gauss_legendre",
    tolerance: Annotated[float | None, Range(1e-6, 1.0), OnlyWith("n_steps", None)] = DEFAULT_TOLERANCE,
) -> Steps[Attribution]:
    """Integrate the gradient along the straight path from the baseline to the input.

    Args:
        n_steps: Gradient evaluations; overrules the tolerance. Left alone, the path is refined until the map is certified.
        quadrature: Where the fixed steps lie and how they are weighted.
        tolerance: Error of the map, relative to the sum of |values|, at which refinement stops.

    Yields:
        The attribution so far, rescaled to the part of the path already walked.

    Returns:
        ``values`` (seq, d_model) in units of the score, with completeness and the path's curve.

    Raises:
        UserError: a parameter out of its bounds.

    Source: Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML 2017, arXiv:1703.01365.
    """
    path = _Path(score, baseline, inputs)
    if n_steps is not None:
        return (yield from _fixed(path, n_steps, quadrature))
    if tolerance is None:
        raise UserError("Give either n_steps or a tolerance.", "bad_parameter")
    if quadrature != "gauss_legendre":
        raise UserError(f"The quadrature {quadrature} needs a number of steps; give n_steps.", "bad_parameter")
    return (yield from _adaptive(path, tolerance))


class _Path:
    """The straight path from ``baseline`` to ``inputs``, each (1, seq, d_model), and what was evaluated on it."""

    def __init__(self, score: Score, baseline: Tensor, inputs: Tensor) -> None:
        self._score, self._baseline, self._inputs = score, baseline, inputs
        self._difference = (inputs - baseline)[0].detach().cpu().double()
        self.steps = 0  # gradients evaluated
        self._curve: dict[float, tuple[float, float]] = {}  # alpha -> score, slope (NaN where only the score is known)

    @property
    def shape(self) -> torch.Size:
        """(seq, d_model)."""
        return self._difference.shape

    def probe(self, alphas: list[float]) -> None:
        """Evaluate the score alone, where it is not known yet."""
        new = [alpha for alpha in alphas if alpha not in self._curve]
        if new:
            values = self._score.values(self._points(new)).tolist()
            self._curve |= {alpha: (value, float("nan")) for alpha, value in zip(new, values, strict=True)}

    def value(self, alpha: float) -> float:
        """The score at ``alpha``, evaluated before."""
        return self._curve[alpha][0]

    def contributions(self, alphas: list[float]) -> Iterator[Tensor]:
        """(inputs − baseline) · gradient at each of ``alphas``, (n, seq, d_model) float64, in batches that fit."""
        done = 0
        while done < len(alphas):
            batch = alphas[done : done + self._score.take(len(alphas) - done)]
            values, gradients = self._score.value_and_gradient(self._points(batch))
            contributions = self._difference * gradients.cpu().double()
            slopes = contributions.sum((-2, -1)).tolist()
            self._curve |= {a: (v, s) for a, v, s in zip(batch, values.tolist(), slopes, strict=True)}
            done += len(batch)
            self.steps += len(batch)
            del gradients
            yield contributions

    def curve(self) -> PathCurve:
        """All that was evaluated, by alpha."""
        alphas = sorted(self._curve)
        scores, slopes = zip(*(self._curve[alpha] for alpha in alphas), strict=True)
        return PathCurve(np.array(alphas), np.array(scores), np.array(slopes))

    def _points(self, alphas: list[float]) -> Tensor:
        weights = torch.tensor(alphas, dtype=torch.float64).to(self._inputs.dtype).to(self._inputs.device)
        return torch.lerp(self._baseline, self._inputs, weights[:, None, None])

    def attribution(self, values: FloatArray, steps: int, tolerance: float | None, error: float = 0.0) -> Attribution:
        """``values`` with what they are worth."""
        completeness = completeness_of(values, self.value(1.0), self.value(0.0), tolerance or DEFAULT_TOLERANCE, error)
        return Attribution(values, completeness, self.curve(), {"n_steps": steps, "tolerance": tolerance})


def _fixed(path: _Path, n_steps: int, quadrature: Quadrature) -> Steps[Attribution]:
    """``n_steps`` gradient evaluations and the two ends, which completeness is measured against."""
    nodes, weights = rule(quadrature, n_steps)
    path.probe([0.0, 1.0])
    total, done, walked = torch.zeros(path.shape, dtype=torch.float64), 0, 0.0
    for contributions in path.contributions(nodes.tolist()):
        part = weights[done : done + len(contributions)]
        total += torch.einsum("n,nsd->sd", torch.from_numpy(part), contributions)
        done, walked = done + len(contributions), walked + float(part.sum())
        if done < n_steps and walked > 0:
            yield Partial(done, n_steps, path.attribution((total / walked).numpy(), done, None))
    return path.attribution(total.numpy(), n_steps, None)


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """A stretch of the path, its integral by Gauss-Legendre, and by a coarser rule on the same nodes."""

    low: float
    high: float
    integral: Tensor  # (seq, d_model) float64
    coarse: Tensor  # (seq,)

    def error(self, path: _Path, scale: float) -> float:
        """How far this panel's map may be off, relative to ``scale``, the map's Σ over tokens of |value|.

        Two witnesses. Completeness: the integral must add up to the change of the score over the panel. And the
        difference from the coarser rule. Measured on a fine-tuned MiniLM (12 reviews, three baselines): stopping at 1 %
        left a true L1 error of 0.2 % at the median and of 0.8 % at most.
        """
        token_values = self.integral.sum(-1)
        delta = float(token_values.sum()) - (path.value(self.high) - path.value(self.low))
        roughness = float((token_values - self.coarse).abs().sum())
        return max(DELTA_TO_ERROR * abs(delta), ROUGHNESS_TO_ERROR * roughness) / scale if scale else 0.0

    def halves(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Both halves, as (low, high)."""
        middle = (self.low + self.high) / 2
        return (self.low, middle), (middle, self.high)


def _adaptive(path: _Path, tolerance: float) -> Steps[Attribution]:
    """Halve the panels that do not add up until the map is certified to ``tolerance``."""
    path.probe(list(FIRST_EDGES))
    stretches = list(pairwise(FIRST_EDGES))
    panels: list[_Panel] = []
    progress = 0.0
    while True:
        panels += yield from _measure(path, stretches, progress, first=not panels)
        progress = _further(progress, 1.0)
        values = functools.reduce(torch.add, (panel.integral for panel in panels)).numpy()
        scale = float(np.abs(values.sum(-1)).sum())
        errors = [panel.error(path, scale) for panel in panels]
        found = path.attribution(values, path.steps, tolerance, sum(errors))
        if sum(errors) <= tolerance or path.steps >= MOST_ADAPTIVE_STEPS:
            return found
        worst = _worst(errors, tolerance)
        stretches = [half for i in worst for half in panels[i].halves()]
        panels = [panel for i, panel in enumerate(panels) if i not in worst]
        yield Partial(progress, 1, found)
        path.probe([high for _, high in stretches])


def _further(progress: float, of_this_round: float) -> float:
    """Nobody knows how many rounds there will be: each goes a part of the way that is left."""
    return progress + (1 - progress) * SHARE_OF_A_ROUND * of_this_round


def _worst(errors: list[float], tolerance: float) -> list[int]:
    """The fewest panels without which the rest would be within the tolerance."""
    order = sorted(range(len(errors)), key=lambda i: errors[i], reverse=True)
    rest = sum(errors)
    for count, i in enumerate(order, start=1):
        rest -= errors[i]
        if rest <= tolerance * SPARE:
            return order[:count]
    return order


def _measure(path: _Path, stretches: list[tuple[float, float]], progress: float, first: bool) -> Steps[list[_Panel]]:
    """Evaluate every node of ``stretches`` in one stream, so that batches are full.

    Yields:
        The map so far when these are the ``first`` panels; later ones replace a coarser map that is already there.
    """
    count = FIRST_NODES if first else NODES_OF_A_HALF
    nodes, weights = rule("gauss_legendre", count)
    coarse_weights = embedded_weights(count, COARSER[count])
    integrals = torch.zeros(len(stretches), *path.shape, dtype=torch.float64)
    coarse = torch.zeros(len(stretches), path.shape[0], dtype=torch.float64)
    done, walked = 0, 0.0
    for contributions in path.contributions([low + (high - low) * node for low, high in stretches for node in nodes.tolist()]):
        for contribution in contributions:
            panel, node = divmod(done, len(nodes))
            width = stretches[panel][1] - stretches[panel][0]
            integrals[panel] += width * weights[node] * contribution
            coarse[panel] += width * coarse_weights[node] * contribution.sum(-1)
            done, walked = done + 1, walked + width * float(weights[node])
        so_far = path.attribution((integrals.sum(0) / walked).numpy(), path.steps, None) if first else None
        yield Partial(_further(progress, done / (len(stretches) * len(nodes))), 1, so_far)
    return [_Panel(low, high, integrals[i], coarse[i]) for i, (low, high) in enumerate(stretches)]
