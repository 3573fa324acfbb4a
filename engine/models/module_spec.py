"""What the ``model.json`` of a Python module folder may say, checked before anything is run."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import NoneType
from typing import Any, Literal

from engine.errors import LoadError
from engine.models.files import read_json_value
from engine.models.module_code import DESCRIPTION
from engine.models.safety import check_bounds

_CHOICES = {
    "task": ("image_classification", "text_classification"),
    "problem_type": ("single_label", "multi_label", "regression"),
}
_WEIGHTS = (".safetensors", ".pt", ".pth", ".bin")


@dataclass(frozen=True, slots=True)
class ModuleSpec:
    """What ``model.json`` says.

    Args:
        build: ``FILE.py:FUNCTION``; called with ``arguments`` it gives a ``torch.nn.Module``.
        weights: a file beside it that holds the state dict; None: the network is as it was built.
        labels: of the outputs, or a file of them, one a line.
        preprocessing: of pictures, in the words of a preprocessor_config.json; ``channels`` 1 or 3.
        tokeniser: ``char``, ``word`` or a regular expression, with ``vocabulary``, a file: a JSON list, entry i has the id i.
        embedding: the name of the layer that embeds tokens, where there are several.
    """

    build: str
    task: Literal["image_classification", "text_classification"]
    weights: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    problem_type: Literal["single_label", "multi_label", "regression"] = "single_label"
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    channels: int = 3
    tokeniser: str = "word"
    vocabulary: tuple[str, ...] = ()
    lowercase: bool = False
    unknown: str | None = "<unk>"
    padding: str | None = "<pad>"
    maximum_tokens: int | None = None
    embedding: str | None = None

    @property
    def file(self) -> str:
        """The Python file."""
        return self.build.partition(":")[0]

    @property
    def function(self) -> str:
        """In it."""
        return self.build.partition(":")[2]


def read_module_spec(description: Mapping[str, Any], folder: Path) -> ModuleSpec:
    """Check what ``model.json`` says, field by field, and read the lists that it names.

    Raises:
        LoadError: a field is missing, unknown, of the wrong type or out of bounds, or a file is not there.
    """
    if description.get("version") != 1:
        version = description.get("version")
        raise LoadError(f"{DESCRIPTION} is of version {version!r}; only version 1 can be read, or update Neuroloupe.", "version")
    known = {f.name: f for f in fields(ModuleSpec)}
    unknown = sorted(set(description) - set(known) - {"format", "version"})
    missing = [name for name, f in known.items() if f.default is f.default_factory is MISSING and name not in description]
    if unknown or missing:
        said = f"has a field “{unknown[0]}” that is not known" if unknown else f"lacks the field “{missing[0]}”"
        raise LoadError(f"{DESCRIPTION} {said}; compare it with the README.", "bad_description")
    values = {name: value for name, value in description.items() if name in known}
    values["labels"] = _list(values.get("labels"), "labels", folder)
    values["vocabulary"] = _list(values.get("vocabulary"), "vocabulary", folder)
    spec = ModuleSpec(**values)
    _check(spec, folder)
    return spec


def _list(value: Any, name: str, folder: Path) -> tuple[str, ...]:
    """Of texts, written out or in a file beside."""
    if value is None:
        return ()
    if isinstance(value, str):
        path = _beside(folder, value, name)
        value = read_json_value(path) if path.suffix == ".json" else path.read_text(encoding="utf-8-sig").splitlines()
    _require(isinstance(value, list) and all(isinstance(each, str) for each in value), f"{name} must be a list of texts")
    check_bounds(vocabulary=len(value))
    return tuple(value)


def _beside(folder: Path, name: str, what: str) -> Path:
    _require(bool(name) and Path(name).name == name, f"{what} must name a file in the folder, not {name!r}")
    path = folder / name
    if not path.is_file():
        raise LoadError(f"{name} is missing in {folder.name}; {DESCRIPTION} names it under {what}.", "half_a_folder")
    return path


def _check(spec: ModuleSpec, folder: Path) -> None:
    for name, allowed in _CHOICES.items():
        value = getattr(spec, name)
        _require(value in allowed, f"{name} must be {', '.join(allowed[:-1])} or {allowed[-1]}, not {value!r}")
    checks: dict[str, Callable[[Any], bool]] = {
        "build": lambda v: isinstance(v, str) and v.count(":") == 1 and v.split(":")[0].endswith(".py") and v.split(":")[1] != "",
        "weights": lambda v: isinstance(v, (str, NoneType)),
        "arguments": lambda v: isinstance(v, Mapping),
        "preprocessing": lambda v: isinstance(v, Mapping),
        "channels": lambda v: v in (1, 3),
        "tokeniser": lambda v: isinstance(v, str),
        "lowercase": lambda v: isinstance(v, bool),
        "unknown": lambda v: isinstance(v, (str, NoneType)),
        "padding": lambda v: isinstance(v, (str, NoneType)),
        "embedding": lambda v: isinstance(v, (str, NoneType)),
        "maximum_tokens": lambda v: v is None or (type(v) is int and v >= 1),
    }
    for name, holds in checks.items():
        _require(holds(getattr(spec, name)), f"{name} cannot be {getattr(spec, name)!r}")
    _beside(folder, spec.file, "build")
    if spec.weights is not None:
        _beside(folder, spec.weights, "weights")
        _require(Path(spec.weights).suffix in _WEIGHTS, f"weights must end in {', '.join(_WEIGHTS)}")
    _require(spec.task != "text_classification" or bool(spec.vocabulary), "vocabulary must hold the tokens that the model reads")


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise LoadError(f"{DESCRIPTION}: {what}.", "bad_description")
