"""Which rows go through the model together: rows of one length, so that nothing is padded, in batches fixed once for all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

MOST_ROWS = 512  # of a batch


@dataclass(frozen=True, slots=True, eq=False)
class TokenRows:
    """The tokens of every row, one after the other.

    Args:
        ids: (tokens,).
        first: (rows + 1,): row i has ``ids[first[i]:first[i + 1]]``; a row that cannot be read has none.
        extras: (tokens,) each: what else the network is given.
        cut: rows that are longer than the model reads.
        failed: (row, why) of rows that cannot be read.
    """

    ids: NDArray[np.int32]
    first: NDArray[np.int64]
    extras: Mapping[str, NDArray[np.int8]]
    cut: tuple[int, ...]
    failed: tuple[tuple[int, str], ...]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(rows,)."""
        return np.diff(self.first)

    def batch(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], dict[str, NDArray[np.int64]]]:
        """(n, seq) ids and extras of rows of one length."""
        length = int(self.first[rows[0] + 1] - self.first[rows[0]])
        places = self.first[rows][:, None] + np.arange(length)
        return self.ids[places].astype(np.int64), {key: value[places].astype(np.int64) for key, value in self.extras.items()}


class BatchPlan:
    """All of it follows from the lengths and ``tokens``, so that a run that is taken up again computes the very same batches.

    Batches come in a shuffled order: what is known halfway is a fair sample, and the pace of the first half is that of the rest.

    Args:
        lengths: (rows,) tokens; rows of none are left out.
        tokens: of one batch at most, unless a single row has more.
    """

    def __init__(self, lengths: NDArray[np.int64], tokens: int) -> None:
        order = np.argsort(lengths, kind="stable")
        order = order[lengths[order] > 0]
        self._order = order
        self._slices = list(_slices(lengths[order], tokens))
        np.random.default_rng(0).shuffle(self._slices)
        self._lengths = lengths

    def __len__(self) -> int:
        return len(self._slices)

    def rows(self, batch: int) -> NDArray[np.int64]:
        """The rows of a batch, in their own order."""
        start, end = self._slices[batch]
        return self._order[start:end]

    def work(self, batch: int) -> int:
        """Tokens of a batch."""
        rows = self.rows(batch)
        return len(rows) * int(self._lengths[rows[0]])


def _slices(lengths: NDArray[np.int64], tokens: int) -> Iterator[tuple[int, int]]:
    """[start, end) of batches in rows sorted by length."""
    edges = [0, *(np.flatnonzero(np.diff(lengths)) + 1).tolist(), len(lengths)]
    for start, end in pairwise(edges):
        if start == end:
            continue
        size = min(MOST_ROWS, max(1, tokens // int(lengths[start])))
        yield from ((at, min(at + size, end)) for at in range(start, end, size))
