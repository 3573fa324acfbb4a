"""An attribution over training as files: every number as JSON, a tidy table, NumPy arrays."""

import csv
import io
import json
from typing import Any

import numpy as np

from engine.export.csv_file import guarded
from engine.export.json_file import class_as_dict, completeness_as_dict, cost_as_dict, question_as_dict, shortest, strict
from engine.export.registry import Kind
from engine.over_training import OverTrainingResult

COLUMNS = ("checkpoint", "order", "position", "text", "piece", "value", "predicted", "probability")


def over_training_as_dict(result: OverTrainingResult) -> dict[str, Any]:
    """The keys of ``over-training``. ``prediction`` is of the open model, whose target is explained at each checkpoint."""
    first = result.maps[0]
    chances = [None] * len(result.maps) if result.probabilities is None else result.probabilities.tolist()
    return {
        **question_as_dict(result.model, result.prediction, result.target),
        "method": {"id": first.method.id, "parameters": dict(first.request.parameters), "seed": first.request.seed},
        "reduction": first.reduction,
        "signed": result.signed,
        "unit": result.unit,
        "tracked": [{"label": each.label, "index": each.index} for each in result.tracked],
        "checkpoints": [
            {
                "name": name,
                "sha256": found.model.sha256,
                "values": shortest(found.values),
                "prediction": [class_as_dict(c) for c in found.prediction.classes],
                "logits": logits,
                "probabilities": probabilities,
                "baseline": [
                    {"id": b.id, "prediction": [class_as_dict(c) for c in b.prediction], "confident": b.confident}
                    for b in found.baselines
                ],
                "completeness": completeness_as_dict(found.completeness),
            }
            for name, found, logits, probabilities in zip(result.names, result.maps, result.logits.tolist(), chances, strict=True)
        ],
        "cost": cost_as_dict(result.cost),
        "warnings": [notice.message for notice in result.warnings],
    }


def to_json(result: OverTrainingResult) -> bytes:
    """As ``over-training`` prints it."""
    return strict(over_training_as_dict(result)).encode("utf-8", "backslashreplace")  # a lone surrogate becomes JSON's own \ud800


def to_csv(result: OverTrainingResult) -> bytes:
    """One row for each token at each checkpoint, with what was predicted then; texts guarded as in a map's table."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for order, (name, found) in enumerate(zip(result.names, result.maps, strict=True)):
        said = found.prediction.predicted
        label = guarded(said.label) if said.label is not None else f"{said.logit:.9g}"
        chance = "" if said.probability is None else f"{said.probability:.9g}"
        for at, (token, value) in enumerate(zip(result.tokens, found.values, strict=True)):
            shown = str(value) if value == value else ""
            row = (guarded(name), order, at, guarded(token.text), guarded(token.piece), shown, label, chance)
            writer.writerow(row)
    return written.getvalue().encode("utf-8", "backslashreplace")


def to_npz(result: OverTrainingResult) -> bytes:
    """``values`` (checkpoint, seq), ``logits`` and ``probabilities`` (checkpoint, tracked), the tokens' numbers, ``meta``.

    ``meta`` (uint8) holds UTF-8 JSON with the keys of ``over-training`` but for the arrays; regression has no probabilities.
    """
    arrays: dict[str, Any] = {
        "values": result.values,
        "logits": result.logits,
        "token_ids": np.array([token.id for token in result.tokens], dtype=np.int64),
        "start": np.array([token.start for token in result.tokens], dtype=np.int64),
        "end": np.array([token.end for token in result.tokens], dtype=np.int64),
        "special": np.array([token.special for token in result.tokens], dtype=np.bool_),
        "meta": _meta(result),
    }
    if result.probabilities is not None:
        arrays["probabilities"] = result.probabilities
    written = io.BytesIO()
    np.savez_compressed(written, allow_pickle=False, **arrays)
    return written.getvalue()


def _meta(result: OverTrainingResult) -> np.ndarray:
    known = over_training_as_dict(result)
    for checkpoint in known["checkpoints"]:
        del checkpoint["values"], checkpoint["logits"], checkpoint["probabilities"]
    return np.frombuffer(json.dumps(json.loads(strict(known))).encode("ascii"), dtype=np.uint8)


OVER_TRAINING_KINDS: dict[str, Kind[OverTrainingResult]] = {
    kind.suffix: kind
    for kind in (
        Kind(".json", "JSON with every number", to_json),
        Kind(".csv", "Table, one row per checkpoint and token", to_csv),
        Kind(".npz", "NumPy arrays", to_npz),
    )
}
