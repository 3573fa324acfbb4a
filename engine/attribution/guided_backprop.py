"""Guided backpropagation: a gradient of which ReLUs pass on only what is positive."""

from torch import Tensor

from engine.attribution.attribution import Attribution, as_array
from engine.attribution.propagation.rectified import RectifiedReLUs
from engine.attribution.registry import attribution_method
from engine.attribution.score import Score
from engine.jobs import Partial, Steps


@attribution_method(
    "guided_backprop",
    label="Guided backpropagation",
    signed=True,
    complete=False,
    axioms=(),
    reduction="l2",
    needs=("differentiable", "relu"),
    image_reduction="sum",
    inputs=("text", "image", "record"),
)
def guided_backprop(score: Score, inputs: Tensor) -> Steps[Attribution]:
    """A gradient of which each ReLU passes on only what is positive, where it was open. A picture of what excites the network
    rather than of its reasons: it hardly changes when the weights above are drawn at random (Adebayo et al., 2018), so that it
    fails the check of whether it explains this model at all.

    A ReLU passes back R = 1[x > 0] · 1[R' > 0] · R', with R' what arrives.

    Yields:
        Progress only; one backward pass is the whole work.

    Returns:
        ``values`` (seq, d_model), per unit of the embedding.

    Source: Springenberg et al., "Striving for Simplicity: The All Convolutional Net", 2014, arXiv:1412.6806; the check it fails:
        Adebayo et al., "Sanity Checks for Saliency Maps", 2018, arXiv:1810.03292.
    """
    yield Partial(0, 1)
    with score.under(lambda: RectifiedReLUs(guided=True)):
        gradients = score.gradient(inputs)
    return Attribution(as_array(gradients[0]))
