"""Rows explained one after the other by the job that explains a single text, what was explained before taken from disk."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from engine.attribution.explain import explain
from engine.attribution.registry import method
from engine.dataset_results import NONE, Dataset, ExplainedRow, ExplainRowsResult, Skipped
from engine.datasets.data import Datasets
from engine.datasets.explanation_store import ExplanationStore
from engine.datasets.passes import BROKEN, EMPTY, EMPTY_RECORD, why_broken
from engine.datasets.predict import read_as, require_classifier, require_pairs, truth_of
from engine.errors import UserError
from engine.inputs.grain import combined, group
from engine.jobs import Partial, Steps, relay
from engine.models.model import TextModel
from engine.plain import as_plain
from engine.records import lay_out
from engine.requests import AttributionRequest, ExplainRowsRequest, Input, RecordInput, TextInput, is_empty
from engine.results import AttributionResult, Cost, Token, TokenizedText

DOING = "Explaining"
_SHOW_SECONDS = 0.25


def explain_rows(datasets: Datasets, model: TextModel, request: ExplainRowsRequest) -> Steps[ExplainRowsResult]:
    """Explain ``request.rows``.

    Yields:
        Every step of every explanation; a few times a second with the result so far.

    Raises:
        UserError: the request does not fit the model or the data, as a whole; a single row that fails is listed.
    """
    require_classifier(model)
    data = yield from datasets.open(request.source, request.data_sha256)
    require_pairs(model, data)
    check_rows(request.rows, data)
    check_method(model, request.explanation)
    if request.explanation.reduction == "none":
        raise UserError("Explanations of many rows have one value for each token; choose another reduction.", "reduction")
    rows = Explaining(model, data, request)
    shown = 0.0
    for done, row in enumerate(request.rows):
        yield from relay(rows.explain(row), rows.on_the_way(done))
        so_far = None
        if time.monotonic() - shown > _SHOW_SECONDS:
            so_far, shown = rows.result(), time.monotonic()
        yield Partial(done + 1, len(request.rows), so_far, DOING)
    return rows.result()


def check_rows(rows: Sequence[int], data: Dataset) -> None:
    """Raises: UserError: there is no such row."""
    wrong = next((row for row in rows if not 0 <= row < data.rows), None)
    if wrong is not None:
        raise UserError(f"{data.table.name} has the rows 0 to {data.rows - 1}; there is no row {wrong}.", "no_such_row")


def check_method(model: TextModel, explanation: AttributionRequest) -> None:
    """Raises: UserError: there is no such method or parameter, or it does not run on this model."""
    chosen = method(explanation.method)
    refusal = chosen.description.unavailable_because(model.info)
    if refusal is not None:
        raise UserError(refusal, "unavailable")
    chosen.effective(dict(explanation.parameters))


class Explaining:
    """What was explained so far, and how the next row is."""

    def __init__(self, model: TextModel, data: Dataset, request: ExplainRowsRequest) -> None:
        self._model, self._data, self._request = model, data, request
        asked = replace(request.explanation, input=TextInput(""), target=replace(request.explanation.target, true=None))
        header = {"model": model.info.sha256, "data": data.sha256, "read": read_as(data.source), "how": as_plain(asked)}
        self._store = ExplanationStore(header)
        self._true = truth_of(model, data).classes
        self._explained: list[ExplainedRow] = []
        self._skipped: list[Skipped] = []
        self._start, self._forward, self._backward = time.perf_counter(), 0, 0

    def on_the_way(self, done: int) -> "_OnTheWay":
        """Progress of the row after ``done`` others."""
        return _OnTheWay(done, len(self._request.rows))

    def explain(self, row: int) -> Steps[None]:
        """One row, or why there is nothing to say of it."""
        given, true = self._data.input_of(row), self.true_label(row)
        known = self._known(row, true, given)
        if known is None:
            try:
                if is_empty(given):
                    raise UserError(EMPTY_RECORD if self._data.fields else EMPTY, "empty_text")
                found = yield from explain(self._model, self.request_for(row))
            except UserError as error:
                self._skipped.append(Skipped(row, error.message))
                return
            except BROKEN as error:
                self._skipped.append(Skipped(row, why_broken(error)))
                return
            self._forward += found.cost.forward
            self._backward += found.cost.backward
            known = explained_row(row, found)
            self._store.add(known, true)
        self._explained.append(known)

    def _known(self, row: int, true: str | None, given: Input) -> ExplainedRow | None:
        """From an earlier run."""
        if isinstance(given, TextInput):
            return self._store.get(row, true, given)
        if is_empty(given) or not isinstance(given, RecordInput):
            return None
        laid_out = lay_out(self._model.info.fields, given)
        known = self._store.get(row, true, TextInput(laid_out.text))
        return None if known is None else replace(known, fields=laid_out.fields)

    def true_label(self, row: int) -> str | None:
        """In the model's words; None where it is not known."""
        index = int(self._true[row])
        return None if index == NONE else self._model.info.labels[index]

    def request_for(self, row: int) -> AttributionRequest:
        """What a single explanation of the row would be asked as."""
        return row_request(self._request.explanation, self._data, row, self.true_label(row))

    def result(self) -> ExplainRowsResult:
        """All there is."""
        cost = Cost(self._forward, self._backward, time.perf_counter() - self._start, self._model.info.device)
        return ExplainRowsResult(self._request, self._model.info, tuple(self._explained), tuple(self._skipped), cost)


