"""An optimised text as JSON with every number, or as a table of the way there."""

import csv
import io
from typing import Any

from engine import VERSION
from engine.export.csv_file import guarded
from engine.export.json_file import SCHEMA, class_as_dict, cost_as_dict, strict, target_as_dict
from engine.results import FoundText, NearToken, TextOptimisationResult

COLUMNS = ("step", "score", "text_score", "text")


def to_json_text(result: TextOptimisationResult) -> str:
    """As ``optimise`` prints it."""
    return strict(optimisation_as_dict(result))


def optimisation_as_dict(result: TextOptimisationResult) -> dict[str, Any]:
    """The keys of ``optimise``."""
    request = result.request
    settings = {name: getattr(request, name) for name in ("mode", "steps", "learning_rate", "pull", "seed")}
    near = zip(result.positions, result.near, strict=False)
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "model": {"path": result.model.path, "task": result.model.task, "sha256": result.model.sha256},
        "target": target_as_dict(result.target),
        "unit": result.unit,
        "settings": settings | {"tokens": len(result.positions)},
        "start": _text(result.start),
        "best": _text(result.best),
        "positions": [{"position": position, "near": [_near(each) for each in column]} for position, column in near],
        "curve": {"score": result.score.tolist()},
        "text_curve": {
            "step": [int(step) for step in result.text_steps],
            "score": result.text_score.tolist(),
            "text": list(result.texts),
        },
        "cost": cost_as_dict(result.cost),
        "warnings": [notice.message for notice in result.warnings],
    }


def _text(found: FoundText) -> dict[str, Any]:
    pair = {} if found.input.pair is None else {"text_pair": found.input.pair}
    return {
        "text": found.input.text,
        **pair,
        "ids": list(found.ids),
        "score": found.score,
        "reads_back": found.reads_back,
        "typed_score": found.typed_score,
        "step": found.step,
        "prediction": [class_as_dict(each) for each in found.prediction],
    }


def _near(token: NearToken) -> dict[str, Any]:
    return {"id": token.id, "piece": token.piece, "similarity": token.similarity, "distance": token.distance}


def to_csv(result: TextOptimisationResult) -> bytes:
    """One row per step: the embeddings' score and, where it was looked at, the text of the nearest tokens with its own.

    Texts are guarded as in an explanation's table.
    """
    looks = {int(step): at for at, step in enumerate(result.text_steps)}
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for step in sorted(looks.keys() | set(range(len(result.score)))):
        score = repr(float(result.score[step])) if step < len(result.score) else ""
        at = looks.get(step)
        text = ("", "") if at is None else (repr(float(result.text_score[at])), guarded(result.texts[at]))
        writer.writerow((step, score, *text))
    return written.getvalue().encode("utf-8", "backslashreplace")
