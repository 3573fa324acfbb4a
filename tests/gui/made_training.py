"""Trainings made by hand: what the view needs, and nothing that computes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.over_training import OverTrainingResult, TrackedOutput
from engine.requests import OverTrainingRequest
from engine.results import AttributionResult, ModelInfo, Notice

NAMES = ("epoch 0", "epoch 0.5", "epoch 2", "epoch 10", "final")


def over_training(
    request: OverTrainingRequest,
    of: ModelInfo,
    last: AttributionResult,
    names: Sequence[str] = NAMES,
    done: int | None = None,
    warnings: tuple[Notice, ...] = (),
) -> OverTrainingResult:
    """The map grows in proportion, from nothing to ``last``; the class predicted first is the second of the last's."""
    shares = np.linspace(0, 1, len(names))[: len(names) if done is None else done]
    classes = last.prediction.classes
    rows, logits = [], []
    for share in shares:
        moved = [replace(c, logit=float(share * c.logit + (1 - share) * (at == 1))) for at, c in enumerate(classes)]
        odds = np.exp([c.logit for c in moved])
        odds /= odds.sum()
        known = classes[0].probability is not None
        said = [replace(c, probability=float(p) if known else None) for c, p in zip(moved, odds, strict=True)]
        said.sort(key=lambda c: -c.logit)
        logits.append([c.logit for c in sorted(said, key=lambda c: c.index)])
        values = (last.values * share).astype(np.float32)
        rows.append(replace(last, prediction=replace(last.prediction, classes=tuple(said)), values=values))
    scores = np.array(logits)
    chances = np.exp(scores) / np.exp(scores).sum(1, keepdims=True) if classes[0].probability is not None else None
    tracked = tuple(TrackedOutput(c.label, c.index) for c in sorted(classes, key=lambda c: c.index))
    return OverTrainingResult(
        request=request,
        model=of,
        prediction=last.prediction,
        target=last.target,
        names=tuple(names[: len(rows)]),
        maps=tuple(rows),
        tracked=tracked,
        logits=scores,
        probabilities=chances,
        total=len(names),
        warnings=warnings,
        progress=len(rows) / len(names),
    )
