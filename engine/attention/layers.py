"""One attention layer of a text that was read: its maps, rebuilt a head and some rows at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from engine.attention.interface import Call, OneHead, additive, cut, eager_function, of_one_head

ROWS = 512  # of a map that are rebuilt at once


class Layer(Protocol):
    """Where maps of one layer are had from."""

    @property
    def name(self) -> str:
        """Of its module."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Heads, queries, keys."""

    def rows(self, head: int, first: int, last: int) -> Tensor:
        """(last − first, key) float32 of one head; keys behind the last that any of them sees may be left out."""

    @property
    def bytes(self) -> int:
        """What is held."""


def pattern(layer: Layer, head: int) -> Tensor:
    """(query, key) of one head."""
    _, queries, keys = layer.shape
    found = torch.zeros(queries, keys)
    for first, last, rows in in_blocks(layer, head):
        found[first:last, : rows.shape[1]] = rows
    return found


def row(layer: Layer, head: int, query: int) -> Tensor:
    """(key,) of one head."""
    found = torch.zeros(layer.shape[2])
    seen = layer.rows(head, query, query + 1)[0]
    found[: len(seen)] = seen
    return found


def in_blocks(layer: Layer, head: int) -> Iterator[tuple[int, int, Tensor]]:
    """First row, row behind the last, and the rows, from the top down."""
    queries = layer.shape[1]
    for first in range(0, queries, ROWS):
        last = min(first + ROWS, queries)
        yield first, last, layer.rows(head, first, last)


@dataclass(frozen=True, slots=True, eq=False)
class CapturedLayer:
    """Queries and keys as they met, from which the model file's own function makes any row again.

    Args:
        query: (1, head, query, d_head).
        key: (1, head or group, key, d_head).
        mask: (1, head or 1, query or 1, key), as ``Call.mask``.
        causal: row r sees the first r + 1 keys; where there is no mask.
    """

    name: str
    module: nn.Module
    query: Tensor
    key: Tensor
    mask: Tensor | None
    causal: bool
    settings: Mapping[str, Any]

    @property
    def shape(self) -> tuple[int, int, int]:
        """See ``Layer``."""
        return self.query.shape[1], self.query.shape[2], self.key.shape[2]

    @property
    def bytes(self) -> int:
        """See ``Layer``; masks are shared among layers and not counted."""
        return self.query.nbytes + self.key.nbytes

    @torch.no_grad()
    def rows(self, head: int, first: int, last: int) -> Tensor:
        """See ``Layer``."""
        heads, _, keys = self.shape
        seen = min(last, keys) if self.causal else keys
        rows, group = slice(first, last), head // (heads // self.key.shape[1])
        function = eager_function(self.module)
        assert function is not None, "it was captured at the interface"
        key = self.key[:, group : group + 1, :seen]
        _, weights = function(
            OneHead(self.module, head),
            self.query[:, head : head + 1, rows],
            key,
            key[..., :0],  # what the weights are good for is not wanted
            self._mask(head, rows, seen),
            **{name: of_one_head(value, heads, head, rows, seen) for name, value in self.settings.items()},
        )
        assert weights is not None, "the plain function always gives its weights"
        return weights[0, 0].float().cpu()

    def _mask(self, head: int, rows: slice, seen: int) -> Tensor | None:
        if self.mask is not None:
            return additive(cut(self.mask, head, rows, seen), self.query.dtype)
        if not self.causal:
            return None
        start = rows.start
        hidden = torch.full((rows.stop - start,) * 2, torch.finfo(self.query.dtype).min, device=self.query.device).triu_(1)
        mask = self.query.new_zeros(1, 1, rows.stop - start, seen)
        mask[..., start:] = hidden[:, : seen - start]
        return mask


def of_call(name: str, call: Call) -> CapturedLayer:
    """A layer that ran once."""
    return CapturedLayer(name, call.module, call.query, call.key, call.mask, call.causal, call.settings)
