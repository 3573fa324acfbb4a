"""How much attention its age alone would bring a word."""

import numpy as np

from engine.results import FloatArray

_POWERS = 3  # of ln(age): a parabola
_PASSES = 300
_FAINTEST = 1e-6  # of the largest attention: what is below counts as so much, since nothing has no logarithm
_SMALLEST = 1e-9  # a residual below counts as so much, for a weight that stays finite
_NOTHING = 1e-4  # a residual below is none


def of_one_age(age: FloatArray) -> bool:
    """Whether so few ages differ that there is nothing to take out: a parabola would run through all of them."""
    return len(np.unique(age)) <= _POWERS


def expected_by_age(attention: FloatArray, age: FloatArray) -> FloatArray:
    """(n,) what a parabola in ln(age) says of ln(attention); where ``of_one_age``, what their median says.

    It is fitted by least absolute deviations. Attention is spread over powers of ten, and one sink gets most of it: a
    least squares fit to the plain weights bends towards the sink, and leaves the rest ordered by the age it should take out.
    """
    if not len(attention) or attention.max() <= 0:
        return np.ones(len(attention))
    said = np.log(np.maximum(attention, _FAINTEST * attention.max()))
    if of_one_age(age):
        return _exp(said, np.full(len(said), np.median(said)))
    past = np.log(np.maximum(age, 1))
    return _exp(said, _least_deviations(np.vander(past - past.mean(), _POWERS), said))


def _least_deviations(columns: FloatArray, values: FloatArray) -> FloatArray:
    """(n,) the fit whose |residuals| have the least sum, by least squares weighted anew with 1 / |residual|."""
    weights = np.ones(len(values))
    for _ in range(_PASSES):
        roots = np.sqrt(weights)
        fitted: FloatArray = columns @ np.linalg.lstsq(columns * roots[:, None], values * roots, rcond=None)[0]
        weights = 1 / np.maximum(np.abs(values - fitted), _SMALLEST)
    return fitted


def _exp(said: FloatArray, fitted: FloatArray) -> FloatArray:
    """What is hit but for rounding is hit, so that rounding has no rank."""
    found: FloatArray = np.exp(np.where(np.abs(said - fitted) < _NOTHING, said, fitted))
    return found
