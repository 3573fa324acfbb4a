"""Grad-CAM: a layer's map, each channel weighted by the mean of its gradient."""

from typing import Literal

from torch import Tensor

from engine.attribution.attribution import Attribution
from engine.attribution.layer_map import LayerMap, Layers, kept, weighted
from engine.attribution.registry import attribution_method
from engine.attribution.score import Score
from engine.jobs import Partial, Steps


@attribution_method(
    "grad_cam",
    label="Grad-CAM",
    signed=True,
    complete=False,
    axioms=(),
    inputs=("image",),
)
def grad_cam(
    score: Score, inputs: Tensor, *, layers: Layers, layer: str | None = None, keep: Literal["positive", "both"] = "positive"
) -> Steps[Attribution]:
    """Where a layer sees what the score depends on: coarse, since a layer's map is coarse, and of things rather than of edges.

    L = ReLU(Σ_k α_k A_k) with α_k = mean over i, j of ∂ score / ∂ A_k(i, j) (equations 1 and 2).

    Args:
        layer: Whose map is weighted; left alone, the last one that the score depends on.
        keep: What speaks for the target, as in the paper, or also what speaks against it.

    Yields:
        Progress only; one backward pass is the whole work.

    Returns:
        ``values`` (height · width, 1), interpolated between the places of the map.

    Raises:
        UserError: there is no such layer, or it gives no map.

    Source: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017,
        arXiv:1610.02391.
    """
    yield Partial(0, 1)
    found = layers.map(score, inputs, layer)
    values = kept(grad_cam_map(found), keep == "positive")
    return Attribution(layers.on_the_picture(values), effective={"layer": found.layer}, signed=keep == "both")


def grad_cam_map(found: LayerMap) -> Tensor:
    """Σ_k α_k A_k, (rows, columns)."""
    return weighted(found.activations, found.gradients.mean((1, 2)))
