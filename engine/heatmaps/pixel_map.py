"""A map over a picture: what is drawn, read out and listed."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.heatmaps.numerals import percent, signed_figures
from engine.heatmaps.overlay import picture_in, pixel_limit, pixel_values
from engine.heatmaps.token_values import TokenValues
from engine.heatmaps.wording import DOT
from engine.results import AttributionResult, FloatArray, ReadImage, Token

Codes = NDArray[np.uint16]
MISSING = 0  # code of what is not a number
ZERO = 32768  # code of zero; 1 and 65535 are the largest magnitudes
_REACH = 32767
GRID = 8  # cells a side of the listed grid
Cell = tuple[int, int]  # row and column of the map


@dataclass(frozen=True, slots=True)
class Place:
    """Where a map lies on its picture: ``crop`` in the picture's pixels holds rows × columns of values."""

    rows: int
    columns: int
    crop: tuple[float, float, float, float]

    def cell_at(self, x: float, y: float) -> Cell | None:
        """The value over a point of the picture; None: the model does not read it."""
        left, top, right, bottom = self.crop
        if not (left <= x < right and top <= y < bottom):
            return None
        row, column = int((y - top) / (bottom - top) * self.rows), int((x - left) / (right - left) * self.columns)
        return min(row, self.rows - 1), min(column, self.columns - 1)

    def centre_of(self, cell: Cell) -> tuple[float, float]:
        """In the picture's pixels."""
        left, top, right, bottom = self.crop
        return left + (cell[1] + 0.5) / self.columns * (right - left), top + (cell[0] + 0.5) / self.rows * (bottom - top)


