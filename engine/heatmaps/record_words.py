"""What an edit of a record changed, in words: which fields, and what the model says now."""

from engine.heatmaps.display_text import one_line
from engine.heatmaps.numerals import figures, percent, signed_figures
from engine.requests import RecordInput
from engine.results import PredictionResult

_MOST = 3  # fields that are named


def edits_in_words(before: RecordInput, after: RecordInput) -> str:
    """``weather rain → snow, hour 8 → blank``; empty: nothing is different."""
    was, now = dict(before.fields), dict(after.fields)
    names = [name for name in dict.fromkeys((*was, *now)) if was.get(name, "") != now.get(name, "")]
    said = [f"{one_line(name)} {_value(was.get(name, ''))} → {_value(now.get(name, ''))}" for name in names[:_MOST]]
    return ", ".join(said) + (f" and {len(names) - _MOST} more" if len(names) > _MOST else "")


def change_in_words(before: PredictionResult, after: PredictionResult) -> str:
    """``58.6 → 71.2 (+12.6)``; of classes the predicted ones with their probabilities."""
    was, now = before.predicted, after.predicted
    if was.probability is None or now.probability is None:
        return f"{figures(was.logit)} → {figures(now.logit)} ({signed_figures(now.logit - was.logit)})"
    if was.index == now.index:
        change = f"{percent(was.probability)} → {percent(now.probability)}"
        return f"{one_line(now.label or str(now.index))} {change}"
    said = [f"{one_line(each.label or str(each.index))} {percent(each.probability or 0.0)}" for each in (was, now)]
    return " → ".join(said)


def _value(value: str) -> str:
    return one_line(value) if value else "blank"
