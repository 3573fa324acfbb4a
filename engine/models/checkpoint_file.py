"""A bare file of weights taken apart: the state dict, and whatever else was saved beside it, all of it harmless data."""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import LoadError
from engine.models.files import read_json_value, read_safetensors_with_metadata, require_held, unpickle
from engine.models.opening import REFUSED, WEIGHT_SUFFIXES

RECURRENT = re.compile(
    r"(?:(?P<module>.+)\.)?(?P<what>weight|bias)_(?P<side>ih|hh|hr)(?:_l(?P<layer>\d{1,4}))?(?P<back>_reverse)?"
)
_TRAINING = re.compile(r"optim|sched|scaler|callbacks|loops", re.IGNORECASE)  # what only a trainer wants back
_USUAL = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "params")
_MOST_ENTRIES = 20_000  # that are looked at: a pickle can say the same list a billion times
_DEEPEST = 5
_LARGEST_TEXT = 20_000_000

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """What lies in the file.

    Args:
        tensors: the state dict, in the order of the file.
        said: everything that is no tensor, with the keys that lead to it.
        left_out: what was set aside, in words.
        definition_order: the tensors stand as the network's author wrote its parts (safetensors are sorted by name).
    """

    path: Path
    tensors: dict[str, Tensor]
    said: tuple[tuple[Keys, Any], ...]
    left_out: tuple[str, ...]
    definition_order: bool

    @property
    def dtype(self) -> str:
        """The commonest type of a number."""
        counts: dict[str, int] = {}
        for tensor in self.tensors.values():
            name = str(tensor.dtype).removeprefix("torch.")
            counts[name] = counts.get(name, 0) + tensor.numel()
        return max(counts, key=lambda name: counts[name], default="none")


def read_checkpoint(path: Path) -> Contents:
    """Open ``path``; nothing in it is run.

    Raises:
        LoadError: no such file, damaged, hostile, a class that could run code, or no recurrent layer in it.
    """
    _require_a_file(path)
    if path.suffix.lower() == ".safetensors":
        tensors, metadata = read_safetensors_with_metadata(path)
        require_held(path, tensors)
        for removed, kept in metadata.items():  # what ``save_model`` leaves out of tied tensors
            if kept in tensors and removed not in tensors:
                tensors[removed] = tensors[kept]
        _require_recurrent(path, tensors)
        said: tuple[tuple[Keys, Any], ...] = tuple(((key,), _value_of(text)) for key, text in metadata.items())
        return Contents(path, tensors, said, (), False)
    line = f'torch.save({{"model_state_dict": model.state_dict(), "vocab": list(vocab)}}, "{path.name}")'
    loaded = unpickle(path, line)
    tensors, origin, left_out = _state_dict(path, loaded)
    require_held(path, tensors)
    said = tuple(itertools.islice(_said(loaded, (), origin), _MOST_ENTRIES))
    return Contents(path, tensors, said, left_out, True)


def _require_a_file(path: Path) -> None:
    try:
        found = path.is_file()
    except (OSError, ValueError):
        found = False
    if not found:
        raise LoadError(f"There is no file at {str(path)!r}; check the path.", "no_such_path")
    suffix = path.suffix.lower()
    if suffix in REFUSED:
        raise LoadError(f"{path.name}: {REFUSED[suffix]}", "refused_format")
    if suffix not in WEIGHT_SUFFIXES:
        raise LoadError(f"{path.name} is no file of weights; those end in {', '.join(WEIGHT_SUFFIXES)}.", "no_model")
    if path.stat().st_size == 0:
        raise LoadError(f"{path.name} is empty; copy it again from its source.", "damaged")


def _value_of(text: str) -> Any:
    """Metadata hold texts only; people put JSON in them."""
    try:
        return json.loads(text) if len(text) < _LARGEST_TEXT else None
    except (ValueError, RecursionError):
        return text


def _state_dict(path: Path, loaded: Any) -> tuple[dict[str, Tensor], Keys, tuple[str, ...]]:
    """The tensors of the model, the keys that lead to them, and what else looked like it."""
    found = list(itertools.islice(_dicts_of_tensors(loaded, ()), 1000))
    if not found:
        raise LoadError(f"{path.name} holds no weights: there is no dict of tensors in it.", "no_weights")
    recurrent = {keys: tensors for keys, tensors in found if _recurrent_names(tensors)}
    if not recurrent:
        _require_recurrent(path, max((tensors for _, tensors in found), key=len))
    keys = _chosen(path, list(recurrent))
    own = recurrent.pop(keys)
    left_out = tuple(f"“{'.'.join(other)}” holds weights too and is left out" for other in recurrent)
    if any(tensor.dim() == 2 for name, tensor in own.items() if RECURRENT.fullmatch(name) is None):
        return own, keys, left_out
    return _beside(keys, own, found), keys[:-1], left_out  # each part of the network saved by itself


