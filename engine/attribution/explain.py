"""The jobs behind a prediction and a heatmap: a text or a picture in, tokens or pixels with values out."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.attribution.attribution import Attribution, completeness_of
from engine.attribution.layer_map import Layers
from engine.attribution.registry import Method, method
from engine.attribution.score import Score
from engine.attribution.target import check_position, classes, resolve, score_function
from engine.errors import UserError
from engine.inputs.baselines import RANDOM_DOCUMENT, Baseline, baseline_for
from engine.inputs.image_baselines import NOISE, image_baseline_for
from engine.inputs.record import record_baseline
from engine.jobs import Partial, Steps, relay
from engine.models.image_model import ImageModel
from engine.models.model import Model, as_read_by, require_output
from engine.requests import AttributionRequest, Input, Parameter, PredictionRequest, Reduction, Target
from engine.results import (
    AttributionResult,
    BaselineInfo,
    Completeness,
    Cost,
    FloatArray,
    Notice,
    PredictionResult,
    ReadImage,
    ResolvedTarget,
    TokenizedText,
)

_REDUCTIONS: dict[Reduction, Any] = {
    "sum": lambda v: v.sum(-1),
    "mean": lambda v: v.mean(-1),
    "l1": lambda v: np.abs(v).sum(-1),
    "l2": lambda v: np.sqrt((v**2).sum(-1)),
    "signed_max": lambda v: np.take_along_axis(v, np.abs(v).argmax(-1)[..., None], -1)[..., 0],
    "none": lambda v: v,
}
_BASELINES: dict[str, Callable[..., Baseline]] = {  # of each kind of input
    "text": baseline_for,
    "image": image_baseline_for,
    "record": record_baseline,
}
MOST_BUILT_UP = 5.0  # times the score: what relevance may differ from it before that is said
CONFIDENT = 0.5  # of the way from chance to certainty


def predict(model: Model, request: PredictionRequest) -> Steps[PredictionResult]:
    """What the model says of a text or a picture."""
    yield Partial(0, 1, doing="Predicting")
    require_output(model)
    encoding = model.encode(as_read_by(model, request.input))
    logits = logits_of(model, encoding, check_position(request.position, model, encoding))
    return PredictionResult(request, encoding.input, classes(model, logits))


def explain(model: Model, request: AttributionRequest) -> Steps[AttributionResult]:
    """Why the model said that.

    Yields:
        First a partial that holds the ``PredictionResult``, then the map so far.

    Raises:
        UserError: the request does not fit the model, in one sentence.
    """
    yield Partial(0, doing="Predicting")
    question = _ask(model, request)
    yield Partial(0, result=question.asked.prediction, doing=question.method.description.label)
    start = time.perf_counter()
    baselines = [
        _BASELINES[model.info.input_kind](name, model, question.asked.encoding, request.background, request.seed, draw)
        for name, draw in question.baselines
    ]
    said = tuple(_said_of(name, question, made) for (name, _), made in zip(question.baselines, baselines, strict=True))
    inputs = _inputs(question)
    batch = model.batch_size_for(inputs.shape[1])
    score = Score(score_function(model, question.asked.encoding, question.asked.target), batch, model.recurrent)

    def shown(partial: Partial) -> Partial:
        so_far = partial.result
        answer = None
        if isinstance(so_far, Attribution):
            answer = _answer(question, so_far, said, score, start, partial.fraction or 0.0)
        return replace(partial, result=answer, doing=question.method.description.label)

    embeddings = [baseline.embeddings for baseline in baselines]
    found = yield from relay(_attribute(question, score, inputs, embeddings), shown)
    return _answer(question, found, said, score, start)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """An input and a target held against a model: what was read, what is said of it, which scalar is meant."""

    encoding: Any  # the model's own
    position: int | None  # of the prediction
    prediction: PredictionResult
    target: ResolvedTarget


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """A request held against a model."""

    model: Model
    request: AttributionRequest
    method: Method
    parameters: Mapping[str, Parameter]
    baselines: tuple[tuple[str, int], ...]  # and of random documents, the how-manieth
    asked: Asked


def read_question(model: Model, sha256: str, given: Input, wanted: Target) -> Asked:
    """What every question about a target begins with.

    Raises:
        UserError: there is nothing to read, or no such target.
    """
    encoding = model.encode(as_read_by(model, given))
    asked_of_a_unit = wanted.choice.startswith("unit:")  # whose position is the unit's, not the prediction's
    position = check_position(None if asked_of_a_unit else wanted.position, model, encoding)
    logits = logits_of(model, encoding, position)
    target = resolve(wanted, model, encoding, logits)
    predicted = PredictionRequest(sha256, given, position)
    said = PredictionResult(predicted, encoding.input, classes(model, logits, target.outputs))
    return Asked(encoding, position, said, target)


def _ask(model: Model, request: AttributionRequest) -> _Question:
    """Check everything that can be checked before anything costly runs."""
    chosen = method(request.method)
    refusal = chosen.description.unavailable_because(model.info)
    if refusal is not None:
        raise UserError(refusal, "unavailable")
    parameters = chosen.effective(dict(request.parameters))
    asked = read_question(model, request.model_sha256, request.input, request.target)
    baselines = _told_apart(request.baselines or model.info.baselines[:1]) if chosen.description.uses_baseline else ()
    return _Question(model, request, chosen, parameters, baselines, asked)


def _told_apart(names: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Each baseline once, but what is drawn at random as often as it is named."""
    drawn = (name if name not in (RANDOM_DOCUMENT, NOISE) else f"{name} {i}" for i, name in enumerate(names))
    once = dict(zip(drawn, names, strict=True)).values()
    return tuple((name, draw) for draw, name in enumerate(once))


