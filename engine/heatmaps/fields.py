"""What the fields of a record come to: the values of their characters put together."""

from dataclasses import dataclass

import numpy as np

from engine.heatmaps.wording import token_values
from engine.inputs.grain import combined, group
from engine.records import FieldSpan
from engine.results import AttributionResult, TokenizedText


@dataclass(frozen=True, slots=True)
class FieldSum:
    """One field of a map, in the unit of its values.

    Args:
        total: by the reduction's own rule: of attributions their sum, so that completeness stays as it is.
        mean: over the field's characters, padding and all.
        peak: of the largest magnitude, with its sign.
    """

    field: FieldSpan
    total: float
    mean: float
    peak: float


def field_sums(result: AttributionResult) -> tuple[FieldSum, ...]:
    """In the order of the record; of a text or a picture none."""
    document = result.prediction.input
    if not isinstance(document, TokenizedText) or not document.fields:
        return ()
    groups = group(document, "field")
    values = np.asarray(token_values(result), np.float64)
    totals = combined(values, groups, result.token_reduction)
    starts = {int(start): at for at, start in enumerate(groups.start)}
    found = []
    for field in document.fields:
        at = starts[field.start]
        own = values[groups.tokens_of(at)]
        found.append(FieldSum(field, float(totals[at]), float(own.mean()), _peak(own)))
    return tuple(found)


def _peak(values: np.ndarray) -> float:
    return float("nan") if np.isnan(values).all() else float(values[np.nanargmax(np.abs(values))])
