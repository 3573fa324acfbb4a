"""The job behind the cells of a text: every gate and state of every recurrent layer, at every token."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from engine.cells import QUANTITIES, Alternatives, CellsResult, RecurrentLayer
from engine.devices import available_memory
from engine.errors import UserError
from engine.jobs import Partial, Steps, relay
from engine.models.model import Encoding, TextModel, as_read_by
from engine.recurrent.network import Call, Unrolling, unrolling
from engine.recurrent.recorder import KINDS, Recording, recording
from engine.requests import CellsRequest
from engine.results import Cost, FloatArray, Notice

DOING = "Reading cells"
_POSITIONS = 512  # whose next tokens are worked out at once


def read_cells(model: TextModel, request: CellsRequest) -> Steps[CellsResult]:
    """What the recurrent layers do while they read a text.

    Raises:
        UserError: the model has none, or none that do what was asked for; or memory would not hold it all.
    """
    yield Partial(0, doing=DOING)
    start = time.perf_counter()
    wanted = wanted_quantities(model, request.quantities)
    encoding = model.encode(as_read_by(model, request.input))
    _check_memory(model, encoding, wanted)
    padding = padding_of(model, encoding)
    steps = sum(info.layers * info.directions for info in model.info.recurrent) * (padding + encoding.ids.shape[1])

    def record(call: Call, before: Sequence[Call]) -> Steps[Recording]:
        check_reads_tokens(call, encoding, padding=padding)
        done = sum(places_of(each) * each.steps for each in before)
        own = [name for name in wanted if name in QUANTITIES[KINDS[type(call.module)]]]
        job = recording(call.module, call.inputs, lengths=call.lengths, initial=call.initial, quantities=own)
        return relay(job, lambda partial: replace(partial, done=done + partial.done, total=steps, doing=DOING))

    found = yield from unrolling(model.network, lambda: _forward(model, encoding), record, with_output=False)
    layers = layers_of(found.calls)
    if not layers:
        raise UserError("No recurrent layer of this model runs while it reads a text.", "unavailable")
    alternatives, warnings = None, [*warnings_of(model, encoding), *_window_notices(model, encoding)]
    if request.alternatives:
        alternatives, notices = yield from _alternatives(model, encoding, found, request.alternatives)
        warnings += notices
    return CellsResult(
        request,
        model.info,
        encoding.input,
        layers,
        _joined(found, layers, wanted, padding),
        Cost(1, 0, time.perf_counter() - start, model.info.device),
        alternatives,
        tuple(warnings),
    )


def warnings_of(model: TextModel, encoding: Encoding) -> list[Notice]:
    """What one should know before trusting any number about this text."""
    warnings = [notice for notice in model.info.warnings if notice.blocking]
    cut = encoding.input.cut
    if cut:
        said = f"Characters {cut[0]} to {cut[1]} of the text were not read: it is longer than the model's limit."
        warnings.append(Notice(said, "cut"))
    return warnings + list(encoding.input.notices)


def logits_of(model: TextModel, encoding: Encoding, batch: int = 1) -> Tensor:
    """The model's own forward pass, the text ``batch`` times over."""
    return model.logits(model.embed(encoding.ids.expand(batch, -1)), encoding)


def _forward(model: TextModel, encoding: Encoding) -> Tensor:
    """A pass in which the recurrent layers read every token, also where a prediction is made from the last of them only."""
    if model.window is not None and encoding.ids.shape[1] > model.window:
        return model.run_tokens(encoding.ids)
    return logits_of(model, encoding)


def padding_of(model: TextModel, encoding: Encoding) -> int:
    """How many steps the recurrent layers take before the first token."""
    return max(0, (model.window or 0) - encoding.ids.shape[1])


def _window_notices(model: TextModel, encoding: Encoding) -> list[Notice]:
    tokens = encoding.ids.shape[1]
    if model.window is None or tokens <= model.window:
        return []
    said = (
        f"The model predicts from {model.window} tokens at a time, each time from zero; here its recurrent layers read "
        f"{tokens:,} in one go."
    )
    return [Notice(said, "window")]


def places_of(call: Call) -> int:
    """Layers times directions."""
    return call.module.num_layers * (2 if call.module.bidirectional else 1)


def check_reads_tokens(call: Call, encoding: Encoding, batch: int = 1, padding: int = 0) -> None:
    """Refuse a module whose steps are not the text's tokens, after ``padding``."""
    tokens = encoding.ids.shape[1] + padding
    if (call.steps, call.batch) != (tokens, batch):
        raise UserError(
            f"The layer {call.name} takes {call.batch} × {call.steps} steps for {batch} × {tokens} tokens, so its cells cannot "
            "be laid beside the text.",
            "unavailable",
        )


def layers_of(calls: Sequence[Call]) -> tuple[RecurrentLayer, ...]:
    """Numbered through all modules in the order they ran."""
    return tuple(layer for call in calls for layer in layers_of_module(call.name, call.module))


def layers_of_module(name: str, module: nn.RNNBase) -> Iterator[RecurrentLayer]:
    """Those that are stacked in it."""
    kind, cells, directions = KINDS[type(module)], module.hidden_size, 2 if module.bidirectional else 1
    for layer in range(module.num_layers):
        yield RecurrentLayer(name, layer, kind, module.proj_size or cells, cells, directions)


