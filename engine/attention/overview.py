"""All heads at a glance: every map made once, pooled to a thumbnail, summed up in numbers, and let go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from engine.attention.capture import CapturedStack
from engine.attention.layers import in_blocks
from engine.attention_maps import HEAD_SCORES, THUMBNAIL, Patches, StackOverview
from engine.results import FloatArray, Token

_OF_ONE_TEXT = ("distance", "previous")  # mean nothing where queries and keys are of different texts


@dataclass(slots=True, eq=False)
class OverviewOfStack:
    """A stack's overview on its way; NaN where a head has not been looked at.

    Args:
        received: (layer, head, key) float32: the mean weight over the queries that see the key.
    """

    stack: CapturedStack
    thumbnails: FloatArray = field(init=False)
    scores: dict[str, FloatArray] = field(init=False)
    received: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        layers, heads = len(self.stack.layers), max(layer.shape[0] for layer in self.stack.layers)
        rows, columns = len(self.stack.queries), len(self.stack.keys)
        self.thumbnails = np.full((layers, heads, min(rows, THUMBNAIL), min(columns, THUMBNAIL)), np.nan, np.float16)
        self.scores = {score.name: np.full((layers, heads), np.nan, np.float32) for score in HEAD_SCORES}
        self.received = np.full((layers, heads, columns), np.nan, np.float32)

    def heads(self) -> Iterator[tuple[int, int]]:
        """Look at one after the other; gives layer and head of each."""
        axes = _Axes.of(self.stack)
        for number, layer in enumerate(self.stack.layers):
            for head in range(layer.shape[0]):
                found = torch.zeros(layer.shape[1:])
                sums = _Sums(axes)
                for first, last, rows in in_blocks(layer, head):
                    found[first:last, : rows.shape[1]] = rows
                    sums.add(first, last, rows)
                self.thumbnails[number, head] = pooled(found, THUMBNAIL).numpy()
                self.received[number, head] = (found.sum(0) / axes.seen).numpy()
                for name, value in sums.scores().items():
                    self.scores[name][number, head] = value
                yield number, head

    def overview(self) -> StackOverview:
        """So far: copies."""
        known = self.stack
        scores, plane = {name: values.copy() for name, values in self.scores.items()}, known.patches is not None
        thumbnails = self.thumbnails.copy()
        return StackOverview(known.name, known.queries, known.keys, known.causal, known.kinds, thumbnails, scores, plane)


def pooled(values: Tensor, cells: int) -> Tensor:
    """(query, key) -> the largest of each of at most ``cells`` by ``cells`` parts that cover all."""
    shape = [min(length, cells) for length in values.shape]
    if shape == list(values.shape):
        return values
    found: Tensor = torch.nn.functional.adaptive_max_pool2d(values[None], shape)[0]
    return found


def sinks(tokens: Sequence[Token], pad: int | None = None, *, patches: bool = False) -> FloatArray:
    """(token,) bool: special tokens, the first one and padding, which attention falls to where there is nothing to see.

    ``patches``: of a picture, whose first patch is like the others.
    """
    found: FloatArray = np.array([token.special or token.id == pad for token in tokens], dtype=bool)
    if not patches:
        found[:1] = True
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Axes:
    """What the scores of every head of a stack need: positions, which keys are sinks or equal, how many queries see a key.

    Of ``patches`` the distances are those in the plane.
    """

    same_text: bool
    causal: bool
    place: Tensor  # (key,)
    sinks: Tensor  # (key,)
    query_kind: Tensor  # (query,), equal where tokens are
    key_kind: Tensor  # (key,)
    kinds: int
    seen: Tensor  # (key,)
    patches: Patches | None

    @classmethod
    def of(cls, stack: CapturedStack) -> "_Axes":
        queries, keys = len(stack.queries), len(stack.keys)
        ids = [token.id for token in (*stack.queries, *stack.keys)]
        _, kinds = np.unique(np.array(ids, dtype=np.int64), return_inverse=True)
        seen = queries - torch.arange(keys) if stack.causal else torch.full((keys,), queries)
        return cls(
            stack.name != "cross",
            stack.causal,
            torch.arange(keys, dtype=torch.float32),
            torch.from_numpy(sinks(stack.keys, patches=stack.patches is not None)).float(),
            torch.from_numpy(kinds[:queries]),
            torch.from_numpy(kinds[queries:]),
            int(kinds.max()) + 1,
            seen.float(),
            stack.patches,
        )


class _Sums:
    """What is added up over the rows of one head."""

    def __init__(self, axes: _Axes) -> None:
        self._axes = axes
        self._sums: dict[str, list[float]] = {}

    def add(self, first: int, last: int, rows: Tensor) -> None:
        """(last − first, keys that any of them sees) weights."""
        axes, at, seen = self._axes, torch.arange(first, last), rows.shape[1]
        choosing = rows[1:] if axes.causal and first == 0 else rows
        self._note("entropy", torch.special.entr(choosing).sum(-1) if len(axes.place) > 1 else rows.new_zeros(0))
        self._note("maximum", rows.amax(-1))
        self._note("first", rows[:, 0])
        self._note("sinks", rows @ axes.sinks[:seen])
        by_kind = rows.new_zeros(len(rows), axes.kinds).index_add_(1, axes.key_kind[:seen], rows)
        self._note("same", by_kind.gather(1, axes.query_kind[first:last, None])[:, 0])
        if axes.patches is not None:
            self._note("distance", _distances(axes.patches, first, rows))
        elif axes.same_text:
            self._note("distance", (rows * (axes.place[:seen] - at[:, None]).abs_()).sum(-1))
            later = at[at > 0]
            self._note("previous", rows[later - first, later - 1])

    def scores(self) -> dict[str, float]:
        """The mean of each."""
        return {name: total / count if count else float("nan") for name, (total, count) in self._sums.items()}

    def _note(self, name: str, values: Tensor) -> None:
        known = self._sums.setdefault(name, [0.0, 0.0])
        known[0] += float(values.double().sum())
        known[1] += len(values)


def _distances(patches: Patches, first: int, rows: Tensor) -> Tensor:
    """Of the patches among the rows from ``first`` on: how far away the patches are that each looks at, averaged by weight.

    What goes to other tokens, which lie nowhere, is left out. In patches.

    Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021, arXiv:2010.11929, figure 7.
    """
    place = torch.cartesian_prod(torch.arange(patches.rows), torch.arange(patches.columns)).float()
    skipped = max(patches.first - first, 0)
    own = rows[skipped:, patches.first :]
    at = first + skipped - patches.first
    away = torch.cdist(place[at : at + len(own)], place, compute_mode="donot_use_mm_for_euclid_dist")
    found: Tensor = (own * away).sum(-1) / own.sum(-1).clamp_min(torch.finfo(torch.float32).tiny)
    return found
