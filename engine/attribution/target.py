"""From what the user named to the scalar that is explained."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from engine.attribution.unit import Unit, activation, read_unit
from engine.errors import UserError
from engine.models.model import Model
from engine.requests import ScoreUnit, Target
from engine.results import ClassPrediction, ProblemType, ResolvedTarget

SHOWN_OF_A_VOCABULARY = 20


def resolve(target: Target, model: Model, encoding: Any, logits: Tensor) -> ResolvedTarget:
    """Read ``target`` against a model's answer.

    Args:
        logits: (n_outputs,) for the input.

    Raises:
        UserError: no such class, a true label that was not given, or a unit the task does not have.
    """
    if target.choice.startswith("unit:"):
        return _unit(target, model, encoding)
    if model.info.problem_type == "regression" and target.score != "logit":
        raise UserError("A regression has no probabilities; choose the score logit, which is its value.", "no_such_unit")
    index = _output(target.choice, target, model, logits)
    versus = None if target.versus is None else _output(target.versus, target, model, logits)
    if versus == index and {"predicted", "true"} & {target.choice, target.versus}:
        versus = None  # predicted versus true, and the model is right: there is nothing to set it against
    if versus == index:
        raise UserError("A class cannot be explained versus itself; choose two classes.", "same_class")
    label = model.output_label(index)
    return ResolvedTarget(
        label,
        index,
        None if versus is None else model.output_label(versus),
        versus,
        target.score,
        check_position(target.position, model, encoding),
    )


def _unit(target: Target, model: Model, encoding: Any) -> ResolvedTarget:
    if target.versus is not None or target.score != "logit":
        raise UserError("A unit's activation is explained as it is: leave versus and score out.", "no_such_unit")
    unit = read_unit(target.choice, target.position, model, encoding)
    return ResolvedTarget(f"{unit.layer}:{unit.index}", unit.index, None, None, "logit", unit.position, unit.layer)


def _output(choice: str, target: Target, model: Model, logits: Tensor) -> int:
    """The output that is predicted, true, or named by ``choice``."""
    if choice == "predicted":
        return int(logits.argmax())
    if choice == "true":
        if target.true is None:
            raise UserError("The true label is not known; give it with --true.", "no_true_label")
        return _named(target.true, model, len(logits))
    return _named(choice, model, len(logits))


def _named(name: str, model: Model, outputs: int) -> int:
    """An exact label first, else an index; ``label:X`` and ``index:N`` force one reading."""
    form, _, rest = name.partition(":")
    if not rest or form not in ("label", "index"):
        form, rest = "either", name
    index = None if form == "index" else model.output_index(rest)
    if index is None and form != "label" and rest.isdecimal() and len(rest) < 10:
        index = int(rest)
    if index is None or index >= outputs:
        raise UserError(model.no_such_output(name, outputs), "no_such_class")
    return index


def check_position(position: int | None, model: Model, encoding: Any) -> int | None:
    """``position`` as an index into the tokens; None for models that answer once.

    Raises:
        UserError: it lies outside the text, or the model is no language model.
    """
    if model.info.task not in ("causal_lm", "masked_lm"):
        if position is not None:
            raise UserError(
                f"This model answers once for the whole {model.info.input_kind}; leave the position out.", "no_position"
            )
        return None
    if position is None:
        return model.default_position(encoding)
    tokens = len(encoding.input.tokens)
    if not 0 <= position < tokens:
        raise UserError(
            f"The text has the token positions 0 to {tokens - 1}; there is no position {position}.", "no_such_position"
        )
    return position


def probabilities(logits: Tensor, problem: ProblemType) -> Tensor | None:
    """(…, n_outputs) -> the same: softmax, or sigmoid of each label by itself; None for regression."""
    if problem == "regression":
        return None
    return logits.sigmoid() if problem == "multi_label" else logits.softmax(dim=-1)


def in_unit(logits: Tensor, unit: ScoreUnit, problem: ProblemType) -> Tensor:
    """(batch, n_outputs) logits -> the same in ``unit``."""
    if unit == "logit":
        return logits
    multi = problem == "multi_label"
    if unit == "probability":
        return logits.sigmoid() if multi else logits.softmax(dim=-1)
    return torch.nn.functional.logsigmoid(logits) if multi else logits.log_softmax(dim=-1)


def score_function(model: Model, encoding: Any, target: ResolvedTarget) -> Callable[[Tensor], Tensor]:
    """(batch, seq, d_model) embeddings -> (batch,): the target's score, the difference of two, or a unit's activation."""
    if target.layer is not None:
        unit = Unit(target.layer, target.index, target.position)
        return lambda embeddings: activation(model, encoding, unit, embeddings)

    def function(embeddings: Tensor) -> Tensor:
        scores = in_unit(model.logits(embeddings, encoding, target.position), target.score, model.info.problem_type)
        chosen = scores[:, target.index]
        return chosen if target.versus_index is None else chosen - scores[:, target.versus_index]

    return function


def classes(model: Model, logits: Tensor, also: tuple[int, ...] = ()) -> tuple[ClassPrediction, ...]:
    """(n_outputs,) logits -> every class, highest first; of a vocabulary the first 20 and those in ``also``.

    Raises:
        UserError: the model answered with NaN or infinity.
    """
    if not bool(torch.isfinite(logits).all()):
        raise UserError(
            "The model answers with NaN or infinity: its weights are damaged, or too large for float32.", "not_finite"
        )
    chances = probabilities(logits.double(), model.info.problem_type)
    order = logits.argsort(descending=True, stable=True).tolist()
    if not model.info.labels:
        first = order[:SHOWN_OF_A_VOCABULARY]
        order = first + [index for index in also if index not in first]
    values, likely = logits.tolist(), None if chances is None else chances.tolist()
    return tuple(ClassPrediction(model.output_label(i), i, values[i], None if likely is None else likely[i]) for i in order)
