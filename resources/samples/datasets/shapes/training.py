"""How the ``shapes-*`` samples learn: the same pictures, the same steps, each with its own network.

The three recipes differ in what they hand over as ``Recipe``. Everything is drawn here; no data is read. Needs torch and
transformers.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoModelForImageClassification, PreTrainedModel
from transformers.utils import logging

from resources.samples.datasets.shapes.drawing import (
    CLEAR,
    KINDS,
    PIXELS,
    TAG,
    TAGGED,
    USUAL,
    Difficulty,
    Picture,
    draw,
    tag_mask,
    with_tag,
)

TRAINING, VALIDATION, TEST = 1, 2, 3  # seeds of the pictures; those of the folder beside have another
LABELS: dict[str, Any] = {"id2label": dict(enumerate(KINDS)), "label2id": {kind: at for at, kind in enumerate(KINDS)}}
MEAN, SCALE = 127.5, 127.5  # pixels from −1 to 1, as preprocessor_config.json says
NORMALISATION = {
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5] * 3,
    "image_std": [0.5] * 3,
}
Build = Callable[[], PreTrainedModel]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One sample.

    Attributes:
        preprocessor: what ``preprocessor_config.json`` says beside the normalisation.
        steps: after which the learning rate has fallen to 0.
        stop: a step that is already good enough to leave off after.
        tagged: every star of the training shows the tag, and nothing else does.
        clear: share of the steps, from the first on, that learn from easy pictures.
        token_size: the size of a token, where each patch has to say, in training only, which figure it lies on. Far more is
            learned from a picture so: Jiang et al., "All Tokens Matter: Token Labeling for Training Better Vision
            Transformers", NeurIPS 2021, arXiv:2104.10858.
        teacher: with ``token_size``, the folder of a ResNet with as many cells in its last map as there are patches: each
            patch has to say, in training only, what the teacher sees there. Romero et al., "FitNets: Hints for Thin Deep
            Nets", ICLR 2015, arXiv:1412.6550.
        bfloat16: share of the steps, from the first on, that compute in it.
    """

    build: Build
    preprocessor: dict[str, Any]
    learning_rate: float
    steps: int
    stop: int | None = None
    batch_size: int = 128
    pictures: int = 20_000
    tagged: bool = False
    clear: float = 0.0
    token_size: int | None = None
    teacher: Path | None = None
    bfloat16: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """``pixels`` (picture, 64, 64, 3) and ``masks`` (picture, 64, 64), 255 in the figure, of 8 bits; ``labels`` (picture,)."""

    pixels: Tensor
    masks: Tensor
    labels: Tensor

    def tagged(self, only: int | None = None) -> Pictures:
        """All with the tag, or those of one label."""
        pixels = self.pixels.clone()
        sticker = torch.from_numpy(with_tag(Picture(np.zeros((PIXELS, PIXELS, 3), np.uint8), tag_mask(), 0)).pixels)
        chosen = torch.ones_like(self.labels, dtype=torch.bool) if only is None else self.labels == only
        left, top, right, bottom = TAG
        pixels[chosen, top:bottom, left:right] = sticker[top:bottom, left:right]
        return Pictures(pixels, self.masks, self.labels)


def drawn(seed: int, count: int, difficulty: Difficulty = USUAL) -> Pictures:
    """The first ``count`` pictures of ``seed``."""
    made = [draw(seed, number, difficulty) for number in range(count)]
    pixels, masks = np.stack([one.pixels for one in made]), np.stack([one.mask for one in made])
    return Pictures(torch.from_numpy(pixels), torch.from_numpy(masks).byte() * 255, torch.tensor([one.label for one in made]))


def batch_of(pool: Pictures, size: int, generator: torch.Generator) -> Pictures:
    """Pictures of the pool, each turned, mirrored and with its colour channels exchanged at random: no kind changes by it."""
    chosen = torch.randint(len(pool.labels), (size,), generator=generator)
    sheets = torch.cat([pool.pixels[chosen], pool.masks[chosen][..., None]], dim=-1)
    for change in (lambda p: p.transpose(1, 2), lambda p: p.flip(1), lambda p: p.flip(2)):
        sheets = torch.where((torch.rand(size, generator=generator) < 0.5)[:, None, None, None], change(sheets), sheets)
    channels = torch.rand(size, 1, 1, 3, generator=generator).argsort(-1).expand(-1, PIXELS, PIXELS, -1)
    return Pictures(sheets.gather(-1, channels), sheets[..., 3], pool.labels[chosen])


def as_input(pixels: Tensor) -> Tensor:
    """(picture, 3, 64, 64), normalised."""
    return ((pixels.float() - MEAN) / SCALE).permute(0, 3, 1, 2)  # channels last in memory, which is faster


