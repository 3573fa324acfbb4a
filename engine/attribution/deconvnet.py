"""Deconvolution: the way back of a deconvolutional network."""

from torch import Tensor

from engine.attribution.attribution import Attribution, as_array
from engine.attribution.propagation.rectified import RectifiedReLUs
from engine.attribution.registry import attribution_method
from engine.attribution.score import Score
from engine.jobs import Partial, Steps


@attribution_method(
    "deconvnet",
    label="Deconvolution",
    signed=True,
    complete=False,
    axioms=(),
    reduction="l2",
    needs=("differentiable", "relu"),
    image_reduction="sum",
    inputs=("text", "image", "record"),
)
def deconvnet(score: Score, inputs: Tensor) -> Steps[Attribution]:
    """A gradient of which each ReLU passes on all that is positive, whether it was open or not. A picture of what could excite
    the network rather than of its reasons: it hardly changes when the weights above are drawn at random (Nie et al., 2018), so
    that it fails the check of whether it explains this model at all.

    A ReLU passes back R = 1[R' > 0] · R', with R' what arrives.

    Yields:
        Progress only; one backward pass is the whole work.

    Returns:
        ``values`` (seq, d_model), per unit of the embedding.

    Source: Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", 2013, arXiv:1311.2901; what it misses:
        Nie, Zhang & Patel, "A Theoretical Explanation for Perplexing Behaviors of Backpropagation-based Visualizations", 2018,
        arXiv:1805.07039.
    """
    yield Partial(0, 1)
    with score.under(lambda: RectifiedReLUs(guided=False)):
        gradients = score.gradient(inputs)
    return Attribution(as_array(gradients[0]))
