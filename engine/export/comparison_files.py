"""Comparisons in the keys of the command line, and as columns beside a set's predictions."""

from typing import Any

import numpy as np

from engine.comparisons import FATE_WORDS, BesideResult, CheckpointsResult, Fate, Measure, PairedNumbers, SlicesResult
from engine.datasets.histories import histories
from engine.export.csv_file import guarded

BESIDE_COLUMNS = ("beside_predicted", "beside_probability", "flip")


def beside_as_dict(result: BesideResult) -> dict[str, Any]:
    """The key ``beside``: the second model, how good both are, and the rows that they take differently."""
    numbers, shared = result.numbers, len(result.first.labels)
    return {
        "model": {"path": result.other.path, "sha256": result.other.sha256},
        "checkpoint": result.request.other.checkpoint or None,
        "labels": list(result.labels),
        "label_matches": [
            {"written": each.written, "label": result.first.label(each.index) or None, "how": each.how} for each in result.matches
        ],
        **{name: getattr(numbers, name) for name in PairedNumbers.__slots__ if name not in ("first", "second", "other_errors")},
        "accuracy": [numbers.first, numbers.second],
        "both_wrong_differently": numbers.other_errors,
        "flips": [{"row": row, "flip": FATE_WORDS[Fate(int(result.fate[row]))]} for row in flips_of(result)],
        "only_second_has": list(result.labels[shared:]),
        "resamples": result.request.resamples,
        "seed": result.request.seed,
        "skipped": [{"row": each.row, "reason": each.reason} for each in result.skipped],
        "warnings": [notice.message for notice in result.warnings],
    }


def flips_of(result: BesideResult) -> list[int]:
    """Rows that the two take differently, in their own order."""
    rows: list[int] = np.flatnonzero(result.fate > Fate.SAME).tolist()
    return rows


def beside_cells(result: BesideResult, row: int) -> tuple[str, str, str]:
    """Of ``BESIDE_COLUMNS``."""
    probability = result.probability[row]
    chance = "" if np.isnan(probability) else f"{probability:.7g}"
    return guarded(result.label(int(result.predicted[row]))), chance, FATE_WORDS[Fate(int(result.fate[row]))]


def checkpoints_as_list(result: CheckpointsResult) -> list[dict[str, Any]]:
    """The key ``checkpoints``, in the order of training."""
    found = histories(result)
    return [
        {
            "name": name,
            "accuracy": numbers.accuracy,
            "mean_loss": numbers.mean_loss,
            "calibration_error": numbers.calibration.error,
            "confusion": None if numbers.confusion is None else numbers.confusion.tolist(),
            "learnt": np.flatnonzero(found.learnt == at).tolist(),
            "forgotten": np.flatnonzero(found.forgotten == at).tolist(),
        }
        for at, (name, numbers) in enumerate(zip(result.names, result.numbers, strict=True))
    ]


def slices_as_dict(result: SlicesResult) -> dict[str, Any]:
    """The key ``slices``."""
    return {
        "slices": [
            {
                "name": named.name,
                "rows": len(rows),
                "labelled": numbers.labelled,
                "confusion": None if numbers.confusion is None else numbers.confusion.tolist(),
            }
            for named, rows, numbers in zip(result.request.slices, result.rows, result.numbers, strict=True)
        ],
        "measures": [{name: getattr(each, name) for name in Measure.__slots__} for each in result.measures],
        "shared": result.shared,
        "resamples": result.request.resamples,
        "seed": result.request.seed,
        "warnings": [notice.message for notice in result.warnings],
    }
