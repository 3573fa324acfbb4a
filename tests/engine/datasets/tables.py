"""Small tables as files. ``from tests.engine.datasets import tables``."""

import csv
from collections.abc import Sequence
from pathlib import Path

from engine.dataset_results import Dataset
from engine.datasets.data import open_dataset
from engine.jobs import run
from engine.requests import DataSource

WORDS = [
    "not",
    "once",
    "does",
    "it",
    "come",
    "close",
    "to",
    "being",
    "exciting",
    "a",
    "wonderful",
    "moving",
    "film",
    "dull",
    "from",
    "start",
]


def write(folder: Path, name: str, content: str | bytes) -> str:
    """A file of exactly this."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def opened(path: str, **how: object) -> Dataset:
    """Read."""
    return run(open_dataset(DataSource(path, **how)))  # type: ignore[arg-type]


def texts(count: int, seed: int = 0) -> list[str]:
    """Texts of 1 … 18 words."""
    return [" ".join(WORDS[(i * 7 + j * 3 + seed) % len(WORDS)] for j in range(1 + i * 5 % 18)) for i in range(count)]


def labelled(folder: Path, count: int, labels: Sequence[str] = ("negative", "neutral", "positive"), name: str = "t.csv") -> str:
    """A CSV of ``texts`` with labels in turn."""
    with (folder / name).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "n"])
        writer.writerows((text, labels[i * i % len(labels)], i * 13 % 29) for i, text in enumerate(texts(count)))
    return str(folder / name)
