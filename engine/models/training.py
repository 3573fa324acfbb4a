"""Weights from the way to a model, kept beside its own: found by name and order, read only when one is asked about."""

import re
from collections.abc import Iterable
from pathlib import Path

from engine.errors import UserError

CHECKPOINTS = "checkpoints"  # the folder in a recurrent folder
FINAL = "final"  # what the open model's own weights are called beside them
_TRAINERS = re.compile(r"checkpoint-(\d+)")
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)")


def recurrent_checkpoints(folder: Path) -> dict[str, Path]:
    """Name -> file of every ``checkpoints/*.safetensors``, in the order of the names, numbers as numbers."""
    beside = folder / CHECKPOINTS
    found = [path for path in beside.iterdir() if path.suffix == ".safetensors" and path.is_file()] if beside.is_dir() else []
    return _named((path.stem, path) for path in sorted(found, key=lambda path: in_order(path.stem)))


def trainer_checkpoints(folder: Path) -> dict[str, Path]:
    """Name -> folder of every ``checkpoint-<step>``, as the Hugging Face Trainer leaves them, by step."""
    matches = [(match, path) for path in folder.iterdir() if (match := _TRAINERS.fullmatch(path.name)) and path.is_dir()]
    return _named((f"step {match[1]}", path) for match, path in sorted(matches, key=lambda each: (int(each[0][1]), each[1])))


def in_order(name: str) -> tuple[tuple[str | float, ...], str]:
    """A key that sorts numbers as numbers: ``epoch-2`` comes before ``epoch-10``, ``epoch-0.25`` before ``epoch-0.5``."""
    parts = _NUMBER.split(name)  # texts at even places, numbers between them
    return tuple(float(part) if at % 2 else part.lower() for at, part in enumerate(parts)), name


def _named(found: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    """Each name once, and none that the model itself goes by."""
    named: dict[str, Path] = {}
    for stem, path in found:
        plain = name = _readable(stem)
        again = 1
        while name in named or name == FINAL:
            again += 1
            name = f"{plain} ({again})"
        named[name] = path
    return named


def _readable(stem: str) -> str:
    """``epoch-2`` and ``epoch_2`` are “epoch 2”; what no screen can show is left out."""
    spaced = re.sub(r"(?<=[^\W\d])[-_](?=\d)", " ", stem)
    return " ".join("".join(c if c.isprintable() else " " for c in spaced).split()) or "unnamed"


def no_such_checkpoint(name: str, known: tuple[str, ...]) -> UserError:
    """What to say of a checkpoint that does not exist."""
    if not known:
        return UserError("This model has only one checkpoint: there are none from its training beside it.", "no_such_checkpoint")
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return UserError(f"This model has no checkpoint “{name}”; it has {shown}.", "no_such_checkpoint")
