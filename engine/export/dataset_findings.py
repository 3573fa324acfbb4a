"""What was found out about a set of examples beyond its numbers, in the keys of the command line."""

from typing import Any

from engine import VERSION
from engine.dataset_results import (
    AggregateResult,
    ConsistencyResult,
    Counterfactual,
    CounterfactualResult,
    NeighboursResult,
    RewrittenRow,
    RuleEffect,
    SliceAggregate,
    WordSum,
)
from engine.export.json_file import SCHEMA, class_as_dict, cost_as_dict, strict

_CASES = 20  # of each rule, those that moved most


def consistency_as_dict(result: ConsistencyResult) -> dict[str, Any]:
    """The key ``consistency``: a rule each, with its flips first among the rows that moved most."""
    return {
        "rows": len(result.request.rows),
        "rules": [_rule(effect, [case for case in result.cases if case.rule == effect.rule]) for effect in result.rules],
        "resamples": result.request.resamples,
        "seed": result.request.seed,
        "skipped": [{"row": each.row, "reason": each.reason} for each in result.skipped],
    }


def _rule(effect: RuleEffect, cases: list[RewrittenRow]) -> dict[str, Any]:
    first = sorted(cases, key=lambda case: (not case.flips, -abs(case.after - case.before), case.row))[:_CASES]
    return {name: getattr(effect, name) for name in RuleEffect.__slots__} | {"cases": [_case(case) for case in first]}


def _case(case: RewrittenRow) -> dict[str, Any]:
    return {
        "row": case.row,
        "text": case.input.text,
        "rewritten": case.rewritten.text,
        **({} if case.input.pair is None else {"text_pair": case.input.pair, "rewritten_pair": case.rewritten.pair}),
        "predicted": [case.predicted_before, case.predicted_after],
        "probability": [case.before, case.after],
        "flips": case.flips,
    }


def aggregate_as_dict(result: AggregateResult) -> dict[str, Any]:
    """The key ``aggregate``."""
    return {
        "method": result.request.explanation.method,
        "slices": [_slice(each) for each in result.slices],
        "skipped": [{"row": each.row, "reason": each.reason} for each in result.skipped],
    }


def _slice(summed: SliceAggregate) -> dict[str, Any]:
    return {
        "name": summed.name,
        "rows": summed.rows.tolist(),
        "classes": [
            {
                "label": each.label,
                "rows": each.rows,
                **{side: [_word(word) for word in getattr(each, side)] for side in ("raises", "lowers", "flips")},
            }
            for each in summed.classes
        ],
        "fields": [{name: getattr(each, name) for name in each.__slots__} for each in summed.fields],
    }


def _word(word: WordSum) -> dict[str, Any]:
    return {name: getattr(word, name) for name in WordSum.__slots__}


def neighbours_as_list(result: NeighboursResult) -> list[dict[str, Any]]:
    """The key ``neighbours``, the most alike first."""
    pairs = zip(result.rows.tolist(), result.similarity.tolist(), strict=True)
    return [{"row": row, "similarity": round(similarity, 4)} for row, similarity in pairs]


def counterfactual_to_json(result: CounterfactualResult) -> str:
    """As ``counterfactual`` prints it."""
    request = result.request
    return strict(
        {
            "schema": SCHEMA,
            "version": VERSION,
            "model": {"path": result.model.path, "task": result.model.task, "sha256": result.model.sha256},
            "text": request.input.text,
            **({} if request.input.pair is None else {"text_pair": request.input.pair}),
            "kind": request.kind,
            "to": request.to,
            "fill": request.fill if request.kind == "remove" else None,
            "prediction": [class_as_dict(one) for one in result.original],
            "suggestions": [_suggestion(each) for each in result.suggestions],
            "exhausted": result.exhausted,
            "cost": cost_as_dict(result.cost),
            "warnings": [notice.message for notice in result.warnings],
        }
    )


def _suggestion(one: Counterfactual) -> dict[str, Any]:
    return {
        "text": one.input.text,
        **({} if one.input.pair is None else {"text_pair": one.input.pair}),
        "removed": [{"start": start, "end": end, "segment": segment} for start, end, segment in one.removed],
        "swapped": [{"token": token, "before": before, "after": after} for token, before, after in one.swapped],
        "prediction": [class_as_dict(each) for each in one.prediction],
        "flips": one.flips,
        "masked_flips": one.masked_flips,
    }
