"""Layer-CAM: a layer's map, each place of each channel weighted by its own gradient."""

from typing import Literal

from torch import Tensor

from engine.attribution.attribution import Attribution
from engine.attribution.layer_map import Layers, kept, weighted
from engine.attribution.registry import attribution_method
from engine.attribution.score import Score
from engine.jobs import Partial, Steps


@attribution_method(
    "layer_cam",
    label="Layer-CAM",
    signed=True,
    complete=False,
    axioms=(),
    inputs=("image",),
)
def layer_cam(
    score: Score, inputs: Tensor, *, layers: Layers, layer: str | None = None, keep: Literal["positive", "both"] = "positive"
) -> Steps[Attribution]:
    """As Grad-CAM, but each place has its own weight, so that early layers, whose maps are fine, can be looked at as well.

    L = ReLU(Σ_k ReLU(∂ score / ∂ A_k) A_k), place by place (equations 4 and 6).

    Args:
        layer: Whose map is weighted; left alone, the last one that the score depends on.
        keep: What speaks for the target, as in the paper, or also what speaks against it, with the gradient as it is.

    Yields:
        Progress only; one backward pass is the whole work.

    Returns:
        ``values`` (height · width, 1), interpolated between the places of the map.

    Raises:
        UserError: there is no such layer, or it gives no map.

    Source: Jiang et al., "LayerCAM: Exploring Hierarchical Class Activation Maps for Localization", IEEE TIP 2021.
    """
    yield Partial(0, 1)
    found = layers.map(score, inputs, layer)
    positive = keep == "positive"
    values = kept(weighted(found.activations, kept(found.gradients, positive)), positive)
    return Attribution(layers.on_the_picture(values), effective={"layer": found.layer}, signed=not positive)
