"""Gradient flow: how much of the score's gradient reaches each layer, token and step. Frozen, torch-free."""

import itertools
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.cells import RecurrentKind
from engine.heatmaps.numerals import figures
from engine.requests import GradientFlowRequest
from engine.results import Cost, FloatArray, ModelInfo, Notice, PredictionResult, ResolvedTarget, Token

_NUMBER = re.compile(r"l?\d+(\.|$)")
_FATES = ((1e-3, "vanishes"), (0.5, "fades"), (2.0, "lasts"), (1e3, "grows"), (np.inf, "explodes"))
INPUT = "input_embeddings"  # the name of the first layer, which is no module of its own in every model
State = Literal["hidden_state", "cell_state"]
_STATE_WORDS: dict[State, str] = {"hidden_state": "the hidden state", "cell_state": "the cell state"}
INPUT_WORDS = "word embeddings"


@dataclass(frozen=True, slots=True, eq=False)
class LayerFlow:
    """What of the gradient arrives at one layer's output. Norms are L2, float64: what vanishes must not be rounded to zero.

    Args:
        name: as torch names the module; ``rnn.l1`` is the second layer of a stacked recurrent module.
        call: a module that runs several times is a layer each time.
        norm: of d score / d output, over the whole output.
        activation_norm: of the output itself.
        per_position: (seq,) the same for each token, zero where the score does not depend on it; None for a layer that
            answers once for the whole text.
        activation_per_position: (seq,), NaN where the layer was not computed.
    """

    name: str
    type: str
    call: int
    norm: float
    activation_norm: float
    per_position: FloatArray | None
    activation_per_position: FloatArray | None


@dataclass(frozen=True, slots=True, eq=False)
class StepFlow:
    """One layer of a recurrent module in one direction (1 reads backwards): the gradient at each step, through all later ones.

    Args:
        hidden_state: (seq,) ‖d score / d h_t‖₂, float64, the total derivative: what h_t does upwards and through h_{t+1}.
        cell_state: (seq,) ‖d score / d c_t‖₂ of an LSTM, by way of h_t and of c_{t+1}; None for the others.
    """

    module: str
    layer: int
    direction: int
    kind: RecurrentKind
    hidden_state: FloatArray
    cell_state: FloatArray | None

    def in_reading_order(self, values: FloatArray) -> FloatArray:
        """The step read first comes first."""
        return values[::-1] if self.direction else values


