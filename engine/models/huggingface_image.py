"""Hugging Face image classifiers, convolutional networks and transformers alike."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.attention.patches import sees_patches
from engine.devices import choose_device, is_out_of_memory
from engine.errors import LoadError
from engine.inputs.image_baselines import image_baselines_of
from engine.inputs.preprocessing import LARGEST_SIDE, Preprocessing, plain_preprocessing, preprocessing_of
from engine.models.files import read_json, read_weights, sha256_of
from engine.models.huggingface_folder import (
    build_config,
    check_fits,
    count_parameters,
    labels_of,
    load_network,
    network_class,
    notices_of_labels,
    problem_type_of,
)
from engine.models.image_model import ImageModel
from engine.models.layer_maps import averaged_layer
from engine.models.model import attention_of, freeze, layers_of, notices_of_weights
from engine.requests import OpenModelRequest
from engine.results import ModelInfo, Notice

PREPROCESSOR, PROCESSOR = "preprocessor_config.json", "processor_config.json"


def open_image_classifier(folder: Path, place: Path, request: OpenModelRequest) -> "HuggingFaceImageModel":
    """Open the image classifier in ``folder``, whose weights lie in ``place``.

    Raises:
        LoadError: what is missing, damaged or not known, in one sentence.
    """
    described = read_json(place / "config.json")
    config, notices = build_config(described)
    architecture, _, network_type = network_class(described, config)
    channels = _channels(config)
    parameters = count_parameters(network_type, config)
    weights = read_weights(place)
    device = choose_device(request.device)
    check_fits(parameters, weights, device)
    preprocessing, files, unsaid = _preprocessing(place if _processor_in(place) else folder, config, channels)
    network, mismatches = load_network(network_type, config, weights)
    model = HuggingFaceImageModel(freeze(network.to(device)), preprocessing)
    model.check()
    attends = sees_patches(network, model.pixel_values(model.trial()))
    labels = labels_of(config)
    model.info = ModelInfo(
        path=str(folder),
        format="huggingface",
        task="image_classification",
        labels=labels,
        problem_type=problem_type_of(config),
        parameters=parameters,
        dtype_on_disk=weights.dtype,
        bytes=weights.bytes,
        forecast_bytes=4 * parameters,
        tokenizer=None,
        layers=layers_of(network),
        recurrent=(),
        attention=attention_of(config),
        can=("attribution", "attention") if attends else ("attribution",),
        warnings=(*notices, *mismatches, *unsaid, *notices_of_labels(network), *notices_of_weights(network, weights)),
        sha256=sha256_of(folder, (place / "config.json", *weights.files, *files)),
        baselines=image_baselines_of(preprocessing),
        input_kind="image",
        architecture=architecture,
        device=str(device),
        averaged=averaged_layer(model),
    )
    return model


class HuggingFaceImageModel(ImageModel):
    """An image classifier of the transformers library."""

    network: Any

    def __init__(self, network: Any, preprocessing: Preprocessing) -> None:
        self.network, self.preprocessing = network, preprocessing

    def run(self, pixel_values: Tensor) -> Tensor:
        """See ``ImageModel``."""
        logits: Tensor = self.network(pixel_values=pixel_values).logits
        return logits

    def check(self) -> None:
        """Try it: pictures have to come in a size it takes, and it must be differentiable in their pixels.

        Raises:
            LoadError: it is not.
        """
        encoding = self.trial()
        height, width = encoding.shape
        try:
            with torch.enable_grad():
                pixels = self.features(encoding).requires_grad_()
                logits = self.logits(pixels, encoding)
                torch.autograd.grad(logits.sum(), pixels)
        except Exception as error:  # every architecture says it in its own way
            if is_out_of_memory(error):
                raise
            raise LoadError(
                f"{type(self.network).__name__} cannot be explained from pictures of {width} × {height} pixels, which its "
                "image processor makes; its files do not fit together.",
                "preprocessing",
                f"{type(error).__name__}: {error}",
            ) from None


def _channels(config: Any) -> int:
    channels = getattr(config, "num_channels", 3)
    if channels not in (1, 3):
        raise LoadError(f"This model takes pictures of {channels} channels; those of 1 or 3 are opened.", "preprocessing")
    return int(channels)


def _processor_in(place: Path) -> bool:
    return (place / PREPROCESSOR).is_file() or (place / PROCESSOR).is_file()


def _preprocessing(place: Path, config: Any, channels: int) -> tuple[Preprocessing, list[Path], list[Notice]]:
    """As the folder says; the files that say it; what has to be said where none does."""
    if (place / PREPROCESSOR).is_file():
        return preprocessing_of(read_json(place / PREPROCESSOR), channels), [place / PREPROCESSOR], []
    if (place / PROCESSOR).is_file():
        inner = read_json(place / PROCESSOR).get("image_processor")
        if isinstance(inner, Mapping):
            return preprocessing_of(inner, channels), [place / PROCESSOR], []
    size = getattr(config, "image_size", 224)
    side = size if isinstance(size, int) and 0 < size <= LARGEST_SIDE else 224
    words = f"{PREPROCESSOR} is missing: pictures are resized to {side} × {side} pixels and scaled to −1 … 1, which may be wrong."
    return plain_preprocessing(side, channels), [], [Notice(words, "preprocessing")]
