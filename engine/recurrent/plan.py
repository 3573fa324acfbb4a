"""Which part of which file is read next to which: files in lanes, side by side, a chunk of steps at a time.

A file is read whole, from its beginning, in one lane with one running state; a new one begins at a chunk's edge. All of it
follows from the lengths of the files, so that a scan that is taken up again computes the very same batches.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Piece:
    """``length`` tokens from ``start`` on of file number ``file``, read in ``lane``."""

    lane: int
    file: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Run:
    """``length`` tokens from ``start`` on of file number ``file``, side by side in a block from ``offset`` on."""

    offset: int
    file: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Block:
    """Chunks [``first``, ``end``) and the positions they hold."""

    number: int
    first: int
    end: int
    positions: int


class Plan:
    """Who reads what when.

    Args:
        lengths: tokens of each file.
        lanes: files read side by side.
        chunk: steps taken at once.
        block_positions: a block is closed when it holds at least so many.
    """

    def __init__(self, lengths: Sequence[int], lanes: int, chunk: int, block_positions: int) -> None:
        self.chunk, self.lanes, self._lengths = chunk, lanes, lengths
        self._lanes: list[list[int]] = [[] for _ in range(lanes)]
        loads = [0] * lanes
        for file in sorted(range(len(lengths)), key=lambda file: (-lengths[file], file)):  # the longest first: lanes end together
            lane = loads.index(min(loads))
            self._lanes[lane].append(file)
            loads[lane] += self._chunks_of(file)
        self.chunks = max(loads)
        self._ends = [list(accumulate(self._chunks_of(file) for file in files)) for files in self._lanes]
        self.blocks = tuple(self._blocks(block_positions))

    def _chunks_of(self, file: int) -> int:
        return -(-self._lengths[file] // self.chunk)

    def pieces(self, chunk: int) -> list[Piece]:
        """What is read in one chunk, by lane."""
        found = []
        for lane, ends in enumerate(self._ends):
            at = bisect_right(ends, chunk)
            if at < len(ends):
                file = self._lanes[lane][at]
                start = (chunk - (ends[at - 1] if at else 0)) * self.chunk
                found.append(Piece(lane, file, start, min(self.chunk, self._lengths[file] - start)))
        return found

    def _blocks(self, wanted: int) -> Iterator[Block]:
        number = first = positions = 0
        for chunk in range(self.chunks):
            positions += sum(piece.length for piece in self.pieces(chunk))
            if positions >= wanted or chunk == self.chunks - 1:
                yield Block(number, first, chunk + 1, positions)
                number, first, positions = number + 1, chunk + 1, 0

    def runs(self, block: Block) -> list[Run]:
        """What a block holds, lane by lane: the same file's chunks are one run."""
        pieces = sorted((p for chunk in range(block.first, block.end) for p in self.pieces(chunk)), key=_by_lane)
        runs: list[Run] = []
        offset = 0
        for piece in pieces:
            last = runs[-1] if runs else None
            if last and last.file == piece.file and last.start + last.length == piece.start:
                runs[-1] = Run(last.offset, last.file, last.start, last.length + piece.length)
            else:
                runs.append(Run(offset, piece.file, piece.start, piece.length))
            offset += piece.length
        return runs


def _by_lane(piece: Piece) -> int:
    return piece.lane
