"""What the ``model.json`` of a recurrent folder may say, and the checks before any of it is believed."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from types import NoneType
from typing import Any, Literal

from engine.errors import LoadError
from engine.models.record_spec import RecordLayout, check_layout, read_layout
from engine.models.safety import check_bounds

FORMAT = "neuroloupe-recurrent"
_CHOICES = {
    "architecture": ("lstm", "gru", "rnn"),
    "task": ("text_classification", "causal_lm", "record_regression", "record_classification"),
    "readout": ("last", "last_step", "mean", "max"),
    "problem_type": ("single_label", "multi_label", "regression"),
}
ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "none")


@dataclass(frozen=True, slots=True)
class RecurrentSpec:
    """What ``model.json`` says.

    Args:
        architecture: ``lstm``, ``gru`` or ``rnn`` (tanh).
        task: ``text_classification``, ``causal_lm`` (one output per vocabulary entry, read at every step), or of a table's rows
            ``record_regression`` and ``record_classification``.
        embedding_size: None: one-hot input.
        head: sizes of the linear layers, the last being the number of outputs.
        activations: between the linear layers, one fewer than ``head``: relu, tanh, sigmoid, gelu or none.
        readout: what of the hidden states the head reads: ``last`` (of both directions: h_n), ``last_step`` (``output[:, -1]``,
            where the backward direction has read one token), ``mean`` or ``max`` over time.
        tokeniser: ``char``, ``word`` (words and single punctuation marks), or a regular expression of the ``regex`` package.
        unknown: the vocabulary entry that stands for all others; None: unknown pieces are refused.
        padding: the vocabulary entry that stands for nothing.
        record: how the fields of a row are laid out; None: the model reads text.
    """

    architecture: Literal["lstm", "gru", "rnn"]
    task: Literal["text_classification", "causal_lm", "record_regression", "record_classification"]
    hidden_size: int
    head: tuple[int, ...]
    labels: tuple[str, ...] = ()
    layers: int = 1
    bidirectional: bool = False
    projection: int = 0
    bias: bool = True
    embedding_size: int | None = None
    activations: tuple[str, ...] = ()
    readout: Literal["last", "last_step", "mean", "max"] = "last"
    problem_type: Literal["single_label", "multi_label", "regression"] = "single_label"
    tokeniser: str = "word"
    lowercase: bool = False
    unknown: str | None = "<unk>"
    padding: str | None = "<pad>"
    maximum_tokens: int | None = None
    record: RecordLayout | None = None


def read_spec(description: Mapping[str, Any]) -> RecurrentSpec:
    """Check what ``model.json`` says, field by field.

    Raises:
        LoadError: a field is missing, unknown, of the wrong type or out of bounds.
    """
    version = description.get("version")
    if version != 1:
        raise LoadError(f"model.json is of version {version!r}; only version 1 can be read, or update Neuroloupe.", "version")
    known = {f.name: f for f in fields(RecurrentSpec)}
    unknown = sorted(set(description) - set(known) - {"format", "version"})
    missing = [name for name, f in known.items() if f.default is MISSING and name not in description]
    if unknown or missing:
        said = f"has a field “{unknown[0]}” that is not known" if unknown else f"lacks the field “{missing[0]}”"
        raise LoadError(f"model.json {said}; compare it with the README.", "bad_description")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in description.items() if k in known}
    if values.get("record") is not None:
        values["record"] = read_layout(values["record"])
    spec = RecurrentSpec(**values)
    check_spec(spec)
    return spec


def check_spec(spec: RecurrentSpec) -> None:
    """Refuse what cannot be built before anything is allocated.

    Raises:
        LoadError: the field that is wrong, and what it may be.
    """
    _check_types(spec)
    _require(spec.projection < spec.hidden_size, "projection must be smaller than hidden_size")
    _require(not spec.projection or spec.architecture == "lstm", "only an LSTM can have a projection")
    _require(len(spec.activations) == len(spec.head) - 1, "activations must be one fewer than the layers of head")
    outputs = spec.head[-1]
    _require(len(spec.labels) in (0, outputs), f"there are {len(spec.labels)} labels for {outputs} outputs")
    check_bounds(layers=max(spec.layers, len(spec.head)), hidden=max(spec.hidden_size, spec.embedding_size or 0))
    check_bounds(hidden=max(spec.head[:-1], default=0), vocabulary=outputs)
    _check_record(spec)


def check_vocabulary(spec: RecurrentSpec, size: int) -> None:
    """Refuse a language model whose outputs are not the entries of its vocabulary."""
    check_bounds(vocabulary=size)
    _require(spec.task != "causal_lm" or spec.head[-1] == size, f"there are {spec.head[-1]} outputs for a vocabulary of {size}")


def _check_record(spec: RecurrentSpec) -> None:
    """A layout where rows are read, and only there."""
    reads_records = spec.task in ("record_regression", "record_classification")
    _require(reads_records == (spec.record is not None), "record goes with the tasks record_regression and record_classification")
    if spec.record is None:
        return
    check_layout(spec.record)
    _require(spec.tokeniser == "char", "a model of records reads characters: tokeniser must be char")
    regression = spec.task == "record_regression"
    _require(regression == (spec.problem_type == "regression"), "problem_type regression goes with the task record_regression")
    _require(not regression or spec.head[-1] == 1, "a record_regression has one output")
    _require(regression or bool(spec.labels), "a record_classification needs its labels")
    _require(spec.maximum_tokens is None or spec.maximum_tokens >= spec.record.width, "maximum_tokens must hold a whole record")


def _check_types(spec: RecurrentSpec) -> None:
    for name, allowed in _CHOICES.items():
        value = getattr(spec, name)
        _require(value in allowed, f"{name} must be {', '.join(allowed[:-1])} or {allowed[-1]}, not {value!r}")
    for name in ("bidirectional", "bias", "lowercase"):
        _require(isinstance(getattr(spec, name), bool), f"{name} must be true or false")
    for name in ("unknown", "padding"):
        _require(isinstance(getattr(spec, name), (str, NoneType)), f"{name} must be an entry of the vocabulary, or null")
    for name, least in (("hidden_size", 1), ("layers", 1), ("projection", 0)):
        _require(_is_count(getattr(spec, name), least), f"{name} must be a whole number of at least {least}")
    for name in ("embedding_size", "maximum_tokens"):
        value = getattr(spec, name)
        _require(value is None or _is_count(value, 1), f"{name} must be a whole number above zero, or null")
    _require(isinstance(spec.tokeniser, str), "tokeniser must be char, word or a regular expression")
    _require(_is_list(spec.labels, lambda label: isinstance(label, str)), "labels must be a list of texts")
    _require(_is_list(spec.head, lambda size: _is_count(size, 1)), "head must be a list of whole numbers above zero")
    _require(bool(spec.head), "head must name at least the number of outputs")
    _require(
        _is_list(spec.activations, lambda name: name in ACTIVATIONS), f"activations must be a list of {', '.join(ACTIVATIONS)}"
    )


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise LoadError(f"model.json: {what}.", "bad_description")


def _is_count(value: Any, least: int) -> bool:
    return type(value) is int and value >= least


def _is_list(value: Any, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, tuple) and all(map(fits, value))
