"""Rewritten texts through the model: which rules turn predictions over, and how far probabilities move."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.dataset_results import NONE, ConsistencyResult, PredictionsResult, RewrittenRow, RuleEffect, Skipped
from engine.datasets.data import Datasets
from engine.datasets.explanations import check_rows
from engine.datasets.outcomes import probabilities
from engine.datasets.passes import BROKEN, logits_of_inputs, why_broken
from engine.datasets.predict import predict_rows
from engine.datasets.rewrites import Rule, rules_of
from engine.errors import UserError
from engine.jobs import Partial, Steps, relay
from engine.models.model import RowIds, TextModel
from engine.requests import ConsistencyRequest, PredictionsRequest, TextInput, as_text
from engine.results import Cost, FloatArray

DOING = "Rewriting"
_AT_ONCE = 256  # texts between two yields at most
_TAIL = 2.5  # per cent on either side of an interval


def consistency(datasets: Datasets, model: TextModel, request: ConsistencyRequest) -> Steps[ConsistencyResult]:
    """Rewrite ``request.rows`` by each rule and predict what changed.

    Yields:
        After each batch; with the result so far after each rule.

    Raises:
        UserError: there is no such rule or row, or the model or the data will not do.
    """
    start = time.perf_counter()
    if model.info.fields:
        raise UserError("The rules rewrite texts, and this model reads records; change a field and look.", "unavailable")
    rules = rules_of(request.rules, request.own)
    asked = PredictionsRequest(request.model_sha256, request.source, request.data_sha256)
    predictions = yield from relay(predict_rows(datasets, model, asked), lambda partial: replace(partial, result=None))
    check_rows(request.rows, predictions.data)
    effects: list[RuleEffect] = []
    cases: list[RewrittenRow] = []
    skipped: list[Skipped] = []
    forward = 0

    def so_far() -> ConsistencyResult:
        cost = Cost(forward, 0, time.perf_counter() - start, model.info.device)
        return ConsistencyResult(request, model.info, tuple(effects), tuple(cases), tuple(skipped), cost)

    for number, rule in enumerate(rules):
        texts = _rewritten(rule, predictions, request)
        found = yield from relay(_predicted(model, rule, texts, predictions, skipped), _Progress(number, len(rules)))
        forward += len(found)
        cases += found
        effects.append(effect_of(rule, found, request.resamples, (request.seed, number)))
        yield Partial(number + 1, len(rules), so_far(), DOING)
    return so_far()


class _Progress:
    """Of one rule, on the scale of all."""

    def __init__(self, done: int, total: int) -> None:
        self._done, self._total = done, total

    def __call__(self, partial: Partial) -> Partial:
        return Partial(self._done + (partial.fraction or 0.0), self._total, doing=DOING)


@dataclass(frozen=True, slots=True)
class _Changed:
    row: int
    input: TextInput
    rewritten: TextInput


def _rewritten(rule: Rule, predictions: PredictionsResult, request: ConsistencyRequest) -> list[_Changed]:
    """The rows that the rule changes and that have a prediction."""
    changed = []
    for row in request.rows:
        if np.isnan(predictions.logits[row]).any():
            continue
        text = as_text(predictions.data.input_of(row))
        pair = None if text.pair is None else rule.rewrite(text.pair, request.seed)
        other = TextInput(rule.rewrite(text.text, request.seed), pair)
        if other != text:
            changed.append(_Changed(row, text, other))
    return changed


def _predicted(
    model: TextModel, rule: Rule, texts: Sequence[_Changed], predictions: PredictionsResult, skipped: list[Skipped]
) -> Steps[list[RewrittenRow]]:
    """In the order of the rows; those that fail are added to ``skipped``."""
    found: list[RewrittenRow] = []
    for start in range(0, len(texts), _AT_ONCE):
        part = texts[start : start + _AT_ONCE]
        yield Partial(start, len(texts))
        read: list[tuple[_Changed, RowIds]] = []
        for one, row_ids in zip(part, model.encode_many([each.rewritten for each in part]), strict=True):
            if isinstance(row_ids, UserError):
                skipped.append(Skipped(one.row, f"{rule.label}: {row_ids.message}"))
            else:
                read.append((one, row_ids))
        made: dict[int, RewrittenRow] = {}
        batches = logits_of_inputs(model, [row_ids for _, row_ids in read])
        try:
            for places, logits in batches:
                for place, row_logits in zip(places, logits, strict=True):
                    made[place] = _case(rule, read[place][0], row_logits, predictions)
                yield Partial(start + len(made), len(texts))
        except BROKEN as error:
            why = f"{rule.label}: {why_broken(error)}"
            skipped += [Skipped(read[place][0].row, why) for place in range(len(read)) if place not in made]
        found += [made[place] for place in sorted(made)]
    return found


def _case(rule: Rule, changed: _Changed, logits: FloatArray, predictions: PredictionsResult) -> RewrittenRow:
    problem = predictions.model.problem_type
    before = int(predictions.predicted[changed.row])
    pair = np.stack([predictions.logits[changed.row], logits])
    chances = probabilities(pair, problem)[:, max(before, 0)]
    after = NONE if problem == "regression" else int(logits.argmax())
    return RewrittenRow(
        changed.row, rule.id, changed.input, changed.rewritten, before, after, float(chances[0]), float(chances[1])
    )


def effect_of(rule: Rule, cases: Sequence[RewrittenRow], resamples: int, seed: tuple[int, int]) -> RuleEffect:
    """Means over the rows that a rule changed, with percentile intervals of a bootstrap over these rows.

    Source: Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    """
    if not cases:
        return RuleEffect(rule.id, rule.label, 0, 0, None, None, None, None, None)
    flips = np.array([case.flips for case in cases], np.float64)
    changes = np.array([case.after - case.before for case in cases])
    means = bootstrap(np.stack([flips, changes], axis=1), resamples, seed)
    low, high = np.percentile(means, [_TAIL, 100 - _TAIL], axis=0)
    return RuleEffect(
        rule=rule.id,
        label=rule.label,
        changed=len(cases),
        flips=int(flips.sum()),
        flip_rate=float(flips.mean()),
        flip_interval=(float(low[0]), float(high[0])),
        change=float(changes.mean()),
        change_interval=(float(low[1]), float(high[1])),
        magnitude=float(np.abs(changes).mean()),
    )


def bootstrap(values: NDArray[np.float64], resamples: int, seed: tuple[int, int]) -> NDArray[np.float64]:
    """(n, quantities) -> (resamples, quantities) means of as many rows drawn with replacement."""
    draw, n = np.random.default_rng(seed), len(values)
    return np.array([values[draw.integers(0, n, n)].mean(axis=0) for _ in range(resamples)])
