"""Where each unit is most active, exactly, while a corpus streams past: only what beats the worst kept is ever looked at."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_GROUP = 32  # positions whose maximum decides whether any of them is looked at
_NOWHERE = np.iinfo(np.int64).max


class TopContexts:
    """The ``k`` highest values of each unit and where they were; of equal values the earliest.

    Args:
        units, k: how many of each.
    """

    def __init__(self, units: int, k: int) -> None:
        self._values = np.full((units, k), -np.inf, np.float32)
        self._positions = np.full((units, k), _NOWHERE, np.int64)
        self._bar = self._values[:, -1:]  # what a value must reach
        self._waiting: list[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]] = []

    @property
    def values(self) -> NDArray[np.float32]:
        """(units, k), highest first; −∞ where there were fewer positions."""
        self._merge()
        return self._values

    @property
    def positions(self) -> NDArray[np.int64]:
        """(units, k)."""
        self._merge()
        return self._positions

    def restore(self, values: NDArray[np.float32], positions: NDArray[np.int64]) -> None:
        """Go on from what was kept."""
        self._values, self._positions, self._waiting = values.copy(), positions.copy(), []
        self._bar = self._values[:, -1:]

    def update(self, values: Tensor, positions: NDArray[np.int64]) -> None:
        """Take (n, units) values at these (n,) positions."""
        whole = len(values) - len(values) % _GROUP
        for part, own in ((values[:whole], positions[:whole]), (values[whole:], positions[whole:])):
            if len(own):
                self._sift(part, own, min(_GROUP, len(own)))
        if sum(len(rows) for rows, _, _ in self._waiting) > self._values.size // 4:
            self._merge()

    def _sift(self, values: Tensor, positions: NDArray[np.int64], size: int) -> None:
        """Put aside what may be among the best: one read for the maxima of groups, then the few groups that have any."""
        grouped, places = values.reshape(-1, size, values.shape[1]), positions.reshape(-1, size)
        highest = grouped.amax(dim=1)  # (groups, units); without indices, which would cost many times as much
        self._begin(highest)
        worst, last = (torch.from_numpy(each[:, -1]).to(values.device) for each in (self._bar, self._positions))
        earliest = torch.from_numpy(places.min(axis=1)).to(values.device)[:, None]
        group, row = ((highest > worst) | ((highest == worst) & (earliest < last))).nonzero(as_tuple=True)
        some = grouped[group, :, row]  # (pairs, size)
        where = places[group.numpy(force=True)]
        found, least = some.float().numpy(force=True), self._bar[row.numpy(force=True), -1:]
        good = (found > least) | ((found == least) & (where < self._positions[row.numpy(force=True), -1:]))
        pair = good.nonzero()[0]
        self._waiting.append((row.numpy(force=True)[pair], found[good], where[good]))

    def _begin(self, highest: Tensor) -> None:
        """While nothing is kept yet: as many maxima as are wanted are a bar that nothing below it can pass."""
        k = self._values.shape[1]
        if len(highest) >= k and not np.isfinite(self._bar).all():
            least = highest.topk(k, dim=0).values[-1].float().numpy(force=True)
            self._bar = np.maximum(self._bar, least[:, None])

    def _merge(self) -> None:
        """Sort what was put aside in among the best."""
        if not self._waiting:
            return
        rows, values, positions = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
        self._waiting = []
        touched, which = np.unique(rows, return_inverse=True)
        k = self._values.shape[1]
        row = np.concatenate((np.repeat(np.arange(len(touched)), k), which))
        value = np.concatenate((self._values[touched].ravel(), values))
        position = np.concatenate((self._positions[touched].ravel(), positions))
        order = np.lexsort((position, -value, row))
        begins = np.searchsorted(row[order], np.arange(len(touched)))
        best = order[(begins[:, None] + np.arange(k)).ravel()].reshape(-1, k)
        self._values[touched], self._positions[touched] = value[best], position[best]
        self._bar = np.maximum(self._bar, self._values[:, -1:])
