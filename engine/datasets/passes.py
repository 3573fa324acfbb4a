"""Every row of the data through the model once, in batches, what comes out on disk: closed at any time, taken up again."""

import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.dataset_results import Dataset
from engine.datasets.plan import BatchPlan, TokenRows
from engine.datasets.row_store import RowStore
from engine.devices import is_out_of_memory, release_memory
from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.models.model import Encoding, RowIds, TextModel
from engine.requests import is_empty
from engine.results import TokenizedText

STEP_SECONDS = 0.25  # of a batch: a cancel comes through at once
SAVE_SECONDS = 2.0
_FEWEST_TOKENS, _MOST_TOKENS = 64, 16_384
_READ_AT_ONCE = 512  # rows
_PROBES, _PROBE_TOKENS = 2, 256
EMPTY = "The text is empty."
EMPTY_RECORD = "Every field is empty."
BROKEN = (RuntimeError, IndexError, ValueError, MemoryError)  # what networks raise about one input
Batch = Callable[[Tensor, Encoding], Tensor]  # (n, seq) ids -> (n, width)


@dataclass(slots=True, eq=False)
class Pass:
    """How far a pass is; ``forward`` counts the rows that went through in this run."""

    store: RowStore
    done: int = 0
    resumed: int = 0
    forward: int = 0


def run_pass(model: TextModel, data: Dataset, store: RowStore, batch: Batch, doing: str) -> Steps[Pass]:
    """Fill ``store`` with what ``batch`` makes of each row, from where it stands.

    Yields:
        With the ``Pass`` as result: what ``store`` holds so far may be looked at, and must be copied to be kept.

    Raises:
        UserError: the disk is full, or the file cannot be read.
    """
    state = Pass(store)
    if store.complete:
        state.done = state.resumed = data.rows
        return state
    tokens = yield from token_rows(model, data)
    if not store.begun:
        size = yield from _measured(model, tokens, batch, doing)
        store.begin(size, len(BatchPlan(tokens.lengths, size)), tokens.failed, tokens.cut)
    plan = BatchPlan(tokens.lengths, store.tokens)
    if len(plan) != store.batches:  # another version of the tokenizer
        store.begin(store.tokens, len(plan), tokens.failed, tokens.cut)
    unread = data.rows - int((tokens.lengths > 0).sum())
    state.resumed = sum(len(plan.rows(number)) for number in range(store.finished)) + (unread if store.finished else 0)
    state.done = unread + sum(len(plan.rows(number)) for number in range(store.finished))
    work, total = sum(map(plan.work, range(store.finished))), sum(map(plan.work, range(len(plan))))
    yield _so_far(work, total, data.rows, state, doing)
    saved = time.monotonic()
    try:
        for number in range(store.finished, len(plan)):
            rows = plan.rows(number)
            _fill(model, tokens, rows, store, batch)
            store.finished = number + 1
            state.done += len(rows)
            state.forward += len(rows)
            work += plan.work(number)
            if time.monotonic() - saved > SAVE_SECONDS:
                store.save()
                saved = time.monotonic()
            yield _so_far(work, total, data.rows, state, doing)
    finally:
        store.save()  # a cancelled run is kept, too
    return state


def _so_far(work: int, total: int, rows: int, state: Pass, doing: str) -> Partial:
    """Told in rows, weighed by what they cost: the short ones come first."""
    return Partial(round(rows * work / total) if total else rows, rows, state, doing)


def token_rows(model: TextModel, data: Dataset) -> Steps[TokenRows]:
    """Read every row with the model's tokeniser."""
    ids = array("i")
    extras: dict[str, array[int]] = {}
    lengths = np.zeros(data.rows, np.int64)
    cut: list[int] = []
    failed: list[tuple[int, str]] = []
    for start in range(0, data.rows, _READ_AT_ONCE):
        rows = range(start, min(start + _READ_AT_ONCE, data.rows))
        for row, read in zip(rows, _read(model, data, rows), strict=True):
            if isinstance(read, str):
                failed.append((row, read))
                continue
            lengths[row] = len(read.ids)
            ids.extend(read.ids)
            for key, value in read.extras.items():
                extras.setdefault(key, array("b")).extend(value)
            if read.cut:
                cut.append(row)
        yield Partial(rows.stop, data.rows, doing="Reading the texts")
    first = np.concatenate(([0], np.cumsum(lengths)))
    flat = {key: np.frombuffer(value, np.int8) for key, value in extras.items() if len(value)}
    return TokenRows(np.frombuffer(ids, np.int32) if ids else np.zeros(0, np.int32), first, flat, tuple(cut), tuple(failed))


