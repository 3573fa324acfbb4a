"""Results as strict JSON, in the keys of the command line."""

import json
import math
from typing import Any

import numpy as np

from engine import VERSION
from engine.checkpoints import ImportResult, ImportTrial
from engine.descriptions import MethodDescription
from engine.heatmaps.fields import field_sums
from engine.records import RecordField
from engine.requests import ImageInput, Input
from engine.results import (
    AttributionResult,
    ClassPrediction,
    Completeness,
    Cost,
    ModelInfo,
    PredictionResult,
    ReadImage,
    ResolvedTarget,
    TokenizedText,
)
from engine.samples import Sample

SCHEMA = 1


def to_json_text(result: AttributionResult) -> str:
    """An explanation as ``explain`` prints it."""
    return strict(attribution_as_dict(result))


def strict(value: dict[str, Any] | list[Any]) -> str:
    """Indented JSON. What is not finite becomes null and, where there are ``warnings``, is named there."""
    lost: list[str] = []
    clean = _finite(value, "", lost)
    if lost and isinstance(clean, dict) and "warnings" in clean:
        shown = ", ".join(lost[:5]) + (", …" if len(lost) > 5 else "")
        clean["warnings"] = [*clean["warnings"], f"Not finite, and therefore null here: {shown}."]
    return json.dumps(clean, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any, where: str, lost: list[str]) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner, f"{where}.{key}".lstrip("."), lost) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner, f"{where}[{i}]", lost) for i, inner in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        lost.append(where)
        return None
    return value


def attribution_as_dict(result: AttributionResult) -> dict[str, Any]:
    """The keys of ``explain``; the values of a picture's pixels row by row."""
    read, values = result.prediction.input, result.values
    if isinstance(read, ReadImage):
        values = values.reshape(-1, *values.shape[2:])
    return {
        **question_as_dict(result.model, result.prediction, result.target),
        "method": {"id": result.method.id, "parameters": dict(result.parameters), "seed": result.request.seed},
        "baseline": [
            {"id": b.id, "prediction": [class_as_dict(c) for c in b.prediction], "confident": b.confident}
            for b in result.baselines
        ],
        "attribution": {
            "values": shortest(values),
            "reduction": result.reduction,
            "signed": result.signed,
            "unit": result.unit,
            **({} if result.grain == "token" else {"grain": result.grain}),
            **_laid_out(result),
        },
        "completeness": completeness_as_dict(result.completeness),
        "cost": cost_as_dict(result.cost),
        "warnings": [notice.message for notice in result.warnings],
    }


def _laid_out(result: AttributionResult) -> dict[str, Any]:
    """Of a picture: how its values lie on it; of a record: what its characters come to."""
    read = result.prediction.input
    if isinstance(read, ReadImage):
        return {"shape": list(read.shape), "crop": list(read.crop)}
    sums = field_sums(result)
    fields = [
        {"name": each.field.name, "value": each.total}
        | ({"mean": each.mean, "peak": each.peak} if result.grain == "token" else {})  # of its characters
        for each in sums
    ]
    return {"fields": fields} if fields else {}


def completeness_as_dict(completeness: Completeness | None) -> dict[str, Any] | None:
    """None where none is promised."""
    if completeness is None:
        return None
    return {name: getattr(completeness, name) for name in Completeness.__dataclass_fields__}


def question_as_dict(model: ModelInfo, prediction: PredictionResult, target: ResolvedTarget) -> dict[str, Any]:
    """What every answer about a target begins with."""
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "model": {"path": model.path, "task": model.task, "sha256": model.sha256},
        "input": _read_as_dict(prediction, model.reads_pairs),
        "prediction": [class_as_dict(c) for c in prediction.classes],
        "target": target_as_dict(target),
    }


def _read_as_dict(prediction: PredictionResult, with_segments: bool) -> dict[str, Any]:
    read, given = prediction.input, prediction.request.input
    return image_as_dict(read, given) if isinstance(read, ReadImage) else input_as_dict(read, with_segments)


def image_as_dict(read: ReadImage, given: Input) -> dict[str, Any]:
    """The picture and how it was read, as every command has them."""
    return {
        "kind": "image",
        "path": read.path,
        "sha256": given.sha256 if isinstance(given, ImageInput) else None,
        "size": list(read.size),
        "preprocessing": list(read.steps),
        "text": "",
        "truncated": False,
        "cut": None,
        "tokens": [],  # as of every input: there are none
    }


def shortest(values: np.ndarray) -> Any:
    """Float32 in as few digits as bring it back exactly."""
    if values.ndim > 1:
        return [shortest(row) for row in values]
    return [float(str(value)) for value in values.astype(np.float32)]


