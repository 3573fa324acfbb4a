"""Explanations of rows on disk, one line of JSON each, appended as they are made; a line that was cut short is none."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.cache_folder import cache_folder
from engine.dataset_results import ExplainedRow
from engine.recurrent.disk import forget_until, refusing_a_full_disk, touch
from engine.requests import TextInput

VERSION = 1
MOST_BYTES = 1_000_000_000
_FILE = "rows.jsonl"


class ExplanationStore:
    """Explanations of one kind.

    Args:
        header: all they depend on but the row and its true label.
    """

    def __init__(self, header: Mapping[str, Any]) -> None:
        named = json.dumps({**header, "version": VERSION}, sort_keys=True)
        root = cache_folder("explanations")
        folder = root / hashlib.sha256(named.encode("utf-8", "surrogateescape")).hexdigest()[:24]
        with refusing_a_full_disk("what was explained so far is kept"):
            folder.mkdir(exist_ok=True)
            touch(folder)
            forget_until(root, MOST_BYTES, keep=folder)
            self._path = folder / _FILE
            self._places = _index(self._path)

    def get(self, row: int, true: str | None, text: TextInput) -> ExplainedRow | None:
        """That of a row with this label; None where there is none, or none that can be used."""
        place = self._places.get((row, true))
        if place is None:
            return None
        try:
            with self._path.open("rb") as file:
                file.seek(place)
                return _read(json.loads(file.readline()), text)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def add(self, explained: ExplainedRow, true: str | None) -> None:
        """Behind the others.

        Raises:
            UserError: the disk is full.
        """
        line = json.dumps(_written(explained, true)).encode("ascii") + b"\n"
        with refusing_a_full_disk("what was explained so far is kept"), self._path.open("ab") as file:
            self._places[explained.row, true] = file.tell()
            file.write(line)


def _index(path: Path) -> dict[tuple[int, str | None], int]:
    """(row, its label) -> where its line begins. A line without an end is taken away."""
    places: dict[tuple[int, str | None], int] = {}
    if not path.exists():
        return places
    with path.open("r+b") as file:
        at = 0
        for line in file:
            if not line.endswith(b"\n"):
                file.truncate(at)
                break
            try:
                known = json.loads(line)
                places[int(known["row"]), known["true"]] = at
            except (ValueError, KeyError, TypeError):
                pass
            at += len(line)
    return places


def _written(explained: ExplainedRow, true: str | None) -> dict[str, Any]:
    lists = {name: getattr(explained, name).tolist() for name in ("start", "end", "segment", "special")}
    known = {name: getattr(explained, name) for name in ("row", "target", "versus", "reduction", "pieces", "converged", "signed")}
    return {**known, **lists, "true": true, "values": [float(str(value)) for value in explained.values]}


def _read(known: Mapping[str, Any], text: TextInput) -> ExplainedRow:
    return ExplainedRow(
        row=int(known["row"]),
        input=text,
        target=int(known["target"]),
        versus=int(known["versus"]),
        reduction=known["reduction"],
        pieces=tuple(known["pieces"]),
        start=np.array(known["start"], np.int32),
        end=np.array(known["end"], np.int32),
        segment=np.array(known["segment"], np.int8),
        special=np.array(known["special"], np.bool_),
        values=np.array(known["values"], np.float32),
        converged=known["converged"],
        signed=bool(known["signed"]),
    )
