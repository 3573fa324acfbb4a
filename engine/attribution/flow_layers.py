"""Which modules are the layers one would draw, and what each gave for one text."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, get_gradient_edge


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One run of one layer.

    Args:
        call: a module that runs several times is seen each time.
        edge: where the gradient of its output passes; taken at once, so that later changes in place are another's.
        norms: of the output, see ``norms_of``.
        inputs: of recurrent modules: the input, and the states h_0 and c_0 where they were given; empty: not plain tensors.
        ends: of recurrent modules: the edges of h_n and c_n, None where no gradient passes.
    """

    name: str
    module: nn.Module
    call: int
    edge: GradientEdge
    norms: "Norms"
    inputs: tuple[Tensor, ...] = ()
    ends: tuple[GradientEdge | None, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Norms:
    """L2 norms in float64 on the CPU: (n,) one for each position, or (1,) of the whole where there are no positions."""

    values: Tensor
    positional: bool

    @property
    def whole(self) -> float:
        """Of all of it."""
        return float(l2(self.values))


def drawn_layers(network: nn.Module) -> dict[str, nn.Module]:
    """The repeated blocks of a network, its recurrent modules, and what surrounds them; by name, none inside another.

    Modules without parameters (dropout, activations) are part of what comes after them.
    """
    return dict(_layers_in(network, ""))


def _layers_in(parent: nn.Module, prefix: str) -> Iterator[tuple[str, nn.Module]]:
    for name, child in parent.named_children():
        if next(child.parameters(), None) is None:
            continue
        block = isinstance(parent, nn.ModuleList) and not _holds(child, nn.RNNBase)
        if isinstance(child, nn.RNNBase) or block or not _holds(child, (nn.ModuleList, nn.RNNBase)):
            yield prefix + name, child
        else:
            yield from _layers_in(child, f"{prefix}{name}.")


def _holds(module: nn.Module, kinds: Any) -> bool:
    return any(isinstance(inner, kinds) for inner in module.modules())


@contextmanager
def watched(layers: Mapping[str, nn.Module], positions: int) -> Iterator[list[Seen]]:
    """What ``layers`` give, in the order they run in, while the context lasts; what no gradient passes is left out."""
    seen: list[Seen] = []

    def watch(name: str, module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
        found = _first_tensor(output)
        if found is None or not found.requires_grad:
            return
        call = sum(one.name == name for one in seen)
        given = [*inputs, *(named[key] for key in ("input", "hx") if key in named)]
        recurrent = isinstance(module, nn.RNNBase) and isinstance(given[0], Tensor)
        began = _tensors(given) if recurrent else ()
        ends = tuple(get_gradient_edge(end) if end.requires_grad else None for end in _tensors(output[1:])) if recurrent else ()
        seen.append(Seen(name, module, call, get_gradient_edge(found), norms_of(found, positions), began, ends))

    def hook(name: str) -> Any:
        return lambda module, inputs, named, output: watch(name, module, inputs, named, output)

    handles = [module.register_forward_hook(hook(name), with_kwargs=True) for name, module in layers.items()]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def norms_of(values: Tensor, positions: int) -> Norms:
    """Of what a layer gave for one text of so many tokens: (1, seq, features), (seq, 1, features) or (seq, features)."""
    values = values.detach().to("cpu", torch.float64)
    if values.dim() == 3 and len(values) == 1:
        return Norms(l2(values[0]), True)
    if values.dim() == 3 and values.shape[:2] == (positions, 1):
        return Norms(l2(values[:, 0]), True)
    if values.dim() == 2 and len(values) == positions > 1:
        return Norms(l2(values), True)
    return Norms(l2(values.flatten())[None], False)


def l2(values: Tensor) -> Tensor:
    """Over the last axis; scaled, so that the squares of what vanishes do not become zero."""
    peak = values.abs().amax(dim=-1, keepdim=True) if values.numel() else values.sum(dim=-1, keepdim=True)
    scale = torch.where((peak > 0) & peak.isfinite(), peak, torch.ones_like(peak))
    norm: Tensor = (values / scale).norm(dim=-1) * scale[..., 0]
    return norm


def _first_tensor(output: Any) -> Tensor | None:
    """What a layer gives first, whatever it is wrapped in."""
    while isinstance(output, (tuple, list, dict)) and output:
        output = next(iter(output.values())) if isinstance(output, dict) else output[0]
    return output if isinstance(output, Tensor) else None


def _tensors(given: Any) -> tuple[Tensor, ...]:
    """All of them, one after the other."""
    if isinstance(given, Tensor):
        return (given,)
    return tuple(found for each in given for found in _tensors(each)) if isinstance(given, (tuple, list)) else ()
