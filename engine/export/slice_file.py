"""Rows of a data set with all that is known of them, as a table or as an object a line: what a person takes along."""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from engine.dataset_results import NONE, Dataset, PredictionsResult
from engine.datasets.work import DatasetWork
from engine.export.csv_file import guarded
from engine.export.dataset_files import predicted_words, true_label

COMPUTED = ("predicted", "probability", "loss", "margin", "correct")
BETWEEN_TAGS = ";"


def slice_to_jsonl(data: Dataset, result: PredictionsResult | None, rows: Iterable[int], work: DatasetWork) -> bytes:
    """An object for each row: its cells under ``data``, and what was computed and written beside them; unknown is null."""
    lines = (json.dumps(each, ensure_ascii=False, allow_nan=False) for each in _rows(data, result, rows, work))
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def slice_to_csv(data: Dataset, result: PredictionsResult | None, rows: Iterable[int], work: DatasetWork) -> bytes:
    """The columns of the data as they are, then ours; cells that a spreadsheet might run are dead (see ``csv_file``)."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    ours = ("true", *COMPUTED) if result is not None else ()
    writer.writerow(["row", *map(guarded, data.table.columns), *ours, "tags", "note"])
    for each in _rows(data, result, rows, work):
        cells = [guarded(cell) for cell in each["data"].values()]
        said = [_cell(each[name]) for name in ours]
        writer.writerow([each["row"], *cells, *said, guarded(BETWEEN_TAGS.join(each["tags"])), guarded(each["note"] or "")])
    return written.getvalue().encode("utf-8", "backslashreplace")


def _rows(data: Dataset, result: PredictionsResult | None, rows: Iterable[int], work: DatasetWork) -> Iterator[dict[str, Any]]:
    notes, tags = dict(work.notes), dict[int, list[str]]()
    for row, tag in work.tags:
        tags.setdefault(row, []).append(tag)
    for row in rows:
        known: dict[str, Any] = {"row": int(row), "data": dict(zip(data.table.columns, data.table.row(row), strict=True))}
        if result is not None:
            known["true"] = true_label(result, row) or None
            known["predicted"] = predicted_words(result, row) or None
            known |= {name: _number(float(getattr(result, name)[row])) for name in ("probability", "loss", "margin")}
            known["correct"] = None if result.correct[row] == NONE else bool(result.correct[row])
        yield {**known, "tags": tags.get(row, []), "note": notes.get(row)}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.7g}"
    return guarded(value) if value else ""