@dataclass(frozen=True, slots=True, eq=False)
class GradientFlowResult:
    """From the word embeddings to the score; layers the score does not depend on are left out.

    ``cost``: of the one pass through the model; recurrent layers are then walked once more by themselves, step by step.
    """

    request: GradientFlowRequest
    model: ModelInfo
    prediction: PredictionResult
    target: ResolvedTarget
    layers: tuple[LayerFlow, ...]
    recurrent: tuple[StepFlow, ...]
    cost: Cost
    warnings: tuple[Notice, ...] = ()

    @property
    def tokens(self) -> tuple[Token, ...]:
        """One for each position."""
        return self.prediction.text.tokens

    @property
    def unit(self) -> str:
        """Of the score, in words."""
        return "activation" if self.target.layer is not None else self.target.score.replace("_", " ")

    @property
    def per_position(self) -> FloatArray:
        """(layer, seq); rows of layers that answer once for the whole text are NaN."""
        nothing = np.full(len(self.tokens), np.nan)
        return np.stack([nothing if layer.per_position is None else layer.per_position for layer in self.layers])

    @property
    def per_step(self) -> FloatArray:
        """(recurrent layer and direction, seq) of the hidden states."""
        return np.stack([flow.hidden_state for flow in self.recurrent])

    @property
    def ratios(self) -> tuple[float | None, ...]:
        """Each layer's norm by that of the layer after it: below 1 is lost on the way down; None for the last, and by zero."""
        norms = [layer.norm for layer in self.layers]
        return (*(here / after if after > 0 else None for here, after in itertools.pairwise(norms)), None)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the layers, no longer than it takes to tell them apart."""
        return tuple(
            INPUT_WORDS if layer.name == INPUT else f"{short} #{layer.call}" if layer.call else short
            for short, layer in zip(short_names([layer.name for layer in self.layers]), self.layers, strict=True)
        )


def short_names(names: Sequence[str]) -> list[str]:
    """The end of each dotted name, as much as is needed to tell them apart; a number never stands alone."""
    ends = Counter(end for name in set(names) for end in _ends(name))
    return [next(end for end in _ends(name) if end == name or (ends[end] == 1 and not _NUMBER.match(end))) for name in names]


def _ends(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[at:]) for at in range(len(parts) - 1, -1, -1)]


def layers_in_words(result: GradientFlowResult) -> str:
    """What the picture of the layers says, in a sentence."""
    if len(result.layers) < 2:
        return "There is no layer between the word embeddings and this score."
    first = result.layers[0].norm
    if not np.isfinite([layer.norm for layer in result.layers]).all():
        return "The gradient is not finite at every layer: somewhere on the way it overflows."
    if first == 0:
        return "No gradient reaches the word embeddings: this score does not react to a small change of the text."
    last = max((at for at, layer in enumerate(result.layers[:-1]) if at and layer.per_position is not None), default=-1)
    which = f"at {result.names[last]}, the last layer with a vector for each token" if last > 0 else f"at {result.names[-1]}"
    words = "The gradient at the word embeddings"
    if result.layers[last].norm > 0:
        words += f" is {times(first / result.layers[last].norm)} that {which}"
    else:
        words += f" is {figures(first)}"
    told = []
    known = [(ratio, at) for at, ratio in enumerate(result.ratios) if ratio is not None and ratio > 0]
    for what, (ratio, at) in {"drop": min(known), "rise": max(known)}.items() if known else ():
        here, after = result.names[at], result.names[at + 1]
        if ratio != 1 and (ratio < 1) == (what == "drop"):
            told.append(f"largest {what} {after} → {here}, {times(ratio)}")
    return f"{words}. On the way back: {'; '.join(told)}." if told else f"{words}."


def steps_in_words(result: GradientFlowResult, state: State = "hidden_state") -> str:
    """What the picture of the steps says, in a sentence: of the layer and direction that loses or gains most."""
    found = [(flow, values) for flow in result.recurrent if (values := getattr(flow, state)) is not None]
    if not all(np.isfinite(values).all() for _, values in found):
        return "The gradient is not finite at every step: back through time it overflows."
    kept = [(share, flow) for flow, values in found if (share := _kept(flow.in_reading_order(values))) is not None]
    if not kept:
        return "The gradient reaches a single step only: there is no way through time to look at."
    share, flow = max(kept, key=lambda each: abs(math.log(each[0])) if each[0] > 0 else math.inf)
    first, last = ("last", "first") if flow.direction else ("first", "last")
    how = next(words for most, words in _FATES if share <= most)
    reached = "" if getattr(flow, state)[0 if flow.direction else -1] else " that it reaches"
    what = f"{_STATE_WORDS[state]} of {flow_name(flow)}"
    return f"Back through time the gradient {how}: {what}, has at the {first} token {times(share)} that at the {last}{reached}."


def _kept(values: FloatArray) -> float | None:
    """In reading order: the gradient at the first step by that at the last one it reaches; None where that is the same step."""
    reached = np.flatnonzero(values)
    if not len(reached) or reached[-1] == 0:
        return None
    return float(values[0]) / float(values[reached[-1]])


def flow_name(flow: StepFlow) -> str:
    """For a legend."""
    return f"{flow.module} layer {flow.layer}, {'backwards' if flow.direction else 'forwards'}"


def times(ratio: float) -> str:
    """As a factor."""
    return f"{figures(ratio)} ×"
