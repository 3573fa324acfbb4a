"""Predictions of a set of examples: their numbers as strict JSON, their rows as a table."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from engine import VERSION
from engine.dataset_results import NONE, Calibration, ClassNumbers, PredictionsResult, RegressionNumbers
from engine.datasets.outcomes import SURE, probabilities
from engine.datasets.select import OF_A_REGRESSION
from engine.datasets.table import BETWEEN_LABELS
from engine.export.csv_file import guarded
from engine.export.json_file import SCHEMA, cost_as_dict, strict
from engine.requests import TextInput, in_words

COLUMNS = ("row", "text", "label", "predicted", "probability", "loss", "margin", "correct")
TOP_TOKENS = 5
_CORRECT = {1: "true", 0: "false", NONE: ""}


def dataset_to_json(result: PredictionsResult, more: Mapping[str, Any] | None = None) -> str:
    """As ``dataset`` prints it, always of the whole set.

    Args:
        more: keys about what else was asked (see ``dataset_findings``).
    """
    numbers, data = result.numbers, result.data
    return strict(
        {
            "schema": SCHEMA,
            "version": VERSION,
            "model": {"path": result.model.path, "task": result.model.task, "sha256": result.model.sha256},
            "data": {
                "path": data.source.path,
                "sha256": data.sha256,
                "rows": data.rows,
                "text_column": data.source.text,
                "pair_column": data.source.pair or None,
                "label_columns": list(data.source.labels or ()),
                "delimiter": data.source.delimiter,
                "encoding": data.source.encoding,
                "guessed": list(data.guessed),
            },
            **({"fields": [{"name": field, "column": column} for field, column in data.fields]} if data.fields else {}),
            "n": numbers.n,
            "labelled": numbers.labelled,
            "accuracy": numbers.accuracy,
            "macro_f1": numbers.macro_f1,
            "mean_loss": numbers.mean_loss,
            **({} if numbers.regression is None else {"regression": _regression(numbers.regression)}),
            "labels": list(result.labels),
            "confusion": None if numbers.confusion is None else numbers.confusion.tolist(),
            "per_class": [_fields(one) for one in numbers.classes],
            "calibration_error": numbers.calibration.error,
            "calibration": {name: value.tolist() for name, value in _fields(numbers.calibration).items() if name != "error"},
            "label_matches": [
                {"written": each.written, "count": each.count, "label": result.label(each.index) or None, "how": each.how}
                for each in result.matches
            ],
            "skipped": [
                *({"row": each.row, "reason": each.reason} for each in result.skipped),
                *({"row": None, "reason": each.reason} for each in data.left_out),
            ],
            **(more or {}),
            "cost": cost_as_dict(result.cost),
            "warnings": [notice.message for notice in result.warnings],
        }
    )


def _regression(found: RegressionNumbers) -> dict[str, Any]:
    known = {name: getattr(found, name) for name in found.__slots__ if name not in ("edges", "counts")}
    return known | {"residuals": {"edges": found.edges.tolist(), "counts": found.counts.tolist()}}


def _fields(one: ClassNumbers | Calibration) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}


def errors_of(result: PredictionsResult) -> list[int]:
    """The rows that are wrong, in their own order; of a regression, where none is right, all measured ones, the worst first."""
    if result.expected.size:
        off = np.abs(result.residual)
        order: list[int] = np.argsort(-off, kind="stable")[: int(np.isfinite(off).sum())].tolist()
        return order
    wrong: list[int] = np.flatnonzero(result.correct == 0).tolist()
    return wrong


def dataset_to_csv(
    result: PredictionsResult,
    rows: Iterable[int] | None = None,
    top_tokens: Mapping[int, Sequence[tuple[str, float]]] | None = None,
) -> bytes:
    """A line for each row; what is not known is empty. Texts and labels are dead in a spreadsheet (see ``csv_file``).

    A record's text is its fields, each as name: value; of a regression the residual and its magnitude are added.

    Args:
        rows: which, and in which order; None: all.
        top_tokens: for each row its tokens of the largest attribution.
    """
    paired = bool(result.data.source.pair)
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    regression = bool(result.expected.size)
    columns = [*COLUMNS[:2], *(["text_pair"] if paired else []), *COLUMNS[2:], *(OF_A_REGRESSION if regression else ())]
    writer.writerow([*columns, *([] if top_tokens is None else ["top_tokens"])])
    said, residual = _said(result), result.residual
    for row in range(result.data.rows) if rows is None else rows:
        given = result.data.input_of(row)
        cells = [
            row,
            guarded(in_words(given)),
            *([guarded(given.pair or "")] if paired and isinstance(given, TextInput) else []),
            guarded(true_label(result, row)),
            said[row],
        ]
        cells += [_number(values[row]) for values in (result.probability, result.loss, result.margin)]
        cells.append(_CORRECT[int(result.correct[row])])
        cells += [_number(residual[row]), _number(abs(residual[row]))] if regression else []
        if top_tokens is not None:
            cells.append(guarded(" ".join(_tokens(top_tokens.get(row, ())))))
        writer.writerow(cells)
    return written.getvalue().encode("utf-8", "backslashreplace")


def true_label(result: PredictionsResult, row: int) -> str:
    """In the model's words where it has any for it, else as the data write it."""
    return result.label(int(result.true[row])) or result.data.label_of(row)


def predicted_words(result: PredictionsResult, row: int) -> str:
    """What is predicted of one row: a class, several, or a number; empty: nothing."""
    if np.isnan(result.logits[row]).any():
        return ""
    if result.model.problem_type == "regression":
        return _number(result.logits[row, 0])
    if not result.holds.size:
        return result.label(int(result.predicted[row]))
    likely = probabilities(result.logits[row : row + 1], "multi_label")[0]
    return BETWEEN_LABELS.join(result.labels[at] for at in np.flatnonzero(likely >= SURE))


def _said(result: PredictionsResult) -> list[str]:
    """What is predicted of each row: a class, several, or a number."""
    if result.model.problem_type == "regression":
        return [_number(value) for value in result.logits[:, 0]]
    if not result.holds.size:
        return [guarded(result.label(int(index))) for index in result.predicted]
    likely = np.nan_to_num(probabilities(result.logits, "multi_label"))
    return [guarded(BETWEEN_LABELS.join(result.labels[at] for at in np.flatnonzero(row >= SURE))) for row in likely]


def _tokens(top: Sequence[tuple[str, float]]) -> Iterator[str]:
    return (f"{' '.join(text.split())} ({value:+.3g})" for text, value in top)


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.7g}"
