"""From a picture to what an image model is given: resize, cut, scale, normalise, as preprocessor_config.json says."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import LoadError, UserError
from engine.inputs.image import MOST_PIXELS
from engine.results import FloatArray

LARGEST_SIDE = 1024  # pixels of what a model is given: the gradient through it has to fit in memory
_RESAMPLING = ("nearest", "Lanczos", "bilinear", "bicubic", "box", "Hamming")  # by Pillow's numbers
_HALF = (0.5, 0.5, 0.5)
_IMAGENET = {"image_mean": (0.485, 0.456, 0.406), "image_std": (0.229, 0.224, 0.225)}
_CLIP = {"image_mean": (0.48145466, 0.4578275, 0.40821073), "image_std": (0.26862954, 0.26130258, 0.27577711)}
_SQUARE, _SHORTEST = {"height": 224, "width": 224}, {"shortest_edge": 224}
_COMMON: Mapping[str, Any] = {
    "do_resize": True,
    "do_center_crop": False,
    "do_rescale": True,
    "do_normalize": True,
    "rescale_factor": 1 / 255,
    "resample": 3,
    "size": _SQUARE,
    "crop_size": 224,
    "image_mean": _HALF,
    "image_std": _HALF,
}
_CUT = {"size": _SHORTEST, "do_center_crop": True}
_KNOWN: Mapping[str, Mapping[str, Any]] = {  # what each family's processor does where its file is silent
    "ViT": {"resample": 2},
    "DeiT": {"size": {"height": 256, "width": 256}, "do_center_crop": True},
    "Beit": {},
    "Bit": {**_CUT, **_CLIP},
    "CLIP": {**_CUT, **_CLIP},
    "Siglip": {},
    "ConvNext": {"size": {"shortest_edge": 384}, "crop_pct": 224 / 256},
    "EfficientNet": {"size": {"height": 346, "width": 346}, "crop_size": 289, "rescale_offset": False, "include_top": True},
    "MobileNetV1": {**_CUT, "size": {"shortest_edge": 256}, "resample": 2},
    "MobileNetV2": {**_CUT, "size": {"shortest_edge": 256}, "resample": 2},
    "MobileViT": {**_CUT, "crop_size": 256, "do_normalize": False, "do_flip_channel_order": True},
    "Segformer": {"size": {"height": 512, "width": 512}, "resample": 2, **_IMAGENET},
    "Pvt": {**_IMAGENET},
}
_BY_SHORTEST_EDGE = frozenset(
    {"Bit", "CLIP", "ConvNext", "MobileNetV1", "MobileNetV2", "MobileViT"}
)  # of a size that is a number
_WARPED_FROM = 384  # ConvNext: this large, the whole picture is used


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A picture resized and cut.

    Args:
        pixels: (height, width, channels) uint8.
        crop: (left, top, right, bottom) in the picture's pixels; what lies outside of it is black.
        steps: what was done, in words.
    """

    pixels: NDArray[np.uint8]
    crop: tuple[float, float, float, float]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How pictures become what the model is given.

    Args:
        exact: (height, width) to resize to; ``shortest``: of the shorter side, the other in proportion; neither: as it is.
        longest: what the longer side may not exceed.
        cut: (height, width) of the middle that is kept.
        gain, shift: of each channel: value = pixel · gain + shift, with pixels 0 … 255.
        numbers: what ``gain`` and ``shift`` stand for, in words.
        reversed: blue, green, red.
    """

    exact: tuple[int, int] | None
    shortest: int | None
    longest: int | None
    resample: int
    cut: tuple[int, int] | None
    gain: tuple[float, ...]
    shift: tuple[float, ...]
    numbers: tuple[str, ...]
    reversed: bool = False

    @property
    def channels(self) -> int:
        """1: grey, 3: colours."""
        return len(self.gain)

    @property
    def normalises(self) -> bool:
        """Whether it knows a mean picture: that which becomes zero."""
        return any(shift != 0 for shift in self.shift)

    @property
    def usual_shape(self) -> tuple[int, int]:
        """(height, width) of what a square picture becomes."""
        side = self.shortest or 224
        return self.cut or self.exact or (side, side)

    def fit(self, image: Image.Image) -> Fitted:
        """Resize and cut a picture in RGB.

        Raises:
            UserError: it is too long and narrow, or too large for a model that takes pictures as they are.
        """
        width, height = image.size
        rows, columns = self._resized(height, width)
        if rows * columns > MOST_PIXELS or min(rows, columns) < 1:
            raise UserError(
                f"The picture of {width:,} × {height:,} pixels is too narrow for this model; cut it first.", "too_narrow"
            )
        given = self.cut or (rows, columns)
        if given[0] * given[1] > LARGEST_SIDE**2:
            size = f"{given[1]:,} × {given[0]:,} pixels"
            words = f"This model would be given {size}, more than memory is likely to hold; save a smaller copy."
            raise UserError(words, "too_large")
        steps = []
        image = image if self.channels == 3 else image.convert("L")
        if (rows, columns) != (height, width):
            image = image.resize((columns, rows), Image.Resampling(self.resample))
            steps.append(f"resized to {columns} × {rows} pixels ({_RESAMPLING[self.resample]})")
        pixels = np.asarray(image, dtype=np.uint8).reshape(rows, columns, self.channels)
        top, left, cut = 0, 0, (rows, columns)
        if self.cut is not None and self.cut != cut:
            cut = self.cut
            top, left = (rows - cut[0]) // 2, (columns - cut[1]) // 2
            pixels = _window(pixels, top, left, cut)
            steps.append(f"the middle {cut[1]} × {cut[0]} kept")
        across, down = width / columns, height / rows
        crop = (left * across, top * down, (left + cut[1]) * across, (top + cut[0]) * down)
        return Fitted(np.ascontiguousarray(pixels), crop, (*steps, *self.numbers))

    def values(self, pixels: NDArray[Any]) -> FloatArray:
        """(height, width, channels) of 0 … 255 -> float32 of the same shape, as the model takes them."""
        ordered = pixels[..., ::-1] if self.reversed else pixels
        values: FloatArray = (ordered * np.array(self.gain) + np.array(self.shift)).astype(np.float32)
        return values

    def mean_pixel(self) -> FloatArray:
        """(channels,) of 0 … 255: what becomes zero."""
        mean: FloatArray = -np.array(self.shift) / np.array(self.gain)
        return mean[::-1] if self.reversed else mean

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        if self.exact is not None:
            return self.exact
        if self.shortest is None:
            return height, width
        short, long = min(height, width), max(height, width)
        exact = float(self.shortest)
        if self.longest is not None and long / short * exact > self.longest:
            exact = self.longest * short / long
        side, other = round(exact), int(exact * long / short)
        return (side, other) if height <= width else (other, side)


def _window(pixels: NDArray[np.uint8], top: int, left: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """What is outside of the picture is black."""
    found = np.zeros((*size, pixels.shape[-1]), dtype=np.uint8)
    rows, columns = pixels.shape[:2]
    inside = pixels[max(top, 0) : min(top + size[0], rows), max(left, 0) : min(left + size[1], columns)]
    found[max(-top, 0) : max(-top, 0) + len(inside), max(-left, 0) : max(-left, 0) + inside.shape[1]] = inside
    return found


def plain_preprocessing(side: int, channels: int) -> Preprocessing:
    """What is done where nothing says what to do: a square, scaled to −1 … 1."""
    return preprocessing_of({"size": {"height": side, "width": side}, "resample": 2}, channels)


def preprocessing_of(described: Mapping[str, Any], channels: int = 3) -> Preprocessing:
    """Read a preprocessor_config.json.

    Raises:
        LoadError: an image processor that is not known, or settings that cannot be.
    """
    family = _family(described)
    known = {**_COMMON, **_KNOWN.get(family, {}), **{key: value for key, value in described.items() if value is not None}}
    if known.get("do_pad"):
        raise LoadError("The model's pictures are padded by its image processor, which is not done here yet.", "preprocessing")
    try:
        exact, shortest, longest = _size(known["size"], family) if known["do_resize"] else (None, None, None)
        cut = _side_pair(known["crop_size"]) if known["do_center_crop"] else None
        if family == "ConvNext" and known["do_resize"]:
            exact, shortest, cut = _convnext(shortest, float(known["crop_pct"]), cut)
        gain, shift, numbers = _numbers(known, channels)
        resample = int(known["resample"])
        return Preprocessing(
            exact,
            shortest,
            longest,
            _checked(resample, range(6)),
            cut,
            gain,
            shift,
            numbers,
            bool(known.get("do_flip_channel_order")),
        )
    except (TypeError, ValueError, KeyError, ZeroDivisionError) as error:
        words = "preprocessor_config.json does not say how pictures are made ready; copy it again from its source."
        raise LoadError(words, "preprocessing", f"{type(error).__name__}: {error}") from None


def _family(described: Mapping[str, Any]) -> str:
    """The processor's name without what changes from version to version."""
    name = described.get("image_processor_type") or described.get("feature_extractor_type") or "ViTImageProcessor"
    family = re.sub(r"(ImageProcessor|FeatureExtractor)(Fast|Pil)?$", "", str(name))
    if family not in _KNOWN:
        raise LoadError(f"Pictures for this model are made ready by {name}, which is not known here.", "preprocessing")
    return family


