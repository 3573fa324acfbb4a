"""The scan: every gate and state of every cell, all through a corpus, on to disk."""

import copy
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from engine.errors import UserError
from engine.jobs import Partial, Steps, T, relay
from engine.models.model import TextModel
from engine.recurrent.contexts import TopContexts
from engine.recurrent.disk import in_bytes
from engine.recurrent.lanes import Lanes
from engine.recurrent.layout import Layout, values_of
from engine.recurrent.plan import Piece, Plan
from engine.recurrent.reading import Reading
from engine.recurrent.recorder import Recording
from engine.recurrent.store import Store

DOING = "Scanning"
VERSION = 1
KEPT_CONTEXTS = 32
ENDS = ("highest", "lowest")  # contexts kept; the values of the lowest with their sign turned


def reinitialised(model: TextModel, seed: int) -> TextModel:
    """The same network untrained: weights drawn as torch draws them, from a generator of its own."""
    untrained = copy.copy(model)
    untrained.network = copy.deepcopy(model.network)
    generator = torch.Generator().manual_seed(seed)
    for module in untrained.network.modules():
        fan = module.hidden_size if isinstance(module, nn.RNNBase) else module.in_features if isinstance(module, nn.Linear) else 0
        for parameter in module.parameters(recurse=False):
            drawn = torch.empty(parameter.shape)
            if isinstance(module, nn.Embedding):
                drawn.normal_(generator=generator)
            elif fan:
                drawn.uniform_(-(fan**-0.5), fan**-0.5, generator=generator)
            else:
                continue
            parameter.data.copy_(drawn)
    return untrained


def scan(
    model: TextModel, reading: Reading, layout: Layout, folder: Path, *, untrained: int | None = None, doing: str = DOING
) -> Steps[Store]:
    """Read the whole corpus, or what is still missing of it in ``folder``.

    Args:
        untrained: the seed of new weights; those scans keep the upper bytes alone, and no contexts.

    Yields:
        How many positions are done. The scan can be closed at any time and taken up again with the same answer, bit for bit.

    Raises:
        UserError: the disk is full, or too full to begin.
    """
    plan = layout.plan([read.tokens for read in reading.files])
    store = Store(folder, reading, plan, layout.rows, _header(model, reading, layout, plan, untrained), untrained is None)
    if store.complete:
        return store
    _check_room(store)
    own = model if untrained is None else reinitialised(model, untrained)
    lanes, sieve = Lanes(own, reading, layout, plan), _Sieve(store)
    if store.finished:
        known = store.state()
        lanes.restore(known)
        sieve.restore(known)
    done, total = sum(block.positions for block in plan.blocks[: store.finished]), reading.positions
    yield Partial(done, total, doing=doing)
    with ThreadPoolExecutor(1, "scan") as beside:  # puts away what was read while the next chunk is read
        busy: Future[None] = beside.submit(_nothing)
        for block in plan.blocks[store.finished :]:
            levels = np.empty((store.rows, block.positions), np.uint16)
            offsets = _Offsets(store, block.number)
            for chunk in range(block.first, block.end):
                pieces = plan.pieces(chunk)
                recordings = yield from _standing(lanes.read(pieces), Partial(done, total, doing=doing))
                busy.result()
                busy = beside.submit(sieve.keep, pieces, lanes.positions(pieces), recordings, levels, offsets)
                done += sum(piece.length for piece in pieces)
                yield Partial(done, total, doing=doing)
            busy.result()
            busy = beside.submit(store.append, levels, lanes.state() | sieve.state())
        busy.result()
    return store


def _nothing() -> None:
    """To begin with."""


def _standing(steps: Steps[T], partial: Partial) -> Steps[T]:
    """What a chunk does on the way is too little to show; but it can be stopped there."""
    return relay(steps, lambda _: partial)


def _header(model: TextModel, reading: Reading, layout: Layout, plan: Plan, untrained: int | None) -> dict[str, Any]:
    return {
        "version": VERSION,
        "model": model.info.sha256,
        "corpus": reading.corpus.sha256,
        "positions": reading.positions,
        "chunk": plan.chunk,
        "lanes": plan.lanes,
        "windows": layout.windows,
        "dtype": "uint16, upper and lower bytes apart",
        "device": model.device.type,
        "untrained": untrained,
    }


def _check_room(store: Store) -> None:
    missing = sum(block.positions for block in store.plan.blocks[store.finished :])
    needed = missing * store.rows * (2 if store.fine else 1)
    free = shutil.disk_usage(store.folder).free
    if needed > free:
        raise UserError(
            f"The scan needs {in_bytes(needed)} on the disk and {in_bytes(free)} are free; free some space, or scan less "
            "(fewer gates, a smaller corpus).",
            "disk_full",
        )


class _Offsets:
    """Where in a block a piece goes."""

    def __init__(self, store: Store, number: int) -> None:
        self._runs = {(run.file, run.start): run for run in store.runs[number]}
        self._starts: dict[int, list[int]] = {}
        for run in store.runs[number]:
            self._starts.setdefault(run.file, []).append(run.start)

    def of(self, piece: Piece) -> int:
        start = max(start for start in self._starts[piece.file] if start <= piece.start)
        return self._runs[piece.file, start].offset + piece.start - start


class _Sieve:
    """Puts what was read into blocks, and sifts it for the best contexts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._contexts = [[TopContexts(group.cells, KEPT_CONTEXTS) for _ in ENDS] for group in store.groups]

    def state(self) -> dict[str, NDArray[Any]]:
        """All that is needed to go on later; copies."""
        found: dict[str, NDArray[Any]] = {}
        for at, end in enumerate(ENDS if self._store.fine else ()):
            found[f"{end}_values"] = np.concatenate([both[at].values for both in self._contexts])
            found[f"{end}_positions"] = np.concatenate([both[at].positions for both in self._contexts])
        return found

    def restore(self, known: Mapping[str, NDArray[Any]]) -> None:
        """Go on from there."""
        for at, end in enumerate(ENDS if self._store.fine else ()):
            for group, both in zip(self._store.groups, self._contexts, strict=True):
                rows = slice(group.first, group.first + group.cells)
                both[at].restore(known[f"{end}_values"][rows], known[f"{end}_positions"][rows])

    def keep(
        self,
        pieces: Sequence[Piece],
        positions: NDArray[np.int64],
        recordings: Sequence[Recording],
        levels: NDArray[np.uint16],
        offsets: _Offsets,
    ) -> None:
        """Take one chunk: ``recordings`` of ``pieces``, whose tokens are at ``positions``."""
        ends = np.cumsum([piece.length for piece in pieces])
        for group, (highest, lowest) in zip(self._store.groups, self._contexts, strict=True):
            lanes = values_of(recordings, group)
            whole = len(positions) == lanes.shape[0] * lanes.shape[1]
            parts = () if whole else [lanes[row, : piece.length] for row, piece in enumerate(pieces)]
            values = lanes.flatten(0, 1) if whole else torch.cat(parts)  # (positions, cells)
            scaled = self._store.scale(group.first).levels(values.numpy(force=True))
            own = levels[group.first : group.first + group.cells]
            for piece, end in zip(pieces, ends, strict=True):
                offset = offsets.of(piece)
                own[:, offset : offset + piece.length] = scaled[end - piece.length : end].T
            if self._store.fine:
                highest.update(values, positions)
                lowest.update(values.neg(), positions)