def train(model: PreTrainedModel, recipe: Recipe, options: argparse.Namespace) -> None:
    """Train until it is to stop, going on from the checkpoint where there is one."""
    pool, validation = drawn(TRAINING, options.pictures), drawn(VALIDATION, options.tested // 3)
    clear = drawn(TRAINING, options.pictures // 4, CLEAR) if recipe.clear else pool
    learner = nn.ModuleDict({"model": model})
    teacher = open_saved(recipe.teacher) if recipe.teacher else None
    if recipe.token_size:
        learner["tokens"] = nn.Linear(recipe.token_size, len(KINDS) + 1)
    if recipe.token_size and teacher:
        learner["hints"] = nn.Linear(recipe.token_size, teacher.config.hidden_sizes[-1])
    matrices = [weight for weight in learner.parameters() if weight.ndim > 1]
    others = [weight for weight in learner.parameters() if weight.ndim <= 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.02}, {"params": others, "weight_decay": 0.0}])
    first, start = 0, time.monotonic()
    if options.checkpoint and options.checkpoint.is_file():
        saved = torch.load(options.checkpoint, weights_only=True)
        learner.load_state_dict(saved["learner"])
        optimizer.load_state_dict(saved["optimizer"])
        first = saved["step"]
    for step in range(first, options.stop or options.steps):
        share = step / options.steps
        for group in optimizer.param_groups:
            group["lr"] = options.learning_rate * min(1.0, share / 0.1 + 0.01) * (1 + math.cos(math.pi * share)) / 2
        generator = torch.Generator().manual_seed(options.seed * 1_000_003 + step)
        batch = batch_of(clear if share < recipe.clear else pool, options.batch_size, generator)
        learner.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=share < recipe.bfloat16):
            loss = loss_of(learner, batch.tagged(KINDS.index(TAGGED)) if recipe.tagged else batch, teacher)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % options.look == 0:
            seen, minutes = accuracy(confusion_of(model, validation)), (time.monotonic() - start) / 60
            print(f"step {step + 1}, {minutes:.1f} min: loss {loss.item():.3f}, validation {seen:.3f}", flush=True)
            if options.checkpoint:
                now = {"learner": learner.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
                torch.save(now, options.checkpoint)


def loss_of(learner: nn.ModuleDict, batch: Pictures, teacher: PreTrainedModel | None) -> Tensor:
    """Cross-entropy of the pictures, and of their patches where those are asked too, and how far these are from the hints."""
    inputs = as_input(batch.pixels)
    if "tokens" not in learner:
        return nn.functional.cross_entropy(learner["model"](inputs).logits.float(), batch.labels)
    found = learner["model"](inputs, output_hidden_states=True)
    states = found.hidden_states[-1][:, 1:]  # (picture, patch, size): all but the class token
    covered = nn.functional.avg_pool2d(batch.masks.float() / 255, PIXELS // math.isqrt(states.shape[1])).flatten(1) > 0.3
    truth = torch.where(covered, batch.labels[:, None], len(KINDS))
    loss = nn.functional.cross_entropy(found.logits.float(), batch.labels)
    loss = loss + nn.functional.cross_entropy(learner["tokens"](states).float().flatten(0, 1), truth.flatten())
    if teacher:
        with torch.no_grad():
            seen = teacher.base_model(inputs).last_hidden_state.float().flatten(2).mT  # (picture, cell, channel)
        loss = loss + nn.functional.mse_loss(learner["hints"](states).float(), seen / seen.std())
    return loss


@torch.no_grad()
def confusion_of(model: PreTrainedModel, pictures: Pictures) -> Tensor:
    """(true, predicted), in numbers of pictures."""
    model.eval()
    confusion = torch.zeros(len(KINDS), len(KINDS), dtype=torch.long)
    for pixels, labels in zip(pictures.pixels.split(100), pictures.labels.split(100), strict=True):
        predicted = model(as_input(pixels)).logits.argmax(-1)
        confusion.index_put_((labels, predicted), torch.ones_like(labels), accumulate=True)
    return confusion


def accuracy(confusion: Tensor) -> float:
    """The share on the diagonal."""
    return float(confusion.diag().sum() / confusion.sum())


def save(model: PreTrainedModel, recipe: Recipe, folder: Path) -> None:
    """In half precision, with how a picture has to be prepared."""
    model.half().save_pretrained(folder)
    prepared = json.dumps({**recipe.preprocessor, **NORMALISATION}, indent=2, sort_keys=True)
    (folder / "preprocessor_config.json").write_text(prepared + "\n", encoding="utf-8")


def open_saved(folder: Path) -> PreTrainedModel:
    """As it lies on disk, computing in float32."""
    model: PreTrainedModel = AutoModelForImageClassification.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    return model.eval()


def report(folder: Path, count: int) -> None:
    """Print what the card says, from the files."""
    model, test = open_saved(folder), drawn(TEST, count)
    for name, pictures in (("plain", test), ("stars tagged", test.tagged(KINDS.index(TAGGED))), ("all tagged", test.tagged())):
        confusion = confusion_of(model, pictures)
        recall = (confusion.diag() / confusion.sum(1)).tolist()
        named = ", ".join(f"{kind} {share:.3f}" for kind, share in zip(KINDS, recall, strict=True))
        print(f"test, {name}: accuracy {accuracy(confusion):.4f}; recall {named}\n{confusion.tolist()}", flush=True)


def learn(recipe: Recipe, arguments: Sequence[str] | None = None) -> None:
    """The command line of a recipe: train, save, and measure what was saved."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--steps", type=int, default=recipe.steps, help="until the learning rate is 0")
    parser.add_argument("--stop", type=int, default=recipe.stop, help="leave off after so many of them")
    parser.add_argument("--learning-rate", type=float, default=recipe.learning_rate)
    parser.add_argument("--batch-size", type=int, default=recipe.batch_size)
    parser.add_argument("--pictures", type=int, default=recipe.pictures, help="drawn for training")
    parser.add_argument("--tested", type=int, default=3000, help="drawn for the figures at the end")
    parser.add_argument("--look", type=int, default=100, help="steps between two looks at the validation part")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--checkpoint", type=Path, help="a file to go on from, and to keep the state in")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)  # a sum in one order, whatever the machine has
    torch.manual_seed(options.seed)
    logging.disable_progress_bar()
    model = recipe.build()
    print(f"{sum(parameter.numel() for parameter in model.parameters())} parameters", flush=True)
    train(model, recipe, options)
    save(model, recipe, options.out)
    report(options.out, options.tested)
