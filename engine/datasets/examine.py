"""Which job answers which question about a set of examples."""

from typing import Any

from engine.dataset_results import SliceResult
from engine.datasets.aggregate import aggregate
from engine.datasets.consistency import consistency
from engine.datasets.data import Datasets
from engine.datasets.explanations import explain_rows
from engine.datasets.neighbours import neighbours
from engine.datasets.over_checkpoints import over_checkpoints
from engine.datasets.predict import predict_rows
from engine.datasets.report import dataset_report
from engine.datasets.select import select
from engine.datasets.slices import compare_slices
from engine.jobs import Steps
from engine.models.model import TextModel
from engine.requests import (
    AboutADataset,
    AggregateRequest,
    CheckpointsRequest,
    ConsistencyRequest,
    DatasetReportRequest,
    ExplainRowsRequest,
    NeighboursRequest,
    PredictionsRequest,
    SliceRequest,
    SlicesRequest,
)


def examine(datasets: Datasets, model: TextModel, request: AboutADataset) -> Steps[Any]:
    """The job for ``request``; nothing runs before its first step."""
    match request:
        case PredictionsRequest():
            return predict_rows(datasets, model, request)
        case SliceRequest():
            return _slice(datasets, model, request)
        case ExplainRowsRequest():
            return explain_rows(datasets, model, request)
        case AggregateRequest():
            return aggregate(datasets, model, request)
        case DatasetReportRequest():
            return dataset_report(datasets, model, request)
        case ConsistencyRequest():
            return consistency(datasets, model, request)
        case NeighboursRequest():
            return neighbours(datasets, model, request)
        case CheckpointsRequest():
            return over_checkpoints(datasets, model, request)
        case SlicesRequest():
            return compare_slices(datasets, model, request)


def _slice(datasets: Datasets, model: TextModel, request: SliceRequest) -> Steps[SliceResult]:
    predictions = yield from predict_rows(datasets, model, request.predictions)
    return SliceResult(request, select(predictions.data, predictions, request.selection, request.tags))
