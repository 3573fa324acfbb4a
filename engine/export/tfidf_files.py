"""Attention beside TF-IDF as a file: JSON, a table with one row per word occurrence, or a vector picture."""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

from engine import VERSION
from engine.attention_maps import TfidfResult
from engine.export.csv_file import guarded
from engine.export.json_file import SCHEMA, cost_as_dict, strict
from engine.export.tfidf_svg import tfidf_to_svg

_COLUMNS = ("word", "start", "end", "tfidf", "attention", "age", "expected", "without_age", "count", "documents")


def tfidf_to_json(result: TfidfResult) -> bytes:
    """``words`` in reading order; ``standouts`` are places in it."""
    request = result.request
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "version": VERSION,
        "model": {"path": result.model.path, "task": result.model.task, "sha256": result.model.sha256},
        "text": result.text,
        "corpus": list(request.corpus),
        "text_column": request.text_column or None,
        "documents": result.documents,
        "document_kinds": list(result.kinds),
        **{name: getattr(request, name) for name in ("stack", "layer", "head", "without_sinks")},
        "generated_tokens": request.attention.generation.tokens,
        "n": len(result.occurrences),
        "measure": "spearman",
        "correlation": result.correlation,
        "correlation_without_age": result.correlation_without_age,
        "chance_95": result.chance,
        "ages_differ": result.ages_differ,
        "standouts": list(result.standouts),
        "words": [{name: getattr(point, name) for name in _COLUMNS} for point in result.occurrences],
        "cost": cost_as_dict(result.cost),
        "warnings": [notice.message for notice in result.warnings],
    }
    return strict(content).encode("utf-8", "backslashreplace")


def tfidf_to_csv(result: TfidfResult) -> bytes:
    """In reading order, and whether each stands out."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow((*_COLUMNS, "stands_out"))
    for at, point in enumerate(result.occurrences):
        values = [getattr(point, name) for name in _COLUMNS[1:]]
        writer.writerow((guarded(point.word), *values, "yes" if at in result.standouts else ""))
    return written.getvalue().encode("utf-8", "backslashreplace")


def _as_it_is(result: TfidfResult) -> bytes:
    return tfidf_to_svg(result, False)


TFIDF_KINDS: Mapping[str, Callable[[TfidfResult], bytes]] = {
    ".json": tfidf_to_json,
    ".csv": tfidf_to_csv,
    ".svg": _as_it_is,
}
