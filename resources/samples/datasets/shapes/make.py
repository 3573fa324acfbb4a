"""Draw the pictures of this folder: figures from plain to hard, each with its answer mask.

    PYTHONPATH=. python resources/samples/datasets/shapes/make.py OUT [MODEL ...]

Writes ``labels.csv``, a folder of pictures per label, and ``masks/`` of the same shape. With models, prints what they make of
the pictures that were written. Needs numpy and Pillow; for the models, torch and transformers.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from resources.samples.datasets.shapes.drawing import KINDS, USUAL, Difficulty, Picture, draw, with_tag

SEED = 4  # of no picture that was trained on
HOW_HARD = {
    "plain": (8, USUAL),
    "tagged": (4, USUAL),
    "small": (4, Difficulty(radius=(5.0, 7.5))),
    "faint": (4, Difficulty(contrast=30.0, most_contrast=50.0)),
    "crowded": (4, Difficulty(strokes=40, cuts=8)),
    "noisy": (4, Difficulty(noise=45.0)),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One picture and where it goes, relative to the folder."""

    path: str
    label: str
    mask: str
    kind: str
    picture: Picture


def rows() -> Iterator[Row]:
    """Label by label, from plain to hard."""
    number = 0
    for label, name in enumerate(KINDS):
        for kind, (count, difficulty) in HOW_HARD.items():
            for at in range(1, count + 1):
                picture = draw(SEED, number, difficulty, label)
                path = f"{name}/{kind}-{at}.png"
                yield Row(path, name, f"masks/{path}", kind, with_tag(picture) if kind == "tagged" else picture)
                number += 1


def write(folder: Path) -> None:
    """All of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("path", "label", "mask", "kind"))
        for row in rows():
            table.writerow((row.path, row.label, row.mask, row.kind))
            for path, image in ((row.path, row.picture.pixels), (row.mask, row.picture.mask)):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(image).save(folder / path, optimize=True)  # of truth values: one bit per pixel


def tell(folder: Path, model_folder: Path) -> None:
    """Print accuracy by kind, and every error."""
    import torch

    from resources.samples.datasets.shapes.training import as_input, open_saved

    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    pixels = torch.from_numpy(np.stack([np.asarray(Image.open(folder / row["path"])) for row in table]))
    with torch.no_grad():
        certainty, predicted = open_saved(model_folder)(as_input(pixels)).logits.softmax(-1).max(-1)
    right = [row["label"] == KINDS[at] for row, at in zip(table, predicted.tolist(), strict=True)]
    for kind in HOW_HARD:
        of_kind = [is_right for row, is_right in zip(table, right, strict=True) if row["kind"] == kind]
        print(f"{model_folder.name}, {kind}: {sum(of_kind)} of {len(of_kind)}")
    for row, at, share, is_right in zip(table, predicted.tolist(), certainty.tolist(), right, strict=True):
        if not is_right:
            print(f"  {row['path']}: called {KINDS[at]}, {share:.2f}")
    print(f"{model_folder.name}: {sum(right)} of {len(right)}")


def main() -> None:
    """Write, read back, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("models", type=Path, nargs="*")
    options = parser.parse_args()
    write(options.out)
    for model in options.models:
        tell(options.out, model)


if __name__ == "__main__":
    main()
