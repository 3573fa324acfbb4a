"""One map of query by key as a file: NumPy arrays, JSON, or a table with one row per pair of tokens."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from engine import VERSION
from engine.attention_maps import AttentionResult, HeadMap
from engine.errors import UserError
from engine.export.attention_files import grid_as_dict
from engine.export.csv_file import guarded
from engine.export.head_map_svg import head_map_to_svg
from engine.export.json_file import SCHEMA, cost_as_dict, image_as_dict, shortest, strict, target_as_dict
from engine.heatmaps.token_names import name_of

_COLUMNS = ("query", "query_text", "key", "key_text", "value")
_MOST_WRITTEN_OUT = 5_000_000  # numbers in digits


def head_map_to_npz(result: AttentionResult, shown: HeadMap) -> bytes:
    """``patterns`` (1, 1, query, key), as ``attention`` names it, and what it is in ``meta``."""
    meta = json.dumps(json.loads(strict(_about(result, shown)))).encode("ascii")
    written = io.BytesIO()
    arrays: dict[str, Any] = {"patterns": shown.pattern[None, None], "meta": np.frombuffer(meta, dtype=np.uint8)}
    np.savez_compressed(written, allow_pickle=False, **arrays)
    return written.getvalue()


def head_map_to_json(result: AttentionResult, shown: HeadMap) -> bytes:
    """The same as nested lists.

    Raises:
        UserError: more numbers than anybody reads in digits.
    """
    _check_written_out(shown)
    return strict(_about(result, shown) | {"patterns": [[shortest(shown.pattern)]]}).encode("utf-8", "backslashreplace")


def head_map_to_csv(_result: AttentionResult, shown: HeadMap) -> bytes:
    """Every pair that is not zero.

    Raises:
        UserError: as of ``head_map_to_json``.
    """
    _check_written_out(shown)
    names = [[guarded(name_of(token)) for token in tokens] for tokens in (shown.queries, shown.keys)]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for query, key in np.argwhere(shown.pattern != 0):
        value = shown.pattern[query, key]
        writer.writerow((query, names[0][query], key, names[1][key], "" if np.isnan(value) else str(value)))
    return written.getvalue().encode("utf-8", "backslashreplace")


HEAD_MAP_KINDS: Mapping[str, tuple[str, Callable[[AttentionResult, HeadMap], bytes]]] = {
    ".npz": ("NumPy array of this map", head_map_to_npz),
    ".json": ("JSON of this map", head_map_to_json),
    ".svg": ("Vector picture of this map", head_map_to_svg),
    ".csv": ("Table of this map, one row per pair of tokens", head_map_to_csv),
}


def _about(result: AttentionResult, shown: HeadMap) -> dict[str, Any]:
    request = shown.request
    names = ("stack", "layer", "head", "quantity", "without_sinks", "residual")
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "model": {"path": result.model.path, "task": result.model.task, "sha256": result.model.sha256},
        **_read(result),
        **{name: getattr(request, name) for name in names},
        "unit": shown.unit,
        "target": None if shown.target is None else target_as_dict(shown.target),
        "queries": [token.text or token.piece for token in shown.queries],
        "keys": [token.text or token.piece for token in shown.keys],
        "cost": cost_as_dict(shown.cost),
        "warnings": [notice.message for notice in (*result.warnings, *shown.warnings)],
    }


def _read(result: AttentionResult) -> dict[str, Any]:
    if result.patches is None:
        return {"text": result.input.text}
    return {"input": image_as_dict(result.patches.read, result.request.input), "grid": grid_as_dict(result.patches)}


def _check_written_out(shown: HeadMap) -> None:
    if shown.pattern.size > _MOST_WRITTEN_OUT:
        words = f"These are {shown.pattern.size:,} numbers, too many for digits; end the file's name in .npz."
        raise UserError(words, "too_many")
