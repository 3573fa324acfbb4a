"""CAM: the classifier's own weights, laid over the last map instead of over its mean."""

from torch import Tensor

from engine.attribution.attribution import Attribution
from engine.attribution.layer_map import Layers, weighted
from engine.attribution.registry import attribution_method
from engine.attribution.score import Score
from engine.errors import UserError
from engine.jobs import Partial, Steps


@attribution_method(
    "cam",
    label="CAM",
    signed=True,
    complete=False,
    axioms=(),
    inputs=("image",),
    needs=("differentiable", "averaged"),
)
def cam(score: Score, inputs: Tensor, *, layers: Layers) -> Steps[Attribution]:
    """Where in the last map the class is seen: that map, weighted as the classifier weights its mean. Exact for networks that
    average their last map and classify the average by one linear layer: the mean of the map is the logit, but for the bias.

    M(x, y) = Σ_k w_k f_k(x, y), with w_k the weight of channel k's mean (equation 2). In units other than the logit, w_k is the
    derivative of the score with respect to that mean.

    Yields:
        Progress only; one backward pass is the whole work.

    Returns:
        ``values`` (height · width, 1), interpolated between the places of the map.

    Raises:
        UserError: the network is none of those.

    Source: Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR 2016, arXiv:1512.04150.
    """
    yield Partial(0, 1)
    layer = layers.averaged()
    if layer is None:
        raise UserError("CAM needs a network that averages its last map and classifies that; choose Grad-CAM.", "unavailable")
    found = layers.map(score, inputs, layer)
    values = weighted(found.activations, found.gradients.sum((1, 2)))
    return Attribution(layers.on_the_picture(values), effective={"layer": found.layer})
