"""Rows in words: where one is, what the model said and what it should have."""

import numpy as np

from engine.dataset_results import PredictionsResult
from engine.export.dataset_files import predicted_words
from engine.heatmaps.numerals import figures, fixed
from gui.data.desk import DataDesk


def place_words(desk: DataDesk) -> str:
    """“error 3 of 134”, “row 7 of 518”, or nothing."""
    place = desk.place
    if desk.current < 0:
        return ""
    if place < 0:
        return f"row {desk.current:,}, not among these"
    at = np.flatnonzero(desk.errors == place)
    if len(at) and desk.is_error(desk.current):
        return f"error {int(at[0]) + 1:,} of {len(desk.errors):,}"
    return f"{place + 1:,} of {len(desk.rows):,} rows"


def outcome_words(desk: DataDesk) -> str:
    """“true positive · predicted negative”."""
    said, row = desk.predictions, desk.current
    if desk.data is None or row < 0:
        return ""
    written = desk.data.label_of(row)
    if said is None:
        return f"label {written}" if written else ""
    if said.model.problem_type == "regression":
        return _regression_words(said, row, written)
    true = said.label(int(said.true[row])) or written
    predicted = predicted_words(said, row)
    parts = [f"true {true}" if true else "", f"predicted {predicted}" if predicted else "not predicted"]
    return " · ".join(filter(None, parts))


def margin_words(desk: DataDesk) -> str:
    """“margin −0.42”, or the probability where nothing is known to be true."""
    said, row = desk.predictions, desk.current
    if said is None or row < 0:
        return ""
    if not np.isnan(said.margin[row]):
        return f"margin {fixed(float(said.margin[row]), 2)}"
    return "" if np.isnan(said.probability[row]) else f"probability {fixed(float(said.probability[row]), 2)}"


def _regression_words(said: PredictionsResult, row: int, written: str) -> str:
    value = said.logits[row, 0]
    predicted = "not predicted" if np.isnan(value) else f"predicted {figures(float(value), 3)}"
    off = said.residual[row]
    by = "" if np.isnan(off) else f"off by {figures(abs(float(off)), 3)} {said.model.value_unit}".rstrip()
    return " · ".join(filter(None, (f"measured {written}" if written else "", predicted, by)))


def whole_words(desk: DataDesk) -> str:
    """“134 errors in 518 rows, 74 % right”."""
    if desk.data is None:
        return ""
    rows, said = desk.data.rows, desk.predictions
    if said is None:
        return f"{rows:,} rows"
    wrong, known = int((said.correct == 0).sum()), int((said.correct >= 0).sum())
    if not known:
        return f"{rows:,} rows"
    return f"{wrong:,} {'error' if wrong == 1 else 'errors'} in {known:,} rows, {fixed(100 * (1 - wrong / known), 1)} % right"
