"""Which stack of layers an attention module belongs to."""

from torch import nn

from engine.requests import Stack

_CROSSING = ("cross", "encoder_attn", "encdec")


def stack_of(name: str, encoder_decoder: bool) -> Stack:
    """By the dotted name of the module."""
    lowered = name.lower()
    if any(word in lowered for word in _CROSSING):
        return "cross"
    if not encoder_decoder:
        return "self"
    return "decoder" if "decoder" in lowered.split(".") else "encoder"


def is_encoder_decoder(network: nn.Module) -> bool:
    """Whether one stack reads and another writes."""
    return bool(getattr(network.config, "is_encoder_decoder", False))


def kinds_of(network: nn.Module, stack: Stack, modules: list[nn.Module | None]) -> tuple[str, ...]:
    """What each layer sees, as the config tells it: ``full``, ``sliding`` …"""
    types = getattr(network.config, "layer_types", None)
    if stack != "self" or not types:
        return ("full",) * len(modules)
    places = [getattr(module, "layer_idx", None) for module in modules]
    numbers = [at if place is None else place for at, place in enumerate(places)]
    return tuple(str(types[n]).removesuffix("_attention") if n < len(types) else "full" for n in numbers)
