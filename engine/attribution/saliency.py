"""Saliency: the magnitude of the gradient."""

from torch import Tensor

from engine.attribution.attribution import Attribution, as_array
from engine.attribution.registry import attribution_method
from engine.attribution.score import Score
from engine.jobs import Partial, Steps


@attribution_method(
    "saliency",
    label="Saliency",
    signed=False,
    complete=False,
    axioms=("dummy", "symmetry", "implementation_invariance"),
    reduction="l2",
    image_reduction="signed_max",
    inputs=("text", "image", "record"),
)
def saliency(score: Score, inputs: Tensor) -> Steps[Attribution]:
    """How strongly the score reacts to a small change of each feature, whichever way.

    Yields:
        Progress only; one backward pass is the whole work.

    Returns:
        ``values`` |∂ score / ∂ input|, (seq, d_model), per unit of the embedding.

    Source: Simonyan, Vedaldi & Zisserman, "Deep Inside Convolutional Networks", 2013, arXiv:1312.6034.
    """
    yield Partial(0, 1)
    return Attribution(as_array(magnitude(inputs, score.gradient(inputs))[0]))


def magnitude(points: Tensor, gradients: Tensor) -> Tensor:
    """|gradient| at each point, (n, seq, d_model)."""
    return gradients.abs()
