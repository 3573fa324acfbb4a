"""Predictions over a table made by hand: what the stub engine says of each text, counted as the engine counts."""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.dataset_results import (
    NONE,
    AggregateResult,
    ClassWords,
    ConsistencyResult,
    Counterfactual,
    CounterfactualResult,
    Dataset,
    FieldValue,
    LabelMatch,
    NeighboursResult,
    PredictionsResult,
    RewrittenRow,
    RuleEffect,
    Skipped,
    SliceAggregate,
    WordSum,
)
from engine.datasets.edited_words import words_of
from engine.datasets.labels import true_classes, true_numbers, true_sets
from engine.datasets.numbers import numbers_of
from engine.datasets.outcomes import of_classes, of_sets, of_values
from engine.edits import AttentionUsed, EditResult, WordOption, WordOptionsResult
from engine.jobs import Partial, Steps
from engine.requests import (
    AggregateRequest,
    ConsistencyRequest,
    CounterfactualRequest,
    EditRequest,
    NamedRows,
    NeighboursRequest,
    PredictionsRequest,
    TextInput,
    WordOptionsRequest,
)
from engine.results import AttributionResult, Cost, ModelInfo, PredictionResult

Logits = Callable[[TextInput], list[float]]


def predicted(
    request: PredictionsRequest, data: Dataset, model: ModelInfo, logits_of: Logits, done: int, resumed: int = 0
) -> PredictionsResult:
    """The first ``done`` rows; a text that begins with ``!`` fails, an empty one too."""
    rows, labels = data.rows, len(model.labels) or 1
    logits = np.full((rows, labels), np.nan, np.float32)
    skipped = []
    for row in range(done):
        input = data.input_of(row)
        if not input.text.strip() or input.text.startswith("!"):
            skipped.append(Skipped(row, "The row has no text." if not input.text.strip() else "Its answer is not a number."))
        else:
            logits[row] = logits_of(input)[:labels]
    true, expected, holds = np.full(rows, NONE, np.int32), np.zeros(0), np.zeros((0, 0), np.int8)
    matches: tuple[LabelMatch, ...] = ()
    if model.problem_type == "regression":
        expected, said = true_numbers(data)
        outcomes = of_values(logits, expected)
    elif model.problem_type == "multi_label":
        are, known, matches, said = true_sets(data, model)
        holds = np.where(known[:, None], are, NONE).astype(np.int8)
        outcomes = of_sets(logits, holds)
    else:
        true, matches, said = true_classes(data, model)
        outcomes = of_classes(logits, true)
    found: Any = PredictionsResult(
        request,
        model,
        data,
        logits,
        true,
        outcomes.predicted,
        outcomes.probability,
        outcomes.loss,
        outcomes.margin,
        outcomes.correct,
        None,  # type: ignore[arg-type]
        np.zeros(0, np.int64),
        matches,
        tuple(skipped),
        Cost(done, 0, 0.1, "cpu"),
        done,
        resumed,
        expected=expected,
        holds=holds,
        warnings=tuple(said),
    )
    object.__setattr__(found, "numbers", numbers_of(found))
    return found


def aggregated(request: AggregateRequest, model: ModelInfo, data: Dataset, explained: int) -> AggregateResult:
    """Every word speaks for positive by its length, for negative against it; “not” both ways."""

    def sum_of(word: str, sign: int) -> WordSum:
        value = sign * len(word) / 10
        return WordSum(word, 2, value / 2, value, max(value, 0.0), min(value, 0.0), 2 * (value > 0), 2 * (value < 0), (0, 1))

    def slice_of(named: NamedRows) -> SliceAggregate:
        rows = named.rows[:explained]
        words = tuple(tuple(data.input_of(row).text.split()) for row in rows)
        values = np.full((len(rows), max(map(len, words), default=0)), np.nan, np.float32)
        for at, each in enumerate(words):
            values[at, : len(each)] = [(-1) ** place * len(word) / 10 for place, word in enumerate(each)]
        distinct = tuple(dict.fromkeys(word.lower() for each in words for word in each))
        both = (WordSum("not", 2, 0.0, 0.0, 0.3, -0.3, 1, 1, (0, 1)),)
        classes = tuple(
            ClassWords(label, len(rows), tuple(sum_of(w, 1) for w in distinct), tuple(sum_of(w, -1) for w in distinct), both)
            for label in model.labels
        )
        return SliceAggregate(named.name, np.array(rows, np.int64), values, words, classes, (FieldValue("text", 0.1, 1.2, 3.0),))

    return AggregateResult(request, model, tuple(map(slice_of, request.slices)), (), Cost(1, 1, 0.1, "cpu"))