def _read(model: TextModel, data: Dataset, rows: range) -> Iterator[RowIds | str]:
    """Of each row its tokens, or why it has none."""
    inputs = data.inputs(rows)
    filled = [at for at, given in enumerate(inputs) if not is_empty(given)]
    encoded: dict[int, RowIds | UserError] = dict(zip(filled, model.encode_many([inputs[at] for at in filled]), strict=True))
    for at in range(len(inputs)):
        read = encoded.get(at)
        yield (EMPTY_RECORD if data.fields else EMPTY) if read is None else read.message if isinstance(read, UserError) else read


def _measured(model: TextModel, tokens: TokenRows, batch: Batch, doing: str) -> Steps[int]:
    """How many tokens make a step of ``STEP_SECONDS``."""
    lengths = tokens.lengths
    readable = np.flatnonzero(lengths)
    if not len(readable):
        return _FEWEST_TOKENS
    middle = readable[np.argsort(lengths[readable], kind="stable")[len(readable) // 2]]
    rows = np.repeat(middle, max(1, _PROBE_TOKENS // int(lengths[middle])))
    quickest = float("inf")
    for _ in range(_PROBES):
        yield Partial(0, doing=doing)
        start = time.perf_counter()
        try:
            _through(model, tokens, rows, batch)
        except BROKEN:
            return _FEWEST_TOKENS  # each row says for itself what is wrong
        quickest = min(quickest, time.perf_counter() - start)
    affordable = len(rows) * int(lengths[middle]) * STEP_SECONDS / max(quickest, 1e-6)
    return int(min(max(_FEWEST_TOKENS, affordable), _MOST_TOKENS))


def _fill(model: TextModel, tokens: TokenRows, rows: NDArray[np.int64], store: RowStore, batch: Batch) -> None:
    """One batch; where it fails, its halves, down to the row that is to blame."""
    full = False
    try:
        values, why = _through(model, tokens, rows, batch), ""
    except UserError as error:
        values, why = None, error.message
    except BROKEN as error:
        values, why, full = None, why_broken(error), is_out_of_memory(error)
    if values is None:
        if full:
            release_memory()
        if len(rows) == 1:
            store.fail(int(rows[0]), why)
            return
        for half in np.array_split(rows, 2):
            _fill(model, tokens, half, store, batch)
        return
    store.values[rows] = values
    for row in rows[~np.isfinite(values).all(axis=-1)]:
        store.fail(int(row), "The model answers with NaN or infinity.")


def why_broken(error: BaseException) -> str:
    """What is said of a row that the network cannot compute."""
    if is_out_of_memory(error):
        return "There is not enough memory for this text."
    return f"The model cannot compute it ({type(error).__name__}: {' '.join(str(error).split())[:200]})."


@torch.no_grad()
def _through(model: TextModel, tokens: TokenRows, rows: NDArray[np.int64], batch: Batch) -> NDArray[np.floating[Any]]:
    ids, extras = tokens.batch(rows)
    given = torch.from_numpy(ids).to(model.device)
    encoding = Encoding(
        input=TokenizedText("", ()),
        ids=given,
        special=torch.zeros(given.shape[1], dtype=torch.bool, device=model.device),
        extras={key: torch.from_numpy(value).to(model.device) for key, value in extras.items()},
    )
    found: NDArray[np.floating[Any]] = batch(given, encoding).float().numpy(force=True)
    return found


def logits_batch(model: TextModel) -> Batch:
    """What a prediction is made of."""
    return lambda ids, encoding: model.logits(model.embed(ids), encoding)


def logits_of_inputs(model: TextModel, rows: Sequence[RowIds]) -> Iterator[tuple[list[int], NDArray[np.floating[Any]]]]:
    """(places in ``rows``, their (n, outputs) logits), batch by batch: for texts that are no rows."""
    lengths = np.array([len(row.ids) for row in rows], np.int64)
    ids = np.concatenate([np.asarray(row.ids, np.int32) for row in rows]) if rows else np.zeros(0, np.int32)
    keys = rows[0].extras if rows else {}
    extras = {key: np.concatenate([np.asarray(row.extras[key], np.int8) for row in rows]) for key in keys}
    tokens = TokenRows(ids, np.concatenate(([0], np.cumsum(lengths))), extras, (), ())
    plan, batch = BatchPlan(lengths, 1_024), logits_batch(model)
    for number in range(len(plan)):
        places = plan.rows(number)
        yield places.tolist(), _through(model, tokens, places, batch)