class _OnTheWay:
    """Steps within a row, on the scale of all rows."""

    def __init__(self, done: int, total: int) -> None:
        self._done, self._total = done, total

    def __call__(self, partial: Partial) -> Partial:
        return Partial(self._done + (partial.fraction or 0.0), self._total, doing=DOING)


def row_request(explanation: AttributionRequest, data: Dataset, row: int, true: str | None) -> AttributionRequest:
    """The single explanation of a row that ``explanation`` means."""
    target = replace(explanation.target, true=None if true is None else f"label:{true}")
    return replace(explanation, input=data.input_of(row), target=target)


def explained_row(row: int, found: AttributionResult) -> ExplainedRow:
    """What is kept of an explanation."""
    tokens, target = found.tokens, found.target
    return ExplainedRow(
        row=row,
        input=TextInput(found.prediction.text.text, found.prediction.text.pair),
        target=target.index,
        versus=NONE if target.versus_index is None else target.versus_index,
        reduction=found.reduction,
        pieces=tuple(token.piece for token in tokens),
        start=np.array([token.start for token in tokens], np.int32),
        end=np.array([token.end for token in tokens], np.int32),
        segment=np.array([token.segment for token in tokens], np.int8),
        special=np.array([token.special for token in tokens], np.bool_),
        values=found.values,
        converged=None if found.completeness is None else found.completeness.converged,
        signed=found.signed,
        fields=found.prediction.text.fields,
    )


def top_tokens(explained: ExplainedRow, count: int) -> Iterator[tuple[str, float]]:
    """The tokens of the largest magnitudes, special ones left out, as they stand in the text; of a record, fields."""
    if explained.fields:
        yield from _top_fields(explained, count)
        return
    texts = (explained.input.text, explained.input.pair or "")
    magnitudes = np.where(explained.special, -1.0, np.abs(explained.values))
    for at in np.argsort(-magnitudes, kind="stable")[:count].tolist():
        if magnitudes[at] >= 0:
            yield texts[explained.segment[at]][explained.start[at] : explained.end[at]], float(explained.values[at])


def _top_fields(explained: ExplainedRow, count: int) -> Iterator[tuple[str, float]]:
    """Each as name=value, with what its characters come to."""
    totals = combined(explained.values, group(document_of(explained), "field"), explained.reduction)
    for at in np.argsort(-np.abs(totals), kind="stable")[:count].tolist():
        field = explained.fields[at]
        yield f"{field.name}={field.value.strip()}", float(totals[at])


def _tokens_of(explained: ExplainedRow) -> tuple[Token, ...]:
    """With their texts; ids are not kept."""
    texts = (explained.input.text, explained.input.pair or "")
    columns = (getattr(explained, name).tolist() for name in ("start", "end", "segment", "special"))
    rows = zip(explained.pieces, *columns, strict=True)
    return tuple(
        Token(texts[segment][start:end], piece, -1, start, end, special, segment) for piece, start, end, segment, special in rows
    )


def document_of(explained: ExplainedRow) -> TokenizedText:
    """The text that was explained."""
    return TokenizedText(explained.input.text, _tokens_of(explained), explained.input.pair, fields=explained.fields)