@torch.no_grad()
def logits_of(model: Model, encoding: Any, position: int | None) -> Tensor:
    """What the model says: (n_outputs,), on the CPU."""
    return model.logits(model.features(encoding), encoding, position)[0].cpu()


@torch.no_grad()
def _said_of(name: str, question: _Question, baseline: Baseline) -> BaselineInfo:
    """What the model predicts on a baseline."""
    logits = question.model.logits(baseline.embeddings, question.asked.encoding, question.asked.position)[0].cpu()
    predicted = classes(question.model, logits, question.asked.target.outputs[:1])
    chance = 0.5 if question.model.info.problem_type == "multi_label" else 1 / max(len(logits), 2)
    probability = predicted[0].probability
    confident = probability is not None and probability >= chance + CONFIDENT * (1 - chance)
    return BaselineInfo(name, predicted, confident, baseline.notice)


def _attribute(question: _Question, score: Score, inputs: Tensor, baselines: list[Tensor]) -> Steps[Attribution]:
    """One run for each baseline, averaged; one for all where the method takes them all, or none."""
    model = question.model
    layers = Layers(model, question.asked.encoding) if isinstance(model, ImageModel) else None
    runs: list[Attribution] = []
    wanted = [torch.cat(baselines)] if question.method.takes_all_baselines else (baselines or [inputs])
    for done, baseline in enumerate(wanted):

        def averaged(partial: Partial, done: int = done) -> Partial:
            so_far = _average([*runs, partial.result]) if isinstance(partial.result, Attribution) else None
            return Partial(done + (partial.fraction or 0.0), len(wanted), so_far)

        steps = question.method.steps(score, inputs, baseline, question.request.seed, question.parameters, layers)
        found = yield from relay(steps, averaged)
        runs.append(found)
    return _average(runs)


@torch.no_grad()
def _inputs(question: _Question) -> Tensor:
    return question.model.features(question.asked.encoding)


