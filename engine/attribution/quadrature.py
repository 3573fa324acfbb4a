"""Nodes and weights that integrate a function over [0, 1]."""

from functools import cache
from typing import Literal

import numpy as np

from engine.errors import UserError
from engine.results import FloatArray

Quadrature = Literal["gauss_legendre", "midpoint", "left", "right", "trapezoid"]


@cache
def rule(quadrature: Quadrature, n: int) -> tuple[FloatArray, FloatArray]:
    """(nodes, weights), each (n,) float64, ascending; the weights sum to 1. ``n`` evaluations, whatever the rule.

    Raises:
        UserError: a trapezoid of fewer than two nodes.
    """
    if quadrature == "gauss_legendre":
        return _gauss_legendre(n)
    if quadrature == "trapezoid":
        return _trapezoid(n)
    offset = {"left": 0.0, "midpoint": 0.5, "right": 1.0}[quadrature]
    return (np.arange(n) + offset) / n, np.full(n, 1 / n)


def _gauss_legendre(n: int) -> tuple[FloatArray, FloatArray]:
    """Roots of the Legendre polynomial of degree n by Newton's method: O(n²), where an eigenvalue problem takes O(n³)."""
    half = np.arange(1, n // 2 + 1)  # the roots are symmetric about zero
    x = np.cos(np.pi * (half - 0.25) / (n + 0.5))  # Tricomi's first guess, good to O(n⁻²)
    for _ in range(3):  # each doubles the digits
        value, slope = _legendre(n, x)
        x = x - value / slope
    x = np.concatenate((-x, np.zeros(n % 2), x[::-1]))
    _, slope = _legendre(n, x)
    return (x + 1) / 2, 1 / ((1 - x**2) * slope**2)


def _legendre(n: int, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """P_n and its derivative, by the three-term recurrence (Abramowitz & Stegun 22.7.10, 22.8.5)."""
    before, value = np.ones_like(x), x
    for k in range(2, n + 1):
        before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
    return value, n * (x * value - before) / (x**2 - 1)


def _trapezoid(n: int) -> tuple[FloatArray, FloatArray]:
    """Both ends are nodes of half weight, so that n nodes are n − 1 panels."""
    if n < 2:
        raise UserError("The trapezoid rule needs at least 2 steps.", "bad_parameter")
    weights = np.full(n, 1 / (n - 1))
    weights[[0, -1]] /= 2
    return np.linspace(0, 1, n), weights


@cache
def embedded_weights(n: int, keep: tuple[int, ...]) -> FloatArray:
    """(n,) weights of a coarser rule on the nodes of Gauss-Legendre, zero but for ``keep``: how rough is the integrand?

    Interpolatory: exact for polynomials of degree below ``len(keep)``.
    """
    nodes, _ = rule("gauss_legendre", n)
    powers = np.vander(nodes[list(keep)], increasing=True).T
    weights = np.zeros(n)
    weights[list(keep)] = np.linalg.solve(powers, 1 / np.arange(1, len(keep) + 1))
    return weights
