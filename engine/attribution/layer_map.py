"""The map a layer gives of a picture, and the score's gradient with respect to it: what the CAM family is made of."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.attribution.attribution import as_array
from engine.attribution.score import Score
from engine.errors import UserError
from engine.models.image_model import ImageEncoding, ImageModel
from engine.models.layer_maps import grid_of, kept_maps, named_layers
from engine.results import FloatArray

AT_ONCE = 16  # layers


@dataclass(frozen=True, slots=True, eq=False)
class LayerMap:
    """What ``layer`` gives and the score's gradient with respect to it, both (channels, rows, columns) float64."""

    layer: str
    activations: Tensor
    gradients: Tensor


class Layers:
    """The layers of a model that reads a picture."""

    def __init__(self, model: ImageModel, encoding: ImageEncoding) -> None:
        self._model, self._shape = model, encoding.shape
        self._modules = named_layers(model.network)

    def map(self, score: Score, inputs: Tensor, layer: str | None) -> LayerMap:
        """The map of ``layer``; None: of the last layer with a map that the score depends on.

        Raises:
            UserError: there is no such layer, or it gives no map.
        """
        if layer is not None and layer not in self._modules:
            raise UserError(f"The model has no layer “{layer}”; inspect lists them.", "no_such_layer")
        found = self._last(score, inputs) if layer is None else self._maps(score, inputs, [layer]).get(layer)
        if found is None:
            raise UserError(f"The layer {layer} gives no map of the picture; choose another.", "no_such_layer")
        return found

    def _last(self, score: Score, inputs: Tensor) -> LayerMap:
        """Looked for from the end, a few layers at once: all maps with their gradients are more than memory holds."""
        with kept_maps(self._modules, self._shape, len(inputs)) as seen:
            score.values(inputs)
        names = [name for name in seen if not self._is_a_part(name)]
        del seen
        while names:
            names, here = names[:-AT_ONCE], names[-AT_ONCE:]
            usable = [each for each in self._maps(score, inputs, here).values() if bool(each.gradients.any())]
            if usable:
                return usable[-1]
        raise UserError("No layer of this model gives a map that the target depends on.", "no_such_layer")

    def _maps(self, score: Score, inputs: Tensor, names: list[str]) -> dict[str, LayerMap]:
        """Of those that give a map, in the order they are computed in."""
        modules = {name: self._modules[name] for name in names}
        found = score.at_layers(inputs, lambda: kept_maps(modules, self._shape, len(inputs)))
        return {name: self._map(name, *pair) for name, pair in found.items()}

    def averaged(self) -> str | None:
        """The layer whose map is averaged and then classified, as CAM needs it."""
        return self._model.info.averaged

    def on_the_picture(self, values: Tensor) -> FloatArray:
        """(rows, columns) -> (height · width, 1) float64: in between, interpolated linearly."""
        return as_array(F.interpolate(values[None, None], self._shape, mode="bilinear", align_corners=False).reshape(-1, 1))

    def _map(self, name: str, output: Tensor, gradient: Tensor) -> LayerMap:
        grid = grid_of(output, len(output), self._shape)
        assert grid is not None  # what has none is not kept
        first, slope = (grid.maps(each)[0].cpu().double() for each in (output, gradient))
        return LayerMap(name, first, slope)

    def _is_a_part(self, name: str) -> bool:
        """Of something larger that computes with it: a query, a key, the weights of attention; it is no level of its own."""
        return isinstance(self._modules[name], (nn.Linear, nn.Dropout, nn.Identity, nn.Softmax))


def weighted(activations: Tensor, weights: Tensor) -> Tensor:
    """Σ_k w_k A_k: (channels, rows, columns) and (channels,), or a weight for each place too -> (rows, columns)."""
    return (activations * (weights[:, None, None] if weights.dim() == 1 else weights)).sum(0)


def kept(values: Tensor, positive: bool) -> Tensor:
    """With ``positive`` what speaks against the target is left out."""
    return torch.relu(values) if positive else values
