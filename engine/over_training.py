"""An attribution at every training checkpoint: token by token, and what the model said then. Frozen, torch-free."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.requests import OverTrainingRequest
from engine.results import (
    AttributionResult,
    ClassPrediction,
    Cost,
    FloatArray,
    ModelInfo,
    Notice,
    PredictionResult,
    ResolvedTarget,
    Token,
    unit_words,
)


@dataclass(frozen=True, slots=True)
class TrackedOutput:
    """An output whose probability is followed over training. ``label``: None where it has no name (regression)."""

    label: str | None
    index: int

    @property
    def words(self) -> str:
        """For a legend."""
        return self.label if self.label is not None else "value"


@dataclass(frozen=True, slots=True, eq=False)
class OverTrainingResult:
    """Checkpoints that could be asked, in the order of training; the others are named in ``warnings``.

    Args:
        prediction: of the open model, whose target is explained at every checkpoint.
        names: of the checkpoints in ``maps``, each of which is what ``explain`` says of the model as it was then: its
            ``request`` names the target by its index, its ``model`` has the sha256 of those weights.
        tracked: classifiers: every class; language models: the likeliest of the open model and those explained.
        logits: (checkpoint, tracked), float64.
        probabilities: the same; None for regression.
        total: how many checkpoints were asked for; ``progress`` is below 1 while some are to come.
    """

    request: OverTrainingRequest
    model: ModelInfo
    prediction: PredictionResult
    target: ResolvedTarget
    names: tuple[str, ...]
    maps: tuple[AttributionResult, ...]
    tracked: tuple[TrackedOutput, ...]
    logits: FloatArray
    probabilities: FloatArray | None
    total: int
    warnings: tuple[Notice, ...] = ()
    progress: float = 1.0

    @property
    def tokens(self) -> tuple[Token, ...]:
        """One for each column of ``values``."""
        return self.prediction.text.tokens

    @property
    def values(self) -> FloatArray:
        """(checkpoint, seq) float32, in the score's unit."""
        return np.stack([each.values for each in self.maps])

    @property
    def unit(self) -> str:
        """Of ``values``, in words."""
        return self.maps[0].unit if self.maps else unit_words(self.target)

    @property
    def signed(self) -> bool:
        """Whether positive raises the score and negative lowers it."""
        return self.maps[0].signed

    @property
    def cost(self) -> Cost:
        """Of all checkpoints."""
        costs = [each.cost for each in self.maps]
        return Cost(
            sum(cost.forward for cost in costs),
            sum(cost.backward for cost in costs),
            sum(cost.seconds for cost in costs),
            costs[0].device,
        )

    @property
    def similarity(self) -> FloatArray:
        """(checkpoint,) Pearson correlation of each map with the last one over the tokens; NaN where either is constant."""
        maps = self.values.astype(np.float64)
        centred = maps - maps.mean(axis=1, keepdims=True)
        norms = np.linalg.norm(centred, axis=1) * np.linalg.norm(centred[-1])
        alike = np.full(len(maps), np.nan)
        np.divide(centred @ centred[-1], norms, out=alike, where=norms > 0)
        return alike


def in_words(result: OverTrainingResult) -> str:
    """What the picture says, in a sentence or two: when the prediction came to stay, and when the map did."""
    if len(result.maps) < 2:
        return "There is only one checkpoint to look at."
    predicted = [each.prediction.predicted for each in result.maps]
    settled = _since([each.index == predicted[-1].index for each in predicted])
    alike = _since([bool(r >= 0.9) for r in result.similarity])
    said = []
    if settled is not None and predicted[-1].label is not None:
        before = "" if settled == 0 else f", {named(result, predicted[settled - 1])} before"
        said.append(f"It predicts {named(result, predicted[-1])} {_from(result.names, settled)}{before}.")
    if alike is not None:
        said.append(f"Its map is like the last one (r ≥ 0.9) {_from(result.names, alike)}.")
    return " ".join(said) or "The value and its map changed until the end."


def named(result: OverTrainingResult, predicted: ClassPrediction | TrackedOutput) -> str:
    """An output as a sentence has it: a class by its name, a token in quotes."""
    if predicted.label is None:
        return "the value"
    return predicted.label if result.model.labels else f"“{predicted.label.strip() or predicted.label}”"


def _from(names: Sequence[str], at: int) -> str:
    return "only in the end" if at == len(names) - 1 else "from the first checkpoint on" if at == 0 else f"from {names[at]} on"


def _since(holds: Sequence[bool]) -> int | None:
    """The first from which it holds to the end; None: it does not hold at the end."""
    failing = [at for at, each in enumerate(holds) if not each]
    since = failing[-1] + 1 if failing else 0
    return since if since < len(holds) else None
