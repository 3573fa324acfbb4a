"""Input × gradient: the first-order share of each feature."""

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
)
def input_x_gradient(score: Score, inputs: Tensor) -> Steps[Attribution]:
    """The gradient times the input itself: exact for linear scores, a first-order guess for others.

    Yields:
        Progress only; one backward pass is the whole work.

    Returns:
        ``values`` input · ∂ score / ∂ input, (seq, d_model), in units of the score.

    Source: Shrikumar et al., "Not Just a Black Box", 2016, arXiv:1605.01713.
    """
    yield Partial(0, 1)
    return Attribution(as_array((inputs * score.gradient(inputs))[0]))
