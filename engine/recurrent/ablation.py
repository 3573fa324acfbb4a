"""Hold cells still and see what changes: what a cell encodes and what the model uses are two things.

A cell's c (LSTM) or h (GRU, RNN) is put at a value at every step; everything after it follows. The intact model and the held one
read the text as two rows of one batch.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from engine.attribution.target import classes
from engine.cells import QUANTITIES, AblatedReading, AblationResult, Cell, RecurrentKind, check_cells
from engine.errors import UserError
from engine.jobs import Partial, Steps, relay
from engine.models.model import Encoding, TextModel, as_read_by
from engine.recurrent.network import Call, Unrolling, unrolling
from engine.recurrent.read import (
    check_reads_tokens,
    layers_of,
    logits_of,
    next_tokens,
    padding_of,
    wanted_quantities,
    warnings_of,
)
from engine.recurrent.recorder import KINDS, STATES, Hold, Recording, State, recording
from engine.requests import AblationRequest
from engine.results import Cost, FloatArray
from engine.sampling import check_temperature, choose

Held = Mapping[Cell, float]
STATE: Mapping[RecurrentKind, str] = {"lstm": "cell_state", "gru": "hidden_state", "rnn": "hidden_state"}  # what is held
_POSITIONS = 512


def ablate(model: TextModel, request: AblationRequest) -> Steps[AblationResult]:
    """Read a text with all cells, and with some of them held.

    Raises:
        UserError: no such cell, or text to be written by what is no recurrent language model.
    """
    yield Partial(0, doing="Reading")
    start = time.perf_counter()
    _check(model, request)
    encoding = model.encode(as_read_by(model, request.input))
    values = [request.value if request.how == "value" else 0.0] * len(request.cells)
    if request.how == "mean":
        values = yield from _means(model, encoding, request.cells)
    held = dict(zip(request.cells, values, strict=True))
    with_output = model.info.task != "causal_lm" or model.window is not None
    found = yield from hold_and_read(model, encoding, [{}, held], with_output=with_output)
    readings = []
    for row in range(2):
        reading = yield from _reading(model, request, encoding, found, row)
        readings.append(reading)
    if request.generate:
        texts = yield from _generate(model, request, found, [{}, held])
        readings = [replace(reading, generated=text) for reading, text in zip(readings, texts, strict=True)]
    intact, ablated = readings
    cost = Cost(2, 0, time.perf_counter() - start, model.info.device)
    warnings = tuple(warnings_of(model, encoding))
    return AblationResult(request, model.info, encoding.input, tuple(values), intact, ablated, cost, warnings)


def _check(model: TextModel, request: AblationRequest) -> None:
    """Refuse what can be refused before anything runs."""
    wanted_quantities(model, ())
    check_held(request.cells, request.value)
    check_temperature(request.temperature)
    if request.generate and model.window is not None:
        raise UserError(
            "This model reads a window anew for each token, and cannot go on with a text while cells are held; write none.",
            "unavailable",
        )


def check_held(cells: Sequence[Cell], value: float) -> None:
    """Refuse what cannot be held.

    Raises:
        UserError: no cells, or a value that is no number.
    """
    if not cells:
        raise UserError("Name the cells that are to be held, as LAYER:INDEX.", "no_such_unit")
    if not math.isfinite(value):
        raise UserError("Cells can be held only at a number that is finite.", "arguments")


def hold_and_read(
    model: TextModel,
    encoding: Encoding,
    sets: Sequence[Held],
    quantities: Sequence[str] = (),
    states: Sequence[State] | None = None,
    with_output: bool = False,
) -> Steps[Unrolling]:
    """Read one text once for each of ``sets``, whose cells are held; the rows of one batch.

    Args:
        quantities: kept of every module, as far as it has them.
        states: of each module, before the first token: where the last piece of a long text left it.

    Raises:
        UserError: no such cell, or a text longer than the window a prediction is made from.
    """
    if model.window is not None and encoding.ids.shape[1] > model.window:
        raise UserError(
            f"Cells can be held only while all of a text is in the model's window of {model.window} tokens; shorten it from "
            f"{encoding.ids.shape[1]:,}.",
            "too_long",
        )
    padding = padding_of(model, encoding)

    def record(call: Call, before: Sequence[Call]) -> Steps[Recording]:
        check_reads_tokens(call, encoding, len(sets), padding)
        own = [name for name in quantities if name in QUANTITIES[KINDS[type(call.module)]]]
        initial = call.initial if states is None else states[len(before)]
        hold = hold_of(call, layers_before(before), sets)
        job = recording(call.module, call.inputs, lengths=call.lengths, initial=initial, quantities=own, hold=hold)
        return relay(job, lambda partial: replace(partial, doing="Reading"))

    found = yield from unrolling(model.network, lambda: logits_of(model, encoding, len(sets)), record, with_output)
    check_cells({cell for held in sets for cell in held}, [layer.size for layer in layers_of(found.calls)])
    return found


def layers_before(calls: Sequence[Call]) -> int:
    """The number of the next module's first layer."""
    return sum(call.module.num_layers for call in calls)


