"""Architectures with an attention of their own: computed eagerly, each layer's weights taken as they pass and let go."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from engine.attention.interface import computing_eagerly

Taken = Callable[[str, Tensor, Tensor], None]
MOST_KEPT = 256_000_000  # bytes of maps of one text


@contextmanager
def watching(network: nn.Module, taken: Taken, consume: bool = True) -> Iterator[None]:
    """While it runs, ``network`` computes its attention weights and tells ``taken`` of every module's.

    Args:
        taken: is given the module's name, (head, query, key), and the tensor itself as the network has it.
        consume: nothing of the weights is left in the network's output.
    """

    def hook_of(name: str) -> Callable[..., Any]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> Any:
            if not isinstance(output, tuple):
                return None
            weights = [_weights(value) if at else None for at, value in enumerate(output)]
            for found, value in zip(weights, output, strict=True):
                if found is not None:
                    taken(name, found, value)
            if not consume or all(found is None for found in weights):
                return None
            return tuple(v if w is None else v.new_zeros(0, 0, 0, 0) for v, w in zip(output, weights, strict=True))

        return hook

    def ask(_module: nn.Module, inputs: Any, kwargs: dict[str, Any]) -> Any:
        return inputs, kwargs | {"output_attentions": True}

    with ExitStack() as stack:
        stack.enter_context(computing_eagerly(network))
        stack.callback(network.register_forward_pre_hook(ask, with_kwargs=True).remove)
        for name, module in network.named_modules():
            if name:
                stack.callback(module.register_forward_hook(hook_of(name)).remove)
        yield


def _weights(value: Any) -> Tensor | None:
    """(head, query, key), if this is attention weights: rows of a batch of one that sum to 1."""
    if not isinstance(value, Tensor) or value.dim() != 4 or not value.is_floating_point() or not value.numel():
        return None
    one = value[0] if value.shape[0] == 1 else value[:, :, 0].permute(2, 0, 1) if value.shape[2] == 1 else None
    if one is None:  # XLNet has (query, key, batch, head)
        return None
    sums = one.detach().sum(-1)
    return one if bool((one.detach() >= 0).all() & ((sums - 1).abs() < 1e-3).all()) else None


class HookedLayer:
    """A layer whose maps are computed again when they are asked for and are no longer there."""

    def __init__(self, name: str, index: int, shape: tuple[int, int, int], source: "HookedMaps") -> None:
        self._name, self._index, self._shape, self._source = name, index, shape, source

    @property
    def name(self) -> str:
        """See ``Layer``."""
        return self._name

    @property
    def shape(self) -> tuple[int, int, int]:
        """See ``Layer``."""
        return self._shape

    @property
    def bytes(self) -> int:
        """See ``Layer``."""
        heads, queries, keys = self._shape
        return 4 * heads * queries * keys if self._source.holds(self._index) else 0

    def rows(self, head: int, first: int, last: int) -> Tensor:
        """See ``Layer``."""
        return self._source.maps(self._index)[head, first:last]


class HookedMaps:
    """Keeps the maps of a short text; of a longer one it keeps one layer's, and reads the text again for another's."""

    def __init__(self, network: nn.Module, inputs: Mapping[str, Any]) -> None:
        self._network, self._inputs = network, inputs
        self._kept: dict[int, Tensor] = {}

    def layers(self) -> list[HookedLayer]:
        """All that give weights, in the order they run."""
        found: list[HookedLayer] = []
        free = MOST_KEPT

        def take(name: str, maps: Tensor, _own: Tensor) -> None:
            nonlocal free
            heads, queries, keys = maps.shape
            if maps.nbytes <= free:
                self._kept[len(found)] = maps.detach().float().cpu()
                free -= maps.nbytes
            found.append(HookedLayer(name, len(found), (heads, queries, keys), self))

        with torch.no_grad(), watching(self._network, take):
            self._network(**self._inputs)
        if len(self._kept) < len(found):
            self._kept.clear()
        return found

    def holds(self, index: int) -> bool:
        """Whether this layer's maps are there."""
        return index in self._kept

    def maps(self, index: int) -> Tensor:
        """(head, query, key) float32 on the CPU."""
        if index not in self._kept:
            self._kept.clear()
            seen = 0

            def take(_name: str, maps: Tensor, _own: Tensor) -> None:
                nonlocal seen
                if seen == index:
                    self._kept[index] = maps.detach().float().cpu()
                seen += 1

            with torch.no_grad(), watching(self._network, take):
                self._network(**self._inputs)
        return self._kept[index]
