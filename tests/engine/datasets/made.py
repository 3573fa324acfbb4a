"""Predictions out of thin air. ``from tests.engine.datasets import made``."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.dataset_results import PredictionsResult
from engine.datasets.numbers import NOTHING, numbers_of
from engine.datasets.outcomes import of_classes
from engine.models.model import TextModel
from engine.requests import PredictionsRequest
from engine.results import Cost
from tests.engine.datasets.tables import labelled, opened

LABELS = ("negative", "neutral", "positive")


def predictions(model: TextModel, folder: Path, rows: int, seed: int = 0) -> PredictionsResult:
    """Random logits for ``labelled``, some of them missing, some rows without a label."""
    draw = np.random.default_rng(seed)
    data = opened(labelled(folder, rows))
    logits = (2 * draw.standard_normal((rows, 3))).astype(np.float32)
    logits[draw.random(rows) < 0.1] = np.nan
    true = np.where(draw.random(rows) < 0.2, -1, draw.integers(0, 3, rows)).astype(np.int32)
    found = of_classes(logits, true)
    request = PredictionsRequest(model.info.sha256, data.source)
    result = PredictionsResult(
        request=request,
        model=model.info,
        data=data,
        logits=logits,
        true=true,
        predicted=found.predicted,
        probability=found.probability,
        loss=found.loss,
        margin=found.margin,
        correct=found.correct,
        numbers=NOTHING,
        cut=np.zeros(0, np.int64),
        matches=(),
        skipped=(),
        cost=Cost(rows, 0, 0.0, "cpu"),
        done=rows,
    )
    return replace(result, numbers=numbers_of(result))
