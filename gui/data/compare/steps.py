"""From row to row of a table that is not the table of all rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def row_after(order: NDArray[np.intp], row: int, way: int) -> int | None:
    """The next one (1) or the one before (−1); from a row that is none of them the first; None: there is none."""
    if not len(order):
        return None
    found = np.flatnonzero(order == row)
    place = int(found[0]) + way if len(found) else 0
    return int(order[place]) if 0 <= place < len(order) else None


def rows_around(order: NDArray[np.intp], row: int) -> Sequence[int]:
    """Those that a key may bring next, the likeliest first."""
    return [each for each in (row_after(order, row, 1), row_after(order, row, -1)) if each is not None and each != row]
