"""The job behind the table: what the model says of every example."""

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.dataset_results import NONE, Dataset, LabelMatch, PredictionsResult, Skipped
from engine.datasets.data import Datasets
from engine.datasets.fields import about_fields
from engine.datasets.labels import true_classes, true_numbers, true_sets
from engine.datasets.now_and_then import NowAndThen
from engine.datasets.numbers import NOTHING, numbers_of
from engine.datasets.outcomes import Outcomes, of_classes, of_sets, of_values
from engine.datasets.passes import Pass, logits_batch, run_pass
from engine.datasets.row_store import MOST_LISTED, RowStore
from engine.errors import UserError
from engine.jobs import Steps, relay
from engine.models.model import TextModel, require_output
from engine.requests import DataSource, PredictionsRequest
from engine.results import Cost, FloatArray, Notice

DOING = "Predicting"
_SHOW_SECONDS = 0.25  # between partial results, and at least
_SHARE = 40  # times what making one costs
_SHOWN = 5


def predict_rows(datasets: Datasets, model: TextModel, request: PredictionsRequest) -> Steps[PredictionsResult]:
    """Predict what is still missing.

    Yields:
        Every batch; a few times a second with the ``PredictionsResult`` so far.

    Raises:
        UserError: the data or the model will not do.
    """
    known = datasets.predictions.get(request)
    if known is not None and datasets.is_current(known.data):
        return known
    start = time.perf_counter()
    require_classifier(model)
    data = yield from datasets.open(request.source, request.data_sha256)
    require_pairs(model, data)
    truth = truth_of(model, data)
    store = row_store(model, data, "predictions", outputs_of(model))
    answer = _Answer(model, request, data, truth, start)
    shown = NowAndThen(Pass, answer.of, _SHARE, _SHOW_SECONDS).shown
    state = yield from relay(run_pass(model, data, store, logits_batch(model), DOING), shown)
    result = answer.of(state)
    datasets.keep(request, result)
    return result


def require_classifier(model: TextModel) -> None:
    """Refuse a model that does not answer once for a whole text.

    Raises:
        UserError: it does not.
    """
    require_output(model)
    if not model.info.answers_once:
        raise UserError(
            "A set of examples is for models that answer once for a whole text; a language model does not.", "unavailable"
        )


def require_pairs(model: TextModel, data: Dataset) -> None:
    """Raises: UserError: the data hold pairs, and the model reads one text; or one reads records, and the other are texts."""
    if model.info.fields and not data.fields:
        known = ", ".join(field.name for field in model.info.fields)
        words = f"No column of {data.table.name} is named after a field of the model, which reads {known}."
        raise UserError(words, "no_fields")
    if data.fields and not model.info.fields:
        raise UserError(f"{data.table.name} was opened as records, and this model reads texts; open it again.", "wrong_kind")
    if data.source.pair and not model.info.reads_pairs:
        raise UserError(f"The model reads one text, not a pair; leave the column “{data.source.pair}” out.", "no_pairs")


def outputs_of(model: TextModel) -> int:
    """How many numbers the model answers with."""
    return max(1, len(model.info.labels))


def row_store(model: TextModel, data: Dataset, kind: str, width: int, dtype: str = "float32") -> RowStore:
    """Where values of every row are kept; what is not about their texts plays no part."""
    header = {"model": model.info.sha256, "data": data.sha256, "read": read_as(data.source), "device": model.device.type}
    return RowStore(kind, header, data.rows, width, dtype)


def read_as(source: DataSource) -> list[object]:
    """All of a source that says what the texts are."""
    known: list[object] = [source.delimiter, source.encoding, source.quoted, source.header, source.text, source.pair]
    return [*known, list(source.fields)] if source.fields else known


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What the data say, in the model's terms; of a model of one kind the other two are empty."""

    classes: NDArray[np.int32]
    holds: NDArray[np.int8]
    expected: FloatArray
    matches: tuple[LabelMatch, ...]
    warnings: tuple[Notice, ...]


def truth_of(model: TextModel, data: Dataset) -> Truth:
    """Read the labels."""
    unknown, no_sets = np.full(data.rows, NONE, np.int32), np.zeros((0, 0), np.int8)
    if model.info.problem_type == "regression":
        expected, said = true_numbers(data)
        return Truth(unknown, no_sets, expected, (), tuple(said))
    if model.info.problem_type == "multi_label":
        sets, known, matches, said = true_sets(data, model.info)
        holds = np.where(known[:, None], sets, NONE).astype(np.int8)
        return Truth(unknown, holds, np.zeros(0), matches, tuple(said))
    classes, matches, said = true_classes(data, model.info)
    return Truth(classes, no_sets, np.zeros(0), matches, tuple(said))


class _Answer:
    """The result so far."""

    def __init__(self, model: TextModel, request: PredictionsRequest, data: Dataset, truth: Truth, start: float) -> None:
        self._model, self._request, self._data, self._truth, self._start = model, request, data, truth, start

    def of(self, state: Pass) -> PredictionsResult:
        """All that is known, as a copy."""
        logits = np.array(state.store.values)
        outcomes = self._outcomes(logits)
        cost = Cost(state.forward, 0, time.perf_counter() - self._start, self._model.info.device)
        result = PredictionsResult(
            request=self._request,
            model=self._model.info,
            data=self._data,
            logits=logits,
            true=self._truth.classes,
            predicted=outcomes.predicted,
            probability=outcomes.probability,
            loss=outcomes.loss,
            margin=outcomes.margin,
            correct=outcomes.correct,
            numbers=NOTHING,
            cut=np.array(state.store.cut, np.int64),
            matches=self._truth.matches,
            skipped=tuple(Skipped(row, why) for row, why in sorted(state.store.failed.items())),
            cost=cost,
            done=state.done,
            resumed=state.resumed,
            expected=self._truth.expected,
            holds=self._truth.holds,
            warnings=tuple(self._warnings(state)),
        )
        return replace(result, numbers=numbers_of(result))

    def _outcomes(self, logits: NDArray[np.float32]) -> Outcomes:
        kind = self._model.info.problem_type
        if kind == "regression":
            return of_values(logits, self._truth.expected)
        return of_sets(logits, self._truth.holds) if kind == "multi_label" else of_classes(logits, self._truth.classes)

    def _warnings(self, state: Pass) -> list[Notice]:
        said = [notice for notice in self._model.info.warnings if notice.blocking]
        said += [*self._data.warnings, *self._truth.warnings]
        said += about_fields(self._data, self._model.info)
        if state.store.cut and not self._data.fields:
            rows = ", ".join(map(str, state.store.cut[:_SHOWN])) + (", …" if len(state.store.cut) > _SHOWN else "")
            said.append(
                Notice(f"Rows longer than the model reads, which were cut: {len(state.store.cut):,} (row {rows}).", "cut")
            )
        if state.store.failures:
            listed = f", {MOST_LISTED:,} of them listed" if state.store.failures > MOST_LISTED else ""
            said.append(Notice(f"Rows without a prediction: {state.store.failures:,}{listed}.", "skipped"))
        return said
