"""Folders as a training leaves them: checkpoints on the way, and the last weights."""

import shutil
from pathlib import Path

from engine.models.model import TextModel
from engine.models.recurrent import save
from engine.models.recurrent_spec import RecurrentSpec
from tests.engine.tiny_models import VOCABULARY, opened, recurrent_spec, recurrent_weights, write


def write_run(
    folder: Path, names: tuple[str, ...] = ("epoch-0", "epoch-0.5", "epoch-10", "epoch-2"), spec: RecurrentSpec | None = None
) -> Path:
    """A recurrent folder and its checkpoints: the weights of ``names[i]`` have the seed i + 1."""
    spec = spec or recurrent_spec()
    checkpoints = {name: recurrent_weights(spec, seed=seed) for seed, name in enumerate(names, start=1)}
    save(folder, spec, recurrent_weights(spec, seed=0), VOCABULARY, checkpoints=checkpoints)
    return folder


def alone(folder: Path, weights: Path, to: Path) -> TextModel:
    """A model opened from one checkpoint's weights and nothing else."""
    to.mkdir(parents=True)
    for name in ("model.json", "vocabulary.json"):
        shutil.copyfile(folder / name, to / name)
    shutil.copyfile(weights, to / "model.safetensors")
    return opened(to)


def write_trainer_run(folder: Path, *, with_final: bool = True, **config: object) -> Path:
    """As the Trainer leaves it: a folder for each checkpoint, with tokenizer and all, and the last weights beside them."""
    for seed, step in enumerate((500, 1000, 50), start=1):
        write(folder / f"checkpoint-{step}", seed=seed, **config)  # type: ignore[arg-type]
        (folder / f"checkpoint-{step}" / "optimizer.pt").write_bytes(b"no weights")
    (folder / "runs").mkdir()
    return write(folder, seed=9, **config) if with_final else folder  # type: ignore[arg-type]
