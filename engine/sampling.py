"""How a language model's next token is chosen."""

import math

import torch
from torch import Tensor

from engine.errors import UserError


def check_temperature(temperature: float | None) -> None:
    """Refuse what nothing can be divided by.

    Raises:
        UserError: it does not lie above zero, or has no end.
    """
    if temperature is not None and not 0 < temperature < math.inf:
        raise UserError("The temperature must be above zero; leave it out for the likeliest token each time.", "arguments")


def choose(
    logits: Tensor, noise: torch.Generator, temperature: float | None = None, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """The highest, or a sample.

    Args:
        logits: (row, vocabulary) on the CPU. All rows draw the same numbers, so that only the logits can make them differ.
        noise: drawn from, also where nothing is drawn for the choice, so that a forced step does not shift the later ones.
        temperature: None: the highest.
        top_k: only the so many highest.
        top_p: of them, only the fewest that hold so much of the probability, after temperature.

    Returns:
        (row,) indices.
    """
    uniform = torch.rand(logits.shape[-1], generator=noise, dtype=torch.float64).clamp_min(1e-300)
    if temperature is None:
        return logits.argmax(-1)
    return (_cut(logits.double() / temperature, top_k, top_p) - (-uniform.log()).log()).argmax(-1)  # Gumbel's way to sample


def _cut(logits: Tensor, top_k: int | None, top_p: float | None) -> Tensor:
    """What may not be chosen is −∞; the highest always may."""
    ordered, order = logits.sort(dim=-1, descending=True, stable=True)
    rank = torch.arange(logits.shape[-1]).expand_as(ordered)
    dropped = rank >= (logits.shape[-1] if top_k is None else top_k)
    if top_p is not None:
        shares = ordered.masked_fill(dropped, -torch.inf).softmax(-1)
        dropped = dropped | (shares.cumsum(-1) - shares >= top_p) & (rank > 0)
    return torch.full_like(logits, -torch.inf).scatter(-1, order, ordered.masked_fill(dropped, -torch.inf))
