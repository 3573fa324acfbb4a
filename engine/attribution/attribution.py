"""What an attribution method finds, and whether it adds up."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from engine.requests import Parameter
from engine.results import Completeness, FloatArray, PathCurve

DEFAULT_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """A value per feature.

    Args:
        values: (seq, d_model) float64, in units of the score.
        completeness: None where the method promises none.
        path: the score along the path, where the method walked one.
        effective: parameters the method settled itself (the number of steps it took).
        signed: False where the parameters made magnitudes of a signed method's values.
    """

    values: FloatArray
    completeness: Completeness | None = None
    path: PathCurve | None = None
    effective: Mapping[str, Parameter] = field(default_factory=dict)
    signed: bool = True


def completeness_of(
    values: FloatArray, f_input: float, f_baseline: float, tolerance: float = DEFAULT_TOLERANCE, error: float = 0.0
) -> Completeness:
    """Do ``values`` add up to f(input) − f(baseline)?

    Args:
        values: (seq, d_model), before any reduction.
        error: what the method itself estimates its error to be, relative to Σ|values| over tokens.
    """
    token_values = values.sum(axis=-1)
    total, promised = float(token_values.sum()), f_input - f_baseline
    delta = total - promised
    relative = _ratio(delta, float(np.abs(token_values).sum()))
    converged = bool(relative <= tolerance and error <= tolerance)
    return Completeness(f_input, f_baseline, total, delta, relative, _ratio(delta, promised), converged, tolerance)


def conservation_of(values: FloatArray, f_input: float) -> Completeness:
    """How much of f(input) itself ``values``, (seq, d_model), hold: the rest stayed where no input is."""
    return replace(completeness_of(values, f_input, 0.0), conservation=True)


def _ratio(part: float, whole: float) -> float:
    """|part| / |whole|; 0 where both are 0."""
    return abs(part) / abs(whole) if whole else (0.0 if part == 0 else float("inf"))


def as_array(tensor: Any) -> FloatArray:
    """A tensor on its way out of the engine: (…) float64, a copy."""
    return np.array(tensor.detach().cpu().double().numpy())