def hold_of(call: Call, first_layer: int, sets: Sequence[Held]) -> Hold:
    """Row r of the batch holds the cells of ``sets[r]`` that are this module's."""
    module, device = call.module, call.inputs.device
    directions = 2 if module.bidirectional else 1
    mask = torch.zeros(module.num_layers, directions, len(sets), module.hidden_size, dtype=torch.bool)
    values = torch.zeros(mask.shape, dtype=call.inputs.dtype)
    for row, held in enumerate(sets):
        for cell, value in held.items():
            layer = cell.layer - first_layer
            if 0 <= layer < module.num_layers and cell.direction < directions and cell.index < module.hidden_size:
                mask[layer, cell.direction, row, cell.index] = True
                values[layer, cell.direction, row, cell.index] = value
    return Hold(mask.to(device), values.to(device))


def losses(logits: Tensor, ids: Tensor) -> Tensor:
    """−log p of what follows: (…, seq, vocabulary) after each token, (seq + 1,) tokens -> (…, seq), in nats."""
    return -logits.log_softmax(-1).gather(-1, ids[1:].expand(logits.shape[:-1])[..., None])[..., 0]


def states_by_layer(found: Unrolling) -> list[Tensor]:
    """What can be held, of the first row: (direction, seq, cell) of each layer."""
    return [
        layer[:, 0]
        for call, recorded in zip(found.calls, found.recordings, strict=True)
        for layer in recorded.quantities[STATE[KINDS[type(call.module)]]]
    ]


def _means(model: TextModel, encoding: Encoding, cells: Sequence[Cell]) -> Steps[list[float]]:
    """Over this text."""
    found = yield from hold_and_read(model, encoding, [{}], STATES)
    check_cells(cells, [layer.size for layer in layers_of(found.calls)])
    states, padding = states_by_layer(found), padding_of(model, encoding)
    return [float(states[cell.layer][cell.direction, padding:, cell.index].double().mean()) for cell in cells]


def _reading(model: TextModel, request: AblationRequest, encoding: Encoding, found: Unrolling, row: int) -> Steps[AblatedReading]:
    if found.output is not None:
        return AblatedReading(classes(model, found.output[row].cpu()))
    states, loss, alternatives = found.recordings[-1].output[row : row + 1], None, None
    with torch.no_grad():
        prediction = classes(model, logits_after(model, states[:, -1:])[0, 0].cpu())
    if reads_forwards(found):
        if request.alternatives:
            alternatives = yield from next_tokens(model, states, request.alternatives)
        loss = yield from _losses(model, states, encoding.ids[0])
    return AblatedReading(prediction, loss, alternatives)


def reads_forwards(found: Unrolling) -> bool:
    """Whether what comes later is unknown at every position, as a next token should be."""
    return not any(call.module.bidirectional for call in found.calls)


def logits_after(model: TextModel, states: Tensor) -> Tensor:
    """(row, seq, d_hidden) of the last layer -> (row, seq, vocabulary).

    Raises:
        UserError: the model is no recurrent language model.
    """
    logits = model.logits_of_states(states)
    if logits is None:
        raise UserError("This model is no recurrent language model: it has no next token after every position.", "unavailable")
    return logits


def _losses(model: TextModel, states: Tensor, ids: Tensor) -> Steps[FloatArray]:
    """(1, seq, d_hidden) -> (seq − 1,)."""
    parts = [np.zeros(0)]
    for first in range(0, len(ids) - 1, _POSITIONS):
        own = ids[first : first + _POSITIONS + 1]
        with torch.no_grad():
            logits = logits_after(model, states[:, first : first + len(own) - 1])
            parts.append(losses(logits[0].double(), own).cpu().numpy())
        yield Partial(first + len(own) - 1, len(ids) - 1, doing="Losses")
    return np.concatenate(parts)


def _generate(model: TextModel, request: AblationRequest, found: Unrolling, sets: Sequence[Held]) -> Steps[list[str]]:
    """What each row goes on with, a token at a time, from the state in which it read the text."""
    if found.output is not None or not reads_forwards(found):
        raise UserError("Only a language model that reads forwards can go on with a text.", "unavailable")
    if len(found.calls) > 1:
        raise UserError("This model's recurrent layers sit in several modules; it cannot go on with a text yet.", "unavailable")
    call, state, last = found.calls[0], found.recordings[0].state, found.recordings[0].output[:, -1:]
    hold, noise = hold_of(call, 0, sets), torch.Generator().manual_seed(request.seed)
    written: list[list[int]] = [[] for _ in sets]
    for done in range(request.generate):
        with torch.no_grad():
            chosen = choose(logits_after(model, last)[:, -1].double().cpu(), noise, request.temperature)
        for row, index in zip(written, chosen.tolist(), strict=True):
            row.append(index)
        state, last = yield from _next_state(model, call, state, chosen, hold)
        yield Partial(done + 1, request.generate, tuple(model.text_of(row) for row in written), "Writing")
    return [model.text_of(row) for row in written]


def _next_state(model: TextModel, call: Call, state: State, chosen: Tensor, hold: Hold) -> Steps[tuple[State, Tensor]]:
    with torch.no_grad():
        inputs = model.embed(chosen[:, None].to(model.device))
    inputs = inputs if call.module.batch_first else inputs.transpose(0, 1)
    found = yield from relay(recording(call.module, inputs, initial=state, quantities=(), hold=hold), lambda _: Partial(0))
    return found.state, found.output
