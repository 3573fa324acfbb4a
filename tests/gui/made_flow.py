"""Gradient flows made by hand: what the view needs, and nothing that computes."""

from collections.abc import Sequence

import numpy as np

from engine.cells import RecurrentKind
from engine.flow import INPUT, GradientFlowResult, LayerFlow, StepFlow
from engine.requests import GradientFlowRequest
from engine.results import Cost, ModelInfo, Notice, PredictionResult, ResolvedTarget


def flow(
    request: GradientFlowRequest,
    model: ModelInfo,
    prediction: PredictionResult,
    *,
    blocks: int = 4,
    recurrent: Sequence[RecurrentKind] = (),
    scale: float = 1.0,
    warnings: tuple[Notice, ...] = (),
) -> GradientFlowResult:
    """Each block passes on half of what it gets; each step nine tenths."""
    seq = len(prediction.input.tokens)
    shape = np.linspace(1, 2, seq)
    names = [(INPUT, "Embedding"), *((f"encoder.layer.{at}", "BertLayer") for at in range(blocks))]
    layers = [
        LayerFlow(name, kind, 0, float(norm), 10.0, norm * shape / np.linalg.norm(shape), np.full(seq, 2.0))
        for (name, kind), norm in zip(names, scale * 0.5 ** np.arange(len(names))[::-1], strict=True)
    ]
    layers.append(LayerFlow("classifier", "Linear", 0, scale, 1.0, None, None))
    back = scale * 0.9 ** np.arange(seq)
    flows = [
        StepFlow("rnn", layer, direction, kind, back if direction else back[::-1], back + scale if kind == "lstm" else None)
        for layer, kind in enumerate(recurrent)
        for direction in (0, 1)
    ]
    target = ResolvedTarget("positive", 2, None, None, "logit")
    return GradientFlowResult(request, model, prediction, target, tuple(layers), tuple(flows), Cost(1, 1, 0.02, "cpu"), warnings)
