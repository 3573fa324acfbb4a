"""A large matrix of magnitudes made ready to be looked at from any distance: no bright cell is lost when zooming out."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.heatmaps.colours import limit_of
from engine.results import FloatArray
from gui import theme
from gui.heatmaps.colours import colour_map, missing_brush

ROWS_AT_ONCE = 128  # a power of two: so many rows are pooled by themselves, and fit the processor's cache
MISSING = 255  # code of what is not a number
_TOP = 254  # code of the largest value
_LEAST = 1e-30  # below, float32 cannot hold what a value is multiplied by
_AT_ONCE = 512 * 512  # values that need no second turn of the event loop
Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Pyramid:
    """Values as the codes of their colours, by the square root: 0 is zero, 254 is ``limit``, 255 is not a number.

    Args:
        levels: the k-th holds the largest code of every 2^k × 2^k cells.
        clipped: there are values beyond ``limit``; they have its colour.
        row_sums, column_sums: of the values; what is not a number counts nothing.
    """

    levels: tuple[Codes, ...]
    limit: float
    row_sums: NDArray[np.float64]
    column_sums: NDArray[np.float64]
    clipped: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Of the matrix."""
        rows, columns = self.levels[0].shape
        return rows, columns

    def level_for(self, cells_per_pixel: float) -> int:
        """The finest of which each cell is at least a pixel."""
        wanted = int(np.ceil(np.log2(max(cells_per_pixel, 1e-9)) - 1e-9))
        return min(max(wanted, 0), len(self.levels) - 1)


def codes_of(values: FloatArray, limit: float) -> Codes:
    """The code of each value within 0 … ``limit``."""
    if limit <= 0:
        return np.where(np.isnan(values), np.uint8(MISSING), np.uint8(0))
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))  # NaN is both
    if low >= 0 and np.isfinite(high) and limit > _LEAST:
        shares = (values if high <= limit else np.minimum(values, np.float32(limit))) * np.float32(_TOP * _TOP / limit)
        np.sqrt(shares, out=shares)
        shares += np.float32(0.5)
        return shares.astype(np.uint8)
    missing = np.isnan(values)
    known = np.clip(np.nan_to_num(np.asarray(values, np.float64), nan=0.0, posinf=limit, neginf=0.0), 0, limit)
    return np.where(missing, np.uint8(MISSING), (np.sqrt(known / limit) * _TOP + 0.5).astype(np.uint8))


def colour_table() -> NDArray[np.uint8]:
    """(256, 3) the theme's colours of the codes."""
    look = theme.current()
    colours = colour_map(look, signed=False).colours
    chosen = np.rint(np.linspace(0, len(colours) - 1, _TOP + 1)).astype(int)
    known = [*(colours[at] for at in chosen), missing_brush(look).color()]
    return np.array([(each.red(), each.green(), each.blue()) for each in known], dtype=np.uint8)


def build(values: FloatArray, *, off_diagonal: bool = False) -> Generator[int, None, Pyramid]:
    """A few rows at a time; yields how many are done.

    Args:
        off_diagonal: the scale ends at the largest value off the diagonal, which may be far above all others.
    """
    rows, columns = values.shape
    blocks = [slice(at, at + ROWS_AT_ONCE) for at in range(0, rows, ROWS_AT_ONCE)]
    limit = largest = 0.0
    for block in blocks:
        known = values[block]
        largest = max(largest, _largest(known))
        limit = max(limit, _largest(_off_diagonal(known, block.start)) if off_diagonal else largest)
        yield 0
    limit = limit or largest  # there is nothing but the diagonal
    parts: list[list[Codes]] = []
    row_sums, column_sums = np.zeros(rows), np.zeros(columns)
    for block in blocks:
        known = values[block]
        codes = codes_of(known, limit)
        if codes.max(initial=0) == MISSING:
            known = np.nan_to_num(known, nan=0.0)
        row_sums[block] = known.sum(axis=1)
        column_sums += known.sum(axis=0)
        parts.append(_pooled(codes, len(blocks) > 1))
        yield min(block.stop, rows)
    levels = [np.ascontiguousarray(np.concatenate(same)) for same in zip(*parts, strict=True)]
    while max(levels[-1].shape) > 1:
        levels.append(_halved(levels[-1]))
    return Pyramid(tuple(levels), limit, row_sums, column_sums, largest > limit)


def _off_diagonal(rows: FloatArray, first: int) -> FloatArray:
    """The rows from ``first`` on, with nothing on the diagonal."""
    others = rows.copy()
    here = np.arange(min(len(rows), max(rows.shape[1] - first, 0)))
    others[here, first + here] = 0
    return others


def _largest(values: FloatArray) -> float:
    """Finite; one quick pass where all are."""
    largest = float(values.max()) if values.size else 0.0
    return max(largest, 0.0) if np.isfinite(largest) else limit_of(values)


def _pooled(codes: Codes, one_of_many: bool) -> list[Codes]:
    """The levels of some rows; all blocks have as many, whatever the last one's height."""
    levels = [codes]
    steps = int(np.log2(ROWS_AT_ONCE)) if one_of_many else 0
    for _ in range(steps):
        levels.append(_halved(levels[-1]))
    return levels


def _halved(codes: Codes) -> Codes:
    """The largest of every two by two; an odd row or column stands alone."""
    even = codes.shape[0] // 2 * 2
    rows = np.maximum(codes[:even:2], codes[1:even:2])
    if even < codes.shape[0]:
        rows = np.concatenate([rows, codes[even:]])
    if rows.shape[1] % 2:
        rows = np.pad(rows, ((0, 0), (0, 1)))
    pairs = np.ascontiguousarray(rows).view(np.uint16)  # two neighbours in one number: contiguous work is the fast kind
    halved: Codes = np.maximum(pairs & np.uint16(0xFF), pairs >> np.uint16(8)).astype(np.uint8)
    return halved


class PyramidBuilder(QObject):
    """Builds in the pauses of the event loop; a newer matrix takes the place of the one before."""

    built = Signal(object)  # Pyramid

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps: Generator[int, None, Pyramid] | None = None
        self.turns = 0  # of the event loop, for the one that is built or was built last
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._on_turn)

    def start(self, values: FloatArray, *, off_diagonal: bool = False) -> None:
        """``built`` follows: at once for a small one."""
        self._steps, self.turns = build(values, off_diagonal=off_diagonal), 0
        if values.size <= _AT_ONCE:
            while self._steps is not None:
                self._on_turn()
        else:
            self._timer.start()

    def forget(self) -> None:
        """Nothing is built any more."""
        self._steps = None
        self._timer.stop()

    @Slot()
    def _on_turn(self) -> None:
        if self._steps is None:
            return
        self.turns += 1
        try:
            next(self._steps)
        except StopIteration as end:
            self.forget()
            self.built.emit(end.value)
