"""What an edit changed, as JSON in the keys of the command line."""

from typing import Any

from engine import VERSION
from engine.edits import EditResult, WordChange
from engine.export.json_file import SCHEMA, class_as_dict, cost_as_dict, strict, target_as_dict
from engine.requests import TextInput, as_text
from engine.results import AttributionResult


def edit_to_json(result: EditResult) -> str:
    """As ``counterfactual --edited`` prints it."""
    return strict(
        {
            "schema": SCHEMA,
            "version": VERSION,
            "model": {"path": result.model.path, "task": result.model.task, "sha256": result.model.sha256},
            **_texts("text", as_text(result.request.before.input)),
            **_texts("edited", result.request.after),
            "prediction": {"before": _said(result.before), "after": _said(result.after)},
            "flips": result.flips,
            "target": target_as_dict(result.before.target),
            "method": {"id": result.before.method.id, "seed": result.request.before.seed},
            "unit": result.before.unit,
            "score": {side: _sums(getattr(result, side)) for side in ("before", "after")},
            "attention": None if result.attention is None else _attention(result),
            "words": [_word(word) for word in result.words],
            "cost": cost_as_dict(result.cost),
            "warnings": [notice.message for notice in result.warnings],
        }
    )


def _texts(name: str, input: TextInput) -> dict[str, str]:
    return {name: input.text} | ({} if input.pair is None else {f"{name}_pair": input.pair})


def _said(result: AttributionResult) -> list[dict[str, Any]]:
    return [class_as_dict(one) for one in result.prediction.classes]


def _sums(result: AttributionResult) -> dict[str, Any]:
    """What the attributions of one text sum to; where the method promises it, of what."""
    sums = result.completeness
    return {
        "sum": float(result.values.sum()),
        "f_input": None if sums is None else sums.f_input,
        "f_baseline": None if sums is None else sums.f_baseline,
    }


def _attention(result: EditResult) -> dict[str, Any]:
    used = result.attention
    assert used is not None, "it was compared"
    return {"stack": used.stack, "layer": used.layer, "head": used.head}


def _word(word: WordChange) -> dict[str, Any]:
    sides = {
        "before": None if word.before is None else list(word.before),
        "after": None if word.after is None else list(word.after),
        "attribution": [*word.attribution, word.attribution_change],
        "attention": None if word.attention == (None, None) else [*word.attention, word.attention_change],
    }
    return {"text": word.text, "kind": word.kind, "special": word.special, "segment": word.segment, **sides}