def input_as_dict(text: TokenizedText, with_segments: bool) -> dict[str, Any]:
    """The text and its tokens, as every command has them."""

    def token(t: Any) -> dict[str, Any]:
        known = {"text": t.text, "piece": t.piece, "id": t.id, "start": t.start, "end": t.end, "special": t.special}
        return known | ({"segment": t.segment} if text.pair is not None else {})

    pair = {} if text.pair is None else {"text_pair": text.pair, "cut_pair": text.cut_pair}
    fields = [{"name": f.name, "value": f.value, "start": f.start, "end": f.end, "cut": f.cut} for f in text.fields]
    return {
        "kind": "record" if fields else "text",
        "text": text.text,
        **pair,
        **({"fields": fields} if fields else {}),
        "truncated": text.truncated,
        "cut": text.cut,
        "tokens": [token(t) for t in text.tokens],
    }


def target_as_dict(target: ResolvedTarget) -> dict[str, Any]:
    """What is asked about."""
    return {
        "label": target.label,
        "index": target.index,
        "versus": target.versus,
        "score": target.score,
        "position": target.position,
        **({} if target.layer is None else {"layer": target.layer}),
    }


def cost_as_dict(cost: Cost) -> dict[str, Any]:
    """In samples, not batches."""
    return {
        "forward": cost.forward,
        "backward": cost.backward,
        "seconds": round(cost.seconds, 4),
        "device": cost.device,
    }


def class_as_dict(prediction: ClassPrediction) -> dict[str, Any]:
    """One output."""
    return {
        "label": prediction.label,
        "index": prediction.index,
        "logit": prediction.logit,
        "probability": prediction.probability,
    }


def model_as_dict(info: ModelInfo) -> dict[str, Any]:
    """The keys of ``inspect``."""
    keys = ["path", "format", "task", "labels", "parameters", "dtype_on_disk", "bytes", "forecast_bytes", "tokenizer"]
    return {
        **{key: getattr(info, key) for key in keys},
        "layers": [{"name": x.name, "type": x.type, "shape": x.shape, "parameters": x.parameters} for x in info.layers],
        "recurrent": [
            {"name": r.name, "kind": r.kind, "layers": r.layers, "hidden_size": r.hidden_size, "directions": r.directions}
            for r in info.recurrent
        ],
        "attention": {"layers": info.attention.layers, "heads": info.attention.heads} if info.attention else None,
        "can": list(info.can),
        **({"checkpoints": list(info.checkpoints)} if info.checkpoints else {}),
        **({"fields": [_field_as_dict(field) for field in info.fields]} if info.fields else {}),
        "warnings": [notice.message for notice in info.warnings],
        "sha256": info.sha256,
    }


def _field_as_dict(field: RecordField) -> dict[str, Any]:
    """As ``model.json`` has it."""
    return {name: getattr(field, name) for name in field.__slots__}


def method_as_dict(method: MethodDescription) -> dict[str, Any]:
    """The keys of ``methods``."""
    keys = ["name", "type", "default", "minimum", "maximum", "choices", "help"]
    return {
        "id": method.id,
        "label": method.label,
        "inputs": list(method.inputs),
        "needs": list(method.needs),
        "signed": method.signed,
        "complete": method.complete,
        "axioms": list(method.axioms),
        "parameters": [{key: getattr(p, key) for key in keys} for p in method.parameters],
        "source": method.source,
    }


def sample_as_dict(sample: Sample) -> dict[str, Any]:
    """The keys of ``samples``."""
    return {"name": sample.name, "task": sample.task, "description": sample.description, "path": sample.path}


def import_as_dict(result: ImportResult) -> dict[str, Any]:
    """The keys of ``import``."""
    finding, trial = result.finding, result.trial
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "path": finding.path,
        "folder": result.request.folder,
        "architecture": finding.model.architecture,
        "tensors": [{"name": t.name, "shape": list(t.shape), "taken_for": t.taken_for} for t in finding.tensors],
        "answers": [{"question": q.key, "value": q.value, "source": q.source, "why": q.why} for q in finding.questions],
        "assumed": [*finding.settled, *(f"{q.title}: {q.value} ({q.why})" for q in finding.questions if q.source == "guess")],
        "vocabulary": {"entries": finding.vocabulary, "from": finding.vocabulary_from},
        "trial": None if trial is None else _trial(trial),
        "warnings": [notice.message for notice in finding.warnings],
    }


def _trial(trial: ImportTrial) -> dict[str, Any]:
    return {
        "text": trial.text,
        "pieces": trial.pieces,
        "known": trial.known,
        "coverage": trial.coverage,
        "unknown": list(trial.unknown_pieces),
        "perplexity": trial.perplexity,
        "bits_per_character": trial.bits_per_character,
        "prediction": [] if trial.prediction is None else [class_as_dict(c) for c in trial.prediction.classes],
    }
