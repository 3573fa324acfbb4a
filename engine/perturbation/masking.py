"""Masks → values: what the score is when some features are replaced by a fill. Equal masks are evaluated once."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.attribution.score import Score
from engine.jobs import Partial, Steps
from engine.results import FloatArray

Masks = NDArray[np.bool_]


class MaskingGame:
    """The game whose players are features of one input, and whose value is the score of those that stay.

    Args:
        inputs, fill: (1, seq, d_model); a feature that is hidden takes the fill's values.
        groups: the positions of each feature; by default every position is one.
    """

    def __init__(self, score: Score, inputs: Tensor, fill: Tensor, groups: Sequence[Sequence[int]] | None = None) -> None:
        self._score, self._inputs, self._fill = score, inputs, fill
        self.groups = [list(g) for g in groups] if groups is not None else [[i] for i in range(inputs.shape[1])]
        self._known: dict[bytes, float] = {}

    @property
    def size(self) -> int:
        """How many features there are."""
        return len(self.groups)

    @property
    def idle(self) -> list[bool]:
        """Features that the fill leaves as they are (special tokens): hiding one changes nothing, exactly."""
        same = (self._inputs == self._fill).all(dim=-1)[0].tolist()
        return [all(same[position] for position in group) for group in self.groups]

    def values(self, masks: Masks) -> Steps[FloatArray]:
        """(n, size), True where a feature stays -> (n,) scores. Yields after each batch of those not known yet."""
        masks = masks | np.array(self.idle)  # one spelling for one input
        keys = [np.packbits(mask).tobytes() for mask in masks]
        new = {key: mask for key, mask in zip(keys, masks, strict=True) if key not in self._known}
        waiting = list(new.items())
        done = 0
        while done < len(waiting):
            batch = waiting[done : done + self._score.take(len(waiting) - done)]
            scores = self._score.values(self._points(np.array([mask for _, mask in batch]))).tolist()
            self._known |= {key: value for (key, _), value in zip(batch, scores, strict=True)}
            done += len(batch)
            yield Partial(done, len(waiting))
        return np.array([self._known[key] for key in keys])

    def value_so_far(self, mask: Masks) -> float | None:
        """The score of one mask where it is known."""
        return self._known.get(np.packbits(mask | np.array(self.idle)).tobytes())

    def _points(self, masks: Masks) -> Tensor:
        """(n, size) -> (n, seq, d_model)."""
        stays = np.ones((len(masks), self._inputs.shape[1]), dtype=bool)
        for feature, positions in enumerate(self.groups):
            stays[:, positions] = masks[:, feature, None]
        return torch.where(torch.from_numpy(stays).to(self._inputs.device)[:, :, None], self._inputs, self._fill)
