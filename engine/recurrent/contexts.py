"""Where each unit is most active, exactly, while a corpus streams past: only what beats the worst kept is ever looked at."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class TopContexts:
    """The ``k`` highest values of each unit and where they were; of equal values the earliest.

    Args:
        units, k: how many of each.
    """

    def __init__(self, units: int, k: int) -> None:
        self.values = np.full((units, k), -np.inf, np.float32)
        self.positions = np.full((units, k), np.iinfo(np.int64).max, np.int64)

    def update(self, values: Tensor, positions: NDArray[np.int64]) -> None:
        """Take (n, units) values at these (n,) positions."""
        worst = torch.from_numpy(self.values[:, -1]).to(values)
        rows = (values.amax(dim=0) >= worst).nonzero().flatten()  # one read, without indices: amax is many times faster than max
        if not len(rows):
            return
        some, least = values[:, rows], worst[rows]
        last = torch.from_numpy(self.positions[:, -1]).to(values.device)[rows]
        where = torch.from_numpy(positions).to(values.device)[:, None]
        at, row = ((some > least) | ((some == least) & (where < last))).nonzero(as_tuple=True)
        self._insert(rows[row].numpy(force=True), some[at, row].float().numpy(force=True), positions[at.numpy(force=True)])

    def _insert(self, rows: NDArray[np.int64], values: NDArray[np.float32], positions: NDArray[np.int64]) -> None:
        touched, which = np.unique(rows, return_inverse=True)
        k = self.values.shape[1]
        row = np.concatenate((np.repeat(np.arange(len(touched)), k), which))
        value = np.concatenate((self.values[touched].ravel(), values))
        position = np.concatenate((self.positions[touched].ravel(), positions))
        order = np.lexsort((position, -value, row))
        begins = np.searchsorted(row[order], np.arange(len(touched)))
        best = order[(begins[:, None] + np.arange(k)).ravel()].reshape(-1, k)
        self.values[touched], self.positions[touched] = value[best], position[best]
