"""What the cells did all through a corpus, on disk: blocks of some ten thousand positions, one row a unit, and a manifest.

A block counts only once the manifest names it, and the manifest is replaced whole: whatever interrupts a scan, what is named can
be relied on. Memory does not depend on the corpus: blocks are mapped, never loaded.
"""

import functools
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.atomic_file import write_atomically
from engine.cells import Cell
from engine.errors import UserError
from engine.recurrent.disk import refusing_a_full_disk
from engine.recurrent.levels import SCALES, Scale
from engine.recurrent.plan import Plan, Run
from engine.recurrent.reading import Reading

MANIFEST = "manifest.json"
_MOST_MAPS = 100
Levels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Rows:
    """The units of one quantity, layer and direction: rows ``first`` … ``first + cells − 1`` of every block."""

    quantity: str
    layer: int
    direction: int
    cells: int
    scale: str
    first: int


class Store:
    """A scan, complete or on its way.

    Args:
        header: what the scan depends on; another one in ``folder`` makes what is there worthless.
        fine: whether the lower bytes are kept as well.
    """

    def __init__(
        self, folder: Path, reading: Reading, plan: Plan, rows: Sequence[Rows], header: Mapping[str, Any], fine: bool = True
    ) -> None:
        self.folder, self.reading, self.plan, self.groups, self.fine = folder, reading, plan, tuple(rows), fine
        self.rows = sum(group.cells for group in rows)
        self._header = {**header, "fine": fine, "rows": [asdict(group) for group in rows]}
        self._maps: dict[str, Levels] = {}
        self.finished = self._adopt()

    def _adopt(self) -> int:
        """How many blocks are there to go on from."""
        try:
            known = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
            if known["header"] == json.loads(json.dumps(self._header)):
                blocks = [block.positions for block in self.plan.blocks]
                done = int(known["finished"])
                if known["blocks"] == blocks and 0 < done <= len(blocks) and all(self._whole(number) for number in range(done)):
                    return done
        except (OSError, ValueError, KeyError, TypeError):  # nothing there yet, or nothing that can be used
            pass
        shutil.rmtree(self.folder, ignore_errors=True)
        with refusing_a_full_disk():
            self.folder.mkdir(parents=True, exist_ok=True)
        return 0

    def _whole(self, number: int) -> bool:
        shape = (self.rows, self.plan.blocks[number].positions)
        return self.coarse(number).shape == shape and (not self.fine or self._mapped(number, "fine").shape == shape)

    @property
    def complete(self) -> bool:
        """Whether the whole corpus is in it."""
        return self.finished == len(self.plan.blocks)

    def append(self, levels: NDArray[np.uint16], state: dict[str, NDArray[Any]]) -> None:
        """Add the next block, (rows, positions), and what is needed to go on after it.

        Raises:
            UserError: the disk is full; all that was appended before stays.
        """
        number = self.finished
        with refusing_a_full_disk():
            lower, upper = levels.astype("<u2", copy=False).view(np.uint8).reshape(*levels.shape, 2).transpose(2, 0, 1)
            self._write(f"{number:05d}-coarse.npy", np.ascontiguousarray(upper))
            if self.fine:
                self._write(f"{number:05d}-fine.npy", np.ascontiguousarray(lower))
            self._write(f"{number:05d}-state.npz", state)
            known = {
                "header": self._header,
                "blocks": [block.positions for block in self.plan.blocks],
                "order": [[read.file.name, read.file.sha256, read.tokens] for read in self.reading.files],
                "finished": number + 1,
            }
            write_atomically(self.folder / MANIFEST, json.dumps(known).encode("utf-8", "surrogatepass"))
        self.finished += 1
        (self.folder / f"{number - 1:05d}-state.npz").unlink(missing_ok=True)

    def _write(self, name: str, content: NDArray[Any] | dict[str, Any]) -> None:
        handle, draft = tempfile.mkstemp(prefix=".draft", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                if isinstance(content, dict):
                    np.savez(file, **content)
                else:
                    np.save(file, content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self.folder / name)
        except BaseException:
            os.unlink(draft)
            raise

    def state(self) -> dict[str, NDArray[Any]]:
        """What was appended with the last block."""
        with np.load(self.folder / f"{self.finished - 1:05d}-state.npz", allow_pickle=False) as file:
            return {name: file[name] for name in file.files}

    def coarse(self, number: int) -> Levels:
        """(rows, positions) upper bytes of a block, mapped."""
        return self._mapped(number, "coarse")

    def levels(self, number: int, rows: slice | NDArray[np.intp]) -> NDArray[np.uint16]:
        """16-bit levels of some rows of a block, as far as they were kept."""
        found: NDArray[np.uint16] = self.coarse(number)[rows].astype(np.uint16)
        found *= np.uint16(256)
        found += self._mapped(number, "fine")[rows] if self.fine else np.uint8(128)
        return found

    def _mapped(self, number: int, part: str) -> Levels:
        """The last ones stay mapped; each holds a file open, of which a process may not have very many."""
        name = f"{number:05d}-{part}.npy"
        if name not in self._maps:
            while len(self._maps) >= _MOST_MAPS:
                del self._maps[next(iter(self._maps))]
            self._maps[name] = np.load(self.folder / name, mmap_mode="r", allow_pickle=False)
        return self._maps[name]

    @functools.cached_property
    def runs(self) -> tuple[tuple[Run, ...], ...]:
        """What lies where, by block."""
        return tuple(tuple(self.plan.runs(block)) for block in self.plan.blocks)

    def group_of(self, row: int) -> Rows:
        """The group that row belongs to."""
        return next(group for group in reversed(self.groups) if group.first <= row)

    def unit(self, row: int) -> tuple[str, Cell]:
        """(quantity, cell) of a row."""
        group = self.group_of(row)
        return group.quantity, Cell(group.layer, row - group.first, group.direction)

    def row(self, quantity: str, cell: Cell) -> int:
        """The row of a unit.

        Raises:
            UserError: there is no such unit in this scan.
        """
        for group in self.groups:
            same = (group.quantity, group.layer, group.direction) == (quantity, cell.layer, cell.direction)
            if same and cell.index < group.cells:
                return group.first + cell.index
        raise UserError(f"The scan has no {quantity} of a cell {cell}.", "no_such_unit")

    def scale(self, row: int) -> Scale:
        """How to read a row's levels."""
        return SCALES[self.group_of(row).scale]

    def track(self, row: int) -> NDArray[np.uint16]:
        """(positions,) levels of one unit, in the corpus's order."""
        found = np.empty(self.reading.positions, np.uint16)
        for number, runs in enumerate(self.runs):
            levels = self.levels(number, slice(row, row + 1))[0]
            for run in runs:
                first = self.reading.files[run.file].first + run.start
                found[first : first + run.length] = levels[run.offset : run.offset + run.length]
        return found