class PictureMap:
    """``values``, (rows, columns), over what ``read`` shows of its picture."""

    def __init__(self, read: ReadImage, values: FloatArray, unit: str, signed: bool) -> None:
        self.read, self.unit, self.signed = read, unit, signed
        self.values: FloatArray = np.ascontiguousarray(values, dtype=np.float32)
        rows, columns = self.values.shape
        self.place = Place(rows, columns, read.crop)
        self.magnitudes: FloatArray = np.abs(self.values)

    @property
    def scale(self) -> tuple[str, bool]:
        """Unit and sign: maps that agree in both may share one colour scale."""
        return self.unit, self.signed

    @cached_property
    def largest(self) -> float:
        """Finite magnitude; 0: there is none."""
        top = float(self.magnitudes.max(initial=0.0))
        if math.isfinite(top):
            return top
        return float(np.max(self.magnitudes, initial=0.0, where=np.isfinite(self.magnitudes)))

    @cached_property
    def limit(self) -> float:
        """Where the colour scale ends of itself: all but a few pixels lie within."""
        return pixel_limit(self.values)

    @cached_property
    def has_missing(self) -> bool:
        """Whether some value is not a number."""
        return bool(np.isnan(self.magnitudes).any())

    @cached_property
    def codes(self) -> Codes:
        """(rows, columns) of the values between ∓``largest``."""
        shares = self.values * np.float32(_REACH / self.largest if self.largest > 0 else 0.0)
        missing = np.isnan(shares)
        if missing.any() or not np.isfinite(shares).all():
            shares = np.clip(np.nan_to_num(shares, nan=0.0, posinf=_REACH, neginf=-_REACH), -_REACH, _REACH)
        shares += np.float32(ZERO + 0.5)
        codes = shares.astype(np.uint16)
        codes[np.isnan(self.values)] = MISSING
        return codes

    # One value among the others

    @cached_property
    def _sorted(self) -> FloatArray:
        return np.sort(self.magnitudes, axis=None)  # NaN at the end

    @cached_property
    def _known(self) -> int:
        return int(self._sorted.size - np.count_nonzero(np.isnan(self._sorted)))

    @cached_property
    def _total(self) -> float:
        return float(np.nansum(self.magnitudes, dtype=np.float64))

    @cached_property
    def _highest_first(self) -> FloatArray:
        known = self.values[~np.isnan(self.values)]
        return np.sort(known)[::-1]

    def rank(self, cell: Cell) -> int:
        """1 is the largest magnitude; 0: not a number."""
        value = float(self.magnitudes[cell])
        if math.isnan(value):
            return 0
        return 1 + self._known - int(np.searchsorted(self._sorted[: self._known], np.float32(value), side="right"))

    def share(self, cell: Cell) -> float:
        """Of Σ|values|."""
        return float(self.magnitudes[cell]) / self._total if self._total > 0 else 0.0

    def strongest(self) -> Cell:
        """The pixel with the largest magnitude."""
        at = int(np.nanargmax(self.magnitudes)) if self._known else 0
        return at // self.place.columns, at % self.place.columns

    def top(self, share: float) -> NDArray[np.bool_]:
        """Where the highest values lie, ``share`` of all pixels (and what equals the last of them)."""
        known = self._highest_first
        count = min(known.size, math.ceil(share * known.size - 1e-9))
        if count <= 0:
            return np.zeros(self.values.shape, dtype=np.bool_)
        kept: NDArray[np.bool_] = self.values >= known[count - 1]
        return kept

    def in_words(self, cell: Cell) -> str:
        """The read-out: where it is in the picture and in the model's input, its colour, value, rank and share."""
        x, y = self.place.centre_of(cell)
        return DOT.join((point_in_words(self.read, x, y), self._input_words(cell), self._value_words(cell)))

    def _input_words(self, cell: Cell) -> str:
        """Where the model reads it, in the pixels of its input."""
        rows, columns = self.read.shape
        row, column = cell[0] * rows / self.place.rows, cell[1] * columns / self.place.columns
        return f"input {int(column):,}, {int(row):,}"

    def _value_words(self, cell: Cell) -> str:
        value = float(self.values[cell])
        if math.isnan(value):
            return "no value (not a number)"
        ranked = f"rank {self.rank(cell):,} of {self._known:,}"
        written = signed_figures(value) if self.signed else signed_figures(value).lstrip("+")
        return DOT.join((f"{written} {self.unit}", ranked, f"{percent(self.share(cell))} of Σ|values|"))

    # Listed

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the listed grid."""
        return min(GRID, self.place.rows), min(GRID, self.place.columns)

    def listed(self) -> TokenValues:
        """A coarse grid: what the pixels of each cell add up to. For those who cannot see the picture."""
        rows, columns = self._edges()
        sums = np.add.reduceat(np.nan_to_num(self.values, nan=0.0).astype(np.float64), rows[:-1], axis=0)
        sums = np.add.reduceat(sums, columns[:-1], axis=1)
        left, top, right, bottom = self.place.crop
        across, down = (right - left) / self.place.columns, (bottom - top) / self.place.rows
        cells = []
        for at in range(sums.size):
            row, column = divmod(at, sums.shape[1])
            x = f"x {round(left + columns[column] * across):,}–{round(left + columns[column + 1] * across):,}"
            y = f"y {round(top + rows[row] * down):,}–{round(top + rows[row + 1] * down):,}"
            cells.append(Token(f"{x}, {y}", f"{x}, {y}", at, at, at + 1, False))
        return TokenValues(tuple(cells), sums.ravel(), self.unit)

    def grid_cell_of(self, cell: Cell) -> int:
        """The listed cell a pixel lies in."""
        rows, columns = self._edges()
        row, column = (int(np.searchsorted(edges, at, "right")) - 1 for edges, at in ((rows, cell[0]), (columns, cell[1])))
        return row * (len(columns) - 1) + column

    def centre_of_grid_cell(self, at: int) -> Cell:
        """The pixel in its middle."""
        rows, columns = self._edges()
        row, column = divmod(at, len(columns) - 1)
        return int(rows[row] + rows[row + 1]) // 2, int(columns[column] + columns[column + 1]) // 2

    def _edges(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        rows, columns = self.grid
        return (
            np.linspace(0, self.place.rows, rows + 1).astype(np.intp),
            np.linspace(0, self.place.columns, columns + 1).astype(np.intp),
        )


class PixelMap(PictureMap):
    """The values of ``result``; of several channels their sum, or one of them (``channel``)."""

    def __init__(self, result: AttributionResult, channel: int | None = None) -> None:
        values = pixel_values(result) if channel is None else result.values[:, :, channel]
        super().__init__(picture_in(result), values, result.unit, result.signed)
        self.result, self.channel = result, channel

    @property
    def channels(self) -> int:
        """Of the values; 0: they are one number a pixel."""
        return self.result.values.shape[2] if self.result.values.ndim == 3 else 0


def point_in_words(read: ReadImage, x: float, y: float) -> str:
    """A point of a picture, and its colour there."""
    height, width, _ = read.pixels.shape
    row = min(max(int(y / read.size[1] * height), 0), height - 1)
    column = min(max(int(x / read.size[0] * width), 0), width - 1)
    colour = "#" + "".join(f"{int(each):02x}" for each in read.pixels[row, column])
    return f"x {int(x):,}, y {int(y):,}{DOT}colour {colour}"


def halved(codes: Codes) -> Codes:
    """The code of the largest magnitude of every two by two, so that no bright pixel is lost when zooming out."""
    rows = _stronger(codes[0::2], codes[1::2], axis=0)
    return np.ascontiguousarray(_stronger(rows[:, 0::2], rows[:, 1::2], axis=1))


def _stronger(first: Codes, second: Codes, axis: int) -> Codes:
    """Of pairs; an odd one stands alone."""
    count = second.shape[axis]
    paired = first[:count] if axis == 0 else first[:, :count]
    ours, theirs = (np.abs(each.astype(np.int32) - ZERO) * (each != MISSING) for each in (paired, second))
    chosen = np.where(ours >= theirs, paired, second)
    return np.concatenate([chosen, first[count:] if axis == 0 else first[:, count:]], axis=axis)
