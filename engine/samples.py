"""The samples that come with the product, read from their folders without touching torch."""

import json
from dataclasses import dataclass
from pathlib import Path

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
_RANK = {"text_classification": 0, "image_classification": 1}


@dataclass(frozen=True, slots=True)
class Example:
    """A text to try a sample with, or a picture's path: ``true`` is its true label, ``note`` says why it is worth a look."""

    text: str
    true: str | None
    note: str
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What the first example's finished map shows, so that the welcome page can show it before the engine is there.

    ``words``: the attribution of each whitespace-separated word for the predicted class, in logits.
    """

    says: str
    probability: float
    words: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A model that comes with the product; ``path`` opens like any other."""

    name: str
    title: str
    task: str
    description: str
    path: str
    examples: tuple[Example, ...]
    preview: Preview | None = None


def samples(folder: Path = RESOURCES / "samples") -> tuple[Sample, ...]:
    """Every sample in ``folder``, classifiers of texts first, then those of pictures, then by name."""
    found = (_read(card) for card in folder.glob("*/sample.json"))
    return tuple(sorted(found, key=lambda sample: (_RANK.get(sample.task, len(_RANK)), sample.name)))


def _read(card: Path) -> Sample:
    known = json.loads(card.read_text(encoding="utf-8"))
    examples = tuple(_example(e, card.parent) for e in known["examples"])
    seen = known.get("preview")
    preview = Preview(seen["says"], seen["probability"], tuple(seen["words"])) if seen else None
    return Sample(known["name"], known["title"], known["task"], known["description"], str(card.parent), examples, preview)


def _example(known: dict[str, str], folder: Path) -> Example:
    image = str((folder / known["image"]).resolve()) if "image" in known else None
    return Example(known.get("text", ""), known.get("true"), known.get("note", ""), image)


def sample_path(name_or_path: str) -> str:
    """A sample's folder where ``name_or_path`` is a sample's name, else ``name_or_path`` itself."""
    return next((s.path for s in samples() if s.name == name_or_path), name_or_path)
