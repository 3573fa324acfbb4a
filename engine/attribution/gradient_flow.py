"""Gradient flow: one pass forwards and back, with an eye on what passes each layer; recurrent layers step by step."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.graph import get_gradient_edge

from engine.attribution.explain import Asked, read_question, warnings_of
from engine.attribution.flow_layers import Norms, Seen, drawn_layers, l2, norms_of, watched
from engine.attribution.target import score_function
from engine.attribution.unrolled_gradient import ThroughTime, through_time
from engine.cells import RecurrentKind
from engine.flow import INPUT, GradientFlowResult, LayerFlow, StepFlow
from engine.jobs import Partial, Steps, relay
from engine.models.model import TextModel, require_output
from engine.requests import GradientFlowRequest
from engine.results import Cost, FloatArray, Notice

_KINDS: Mapping[str, RecurrentKind] = {"LSTM": "lstm", "GRU": "gru", "RNN_TANH": "rnn", "RNN_RELU": "rnn"}


def gradient_flow(model: TextModel, request: GradientFlowRequest) -> Steps[GradientFlowResult]:
    """How much of the score's gradient reaches each layer, token and step.

    Yields:
        Progress only.

    Raises:
        UserError: the request does not fit the model, in one sentence.
    """
    yield Partial(0, doing="Predicting")
    require_output(model)
    asked = read_question(model, request.model_sha256, request.input, request.target)
    yield Partial(0, doing="Gradient flow")
    start = time.perf_counter()
    tokens = len(asked.encoding.input.tokens)
    places = _Places(tokens, None if asked.target.layer else asked.target.position)
    rows: list[LayerFlow] = []
    flows: list[StepFlow] = []
    notices: list[Notice] = []
    for passed in _one_pass(model, asked, tokens):
        if passed.unrolled is None:
            rows.append(_row(passed, places))
            if passed.recurrent:
                words = f"{passed.name} was not given one whole text by itself: its steps are not shown."
                notices.append(Notice(words, "not_unrolled"))
            continue
        found = yield from relay(passed.unrolled, lambda partial: replace(partial, doing="Back through time"))
        rows += _recurrent_rows(passed, found, places)
        flows += _flows(passed, found, places)
    return GradientFlowResult(
        request=request,
        model=model.info,
        prediction=asked.prediction,
        target=asked.target,
        layers=tuple(rows),
        recurrent=tuple(flows),
        cost=Cost(1, 1, time.perf_counter() - start, model.info.device),
        warnings=(*warnings_of(model, asked.prediction, request.target, asked.target), *notices),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Passed:
    """What went through one layer; ``unrolled``: the way back through a recurrent one, still to be walked."""

    name: str
    module: nn.Module | None  # None: the word embeddings
    call: int
    activation: Norms
    gradient: Norms
    unrolled: Steps[ThroughTime] | None = None

    @property
    def recurrent(self) -> bool:
        return isinstance(self.module, nn.RNNBase)


def _one_pass(model: TextModel, asked: Asked, tokens: int) -> list[_Passed]:
    """From the word embeddings to the score and back; nothing is left on the model."""
    score = score_function(model, asked.encoding, asked.target)
    with torch.no_grad():
        embeddings = model.embed(asked.encoding.ids)
    points = embeddings.detach().requires_grad_()
    cudnn = torch.backends.cudnn.enabled and not model.recurrent  # which cannot differentiate them in eval mode
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=cudnn), watched(drawn_layers(model.network), tokens) as seen:
        value = score(points).sum()
        edges = [get_gradient_edge(points), *(edge for one in seen for edge in (one.edge, *one.ends) if edge is not None)]
        found = iter(torch.autograd.grad(value, edges, allow_unused=True))
    first = next(found)
    at_input = torch.zeros_like(points) if first is None else first
    passed = [_Passed(INPUT, None, 0, norms_of(points, tokens), norms_of(at_input, tokens))]
    return passed + [row for one in seen if (row := _what_passed(one, found, tokens)) is not None]


def _what_passed(seen: Seen, gradients: Iterator[Tensor | None], tokens: int) -> _Passed | None:
    """None where the score does not depend on the layer. Takes as many of ``gradients`` as the layer has edges."""
    output = next(gradients)
    ends = [None if edge is None else next(gradients) for edge in seen.ends]
    if output is None and not any(end is not None for end in ends):
        return None
    gradient = Norms(torch.zeros_like(seen.norms.values), seen.norms.positional) if output is None else norms_of(output, tokens)
    unrolled = _unrolled(seen, output, ends) if isinstance(seen.module, nn.RNNBase) else None
    return _Passed(seen.name, seen.module, seen.call, seen.norms, gradient, unrolled)


def _unrolled(seen: Seen, output: Tensor | None, ends: Sequence[Tensor | None]) -> Steps[ThroughTime] | None:
    """The way back through a module that read one text; None: it read none, or several at once."""
    rnn = cast(nn.RNNBase, seen.module)
    if not seen.inputs:
        return None
    inputs, *initial = seen.inputs
    if inputs.dim() == 3:
        batch = 0 if rnn.batch_first else 1
        if inputs.shape[batch] != 1:
            return None
        inputs, output = inputs.squeeze(batch), None if output is None else output.squeeze(batch)
        initial, ends = [state.squeeze(1) for state in initial], [None if end is None else end.squeeze(1) for end in ends]
    if output is None:
        output = inputs.new_zeros(len(inputs), (rnn.proj_size or rnn.hidden_size) * (2 if rnn.bidirectional else 1))
    return through_time(rnn, inputs, output, initial, ends)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where norms stand in the text; ``position``: the token after which a language model was asked."""

    tokens: int
    position: int | None

    def of(self, norms: Norms, elsewhere: float) -> FloatArray | None:
        """(seq,), ``elsewhere`` where nothing was computed; None where the norms belong to no tokens."""
        values = norms.values.numpy()
        if not norms.positional:
            return None
        if len(values) == self.tokens:
            return values
        spread = np.full(self.tokens, elsewhere)
        if self.position is not None and len(values) == self.position + 1:  # what comes later was not read
            spread[: len(values)] = values
        elif self.position is not None and len(values) == 1:  # the only row of the vocabulary's logits that was wanted
            spread[self.position] = values[0]
        else:
            return None
        return spread


