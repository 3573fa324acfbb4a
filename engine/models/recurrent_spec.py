"""What the ``model.json`` of a recurrent folder may say, and the checks before any of it is believed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from engine.errors import LoadError
from engine.models.safety import check_bounds

FORMAT = "neuroloupe-recurrent"
ARCHITECTURES = ("lstm", "gru", "rnn")
ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "none")


@dataclass(frozen=True, slots=True)
class RecurrentSpec:
    """What ``model.json`` says.

    Args:
        architecture: ``lstm``, ``gru`` or ``rnn`` (tanh).
        task: ``text_classification``, or ``causal_lm`` (one output per vocabulary entry, read at every step).
        embedding_size: None: one-hot input.
        head: sizes of the linear layers, the last being the number of outputs.
        activations: between the linear layers, one fewer than ``head``: relu, tanh, sigmoid, gelu or none.
        readout: what of the hidden states the head reads: ``last`` (of both directions: h_n), ``mean`` or ``max`` over time.
        tokeniser: ``char``, ``word`` (words and single punctuation marks), or a regular expression.
        unknown: the vocabulary entry that stands for all others; None: unknown pieces are refused.
        padding: the vocabulary entry that stands for nothing.
    """

    architecture: Literal["lstm", "gru", "rnn"]
    task: Literal["text_classification", "causal_lm"]
    hidden_size: int
    head: tuple[int, ...]
    labels: tuple[str, ...] = ()
    layers: int = 1
    bidirectional: bool = False
    projection: int = 0
    bias: bool = True
    embedding_size: int | None = None
    activations: tuple[str, ...] = ()
    readout: Literal["last", "mean", "max"] = "last"
    problem_type: Literal["single_label", "multi_label", "regression"] = "single_label"
    tokeniser: str = "word"
    lowercase: bool = False
    unknown: str | None = "<unk>"
    padding: str | None = "<pad>"
    maximum_tokens: int | None = None


def read_spec(description: Mapping[str, Any]) -> RecurrentSpec:
    """Check what ``model.json`` says, field by field.

    Raises:
        LoadError: a field is missing, unknown, of the wrong type or out of bounds.
    """
    if description.get("version") != 1:
        raise LoadError("This model.json is of a newer version; update Neuroloupe to open it.", "version")
    known = {f.name for f in fields(RecurrentSpec)}
    unknown = sorted(set(description) - known - {"format", "version"})
    if unknown:
        raise LoadError(f"model.json has a field “{unknown[0]}” that is not known.", "bad_description")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in description.items() if k in known}
    try:
        spec = RecurrentSpec(**values)
    except TypeError as error:
        raise LoadError("model.json lacks a field that every recurrent model needs.", "bad_description", str(error)) from None
    _check(spec)
    return spec


def _check(spec: RecurrentSpec) -> None:
    """Refuse what cannot be built before anything is allocated."""

    def require(holds: bool, what: str) -> None:
        if not holds:
            raise LoadError(f"model.json: {what}.", "bad_description")

    require(spec.architecture in ARCHITECTURES, f"architecture must be lstm, gru or rnn, not {spec.architecture!r}")
    require(spec.task in ("text_classification", "causal_lm"), f"task {spec.task!r} is not known")
    require(spec.readout in ("last", "mean", "max"), f"readout {spec.readout!r} is not known")
    require(
        spec.problem_type in ("single_label", "multi_label", "regression"), f"problem_type {spec.problem_type!r} is not known"
    )
    require(isinstance(spec.head, tuple) and isinstance(spec.labels, tuple), "head and labels must be lists")
    require(
        isinstance(spec.activations, tuple) and isinstance(spec.tokeniser, str), "activations must be a list, tokeniser a text"
    )
    integers = (spec.hidden_size, spec.layers, spec.projection, *spec.head)
    require(bool(spec.head) and all(type(n) is int and n >= 0 for n in integers), "sizes must be whole numbers")
    require(spec.embedding_size is None or (type(spec.embedding_size) is int and spec.embedding_size > 0), "embedding_size")
    require(spec.maximum_tokens is None or (type(spec.maximum_tokens) is int and spec.maximum_tokens > 0), "maximum_tokens")
    require(min(spec.hidden_size, spec.layers, *spec.head) > 0, "sizes must be above zero")
    require(spec.projection < spec.hidden_size, "projection must be smaller than hidden_size")
    require(not spec.projection or spec.architecture == "lstm", "only an LSTM can have a projection")
    require(len(spec.activations) == len(spec.head) - 1, "activations must be one fewer than the layers of head")
    require(all(a in ACTIVATIONS for a in spec.activations), f"activations must be among {', '.join(ACTIVATIONS)}")
    require(all(isinstance(label, str) for label in spec.labels), "labels must be texts")
    require(not spec.labels or len(spec.labels) == spec.head[-1], f"{len(spec.labels)} labels for {spec.head[-1]} outputs")
    check_bounds(layers=spec.layers, hidden=max(spec.hidden_size, spec.embedding_size or 0, *spec.head[:-1], 0))
