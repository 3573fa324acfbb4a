"""The transformers library's one door to attention: listened at for the length of a forward pass."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

Attention = Callable[..., tuple[Tensor, Tensor | None]]
_BY_POSITION = ("module", "query", "key", "value", "attention_mask", "dropout")


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """What one attention layer was given in one forward pass, and what it gave.

    Args:
        query: (1, head, query, d_head), rotated and all.
        key, value: (1, head or group of heads, key, d_head).
        mask: true where a query may look, or added to the scores; None: none was given.
        causal: without a mask, no query looks ahead.
        settings: what else the model file's own function is to know (scaling, soft-cap, sinks, position bias).
        output: (1, query, head, d_head), before the output projection.
        weights: (1, head, query, key), of the library's eager function only.
    """

    module: nn.Module
    query: Tensor
    key: Tensor
    value: Tensor
    mask: Tensor | None
    causal: bool
    settings: Mapping[str, Any]
    output: Tensor
    weights: Tensor | None


def dispatches(network: nn.Module) -> bool:
    """Whether the network's attention goes through the library's interface, which not every architecture's does."""
    return any(eager_function(module) is not None for module in network.modules())


def eager_function(module: nn.Module) -> Attention | None:
    """The plain attention of the file that ``module`` is from: masks, groups, soft-cap and sinks are its own affair."""
    file = sys.modules[type(module).__module__]
    if getattr(file, "ALL_ATTENTION_FUNCTIONS", None) is not ALL_ATTENTION_FUNCTIONS:
        return None
    found: Attention | None = getattr(file, "eager_attention_forward", None)
    return found


@contextmanager
def listening(network: nn.Module, heard: Callable[[Call], None]) -> Iterator[None]:
    """Tell ``heard`` of every attention layer that ``network`` runs; leave the numbers as they are.

    The functions are wrapped under the names they have: the library chooses masks, and some files their own way, by name,
    so that under a new name the network would compute something else.
    """
    own = {id(module) for module in network.modules()}

    def wrapped(name: str, known: Attention | None) -> Attention:
        def listen(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Any, **kwargs: Any) -> Any:
            attention = known or eager_function(module)
            assert attention is not None, "only a file that has one asks for eager attention"
            found = attention(module, query, key, value, attention_mask, **kwargs)
            if id(module) in own:
                causal = name == "sdpa" and attention_mask is None and query.shape[2] > 1 and _looks_back(module, kwargs)
                heard(Call(module, query, key, value, attention_mask, causal, _settings(module, kwargs), *found))
            return found

        return listen

    before: dict[str, Any] = {name: ALL_ATTENTION_FUNCTIONS.get(name) for name in ("sdpa", "eager")}
    overridden = dict(ALL_ATTENTION_FUNCTIONS._local_mapping)
    for name, known in before.items():
        ALL_ATTENTION_FUNCTIONS[name] = wrapped(name, known)
    try:
        yield
    finally:
        for name in before:
            ALL_ATTENTION_FUNCTIONS.pop(name)
        ALL_ATTENTION_FUNCTIONS._local_mapping.update(overridden)


def _looks_back(module: nn.Module, kwargs: Mapping[str, Any]) -> bool:
    """As the library's SDPA function reads it."""
    said = kwargs.get("is_causal")
    return bool(getattr(module, "is_causal", True) if said is None else said)


def _settings(module: nn.Module, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers, and of tensors only those the plain function names, so that nothing else is kept alive."""
    function = eager_function(module)
    named = set(function.__code__.co_varnames[: function.__code__.co_argcount]) if function is not None else set()
    kept = named | {"s_aux"}  # sinks, where they come along with the rest
    return {
        key: value
        for key, value in kwargs.items()
        if key not in _BY_POSITION and (isinstance(value, (bool, int, float)) or (key in kept and value is not None))
    }


@contextmanager
def computing_eagerly(network: nn.Module) -> Iterator[None]:
    """Every attention layer computes its weights as they are; all configs are put back as they were."""
    configs = {id(config): config for module in network.modules() if (config := getattr(module, "config", None)) is not None}
    known = [(config, config._attn_implementation_internal) for config in configs.values() if _dispatching(config)]
    for config, _ in known:
        config._attn_implementation_internal = "eager"
    try:
        yield
    finally:
        for config, name in known:
            config._attn_implementation_internal = name


def _dispatching(config: object) -> bool:
    return hasattr(config, "_attn_implementation_internal")


class OneHead:
    """An attention module as one of its heads sees it: what the plain function asks of it, cut to that head."""

    def __init__(self, module: nn.Module, head: int) -> None:
        self._module, self._head = module, head
        self.num_key_value_groups = 1
        self.training = False

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._module, name)
        if name == "sinks" and isinstance(value, Tensor):
            return value.flatten()[self._head : self._head + 1]
        return value


def of_one_head(value: Any, heads: int, head: int, rows: slice, keys: int) -> Any:
    """A setting cut to one head, some rows and the first keys: (1, head or 1, query or 1, key), or (head,)."""
    if not isinstance(value, Tensor):
        return value
    if value.dim() == 1 and len(value) == heads:
        return value[head : head + 1]
    return cut(value, head, rows, keys) if value.dim() == 4 else value


def cut(values: Tensor, head: int, rows: slice, keys: int) -> Tensor:
    """(1, head or 1, query or 1, key or 1) -> the same of one head."""
    one = values[:, head : head + 1] if values.shape[1] > 1 else values
    one = one[:, :, rows] if one.shape[2] > 1 else one
    return one[..., :keys] if one.shape[3] > 1 else one


def additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """True where a query may look -> 0 there and the least number elsewhere, as the plain functions want it."""
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill_(~mask, torch.finfo(dtype).min)