def wanted_quantities(model: TextModel, names: Sequence[str]) -> tuple[str, ...]:
    """Those of ``names``, or all, that any layer has, in their usual order.

    Raises:
        UserError: no recurrent layers, or none with such a quantity.
    """
    if "cells" not in model.info.can:
        raise UserError("This model has no recurrent layers (LSTM, GRU or RNN), so it has no cells.", "unavailable")
    kinds = {info.kind for info in model.info.recurrent}
    known = tuple(dict.fromkeys(name for kind, own in QUANTITIES.items() if kind in kinds for name in own))
    for name in names:
        if name not in known:
            raise UserError(f"This model's cells have {', '.join(known)}; there is no “{name}”.", "no_such_quantity")
    return tuple(name for name in known if not names or name in names)


def _check_memory(model: TextModel, encoding: Encoding, wanted: tuple[str, ...]) -> None:
    """Refuse what would not fit before it is tried."""
    tokens = encoding.ids.shape[1]
    infos = model.info.recurrent
    numbers = sum(i.layers * i.directions * i.hidden_size * len(set(QUANTITIES[i.kind]) & set(wanted)) for i in infos)
    needed = 4 * tokens * numbers * (2 if len(infos) > 1 else 1)  # those of several modules are copied side by side
    free = available_memory(model.device)
    if free is not None and needed > 0.9 * free:
        raise UserError(
            f"The gates and states of {tokens:,} tokens need {1e-9 * needed:.1f} GB of memory and {1e-9 * free:.1f} GB are free; "
            "shorten the text, or ask for fewer of them.",
            "out_of_memory",
        )


def _joined(found: Unrolling, layers: Sequence[RecurrentLayer], wanted: Sequence[str], padding: int) -> Mapping[str, FloatArray]:
    """(seq, layer, direction, cell) of every quantity; a view of what was recorded, where one module is all there is."""
    directions = max(layer.directions for layer in layers)
    joined = {}
    for name in wanted:
        parts = [recorded.quantities.get(name) for recorded in found.recordings]
        if len(parts) == 1 and parts[0] is not None:
            joined[name] = parts[0][:, :, 0, padding:].permute(2, 0, 1, 3).float().numpy(force=True)
            continue
        cells = max((part.shape[-1] for part in parts if part is not None), default=0)
        whole = torch.full((len(layers), directions, found.calls[0].steps - padding, cells), torch.nan)
        first = 0
        for call, part in zip(found.calls, parts, strict=True):
            if part is not None:
                whole[first : first + len(part), : part.shape[1], :, : part.shape[-1]] = part[:, :, 0, padding:]
            first += call.module.num_layers
        joined[name] = whole.permute(2, 0, 1, 3).numpy()
    return joined


def _alternatives(
    model: TextModel, encoding: Encoding, found: Unrolling, count: int
) -> Steps[tuple[Alternatives | None, list[Notice]]]:
    if model.window is not None:
        return (yield from _after_windows(model, encoding, count)), []
    if any(call.module.bidirectional for call in found.calls) and model.info.task == "causal_lm":
        said = "A layer of this model reads backwards, so it has no next tokens after every position of one reading."
        return None, [Notice(said, "no_alternatives")]
    return (yield from next_tokens(model, found.recordings[-1].output, count)), []


def _after_windows(model: TextModel, encoding: Encoding, count: int) -> Steps[Alternatives]:
    """The likeliest tokens after every position, each from the window that ends there."""
    texts: list[tuple[str, ...]] = []
    chances: list[Tensor] = []
    tokens = encoding.ids.shape[1]
    with torch.no_grad():
        embeddings = model.embed(encoding.ids)
    for position in range(tokens):
        with torch.no_grad():
            logits = model.logits(embeddings, encoding, position)
            probability, index = logits[0].double().softmax(-1).topk(min(count, logits.shape[-1]))
        chances.append(probability.cpu())
        texts.append(tuple(model.output_label(i) or "" for i in index.tolist()))
        yield Partial(position + 1, tokens, doing="Next tokens")
    return Alternatives(tuple(texts), torch.stack(chances).numpy())


def next_tokens(model: TextModel, states: Tensor, count: int) -> Steps[Alternatives | None]:
    """The likeliest tokens after every position; None for what is no recurrent language model.

    Args:
        states: (1, seq, d_hidden) of the last layer.
    """
    texts: list[tuple[str, ...]] = []
    chances: list[Tensor] = []
    for first in range(0, states.shape[1], _POSITIONS):
        with torch.no_grad():
            logits = model.logits_of_states(states[:, first : first + _POSITIONS])
            if logits is None:
                return None
            probability, index = logits[0].double().softmax(-1).topk(min(count, logits.shape[-1]))
        chances.append(probability.cpu())
        texts += [tuple(model.output_label(i) or "" for i in row) for row in index.tolist()]
        yield Partial(len(texts), states.shape[1], doing="Next tokens")
    return Alternatives(tuple(texts), torch.cat(chances).numpy())
