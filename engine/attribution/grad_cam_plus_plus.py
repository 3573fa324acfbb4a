"""Grad-CAM++: a layer's map, its channels weighted so that each of several things counts."""

from typing import Literal

import torch
from torch import Tensor

from engine.attribution.attribution import Attribution
from engine.attribution.layer_map import LayerMap, Layers, kept, weighted
from engine.attribution.registry import attribution_method
from engine.attribution.score import Score
from engine.jobs import Partial, Steps


@attribution_method(
    "grad_cam_plus_plus",
    label="Grad-CAM++",
    signed=True,
    complete=False,
    axioms=(),
    inputs=("image",),
)
def grad_cam_plus_plus(
    score: Score, inputs: Tensor, *, layers: Layers, layer: str | None = None, keep: Literal["positive", "both"] = "positive"
) -> Steps[Attribution]:
    """As Grad-CAM, but places where a channel raises the score are weighted by how much they do, so that of several things of
    one class the smaller ones are seen too.

    L = ReLU(Σ_k w_k A_k), w_k = Σ_ij a_k(i, j) ReLU(g_k(i, j)), a = g² / (2 g² + Σ_ab A_k(a, b) g³), with g the gradient of the
    score (equations 5 and 19, of which the score is taken to be the exponential of ours).

    Args:
        layer: Whose map is weighted; left alone, the last one that the score depends on.
        keep: What speaks for the target, as in the paper, or also what speaks against it.

    Yields:
        Progress only; one backward pass is the whole work.

    Returns:
        ``values`` (height · width, 1), interpolated between the places of the map.

    Raises:
        UserError: there is no such layer, or it gives no map.

    Source: Chattopadhyay et al., "Grad-CAM++: Improved Visual Explanations for Deep Convolutional Networks", WACV 2018,
        arXiv:1710.11063.
    """
    yield Partial(0, 1)
    found = layers.map(score, inputs, layer)
    values = kept(weighted(found.activations, _weights(found)), keep == "positive")
    return Attribution(layers.on_the_picture(values), effective={"layer": found.layer}, signed=keep == "both")


def _weights(found: LayerMap) -> Tensor:
    """(channels,)."""
    g = found.gradients
    denominator = 2 * g**2 + found.activations.sum((1, 2), keepdim=True) * g**3
    shares = torch.where(denominator == 0, 0.0, g**2 / torch.where(denominator == 0, 1.0, denominator))
    return (shares * g.relu()).sum((1, 2))
