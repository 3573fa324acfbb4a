"""The job behind a report: the worst errors explained, beside as many rows that are right, on one page."""

from dataclasses import replace

import numpy as np

from engine.attribution.explain import explain
from engine.dataset_results import AggregateResult, DatasetReportResult, PredictionsResult, Rows
from engine.datasets.aggregate import aggregate
from engine.datasets.data import Datasets
from engine.datasets.explanations import check_method, check_rows, row_request
from engine.datasets.passes import BROKEN
from engine.datasets.predict import predict_rows
from engine.errors import UserError
from engine.export.dataset_report import report_page
from engine.jobs import Partial, Steps, relay
from engine.models.model import TextModel
from engine.requests import AggregateRequest, AttributionRequest, DatasetReportRequest, NamedRows
from engine.results import AttributionResult

DOING = "Explaining errors"


def dataset_report(datasets: Datasets, model: TextModel, request: DatasetReportRequest) -> Steps[DatasetReportResult]:
    """Predict what is missing, explain, write.

    Raises:
        UserError: as those jobs, or there is no such row.
    """
    predictions = yield from _quietly(predict_rows(datasets, model, request.predictions))
    rows = np.arange(predictions.data.rows) if request.rows is None else np.array(request.rows, np.int64)
    check_rows(rows.tolist(), predictions.data)
    check_method(model, request.explanation)
    wrong = worst(predictions, rows, request.most)
    of_errors = (
        against_the_truth(request.explanation) if predictions.model.problem_type == "single_label" else request.explanation
    )
    explained: list[tuple[int, AttributionResult]] = []
    for done, row in enumerate(wrong.tolist()):
        asked = row_request(of_errors, predictions.data, row, predictions.label(int(predictions.true[row])) or None)
        try:
            found = yield from relay(explain(model, asked), lambda p, done=done: _part(done + (p.fraction or 0.0), len(wrong)))  # type: ignore[misc]
        except (UserError, *BROKEN):
            continue  # the row is in the table of errors all the same
        explained.append((row, found))
    summed = yield from _summed(datasets, model, request, predictions, rows)
    html = report_page(predictions, rows, wrong, explained, summed, request.title)
    return DatasetReportResult(request, html, predictions.warnings)


def against_the_truth(explanation: AttributionRequest) -> AttributionRequest:
    """An error is explained as the predicted class versus the true one, unless something else was asked for."""
    target = explanation.target
    if target.choice != "predicted" or target.versus is not None:
        return explanation
    return replace(explanation, target=replace(target, versus="true"))


def _part(done: float, total: int) -> Partial:
    return Partial(done, total, doing=DOING)


def _quietly(steps: Steps[PredictionsResult]) -> Steps[PredictionsResult]:
    return relay(steps, lambda partial: replace(partial, result=None))


def worst(predictions: PredictionsResult, rows: Rows, most: int) -> Rows:
    """Of ``rows`` those that are wrong, of the highest loss first; of a regression those of the highest error."""
    loss = predictions.loss[rows]
    wrong = (predictions.correct[rows] == 0) if predictions.labels else ~np.isnan(loss)
    order = np.argsort(np.where(wrong, -loss, np.inf), kind="stable")[: min(most, int(wrong.sum()))]
    return rows[order]


def slices_of(predictions: PredictionsResult, rows: Rows, most: int) -> tuple[NamedRows, ...]:
    """The worst errors, and as many rows that are right, evenly spread over the data; where nothing is known, any rows."""
    wrong = worst(predictions, rows, most)
    right = rows[predictions.correct[rows] == 1]
    others = right if len(wrong) else rows[~np.isnan(predictions.logits[rows]).any(-1)]
    spread = others[np.linspace(0, len(others) - 1, min(most, len(others))).astype(np.intp)] if len(others) else others
    slices = (NamedRows("errors", tuple(wrong.tolist())), NamedRows("right" if len(wrong) else "rows", tuple(spread.tolist())))
    return tuple(each for each in slices if each.rows)


def _summed(
    datasets: Datasets, model: TextModel, request: DatasetReportRequest, predictions: PredictionsResult, rows: Rows
) -> Steps[AggregateResult | None]:
    slices = slices_of(predictions, rows, request.most)
    if not slices:
        return None
    asked = AggregateRequest(predictions.data.source, slices, request.explanation, predictions.data.sha256, top=12)
    return (yield from relay(aggregate(datasets, model, asked), lambda partial: replace(partial, result=None)))
