"""Rows that the model takes for alike: what its last layer reads of every row, on disk, and the cosines to one of them."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.dataset_results import NeighboursResult, Rows
from engine.datasets.data import Datasets
from engine.datasets.passes import Batch, run_pass
from engine.datasets.predict import outputs_of, require_classifier, require_pairs, row_store
from engine.errors import UserError
from engine.jobs import Partial, Steps, relay
from engine.models.model import Encoding, TextModel, as_read_by
from engine.requests import NeighboursRequest
from engine.results import Cost, FloatArray

DOING = "Comparing"
_AT_ONCE = 20_000  # rows


def neighbours(datasets: Datasets, model: TextModel, request: NeighboursRequest) -> Steps[NeighboursResult]:
    """Read every row that is not read yet, then compare.

    Raises:
        UserError: the model or the data will not do.
    """
    start = time.perf_counter()
    require_classifier(model)
    data = yield from datasets.open(request.source, request.data_sha256)
    require_pairs(model, data)
    batch = representations(model)
    encoding = model.encode(as_read_by(model, request.input))
    with torch.no_grad():
        asked = batch(encoding.ids, encoding)[0].float().numpy(force=True)
    store = row_store(model, data, "representations", len(asked), "float16")
    state = yield from relay(run_pass(model, data, store, batch, DOING), lambda partial: replace(partial, result=None))
    similarity = yield from _similarities(store.values, asked)
    if request.row is not None and 0 <= request.row < data.rows:
        similarity[request.row] = np.nan
    rows = nearest(similarity, request.count)
    cost = Cost(state.forward + 1, 0, time.perf_counter() - start, model.info.device)
    return NeighboursResult(request, model.info, rows, similarity[rows], cost)


def nearest(similarity: FloatArray, count: int) -> Rows:
    """The rows of the highest values, NaN left out; of equal ones the earlier first."""
    order = np.argsort(-similarity, kind="stable")
    return order[: min(count, int((~np.isnan(similarity)).sum()))].astype(np.int64)


def _similarities(values: NDArray[Any], asked: FloatArray) -> Steps[NDArray[np.float64]]:
    """(rows,) cosines; both sides are of length one."""
    found = np.empty(len(values))
    for start in range(0, len(values), _AT_ONCE):
        part = values[start : start + _AT_ONCE].astype(np.float32)
        found[start : start + len(part)] = part @ asked.astype(np.float32)
        yield Partial(start + len(part), len(values), doing=DOING)
    return found


def representations(model: TextModel) -> Batch:
    """(n, seq) ids -> (n, features): what the last linear layer reads (of every token: at the last), of length one.

    Raises:
        UserError: when it runs, where no linear layer gives the answer.
    """
    outputs = outputs_of(model)
    heads = [module for module in model.network.modules() if isinstance(module, nn.Linear) and module.out_features == outputs]

    def batch(ids: Tensor, encoding: Encoding) -> Tensor:
        seen: list[Tensor] = []
        handles = [head.register_forward_pre_hook(_note(seen)) for head in heads]
        try:
            model.logits(model.embed(ids), encoding)
        finally:
            for handle in handles:
                handle.remove()
        if not seen:
            raise UserError("This model has no linear layer at its end whose input could be compared.", "unavailable")
        read = seen[-1] if seen[-1].dim() == 2 else seen[-1][:, -1]
        return nn.functional.normalize(read.float(), dim=-1)

    return batch


def _note(seen: list[Tensor]) -> Callable[[nn.Module, tuple[Any, ...]], None]:
    def note(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if inputs and isinstance(inputs[0], Tensor) and inputs[0].dim() in (2, 3):
            seen.append(inputs[0])

    return note
