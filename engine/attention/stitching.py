"""The steps of a generation made into one map: the prompt's rows and one row for each token since."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.attention.interface import Call, additive
from engine.attention.layers import CapturedLayer, of_call

Shared = dict[tuple[object, ...], Tensor]  # what layers have in common, made once


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """What is kept of a step besides its queries and new keys."""

    queries: int
    keys: int
    mask: Tensor | None
    causal: bool
    biases: dict[str, Tensor]


class Stitching:
    """One layer. Keys are taken as they arrive, since a cache may forget what has left a sliding window."""

    def __init__(self, name: str, first: Call, crossing: bool) -> None:
        self._name, self._module, self._crossing = name, first.module, crossing
        self._first = first
        self._queries, self._keys, self._steps = [first.query], [first.key], [_step(first)]

    def add(self, call: Call) -> None:
        """The next step, of one query."""
        self._queries.append(call.query)
        if not self._crossing:
            self._keys.append(call.key[:, :, -1:].clone())  # a view would keep every step's whole cache alive
        self._steps.append(_step(call))

    def layer(self, shared: Shared) -> CapturedLayer:
        """All steps so far."""
        if len(self._steps) == 1:
            return of_call(self._name, self._first)
        query, key = torch.cat(self._queries, 2), torch.cat(self._keys, 2)
        causal = not self._crossing and all(_sees_all_before(step, end) for step, end in self._ends())
        bare = causal or (self._crossing and all(step.mask is None for step in self._steps))
        mask = None if bare else self._whole(shared, key.shape[2], query.dtype)
        biases: dict[str, Any] = {name: self._bias(name, shared, key.shape[2]) for name in self._steps[0].biases}
        return CapturedLayer(self._name, self._module, query, key, mask, causal, {**self._first.settings, **biases})

    def _ends(self) -> list[tuple[_Step, int]]:
        """Each step, and how many keys there are once it is done."""
        if self._crossing:
            return [(step, step.keys) for step in self._steps]
        ends, end = [], 0
        for step in self._steps:
            end += step.queries
            ends.append((step, end))
        return ends

    def _whole(self, shared: Shared, keys: int, dtype: torch.dtype) -> Tensor:
        """(1, head or 1, query, key), added to the scores."""
        known = tuple((id(step.mask), step.keys, step.causal) for step in self._steps)
        if known not in shared:
            parts = [_mask_of(step, dtype, self._queries[0].device) for step in self._steps]
            shared[known] = self._placed(parts, keys, torch.finfo(dtype).min)
        return shared[known]

    def _bias(self, name: str, shared: Shared, keys: int) -> Tensor:
        known = (name, *(id(step.biases[name]) for step in self._steps))
        if known not in shared:
            shared[known] = self._placed([step.biases[name] for step in self._steps], keys, 0.0)
        return shared[known]

    def _placed(self, parts: Sequence[Tensor], keys: int, elsewhere: float) -> Tensor:
        """Each step's (1, head, query, key) under one another, ``elsewhere`` at the keys it did not meet."""
        heads, rows = max(part.shape[1] for part in parts), sum(step.queries for step in self._steps)
        found = parts[0].new_full((1, heads, rows, keys), elsewhere)
        row = 0
        for (step, end), part in zip(self._ends(), parts, strict=True):
            found[:, :, row : row + step.queries, end - step.keys : end] = part[..., : step.keys]
            row += step.queries
        return found


def _step(call: Call) -> _Step:
    biases = {name: value for name, value in call.settings.items() if isinstance(value, Tensor) and value.dim() == 4}
    return _Step(call.query.shape[2], call.key.shape[2], call.mask, call.causal, biases)


def _sees_all_before(step: _Step, end: int) -> bool:
    return step.mask is None and step.keys == end and (step.causal or step.queries == 1)


def _mask_of(step: _Step, dtype: torch.dtype, device: torch.device) -> Tensor:
    if step.mask is not None:
        return additive(step.mask, dtype)
    sees = torch.ones(step.queries, step.keys, dtype=torch.bool, device=device)
    return additive((sees.tril() if step.causal else sees)[None, None], dtype)
