"""Input × gradient: the first-order share of each feature."""

from typing import Literal

from torch import Tensor

from engine.attribution.attribution import Attribution, as_array
from engine.attribution.registry import attribution_method
from engine.attribution.score import Score
from engine.jobs import Partial, Steps


@attribution_method(
    "input_x_gradient",
    label="Input × gradient",
    signed=True,
    complete=False,
    axioms=("dummy", "linearity", "symmetry", "implementation_invariance"),
    inputs=("text", "image", "record"),
)
def input_x_gradient(score: Score, inputs: Tensor, *, gradient: Literal["signed", "magnitude"] = "signed") -> Steps[Attribution]:
    """The gradient times the input itself: exact for linear scores, a first-order guess for others.

    Args:
        gradient: As it is, or its magnitude, so that the sign is the input's alone.

    Yields:
        Progress only; one backward pass is the whole work.

    Returns:
        ``values`` input · ∂ score / ∂ input, (seq, d_model), in units of the score.

    Source: Shrikumar et al., "Not Just a Black Box", 2016, arXiv:1605.01713.
    """
    yield Partial(0, 1)
    gradients = score.gradient(inputs)
    return Attribution(as_array(times_input(inputs, gradients if gradient == "signed" else gradients.abs())[0]))


def times_input(points: Tensor, gradients: Tensor) -> Tensor:
    """Point · gradient at each point, (n, seq, d_model)."""
    return points * gradients