def rewritten(request: ConsistencyRequest, model: ModelInfo, data: Dataset, rules: int) -> ConsistencyResult:
    """Each rule puts the text in capitals; every second row gets another class."""
    names = (*request.rules, *(f"own:{pattern}" for pattern, _ in request.own))[:rules]
    cases = []
    for name in names:
        for place, row in enumerate(request.rows):
            text = data.input_of(row)
            after = 1 if place % 2 else 0
            cases.append(RewrittenRow(row, name, text, TextInput(text.text.upper()), 0, after, 0.9, 0.9 - place / 10))
    effects = tuple(
        RuleEffect(name, name.capitalize(), len(request.rows), len(request.rows) // 2, 0.5, (0.3, 0.7), -0.1, (-0.2, 0.0), 0.1)
        for name in names
    )
    return ConsistencyResult(request, model, effects, tuple(cases), (), Cost(1, 0, 0.1, "cpu"))


def flipped(request: CounterfactualRequest, model: ModelInfo, said: PredictionResult) -> CounterfactualResult:
    """Without the first word."""
    text = request.input.text
    end = len(text.split()[0]) if text.split() else 0
    first = Counterfactual(TextInput(text[end:].strip()), said.classes, True, ((0, end, 0),), masked_flips=True)
    return CounterfactualResult(request, model, said.classes, (first,), True, Cost(3, 0, 0.1, "cpu"))


def compared(request: EditRequest, model: ModelInfo, before: AttributionResult, after: AttributionResult) -> EditResult:
    """Word by word as the engine does it; each token receives the same attention."""
    received = [np.full(len(side.tokens), 1 / len(side.tokens)) for side in (before, after)] if request.attention else ()
    used = AttentionUsed("self", 5, request.head) if request.attention else None
    words = words_of(before, after, received)
    return EditResult(request, model, before, after, words, used, Cost(2, 2, 0.1, "cpu"))


def options(request: WordOptionsRequest, model: ModelInfo, say: Callable[[TextInput], PredictionResult]) -> WordOptionsResult:
    """“dull” and “superb”; of a place that begins with a capital none."""
    text = request.input.pair if request.segment else request.input.text
    assert text is not None
    word = text[request.start : request.end]
    texts = [(other, TextInput(text[: request.start] + other + text[request.end :])) for other in ("dull", "superb")]
    found = () if word[:1].isupper() else tuple(WordOption(other, input, say(input).classes) for other, input in texts)
    because = "" if found else "No other single word was found for this place."
    said = say(request.input).classes
    return WordOptionsResult(request, model, said, "[MASK]", "mask", found, "hotflip", because, Cost(2, 1, 0.1, "cpu"))


def alike(request: NeighboursRequest, model: ModelInfo, data: Dataset) -> NeighboursResult:
    """The rows in their order."""
    rows = np.array([row for row in range(data.rows) if row != request.row][: request.count], np.int64)
    return NeighboursResult(request, model, rows, np.linspace(0.99, 0.5, len(rows)), Cost(1, 0, 0.1, "cpu"))


def predicting(request: PredictionsRequest, data: Dataset, model: ModelInfo, logits_of: Logits, steps: int) -> Steps[Any]:
    """In ``steps``."""
    for step in range(steps):
        done = data.rows * step // steps
        yield Partial(done, data.rows, predicted(request, data, model, logits_of, done), "Predicting")
    return predicted(request, data, model, logits_of, data.rows)