def _row(passed: _Passed, places: _Places) -> LayerFlow:
    kind = "Embedding" if passed.module is None else type(passed.module).__name__
    return _layer(passed.name, kind, passed.call, passed.gradient, passed.activation, places)


def _layer(name: str, kind: str, call: int, gradient: Norms, activation: Norms, places: _Places) -> LayerFlow:
    at, active = places.of(gradient, 0.0), places.of(activation, np.nan)
    return LayerFlow(name, kind, call, gradient.whole, activation.whole, at, active)


def _recurrent_rows(passed: _Passed, found: ThroughTime, places: _Places) -> list[LayerFlow]:
    """One for each layer of a stacked module: what arrives at its output from above."""
    stacked = len(found.outputs) > 1
    return [
        _layer(
            f"{passed.name}.l{layer}" if stacked else passed.name,
            type(passed.module).__name__,
            passed.call,
            Norms(l2(gradient.cpu()), True),
            Norms(l2(output.cpu()), True),
            places,
        )
        for layer, (output, gradient) in enumerate(zip(found.outputs, found.output_gradients, strict=True))
    ]


def _flows(passed: _Passed, found: ThroughTime, places: _Places) -> Iterator[StepFlow]:
    """One for each layer and direction."""
    kind = _KINDS[cast(nn.RNNBase, passed.module).mode]
    for layer, directions in enumerate(found.states):
        for direction, states in enumerate(directions):
            steps = [None if part is None else Norms(l2(part.cpu()), True) for part in (states.hidden, states.cell)]
            hidden, cell = (None if norms is None else places.of(norms, 0.0) for norms in steps)
            if hidden is not None:
                yield StepFlow(passed.name, layer, direction, kind, hidden, cell)
