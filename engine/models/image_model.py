"""Models that read pictures; what is attributed to are the channels of each pixel they are given."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.inputs.image import read_image
from engine.inputs.preprocessing import Preprocessing
from engine.models.model import Model
from engine.requests import ImageInput
from engine.results import ReadImage


@dataclass(frozen=True, slots=True, eq=False)
class ImageEncoding:
    """A picture as it was read, and ``pixels``, (height, width, channels) uint8: what of it is scaled and given to the model."""

    input: ReadImage
    pixels: NDArray[np.uint8]

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the model's input."""
        return self.input.shape


class ImageModel(Model):
    """It reads pixels. Features are (batch, height · width, channels), rows from the top and each from the left."""

    preprocessing: Preprocessing

    def encode(self, given: ImageInput) -> ImageEncoding:
        """Open the picture and fit it to the model.

        Raises:
            UserError: the file holds no picture that can be read.
        """
        picture = read_image(given)
        fitted = self.preprocessing.fit(picture.image)
        height, width = fitted.pixels.shape[:2]
        read = ReadImage(given.path, picture.size, picture.shown(), fitted.crop, (height, width), fitted.steps, picture.notices)
        return ImageEncoding(read, fitted.pixels)

    def features(self, encoding: ImageEncoding) -> Tensor:
        """See ``Model``: (1, height · width, channels)."""
        return self.features_of(encoding.pixels)

    def features_of(self, pixels: NDArray[Any]) -> Tensor:
        """(height, width, channels) of 0 … 255 -> (1, height · width, channels), scaled as the model takes them."""
        values = torch.from_numpy(self.preprocessing.values(pixels))
        return values.reshape(1, -1, values.shape[-1]).to(self.device)

    def logits(self, features: Tensor, encoding: ImageEncoding, position: int | None = None) -> Tensor:
        """See ``Model``."""
        return self.run(_planes(features, encoding.shape))

    def pixel_values(self, encoding: ImageEncoding) -> Tensor:
        """(1, channels, height, width), as the network takes them."""
        return _planes(self.features(encoding), encoding.shape)

    @abstractmethod
    def run(self, pixel_values: Tensor) -> Tensor:
        """(batch, channels, height, width) -> (batch, n_outputs)."""

    def trial(self) -> ImageEncoding:
        """See ``Model``: a black square."""
        height, width = self.preprocessing.usual_shape
        pixels = np.zeros((height, width, self.preprocessing.channels), dtype=np.uint8)
        shown = np.zeros((height, width, 3), dtype=np.uint8)
        return ImageEncoding(ReadImage("", (width, height), shown, (0, 0, width, height), (height, width)), pixels)


def _planes(features: Tensor, shape: tuple[int, int]) -> Tensor:
    """(batch, height · width, channels) -> (batch, channels, height, width)."""
    return features.reshape(len(features), *shape, -1).permute(0, 3, 1, 2)
