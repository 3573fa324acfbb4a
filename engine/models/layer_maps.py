"""Which layers of an image model give a map of the picture, and how: channels first, channels last, or tokens of a grid."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.models.image_model import ImageEncoding, ImageModel

_BEFORE = range(9)  # tokens that are no place: of the class, of distillation, registers
_SAME = 1e-4


@dataclass(frozen=True, slots=True)
class Grid:
    """A map of ``rows`` × ``columns`` in a layer's output.

    Args:
        before: of tokens, how many stand before the grid; None: the output is no list of tokens.
        channels_last: (batch, rows, columns, channels); otherwise (batch, channels, rows, columns).
    """

    rows: int
    columns: int
    before: int | None = None
    channels_last: bool = False

    def maps(self, output: Tensor) -> Tensor:
        """(batch, channels, rows, columns)."""
        if self.before is not None:
            places = output[:, self.before : self.before + self.rows * self.columns]
            return places.transpose(1, 2).reshape(len(output), -1, self.rows, self.columns)
        return output.permute(0, 3, 1, 2) if self.channels_last else output


def grid_of(output: Tensor, batch: int, shape: tuple[int, int]) -> Grid | None:
    """The map in what a layer gives; None: there is none, or it is of a single place.

    Args:
        shape: (height, width) of the model's input, in whose proportions a map is.
    """
    if output.dim() < 3 or len(output) != batch or not output.is_floating_point():
        return None
    if output.dim() == 3 and output.shape[2] > 1:
        return next((grid for before in _BEFORE if (grid := _grid_of_tokens(output.shape[1], before, shape))), None)
    if output.dim() != 4:
        return None
    _, a, b, c = output.shape
    if _fits(b, c, shape):
        return Grid(b, c)
    return Grid(a, b, channels_last=True) if _fits(a, b, shape) else None


def _grid_of_tokens(tokens: int, before: int, shape: tuple[int, int]) -> Grid | None:
    places = tokens - before
    if places < 4:
        return None
    rows = round(math.sqrt(places * shape[0] / shape[1]))
    columns = places // rows if rows else 0
    return Grid(rows, columns, before) if rows * columns == places and _fits(rows, columns, shape) else None


def _fits(rows: int, columns: int, shape: tuple[int, int]) -> bool:
    """In the picture's proportions, but for rounding, and no finer than it."""
    if rows * columns < 2 or rows > shape[0] or columns > shape[1]:
        return False
    return abs(rows * shape[1] - columns * shape[0]) < max(shape)


def first_tensor(output: Any) -> Tensor | None:
    """Of what a module returned."""
    while isinstance(output, (tuple, list)) and output:
        output = output[0]
    return output if isinstance(output, Tensor) else None


@contextmanager
def kept_maps(modules: Mapping[str, nn.Module], shape: tuple[int, int], batch: int) -> Iterator[dict[str, Tensor]]:
    """While it lasts, the outputs of ``modules`` that hold a map, by name, in the order in which they were last computed."""
    kept: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> Any:
            found = first_tensor(output)
            if found is None or grid_of(found, batch, shape) is None:
                return None
            kept.pop(name, None)
            kept[name] = found
            return found.clone() if isinstance(output, Tensor) else None  # what follows may work in place

        return hook

    handles = [module.register_forward_hook(keep(name)) for name, module in modules.items()]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def named_layers(network: nn.Module) -> dict[str, nn.Module]:
    """Every module with a name."""
    return {name: module for name, module in network.named_modules() if name}


@torch.no_grad()
def averaged_layer(model: ImageModel) -> str | None:
    """The layer whose map is averaged over space and then classified by a linear layer alone; None: there is none."""
    encoding = model.trial()
    points = _drawn(model, encoding)
    linears = [module for module in model.network.modules() if isinstance(module, nn.Linear)]
    given: list[tuple[Tensor, Tensor]] = []  # what each was given, and gave
    handles = [
        module.register_forward_hook(lambda _module, inputs, output: given.append((inputs[0], output))) for module in linears
    ]
    try:
        with kept_maps(named_layers(model.network), encoding.shape, 1) as kept:
            logits = model.logits(points, encoding)
    finally:
        for handle in handles:
            handle.remove()
    head = next((pooled for pooled, output in reversed(given) if output.equal(logits)), None)
    if head is None or head.dim() != 2:
        return None
    return next((name for name in reversed(kept) if _is_mean_of(kept[name], head, encoding.shape)), None)


def _is_mean_of(output: Tensor, pooled: Tensor, shape: tuple[int, int]) -> bool:
    grid = grid_of(output, 1, shape)
    mean = None if grid is None else grid.maps(output).mean((2, 3))
    if mean is None or mean.shape != pooled.shape:
        return False
    return torch.allclose(mean, pooled, rtol=_SAME, atol=_SAME * float(pooled.abs().max()))


def _drawn(model: ImageModel, encoding: ImageEncoding) -> Tensor:
    """Noise: on a single colour, maps may be equal everywhere by chance."""
    features = model.features(encoding)
    noise = torch.randn(features.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return noise.to(features)