def _beside(keys: Keys, own: dict[str, Tensor], found: list[tuple[Keys, dict[str, Tensor]]]) -> dict[str, Tensor]:
    """One state dict from those that lie side by side; a layer that is all there is stays alone."""
    parent = keys[:-1]
    union: dict[str, Tensor] = {}
    for other, tensors in found:
        if keys and other[:-1] == parent and len(other) == len(keys):
            union |= {f"{other[-1]}.{name}": tensor for name, tensor in tensors.items()}
    return union or own


def _chosen(path: Path, candidates: list[Keys]) -> Keys:
    usual = [keys for keys in candidates if not keys or keys[-1] in _USUAL]
    if len(candidates) == 1:
        return candidates[0]
    if len(usual) == 1:
        return usual[0]
    names = ", ".join(".".join(keys) or "its top level" for keys in candidates[:4])
    raise LoadError(f"{path.name} holds several recurrent networks ({names}); save the one you mean alone.", "several")


def _dicts_of_tensors(value: Any, keys: Keys, budget: list[int] | None = None) -> Iterator[tuple[Keys, dict[str, Tensor]]]:
    """Every dict that holds tensors under texts, but for an optimiser's."""
    budget = [_MOST_ENTRIES] if budget is None else budget
    if not isinstance(value, dict) or len(keys) > _DEEPEST:
        return
    items = list(itertools.islice(dict.items(value), budget[0]))
    budget[0] -= len(items)
    tensors = {key: entry.detach() for key, entry in items if isinstance(key, str) and isinstance(entry, Tensor)}
    if tensors:
        yield keys, tensors
    for key, entry in items:
        if isinstance(key, str) and isinstance(entry, dict) and not _TRAINING.search(key):
            yield from _dicts_of_tensors(entry, (*keys, key), budget)


def _said(value: Any, keys: Keys, origin: Keys) -> Iterator[tuple[Keys, Any]]:
    """What is no tensor, outermost first; a dict is told whole, and then entry by entry."""
    if not isinstance(value, dict) or len(keys) > _DEEPEST:
        return
    inner = []
    for key, entry in itertools.islice(dict.items(value), _MOST_ENTRIES):
        here = (*keys, str(key)) if isinstance(key, str) else None
        if here is None or isinstance(entry, Tensor) or _TRAINING.search(here[-1]) or here == origin:
            continue
        yield here, entry
        inner.append((here, entry))
    for here, entry in inner:
        yield from _said(entry, here, origin)


def _recurrent_names(tensors: dict[str, Tensor]) -> list[str]:
    return [name for name in tensors if RECURRENT.fullmatch(name)]


def _require_recurrent(path: Path, tensors: dict[str, Tensor]) -> None:
    if _recurrent_names(tensors):
        return
    shown = ", ".join(list(tensors)[:3])
    raise LoadError(
        f"{path.name} holds no LSTM, GRU or RNN ({len(tensors):,} tensors: {shown}, …); only recurrent networks are "
        "imported, others open with the folder that describes them.",
        "not_recurrent",
    )


def read_beside(path: Path) -> Any:
    """A file of words: JSON, or one a line (a line may end in a tab or a blank and the entry's id).

    Raises:
        LoadError: it cannot be read.
    """
    try:
        if path.suffix.lower() == ".json":
            return read_json_value(path)
        if not path.is_file():
            raise LoadError(f"There is no file at {str(path)!r}; check the path.", "no_such_path")
        if path.stat().st_size > _LARGEST_TEXT:
            raise LoadError(f"{path.name} is larger than any vocabulary is; it is not opened.", "bounds")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise LoadError(f"{path.name} cannot be read ({error.strerror}); check the path.", "unreadable") from None
    except UnicodeDecodeError:
        raise LoadError(f"{path.name} is not UTF-8; save it as UTF-8 text.", "unreadable") from None
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if lines and not lines[-1]:
        lines.pop()
    numbered = [re.fullmatch(r"(.*?)[\t ](\d{1,9})", line, re.DOTALL) for line in lines]
    if lines and all(numbered) and len({int(m[2]) for m in numbered if m}) == len(lines):
        return {m[1]: int(m[2]) for m in numbered if m}
    return lines[0] if len(lines) == 1 else lines


def is_floating(tensor: Tensor) -> bool:
    """Numbers that a network computes with."""
    return tensor.dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16)
