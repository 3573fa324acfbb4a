"""The jobs behind two models side by side: over a set of examples, and on one text."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.attention.ranks import spearman
from engine.attribution.explain import explain
from engine.comparisons import BesideResult, ExplainBesideResult, MapsBesideResult
from engine.dataset_results import NONE, ExplainRowsResult, LabelMatch, PredictionsResult, Skipped
from engine.datasets.data import Datasets
from engine.datasets.explanations import document_of, explain_rows
from engine.datasets.labels import match
from engine.datasets.now_and_then import NowAndThen
from engine.datasets.outcomes import answered_rows, probabilities
from engine.datasets.paired import fates, paired_numbers
from engine.datasets.passes import Pass, logits_batch, run_pass
from engine.datasets.predict import outputs_of, predict_rows, require_classifier, require_pairs, row_store
from engine.errors import UserError
from engine.heatmaps.wording import token_values
from engine.inputs.grain import combined, group
from engine.jobs import Partial, Steps, relay
from engine.models.model import TextModel
from engine.models.other import OtherModels, name_of
from engine.requests import (
    AboutTwoModels,
    BesideRequest,
    ExplainBesideRequest,
    ExplainRowsRequest,
    MapsBesideRequest,
    Reduction,
    Target,
)
from engine.results import AttributionResult, Cost, FloatArray, Notice, ResolvedTarget, TokenizedText

_SHARE, _SHOW_SECONDS = 40, 0.25
_SHOWN = 8
_AT_ONCE = 8  # rows
DOING_MAPS = "Explaining with both models"


def side_by_side(datasets: Datasets, others: OtherModels, model: TextModel, request: AboutTwoModels) -> Steps[Any]:
    """The job for ``request``; nothing runs before its first step."""
    if isinstance(request, BesideRequest):
        return beside(datasets, others, model, request)
    if isinstance(request, MapsBesideRequest):
        return maps_beside(datasets, others, model, request)
    return explain_beside(others, model, request)


def beside(datasets: Datasets, others: OtherModels, model: TextModel, request: BesideRequest) -> Steps[BesideResult]:
    """Predict what is still missing, first with the open model, then with the other.

    Yields:
        Every batch; a few times a second with the ``BesideResult`` so far.

    Raises:
        UserError: the data or one of the models will not do, or their classes have nothing in common.
    """
    start = time.perf_counter()
    require_one_class(model)
    first = yield from relay(predict_rows(datasets, model, request.predictions), _quietly)
    other = yield from others.open(model, request.other)
    require_classifier(other)
    require_one_class(other)
    require_pairs(other, first.data)
    common = CommonLabels.of(first.labels, other.info.labels)
    common.check(model.info.name, name_of(request.other, other))
    answer = _Answer(request, first, other, common, start)
    store = row_store(other, first.data, "predictions", outputs_of(other))
    shown = NowAndThen(Pass, answer.of, _SHARE, _SHOW_SECONDS).shown
    state = yield from relay(run_pass(other, first.data, store, logits_batch(other), f"Predicting with {answer.name}"), shown)
    return answer.of(state)


def _quietly(partial: Partial) -> Partial:
    return replace(partial, result=None)


def require_one_class(model: TextModel) -> None:
    """Raises: UserError: the model does not choose one class of several."""
    if model.info.problem_type != "single_label":
        raise UserError(f"{model.info.name} does not choose one class of several; only such models are compared.", "unavailable")


@dataclass(frozen=True, slots=True)
class CommonLabels:
    """The classes of two models by their names.

    Args:
        labels: the first's, then those that only the second has.
        matches: the second's, as they were understood.
        places: of each of the second's, its index in ``labels``.
    """

    labels: tuple[str, ...]
    matches: tuple[LabelMatch, ...]
    places: tuple[int, ...]
    first: int

    @classmethod
    def of(cls, first: tuple[str, ...], second: tuple[str, ...]) -> "CommonLabels":
        """Matched as labels of data are: as they are written, but for case, by another word for it."""
        matches = match([(label, 0) for label in second], first, {})
        own = [each.written for each in matches if each.index == NONE]
        places = tuple(each.index if each.index != NONE else len(first) + own.index(each.written) for each in matches)
        return cls((*first, *own), matches, places, len(first))

    def check(self, first: str, second: str) -> None:
        """Raises: UserError: there is no class that both know."""
        if all(each.index == NONE for each in self.matches):
            ours, theirs = ", ".join(self.labels[: self.first][:_SHOWN]), ", ".join(self.labels[self.first :][:_SHOWN])
            raise UserError(f"{first} has the classes {ours}, {second} has {theirs}: they have none in common.", "labels")

    def notices(self, first: str, second: str) -> list[Notice]:
        """What a person should know of them."""
        said = []
        theirs = [each.written for each in self.matches if each.index == NONE]
        missing = [label for at, label in enumerate(self.labels[: self.first]) if at not in self.places]
        guessed = [each for each in self.matches if each.how in ("synonym", "index")]
        if theirs:
            said.append(Notice(f"Classes that only {second} has, which are never right here: {_listed(theirs)}.", "labels"))
        if missing:
            said.append(Notice(f"Classes that {second} does not have: {_listed(missing)}.", "labels"))
        if guessed:
            pairs = [f"“{each.written}” as {self.labels[each.index]}" for each in guessed]
            said.append(Notice(f"Classes of {second} were taken by what they seem to mean: {_listed(pairs)}.", "labels"))
        return said

    def second_label(self, label: str, of_second: tuple[str, ...]) -> str | None:
        """What the second model calls a class of the first; None: nothing."""
        wanted = self.labels.index(label)
        return next((of_second[at] for at, place in enumerate(self.places) if place == wanted), None)

    def chances(self, logits: FloatArray) -> NDArray[np.float64]:
        """(rows, second's outputs) -> (rows, labels) probabilities; outputs that mean the same class are added."""
        found = np.zeros((len(logits), len(self.labels)))
        np.add.at(found.T, list(self.places), probabilities(logits, "single_label").T)
        return found


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


class _Answer:
    """The result so far."""

    def __init__(
        self, request: BesideRequest, first: PredictionsResult, other: TextModel, common: CommonLabels, start: float
    ) -> None:
        self._request, self._first, self._other, self._common, self._start = request, first, other, common, start
        self.name = name_of(request.other, other)

    def of(self, state: Pass) -> BesideResult:
        """All that is known, as a copy."""
        request, first = self._request, self._first
        logits = np.array(state.store.values)
        answered = answered_rows(logits)
        chances = self._common.chances(np.where(answered[:, None], logits, 0.0))
        predicted = np.where(answered, chances.argmax(axis=-1), NONE).astype(np.int32)
        known, rows = answered & (first.true != NONE), np.arange(len(logits))
        fate = fates(first.predicted, predicted, first.true)
        return BesideResult(
            request=request,
            first=first,
            other=self._other.info,
            name=self.name,
            labels=self._common.labels,
            matches=self._common.matches,
            predicted=predicted,
            probability=np.where(answered, chances.max(axis=-1), np.nan),
            chance=np.where(known, chances[rows, np.maximum(first.true, 0)], np.nan),
            fate=fate,
            numbers=paired_numbers(fate, first.correct == 1, first.true != NONE, request.resamples, request.seed),
            skipped=tuple(Skipped(row, why) for row, why in sorted(state.store.failed.items())),
            cost=Cost(state.forward, 0, time.perf_counter() - self._start, self._other.info.device),
            done=state.done,
            resumed=state.resumed,
            warnings=tuple(self._warnings(state)),
        )

    def _warnings(self, state: Pass) -> list[Notice]:
        said = list(self._common.notices(self._first.model.name, self.name))
        if self._other.info.sha256 == self._first.model.sha256:
            said.append(Notice("The second model is the open one: both say the same.", "same_model"))
        if state.store.failures:
            said.append(Notice(f"Rows that {self.name} could not predict: {state.store.failures:,}.", "skipped"))
        return said


def explain_beside(others: OtherModels, model: TextModel, request: ExplainBesideRequest) -> Steps[ExplainBesideResult]:
    """The open model's explanation, then the other's of the same target.

    Yields:
        The first as soon as it is there, and progress.

    Raises:
        UserError: the request does not fit one of the models, or the second has no such class.
    """
    yield Partial(0, 2, doing="Explaining")
    other = yield from relay(others.open(model, request.other), lambda partial: Partial(0, 2, None, partial.doing))
    name = name_of(request.other, other)
    first = yield from relay(explain(model, request.attribution), _half(0))
    yield Partial(1, 2, ExplainBesideResult(request, name, first, None), name)
    asked = replace(request.attribution, model_sha256=other.info.sha256, target=_target(first, other, name))
    second = yield from relay(explain(other, asked), _half(1))
    correlation, words, left_out = agreement_of(first, second)
    return ExplainBesideResult(request, name, first, second, correlation, words, left_out)


def _half(done: int) -> Callable[[Partial], Partial]:
    return lambda partial: Partial(done + (partial.fraction or 0.0), 2, None, partial.doing)


def _target(first: AttributionResult, other: TextModel, name: str) -> Target:
    """The first's, in the second's words."""
    target: ResolvedTarget = first.target
    if target.layer is not None:
        return first.request.target
    if not other.info.labels or not first.model.labels:
        return Target(f"index:{target.index}", None, _index(target.versus_index), target.score, target.position)
    common = CommonLabels.of(first.model.labels, other.info.labels)
    named = [None if label is None else common.second_label(label, other.info.labels) for label in (target.label, target.versus)]
    missing = next((ours for ours, theirs in zip((target.label, target.versus), named, strict=True) if ours and not theirs), None)
    if missing is not None:
        raise UserError(f"{name} has no class “{missing}”, so it cannot be asked about it.", "no_such_class")
    return Target(f"label:{named[0]}", None, None if named[1] is None else f"label:{named[1]}", target.score)


def _index(index: int | None) -> str | None:
    return None if index is None else f"index:{index}"


def agreement_of(first: AttributionResult, second: AttributionResult) -> tuple[float | None, int, int]:
    """Spearman's correlation of two maps of one text over the words that both read as one, how many these are, and how many
    of either are left out.
    """
    return _agreement(
        _words(first.prediction.text, token_values(first), first.reduction),
        _words(second.prediction.text, token_values(second), second.reduction),
    )


Words = Mapping[tuple[int, int, int], float]


def _agreement(one: Words, other: Words) -> tuple[float | None, int, int]:
    common = [word for word in one if word in other]
    found = spearman(np.array([one[word] for word in common]), np.array([other[word] for word in common]))
    return None if np.isnan(found) else found, len(common), len(one) + len(other) - 2 * len(common)


def _words(document: TokenizedText, values: FloatArray, reduction: Reduction) -> Words:
    """(segment, start, end) of each word and its value; special tokens are none."""
    groups = group(document, "word")
    of_words = combined(values, groups, reduction).tolist()
    firsts = [document.tokens[at] for at in groups.first.tolist()]
    spans = zip(firsts, groups.start.tolist(), groups.end.tolist(), of_words, strict=True)
    return {(token.segment, start, end): value for token, start, end, value in spans if not token.special}


def maps_beside(datasets: Datasets, others: OtherModels, model: TextModel, request: MapsBesideRequest) -> Steps[MapsBesideResult]:
    """Explain each row with both, a few at a time with one after the other.

    Yields:
        Every step; after every few rows the result so far.

    Raises:
        UserError: as ``explain_rows``, or the other model will not do.
    """
    start, total = time.perf_counter(), len(request.rows)
    other = yield from relay(others.open(model, request.other), lambda partial: Partial(0, total, None, partial.doing))
    target = Target("true", score=request.explanation.target.score)
    so_far = _Maps(request, name_of(request.other, other), model.info.device, start)
    for done in range(0, total, _AT_ONCE):
        rows = request.rows[done : done + _AT_ONCE]
        explained: list[dict[int, Words]] = []
        for half, each in enumerate((model, other)):
            how = replace(request.explanation, target=target, model_sha256=each.info.sha256)
            asked = ExplainRowsRequest(request.source, rows, how, request.data_sha256)
            placed = _Placed(done, half, len(rows), total)
            found = yield from relay(explain_rows(datasets, each, asked), placed)
            so_far.skip(found)
            explained.append({one.row: _words(document_of(one), one.values, one.reduction) for one in found.explained})
        for row in rows:
            if row in explained[0] and row in explained[1]:
                so_far.found[row] = _agreement(explained[0][row], explained[1][row])[0]
        yield Partial(done + len(rows), total, so_far.result(), DOING_MAPS)
    return so_far.result()


class _Placed:
    """Progress of a few rows with one of the two models, on the scale of all."""

    def __init__(self, done: int, half: int, rows: int, total: int) -> None:
        self._first, self._share, self._total = done + half * rows / 2, rows / 2, total

    def __call__(self, partial: Partial) -> Partial:
        return Partial(self._first + self._share * (partial.fraction or 0.0), self._total, None, DOING_MAPS)


class _Maps:
    """The result so far."""

    def __init__(self, request: MapsBesideRequest, name: str, device: str, start: float) -> None:
        self._request, self._name, self._device, self._start = request, name, device, start
        self.found: dict[int, float | None] = {}
        self._skipped: dict[int, str] = {}
        self._passes = [0, 0]

    def skip(self, found: ExplainRowsResult) -> None:
        self._skipped |= {each.row: each.reason for each in found.skipped if each.row not in self._skipped}
        self._passes = [self._passes[0] + found.cost.forward, self._passes[1] + found.cost.backward]

    def result(self) -> MapsBesideResult:
        known = [np.nan if value is None else value for value in self.found.values()]
        return MapsBesideResult(
            request=self._request,
            name=self._name,
            rows=np.array(list(self.found), np.int64),
            rank_correlation=np.array(known, np.float64),
            skipped=tuple(Skipped(row, why) for row, why in sorted(self._skipped.items())),
            cost=Cost(self._passes[0], self._passes[1], time.perf_counter() - self._start, self._device),
        )