def _size(size: Any, family: str) -> tuple[tuple[int, int] | None, int | None, int | None]:
    """Exact, shortest and longest: ``size`` in any of its spellings."""
    if isinstance(size, Mapping):
        if size.get("shortest_edge") is not None:
            longest = size.get("longest_edge")
            return None, _side(size["shortest_edge"]), None if longest is None else _side(longest)
        return _side_pair(size), None, None
    if isinstance(size, int) and family in _BY_SHORTEST_EDGE:
        return None, _side(size), None
    return _side_pair(size), None, None


def _convnext(
    shortest: int | None, share: float, cut: tuple[int, int] | None
) -> tuple[tuple[int, int] | None, int | None, tuple[int, int] | None]:
    """The middle of a picture that was made larger by as much as is cut away."""
    if shortest is None:
        raise ValueError("size has no shortest_edge")
    if shortest >= _WARPED_FROM:
        return (shortest, shortest), None, cut
    return None, _side(int(shortest / share)), cut or (shortest, shortest)


def _side(side: Any) -> int:
    return _checked(int(side), range(1, LARGEST_SIDE + 1))


def _side_pair(size: Any) -> tuple[int, int]:
    """(height, width)."""
    if isinstance(size, Mapping):
        return _side(size["height"]), _side(size["width"])
    if isinstance(size, Sequence) and not isinstance(size, str):
        height, width = size if len(size) == 2 else (*size, *size)
        return _side(height), _side(width)
    return _side(size), _side(size)