def _average(runs: list[Attribution]) -> Attribution:
    """The mean over baselines; what it adds up to is the mean of what each promised."""
    if len(runs) == 1:
        return runs[0]
    values: FloatArray = np.mean([run.values for run in runs], axis=0)
    promised = [run.completeness for run in runs if run.completeness is not None]
    completeness = None
    if promised:
        f_baseline = float(np.mean([c.f_baseline for c in promised]))
        completeness = completeness_of(values, promised[0].f_input, f_baseline, promised[0].tolerance)
        completeness = replace(completeness, converged=completeness.converged and all(c.converged for c in promised))
    steps = [run.effective["n_steps"] for run in runs if "n_steps" in run.effective]
    effective = dict(runs[0].effective) | ({"n_steps": sum(n for n in steps if isinstance(n, int))} if steps else {})
    return Attribution(values, completeness, None, effective, runs[0].signed)


def _answer(
    question: _Question,
    found: Attribution,
    baselines: tuple[BaselineInfo, ...],
    score: Score,
    start: float,
    progress: float = 1.0,
) -> AttributionResult:
    """What the window and the command line are given."""
    reduction = question.request.reduction or question.method.description.reduction_of(question.model.info)
    read, values = question.asked.prediction.input, _REDUCTIONS[reduction](found.values).astype(np.float32)
    if isinstance(read, ReadImage):
        values = values.reshape(*read.shape, *values.shape[1:])
    return AttributionResult(
        request=question.request,
        model=question.model.info,
        method=question.method.description,
        prediction=question.asked.prediction,
        target=question.asked.target,
        values=values,
        reduction=reduction,
        parameters=tuple((dict(question.parameters) | dict(found.effective)).items()),
        baselines=baselines,
        completeness=found.completeness,
        cost=Cost(score.forward, score.backward, time.perf_counter() - start, question.model.info.device),
        path=found.path,
        warnings=tuple(_warnings(question, found, baselines, progress)),
        progress=progress,
        magnitudes=not found.signed,
    )


def warnings_of(model: Model, prediction: PredictionResult, wanted: Target, target: ResolvedTarget) -> list[Notice]:
    """What holds of any answer about this input and target."""
    warnings = [notice for notice in model.info.warnings if notice.blocking]
    read = prediction.input
    warnings += [*_cut(read), *read.notices] if isinstance(read, TokenizedText) else read.warnings
    if wanted.versus is not None and target.versus_index is None:
        words = f"The predicted class is the true one: {target.label} is explained by itself."
        warnings.append(Notice(words, "same_class"))
    return warnings


def _cut(text: TokenizedText) -> list[Notice]:
    """What of a text the model was not given."""
    return [
        Notice(f"Characters {cut[0]} to {cut[1]} of the {which} were not read: it is longer than the model's limit.", "cut")
        for which, cut in (("text", text.cut), ("second text", text.cut_pair))
        if cut
    ]


def _warnings(question: _Question, found: Attribution, baselines: tuple[BaselineInfo, ...], progress: float) -> list[Notice]:
    """What one should know before trusting the picture, in words."""
    warnings = warnings_of(question.model, question.asked.prediction, question.request.target, question.asked.target)
    warnings += [baseline.notice for baseline in baselines if baseline.notice is not None]
    for baseline in baselines:
        if baseline.confident:
            first = baseline.prediction[0]
            said = f"{first.label} with {100 * (first.probability or 0):.0f} %"
            words = f"The model is confident on the baseline {baseline.name} too ({said}): it is not information-less."
            warnings.append(Notice(words, "confident_baseline"))
    if found.completeness is not None and found.completeness.conservation:
        warnings += _built_up(found.completeness)
    if progress < 1:
        warnings.append(Notice(f"Stopped at {100 * progress:.0f} %: the map is not finished.", "stopped"))
    elif found.completeness is not None and not found.completeness.converged and not found.completeness.conservation:
        warnings.append(Notice("Not converged: the attributions do not add up within the tolerance.", "not_converged"))
    return warnings


def _built_up(sums: Completeness) -> list[Notice]:
    """Relevance of both signs can grow on its way down, through long recurrences above all."""
    if abs(sums.delta) <= MOST_BUILT_UP * abs(sums.f_input):
        return []
    words = f"Relevance grew to {abs(sums.sum):.3g} on its way down from {sums.f_input:.3g}; a larger epsilon damps it."
    return [Notice(words, "relevance_grew")]
