"""A row of numbers for each row of the data, on disk, filled batch by batch.

A batch counts only once the manifest says so, and the manifest is replaced whole: whatever interrupts a run, what is named can be
relied on, and the rest is computed again in the same batches.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.atomic_file import write_atomically
from engine.cache_folder import cache_folder
from engine.recurrent.disk import forget_until, refusing_a_full_disk, reserve, touch

VERSION = 1
MOST_BYTES = 4_000_000_000  # of all of one kind together
MOST_LISTED = 10_000  # rows that failed, with their reasons
_MANIFEST, _VALUES = "manifest.json", "values.npy"
_FATE = "what was computed so far is kept"


class RowStore:
    """Values of one kind for one model and one set of data, complete or on its way.

    Args:
        kind: a folder of the cache.
        header: what the values depend on; another one means another folder.
        rows, width: (rows, width) numbers.
    """

    def __init__(self, kind: str, header: Mapping[str, Any], rows: int, width: int, dtype: str = "float32") -> None:
        self._header = {**header, "version": VERSION, "rows": rows, "width": width, "dtype": dtype}
        named = json.dumps(self._header, sort_keys=True)
        root = cache_folder(kind)
        self.folder = root / hashlib.sha256(named.encode("utf-8", "surrogateescape")).hexdigest()[:24]
        self._dtype, self._shape = np.dtype(dtype), (rows, width)
        self.tokens = self.batches = self.finished = 0
        self.failed: dict[int, str] = {}
        self.failures = 0
        self.cut: tuple[int, ...] = ()
        with refusing_a_full_disk(_FATE):
            self.folder.mkdir(exist_ok=True)
            touch(self.folder)
            if not self._adopt():
                self._make(root)
        self.values: NDArray[Any] = np.load(self.folder / _VALUES, mmap_mode="r+", allow_pickle=False)

    def _adopt(self) -> bool:
        """Whether there is something to go on from."""
        try:
            known = json.loads((self.folder / _MANIFEST).read_text(encoding="utf-8"))
            values = np.load(self.folder / _VALUES, mmap_mode="r", allow_pickle=False)
            if known["header"] != json.loads(json.dumps(self._header)) or (values.shape, values.dtype) != (
                self._shape,
                self._dtype,
            ):
                return False
            tokens, batches, finished = (int(known[name]) for name in ("tokens", "batches", "finished"))
            failed = {int(row): str(reason) for row, reason in known["failed"]}
            cut, failures = tuple(int(row) for row in known["cut"]), int(known["failures"])
        except (OSError, ValueError, KeyError, TypeError):  # nothing there yet, or nothing that can be used
            return False
        if not (tokens > 0 and 0 <= finished <= batches):
            return False
        self.tokens, self.batches, self.finished = tokens, batches, finished
        self.failed, self.failures, self.cut = failed, failures, cut
        return True

    def _make(self, root: Path) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        needed = self._shape[0] * self._shape[1] * self._dtype.itemsize
        self.folder.mkdir()
        forget_until(root, max(0, MOST_BYTES - needed), keep=self.folder)
        with (self.folder / _VALUES).open("wb") as file:
            described = {"descr": self._dtype.str, "fortran_order": False, "shape": self._shape}
            np.lib.format.write_array_header_2_0(file, described)
            reserve(file, file.tell() + needed)

    @property
    def begun(self) -> bool:
        """Whether a plan was fixed."""
        return self.tokens > 0

    @property
    def complete(self) -> bool:
        """Whether every row was dealt with."""
        return self.begun and self.finished == self.batches

    def begin(self, tokens: int, batches: int, failed: Iterable[tuple[int, str]], cut: tuple[int, ...]) -> None:
        """Fix the plan, and what is known of the rows before the first batch."""
        self.tokens, self.batches, self.finished, self.cut = tokens, batches, 0, cut
        self.failed, self.failures = {}, 0
        self.values[:] = np.nan
        for row, reason in failed:
            self.fail(row, reason)
        self.save()

    def fail(self, row: int, reason: str) -> None:
        """The row has no values."""
        self.values[row] = np.nan
        if row in self.failed:
            return
        self.failures += 1
        if len(self.failed) < MOST_LISTED:
            self.failed[row] = reason

    def save(self) -> None:
        """What was finished so far can be relied on from here on.

        Raises:
            UserError: the disk is full.
        """
        known = {
            "header": self._header,
            "tokens": self.tokens,
            "batches": self.batches,
            "finished": self.finished,
            "failures": self.failures,
            "failed": list(self.failed.items()),
            "cut": self.cut,
        }
        with refusing_a_full_disk(_FATE):
            assert isinstance(self.values, np.memmap)
            self.values.flush()
            write_atomically(self.folder / _MANIFEST, json.dumps(known).encode("utf-8", "backslashreplace"))
