"""A scan made by hand: whatever values the units are wanted to have, without a model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.corpora.corpus import Corpus, CorpusFile
from engine.recurrent.levels import SCALES
from engine.recurrent.plan import Plan
from engine.recurrent.reading import Reading, ReadFile
from engine.recurrent.store import Rows, Store


def made_reading(lengths: Sequence[int]) -> Reading:
    """Files of so many one-character tokens."""
    files = tuple(CorpusFile(f"/{n}", str(n), str(n), length) for n, length in enumerate(lengths))
    firsts = np.concatenate(([0], np.cumsum(lengths)))[:-1]
    read = tuple(ReadFile(file, int(first), file.characters) for file, first in zip(files, firsts, strict=True))
    start = np.concatenate([np.arange(length, dtype=np.uint32) for length in lengths])
    return Reading(Corpus((), files, "made"), read, np.zeros(len(start), np.int32), start, start + np.uint32(1), ())


def made_store(
    folder: Path, files: Sequence[np.ndarray], *, scale: str = "signed", lanes: int = 3, chunk: int = 16, block: int = 100
) -> Store:
    """``files``: (units, tokens) each."""
    reading = made_reading([file.shape[1] for file in files])
    plan = Plan([file.shape[1] for file in files], lanes, chunk, block)
    units = len(files[0])
    store = Store(folder, reading, plan, [Rows("hidden_state", 0, 0, units, scale, 0)], {})
    for number, block_of in enumerate(plan.blocks):
        levels = np.empty((units, block_of.positions), np.uint16)
        for run in store.runs[number]:
            values = files[run.file][:, run.start : run.start + run.length].astype(np.float32)
            levels[:, run.offset : run.offset + run.length] = SCALES[scale].levels(values)
        store.append(levels, {})
    return store
