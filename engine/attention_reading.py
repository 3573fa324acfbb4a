"""A map of query by key as a person reads it: names, ranks, and the fewest keys that hold most of a row."""

import numpy as np
from numpy.typing import NDArray

from engine.attention_maps import HEAD_SCORES, HeadMap, StackOverview
from engine.heatmaps.numerals import figures, signed_figures
from engine.heatmaps.token_names import quoted
from engine.results import FloatArray


def rank_in_row(row: FloatArray, key: int) -> int:
    """1 is the largest; equal values share the better rank."""
    return int((row > row[key]).sum()) + 1


def heaviest(row: FloatArray, share: float) -> NDArray[np.intp]:
    """The fewest keys that hold ``share`` of the row's sum, the heaviest first; what is zero or not a number holds nothing."""
    held = np.nan_to_num(np.asarray(row, dtype=np.float64), nan=0.0)
    order = np.argsort(-held, kind="stable")
    mass = np.cumsum(held[order])
    count = int(np.count_nonzero(held > 0))
    if not count:
        return order[:0]
    needed = int(np.searchsorted(mass, share * mass[-1] * (1 - 1e-9))) + 1
    return order[: min(needed, count)]


def entry_in_words(shown: HeadMap, query: int, key: int) -> str:
    """From which token to which, the value, and its rank in the row."""
    rows, columns = shown.pattern.shape
    if not (0 <= query < rows and 0 <= key < columns):
        return ""
    pair = f"{quoted(shown.queries[query])} → {quoted(shown.keys[key])}"
    places = f"query {query}, key {key}"
    if shown.causal and key > query:
        return f"{pair} · {places} · comes later: out of sight of the query"
    row = shown.pattern[query, : query + 1] if shown.causal else shown.pattern[query]
    value = float(row[key])
    if np.isnan(value):
        return f"{pair} · {places} · not a number"
    return f"{pair} · {places} · {shown.unit} {figures(value, 4)} · rank {rank_in_row(row, key):,} of {len(row):,} in its row"


def head_in_words(stack: StackOverview, layer: int, head: int, agreement: float | None = None) -> str:
    """Where it is, what kind of layer that is, and every score."""
    words = [f"Layer {layer}, head {head}" + ("" if stack.kinds[layer] == "full" else f" ({stack.kinds[layer]})")]
    if agreement is not None:
        words.append(f"agreement with attribution {signed_figures(agreement)}")
    for score in HEAD_SCORES:
        value = float(stack.scores[score.name][layer, head]) if score.name in stack.scores else float("nan")
        if not np.isnan(value):
            unit = "patches" if score.unit == "tokens" and stack.of_patches else score.unit
            words.append(f"{score.label[0].lower()}{score.label[1:]} {figures(value)}{unit and ' '}{unit}")
    return " · ".join(words)
