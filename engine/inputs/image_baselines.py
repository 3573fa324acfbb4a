"""Image baselines: what stands for "nothing to see", made of pixels and then scaled as pictures are."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from engine.errors import UserError
from engine.inputs.baselines import Baseline
from engine.inputs.image import image_input
from engine.inputs.preprocessing import Preprocessing
from engine.models.image_model import ImageEncoding, ImageModel
from engine.results import FloatArray

OWN_IMAGE, NOISE = "image:", "noise"
BLUR = 0.1  # standard deviation, of the shorter side
Pixels = NDArray[np.uint8]


def _one_colour(level: int) -> Callable[[Pixels], FloatArray]:
    return lambda pixels: np.full(pixels.shape, float(level))


def _blurred(pixels: Pixels) -> FloatArray:
    """So far that only colours are left, and where they are."""
    grey = pixels.shape[-1] == 1
    image = Image.fromarray(pixels[..., 0] if grey else pixels)
    found = np.asarray(image.filter(ImageFilter.GaussianBlur(BLUR * min(pixels.shape[:2]))), dtype=np.float64)
    return found.reshape(pixels.shape)


OF_PIXELS: dict[str, Callable[[Pixels], FloatArray]] = {
    "black": _one_colour(0),
    "grey": _one_colour(128),
    "white": _one_colour(255),
    "blur": _blurred,
}


def image_baselines_of(preprocessing: Preprocessing) -> tuple[str, ...]:
    """The baselines a model with this preprocessing can compute by itself; black is the default."""
    return ("black", "grey", "white", *(("mean",) if preprocessing.normalises else ()), "blur", NOISE)


@torch.no_grad()
def image_baseline_for(
    name: str, model: ImageModel, encoding: ImageEncoding, background: str | None = None, seed: int = 0, draw: int = 0
) -> Baseline:
    """The baseline ``name``: one of those above, or ``image:PATH``, another picture made ready like this one.

    Args:
        seed, draw: of noise, the ``draw``-th picture of that seed: every number of every pixel is equally likely.

    Raises:
        UserError: there is no such baseline, or the other picture cannot be read.
    """
    if name.startswith(OWN_IMAGE):
        return _own_image(name.removeprefix(OWN_IMAGE), model, encoding)
    known = model.info.baselines
    if name not in known:
        raise UserError(f"There is no baseline “{name}”; there are {', '.join((*known, 'image:PATH'))}.", "no_such_baseline")
    return Baseline(model.features_of(_pixels(name, model, encoding.pixels, seed, draw)))


def _pixels(name: str, model: ImageModel, pixels: Pixels, seed: int, draw: int) -> FloatArray:
    if name == "mean":
        mean: FloatArray = np.broadcast_to(model.preprocessing.mean_pixel(), pixels.shape)
        return mean
    if name == NOISE:
        drawn: FloatArray = (
            np.random.default_rng([abs(seed), int(seed < 0), draw]).integers(0, 256, pixels.shape).astype(np.float64)
        )
        return drawn
    return OF_PIXELS[name](pixels)


def _own_image(path: str, model: ImageModel, encoding: ImageEncoding) -> Baseline:
    other = model.encode(image_input(path))
    if other.shape != encoding.shape:
        (height, width), (rows, columns) = other.shape, encoding.shape
        words = (
            f"The baseline's picture becomes {width} × {height} pixels and the input {columns} × {rows}; cut one like the other."
        )
        raise UserError(words, "no_such_baseline")
    return Baseline(model.features(other))
