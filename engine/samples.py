"""The samples that come with the product, read from their folders without touching torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.requests import Input, RecordInput, TextInput

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
_RANK = {"text_classification": 0, "image_classification": 1}


@dataclass(frozen=True, slots=True)
class Example:
    """A text to try a sample with: ``true`` is its true label, ``note`` says why it is worth a look.

    ``image``: the path of a picture, of a sample that reads pictures; ``record``: of one that reads records, whose ``text``
    is then its values, a word each.
    """

    text: str
    true: str | None
    note: str
    image: str | None = None
    record: RecordInput | None = None

    @property
    def input(self) -> Input:
        """As the model is asked about it.

        Raises:
            UserError: its picture cannot be read.
        """
        if self.image is not None:
            from engine.inputs.image import image_input  # Pillow, which a window of texts does not need

            return image_input(self.image)
        return self.record or TextInput(self.text)


@dataclass(frozen=True, slots=True)
class Preview:
    """What the first example's finished map shows, so that the welcome page can show it before the engine is there.

    ``words``: the attribution of each whitespace-separated word for the predicted class, in logits; of a record of each field.
    ``probability``: None of a number.
    """

    says: str
    probability: float | None
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
    """Every sample in ``folder``: classifiers of texts, those of pictures, other models of texts, those of records; by name."""
    found = (_read(card) for card in folder.glob("*/sample.json"))
    return tuple(sorted(found, key=_in_order))


def _in_order(sample: Sample) -> tuple[bool, int, str]:
    return sample.task.startswith("record"), _RANK.get(sample.task, len(_RANK)), sample.name


def _read(card: Path) -> Sample:
    known = json.loads(card.read_text(encoding="utf-8"))
    examples = tuple(_example(e, card.parent) for e in known["examples"])
    seen = known.get("preview")
    preview = Preview(seen["says"], seen["probability"], tuple(seen["words"])) if seen else None
    return Sample(known["name"], known["title"], known["task"], known["description"], str(card.parent), examples, preview)


def _example(known: Mapping[str, Any], folder: Path) -> Example:
    fields = tuple(known.get("record", {}).items())
    image = str((folder / known["image"]).resolve()) if "image" in known else None
    text = known.get("text", " ".join(value for _, value in fields))
    return Example(text, known.get("true"), known.get("note", ""), image, RecordInput(fields) if fields else None)


def sample_path(name_or_path: str) -> str:
    """A sample's folder where ``name_or_path`` is a sample's name, else ``name_or_path`` itself."""
    return next((s.path for s in samples() if s.name == name_or_path), name_or_path)
