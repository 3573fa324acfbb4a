"""How many queries can see each key."""

import torch

from engine.attention.layers import CapturedLayer, Layer
from engine.results import FloatArray


def seen_by(layer: Layer, causal: bool) -> FloatArray:
    """(key,) float64: of a sliding window as its mask has it, else all queries, or those from the key on."""
    _, queries, keys = layer.shape
    visible = torch.ones(queries, keys, dtype=torch.bool)
    mask = layer.mask if isinstance(layer, CapturedLayer) else None
    if mask is not None:
        open_to = mask if mask.dtype == torch.bool else mask > torch.finfo(mask.dtype).min / 2
        visible &= open_to[0, 0, :, :keys].cpu()
    elif causal:
        visible = visible.tril_()
    found: FloatArray = visible.sum(0).double().numpy()
    return found
