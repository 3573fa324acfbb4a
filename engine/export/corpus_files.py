"""What one cell did all through a corpus, as the Cells view shows it: NumPy arrays, JSON, or a table with one row per token."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from engine import VERSION
from engine.detective import CorpusFileText, CorpusTextResult
from engine.errors import UserError
from engine.export.csv_file import guarded
from engine.export.json_file import SCHEMA, shortest, strict
from engine.results import Token

MOST_WRITTEN_OUT = 1_000_000  # positions in digits
ROUNDED = "Values are read from the scan, at 16 bits; the command line writes them exactly."


def corpus_to_npz(result: CorpusTextResult) -> bytes:
    """The arrays of ``cells --corpus --unit --gate``, in its names and shapes; ``start`` and ``end`` count from the file's."""
    request, both_ways = result.request, any(layer.directions > 1 for layer in result.layers)
    placed = list(_placed(result))
    arrays: dict[str, Any] = {
        request.quantity: result.values.reshape(-1, *[1] * (3 if both_ways else 2)),
        "hidden_sizes": np.array([layer.hidden_size for layer in result.layers], np.int64),
        "file": np.repeat(np.arange(len(result.files)), [file.tokens for file in result.files]).astype(np.int32),
        "token_ids": np.array([token.id for _, token in placed], np.int32),
        "start": np.array([token.start - file.start for file, token in placed], np.uint32),
        "end": np.array([token.end - file.start for file, token in placed], np.uint32),
        "meta": np.frombuffer(json.dumps(_about(result)).encode("ascii"), np.uint8),
    }
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:  # to savez, “file” is where it writes to
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    return written.getvalue()


def corpus_to_json(result: CorpusTextResult) -> bytes:
    """The names of the NumPy file as lists.

    Raises:
        UserError: more positions than anybody reads in digits.
    """
    _check(result)
    placed = list(_placed(result))
    listed = {
        "token_ids": [token.id for _, token in placed],
        "start": [token.start - file.start for file, token in placed],
        "end": [token.end - file.start for file, token in placed],
        "values": shortest(result.values),
    }
    return strict({"schema": SCHEMA, "version": VERSION} | _about(result) | listed).encode("utf-8", "backslashreplace")


def corpus_to_csv(result: CorpusTextResult) -> bytes:
    """One row per token.

    Raises:
        UserError: as ``corpus_to_json``.
    """
    _check(result)
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(("file", "index", "text", "id", "start", "end", f"{result.request.quantity} {result.request.cell}"))
    for at, ((file, token), value) in enumerate(zip(_placed(result), result.values, strict=True)):
        place = (at - file.first, guarded(token.text), token.id, token.start - file.start, token.end - file.start)
        writer.writerow((guarded(file.name), *place, str(value)))
    return written.getvalue().encode("utf-8", "backslashreplace")


CORPUS_KINDS: Mapping[str, Callable[[CorpusTextResult], bytes]] = {
    ".csv": corpus_to_csv,
    ".json": corpus_to_json,
    ".npz": corpus_to_npz,
}


def _placed(result: CorpusTextResult) -> Iterator[tuple[CorpusFileText, Token]]:
    """Every token with its file."""
    for file in result.files:
        for token in result.input.tokens[file.first : file.first + file.tokens]:
            yield file, token


def _about(result: CorpusTextResult) -> dict[str, Any]:
    request, cell = result.request, result.request.cell
    return {
        "model": {"path": result.model.path, "task": result.model.task, "sha256": result.model.sha256},
        "corpus": {name: getattr(result.corpus, name) for name in result.corpus.__slots__},
        "sources": list(request.scanned.corpus),
        "files": [file.name for file in result.files],
        "unit": {"layer": cell.layer, "index": cell.index, "direction": cell.direction},
        "quantity": request.quantity,
        "warnings": [ROUNDED, *(notice.message for notice in result.warnings)],
    }


def _check(result: CorpusTextResult) -> None:
    if len(result.values) > MOST_WRITTEN_OUT:
        raise UserError(
            f"These are {len(result.values):,} positions, too many for digits; save a file ending in .npz, or read fewer.",
            "too_many",
        )
