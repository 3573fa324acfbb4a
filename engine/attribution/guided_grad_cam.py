"""Guided Grad-CAM: guided backpropagation where Grad-CAM sees something."""

from torch import Tensor

from engine.attribution.attribution import Attribution, as_array
from engine.attribution.grad_cam import grad_cam_map
from engine.attribution.layer_map import Layers, kept
from engine.attribution.propagation.rectified import RectifiedReLUs
from engine.attribution.registry import attribution_method
from engine.attribution.score import Score
from engine.jobs import Partial, Steps


@attribution_method(
    "guided_grad_cam",
    label="Guided Grad-CAM",
    signed=True,
    complete=False,
    axioms=(),
    inputs=("image",),
    needs=("differentiable", "relu"),
)
def guided_grad_cam(score: Score, inputs: Tensor, *, layers: Layers, layer: str | None = None) -> Steps[Attribution]:
    """Guided backpropagation times Grad-CAM: as fine as the one, and of the class as the other. What it draws inside of the
    region is guided backpropagation's, which hardly changes when the weights above are drawn at random (Adebayo et al., 2018).

    Args:
        layer: Of Grad-CAM; left alone, the last one that the score depends on.

    Yields:
        Progress only; two backward passes are the whole work.

    Returns:
        ``values`` (height · width, channels).

    Raises:
        UserError: there is no such layer, or it gives no map.

    Source: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017,
        arXiv:1610.02391, section 3.2; what it inherits: Adebayo et al., "Sanity Checks for Saliency Maps", 2018,
        arXiv:1810.03292.
    """
    yield Partial(0, 2)
    found = layers.map(score, inputs, layer)
    region = layers.on_the_picture(kept(grad_cam_map(found), True))
    yield Partial(1, 2)
    with score.under(lambda: RectifiedReLUs(guided=True)):
        gradients = score.gradient(inputs)
    return Attribution(region * as_array(gradients[0]), effective={"layer": found.layer})
