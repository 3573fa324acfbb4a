"""What cells did, as files: NumPy arrays, JSON, or a table with one row per token."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from engine import VERSION
from engine.cells import Cell, CellsResult
from engine.errors import UserError
from engine.export.csv_file import guarded
from engine.export.json_file import SCHEMA, input_as_dict, shortest, strict

_TOKEN_COLUMNS = ("index", "text", "piece", "id", "start", "end")
_MOST_WRITTEN_OUT = 5_000_000  # numbers in digits


def cells_to_npz(result: CellsResult, cells: Sequence[Cell] = ()) -> bytes:
    """(seq, layer, hidden) of every quantity, (seq, layer, direction, hidden) where a layer reads both ways.

    NaN where a layer has no such cell, and in every cell but ``cells`` where some are named. ``hidden_sizes`` are those of
    ``hidden_state`` and ``cell_sizes`` those of the rest, which is more where layers project.
    """
    tokens = result.input.tokens
    arrays: dict[str, Any] = {
        **_arrays(result, cells),
        "hidden_sizes": np.array([layer.hidden_size for layer in result.layers], dtype=np.int64),
        "cell_sizes": np.array([layer.cells for layer in result.layers], dtype=np.int64),
        "token_ids": np.array([token.id for token in tokens], dtype=np.int64),
        "start": np.array([token.start for token in tokens], dtype=np.int64),
        "end": np.array([token.end for token in tokens], dtype=np.int64),
        "meta": np.frombuffer(json.dumps(json.loads(strict(_about(result, cells)))).encode("ascii"), dtype=np.uint8),
    }
    written = io.BytesIO()
    np.savez(written, allow_pickle=False, **arrays)  # not compressed: such numbers hardly shrink
    return written.getvalue()


def cells_to_json(result: CellsResult, cells: Sequence[Cell] = ()) -> bytes:
    """The names of the NumPy file as nested lists; one list for each quantity of each of ``cells`` where some are named.

    Raises:
        UserError: more numbers than anybody reads in digits.
    """
    _check_written_out(result, cells)
    known = _about(result, cells)
    if cells:
        known["units"] = [
            _unit(cell) | {name: shortest(track) for name, track in _tracks(result, cell).items()} for cell in cells
        ]
    else:
        known |= {name: shortest(values) for name, values in _arrays(result, cells).items()}
        known["hidden_sizes"] = [layer.hidden_size for layer in result.layers]
    return strict(known).encode("utf-8", "backslashreplace")


def cells_to_csv(result: CellsResult, cells: Sequence[Cell] = ()) -> bytes:
    """One row per token, one column for each quantity of each cell, such as ``cell_state 0:7``; all cells, or ``cells``.

    Raises:
        UserError: as ``cells_to_json``.
    """
    _check_written_out(result, cells)
    columns = {f"{name} {cell}": t for cell in cells or every_cell(result) for name, t in _tracks(result, cell).items()}
    columns = {name: track for name, track in columns.items() if not np.isnan(track).all()}
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow((*_TOKEN_COLUMNS, *columns))
    for at, token in enumerate(result.input.tokens):
        known = (at, guarded(token.text), guarded(token.piece), token.id, token.start, token.end)
        writer.writerow((*known, *(str(track[at]) for track in columns.values())))
    return written.getvalue().encode("utf-8", "backslashreplace")


CELLS_KINDS: Mapping[str, Callable[[CellsResult, Sequence[Cell]], bytes]] = {
    ".json": cells_to_json,
    ".npz": cells_to_npz,
    ".csv": cells_to_csv,
}


def every_cell(result: CellsResult) -> list[Cell]:
    """All that there are."""
    return [
        Cell(number, index, direction)
        for number, layer in enumerate(result.layers)
        for direction in range(layer.directions)
        for index in range(layer.cells)
    ]


def _tracks(result: CellsResult, cell: Cell) -> dict[str, np.ndarray]:
    """What a cell has; where its layer projects, not every cell has a hidden state."""
    return {name: result.track(name, cell) for name, values in result.quantities.items() if cell.index < values.shape[-1]}


def _arrays(result: CellsResult, cells: Sequence[Cell]) -> dict[str, np.ndarray]:
    arrays = dict(result.quantities)
    if cells:
        chosen = {name: np.full_like(values, np.nan) for name, values in arrays.items()}
        for cell in cells:
            for name, track in _tracks(result, cell).items():
                chosen[name][:, cell.layer, cell.direction, cell.index] = track
        arrays = chosen
    both_ways = any(layer.directions > 1 for layer in result.layers)
    return {name: values if both_ways else values[:, :, 0] for name, values in arrays.items()}


def _about(result: CellsResult, cells: Sequence[Cell]) -> dict[str, Any]:
    known: dict[str, Any] = {
        "schema": SCHEMA,
        "version": VERSION,
        "model": {"path": result.model.path, "task": result.model.task, "sha256": result.model.sha256},
        "input": input_as_dict(result.input, result.model.reads_pairs),
        "layers": [{name: getattr(layer, name) for name in layer.__slots__} for layer in result.layers],
        "quantities": list(result.quantities),
        "cost": {"seconds": round(result.cost.seconds, 4), "device": result.cost.device},
        "warnings": [notice.message for notice in result.warnings],
    }
    return known | ({"units": [_unit(cell) for cell in cells]} if cells else {})


def _unit(cell: Cell) -> dict[str, Any]:
    return {"layer": cell.layer, "index": cell.index, "direction": cell.direction}


def _check_written_out(result: CellsResult, cells: Sequence[Cell]) -> None:
    numbers = len(result.input.tokens) * len(result.quantities) * len(cells or every_cell(result))
    if numbers > _MOST_WRITTEN_OUT:
        raise UserError(
            f"These are {numbers:,} numbers, too many for digits; name cells with --unit, or write a file ending in .npz.",
            "too_many",
        )
