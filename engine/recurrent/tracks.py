"""What cells did all through a corpus, exactly, as arrays in a file: streamed, so that memory does not depend on the corpus."""

import json
import os
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from engine.cells import Cell, check_cells
from engine.corpora.corpus import open_corpus
from engine.detective import CorpusInfo, TracksResult
from engine.errors import UserError
from engine.jobs import Partial, Steps, T, relay
from engine.models.model import TextModel
from engine.recurrent.disk import refusing_a_full_disk, reserve
from engine.recurrent.lanes import Lanes
from engine.recurrent.layout import Layout, layout_of, values_of
from engine.recurrent.reading import Reading, read_corpus
from engine.recurrent.store import Rows
from engine.requests import TracksRequest
from engine.results import Cost

DOING = "Reading cells"


def write_tracks(model: TextModel, request: TracksRequest) -> Steps[TracksResult]:
    """Write (seq, layer, hidden) of every quantity, (seq, layer, direction, hidden) where a layer reads both ways.

    Of one cell, the axes of layer, direction and cell keep length 1. Layers of unequal size are padded with NaN.

    Raises:
        UserError: neither a cell nor a quantity is named, there is no such cell; the corpus will not do; the disk is full.
    """
    if request.cell is None and not request.scanned.gates:
        raise UserError("For a corpus, name a cell (--unit) or a quantity (--gate); everything would be too much.", "arguments")
    start = time.perf_counter()
    layout = layout_of(model, request.scanned.gates)
    model.tokens_of("")  # refused at once where corpora are not read at all
    if request.cell is not None:
        _check_cell(layout, request.cell)
    out = Path(request.out).absolute()
    with (
        refusing_a_full_disk("no file was written"),
        tempfile.TemporaryDirectory(prefix=f".{out.name[:100]}.", dir=out.parent) as name,
    ):
        folder = Path(name)
        corpus = yield from open_corpus(request.scanned.corpus, request.scanned.text_column)
        reading = yield from read_corpus(model, corpus, folder, request.scanned.limit)
        arrays = _arrays(folder, layout, reading, request.cell)
        plan = layout.plan([file.tokens for file in reading.files])
        lanes, done = Lanes(model, reading, layout, plan), 0
        for chunk in range(plan.chunks):
            pieces = plan.pieces(chunk)
            partial = Partial(done, reading.positions, doing=DOING)
            recordings = yield from _standing(lanes.read(pieces), partial)
            for group in _groups(layout, request.cell):
                values = values_of(recordings, group).numpy(force=True)  # (lanes, chunk, cells)
                for row, piece in enumerate(pieces):
                    first = reading.files[piece.file].first + piece.start
                    _put(arrays, group, request.cell, first, values[row, : piece.length])
            done += sum(piece.length for piece in pieces)
        _write(out, folder, reading, layout, list(arrays), request)
    info = CorpusInfo(corpus.sha256, len(reading.files), reading.positions, corpus.characters)
    cost = Cost(reading.positions, 0, time.perf_counter() - start, model.info.device)
    return TracksResult(request, model.info, info, cost, reading.warnings)


def _standing(steps: Steps[T], partial: Partial) -> Steps[T]:
    return relay(steps, lambda _: partial)


def _check_cell(layout: Layout, cell: Cell) -> None:
    sizes: dict[int, tuple[int, int]] = {}
    for group in layout.rows:
        directions, cells = sizes.get(group.layer, (0, 0))
        sizes[group.layer] = max(directions, group.direction + 1), max(cells, group.cells)
    check_cells([cell], [sizes[layer] for layer in sorted(sizes)])


def _groups(layout: Layout, cell: Cell | None) -> list[Rows]:
    """Those that are wanted."""
    return [
        group
        for group in layout.rows
        if cell is None or ((group.layer, group.direction) == (cell.layer, cell.direction) and cell.index < group.cells)
    ]


def _arrays(folder: Path, layout: Layout, reading: Reading, cell: Cell | None) -> dict[str, NDArray[np.float32]]:
    """(seq, layer, direction, cell) of each quantity, on disk, NaN where there is no such cell."""
    arrays = {}
    for quantity in layout.quantities:
        own = [group for group in layout.rows if group.quantity == quantity]
        layers, directions = 1 + max(group.layer for group in layout.rows), 2 if layout.windows else 1
        cells = max(group.cells for group in own)
        shape = (layers, directions, cells) if cell is None else (1, 1, 1)
        kept = shape if layout.windows else (shape[0], shape[2])  # directions are an axis only where there are two
        array = open_memmap(folder / f"{quantity}.npy", "w+", np.float32, (reading.positions, *kept))
        with (folder / f"{quantity}.npy").open("r+b") as file:
            reserve(file, array.offset + array.nbytes)
        if sum(group.cells for group in own) < layers * directions * cells:
            array[:] = np.nan
        arrays[quantity] = array if layout.windows else array[:, :, None]
    return arrays


def _put(arrays: dict[str, NDArray[np.float32]], group: Rows, cell: Cell | None, first: int, values: NDArray[np.float32]) -> None:
    array = arrays[group.quantity][first : first + len(values)]
    if cell is None:
        array[:, group.layer, group.direction, : group.cells] = values
    else:
        array[:, 0, 0, 0] = values[:, cell.index]


def _write(out: Path, folder: Path, reading: Reading, layout: Layout, quantities: Sequence[str], request: TracksRequest) -> None:
    """The whole file, or none."""
    hidden = [group.cells for group in layout.rows if group.quantity == layout.quantities[0] and group.direction == 0]
    numbers = np.repeat(np.arange(len(reading.files)), [file.tokens for file in reading.files])
    cell = request.cell
    meta = {
        "files": [file.file.name for file in reading.files],
        "unit": None if cell is None else {"layer": cell.layer, "index": cell.index, "direction": cell.direction},
        "warnings": [notice.message for notice in reading.warnings],
    }
    small: dict[str, NDArray[Any]] = {
        "hidden_sizes": np.array(hidden, np.int64),
        "file": numbers.astype(np.int32),
        "token_ids": reading.ids,
        "start": reading.start,
        "end": reading.end,
        "meta": np.frombuffer(json.dumps(meta).encode("ascii"), np.uint8),
    }
    draft = folder / "draft.npz"
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
        for name in quantities:
            path = folder / f"{name}.npy"
            archive.write(path, path.name)
            path.unlink()
        for name, array in small.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)
    os.replace(draft, out)