def _checked(value: int, allowed: range) -> int:
    if value not in allowed:
        raise ValueError(f"{value} is outside of {allowed}")
    return value


def _numbers(known: Mapping[str, Any], channels: int) -> tuple[tuple[float, ...], tuple[float, ...], tuple[str, ...]]:
    """Gain, shift, and both in words."""
    gain, shift, said = np.ones(channels), np.zeros(channels), []
    if known["do_rescale"]:
        gain = gain * float(known["rescale_factor"])
        shift = shift - (1.0 if known.get("rescale_offset") else 0.0)
        low, high = float(shift[0]), float(255 * gain[0] + shift[0])
        said.append(f"scaled to {low:.3g} … {high:.3g}")
    if known["do_normalize"]:
        mean, deviation = _per_channel(known["image_mean"], channels), _deviation(known, channels)
        gain, shift = gain / deviation, (shift - mean) / deviation
        said.append(f"normalised with mean {_listed(mean)} and deviation {_listed(deviation)}")
    if known.get("include_top"):
        deviation = _deviation(known, channels)
        gain, shift = gain / deviation, shift / deviation
        said.append("divided by the deviation once more")
    if known.get("do_flip_channel_order"):
        said.append("in the order blue, green, red")
    if not all(map(math.isfinite, (*gain, *shift))) or (gain <= 0).any():
        raise ValueError("numbers that no picture survives")
    return tuple(map(float, gain)), tuple(map(float, shift)), tuple(said)


def _deviation(known: Mapping[str, Any], channels: int) -> FloatArray:
    deviation = _per_channel(known["image_std"], channels)
    if not (deviation > 0).all():
        raise ValueError("a deviation that is not positive")
    return deviation


def _per_channel(value: Any, channels: int) -> FloatArray:
    numbers = np.atleast_1d(np.array(value, dtype=np.float64))
    if len(numbers) not in (1, channels):
        raise ValueError(f"{len(numbers)} numbers for {channels} channels")
    found: FloatArray = np.broadcast_to(numbers, (channels,))
    return found


def _listed(numbers: FloatArray) -> str:
    return ", ".join(f"{number:.3g}" for number in dict.fromkeys(numbers.tolist()))
