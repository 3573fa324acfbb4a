"""Tiny random image models as the folders a user would open, and pictures for them. ``from tests.engine import tiny_images``."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image

from engine.inputs.image import image_input
from engine.jobs import run
from engine.models.image_model import ImageModel
from engine.models.opening import open_model
from engine.requests import ImageInput, OpenModelRequest

LABELS = ("circle", "square", "cross")
SIDE = 32
_TOKENS = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
_TOKENS |= {"image_size": SIDE, "patch_size": 8}
ARCHITECTURES: dict[str, dict[str, Any]] = {  # model type -> config
    "resnet": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 2], "layer_type": "basic"},
    "convnext": {"hidden_sizes": [8, 16], "depths": [1, 2], "num_stages": 2, "patch_size": 2},
    "mobilenet_v2": {"depth_multiplier": 0.25, "image_size": SIDE},
    "regnet": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "groups_width": 4},
    "efficientnet": {"image_size": SIDE, "width_coefficient": 0.1, "depth_coefficient": 0.1, "hidden_dim": 128},
    "vit": _TOKENS,
    "deit": _TOKENS,
    "swin": {"image_size": SIDE, "patch_size": 2, "embed_dim": 8, "depths": [1, 1], "num_heads": [2, 2], "window_size": 4},
}
DEEP = ("mobilenet_v2", "efficientnet")  # of a picture of 32 pixels nothing but one place would be left
PROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "size": {"height": SIDE, "width": SIDE},
    "resample": 2,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}


def write(
    folder: Path,
    model_type: str = "resnet",
    *,
    labels: tuple[str, ...] = LABELS,
    seed: int = 0,
    processor: dict[str, Any] | None = PROCESSOR,
    **config: Any,
) -> Path:
    """A Hugging Face image classifier with random weights that has an opinion. ``processor`` None: the file is left out."""
    network = build(model_type, labels, seed, **config)
    folder.mkdir(parents=True, exist_ok=True)
    network.save_pretrained(folder)
    if processor is PROCESSOR and model_type in DEEP:
        processor = PROCESSOR | {"size": {"height": 2 * SIDE, "width": 2 * SIDE}}
    if processor is not None:
        (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


def build(model_type: str, labels: tuple[str, ...] = LABELS, seed: int = 0, **config: Any) -> Any:
    """The network itself, in eval mode; batch norms have seen something."""
    names = {"id2label": dict(enumerate(labels)), "num_labels": len(labels)}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        known = {**ARCHITECTURES[model_type], **names, **config}
        named = {"architectures": ["DeiTForImageClassification"]} if model_type == "deit" else {}  # which has two
        described = transformers.CONFIG_MAPPING[model_type](**known, **named)
        network = transformers.AutoModelForImageClassification.from_config(described)
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
                module.weight.data.uniform_(0.5, 1.5)
                module.bias.data.normal_(0, 0.1)
            elif isinstance(module, torch.nn.Linear):
                module.weight.data.normal_(0, 0.3)
            elif isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight)
    return network.eval()


def opened(path: Path) -> ImageModel:
    """The model in ``path``."""
    model = run(open_model(OpenModelRequest(str(path))))
    assert isinstance(model, ImageModel)
    return model


def pixels(width: int = 48, height: int = 40, seed: int = 0) -> np.ndarray:
    """(height, width, 3) uint8: a bright blob on a gradient with noise."""
    y, x = np.mgrid[0:height, 0:width]
    blob = 200 * np.exp(-((x - width / 3) ** 2 + (y - height / 2) ** 2) / (0.02 * width * height))
    noise = np.random.default_rng(seed).integers(0, 40, (height, width, 3))
    return np.clip(blob[..., None] * (1.0, 0.6, 0.2) + (x / width * 60)[..., None] + noise, 0, 255).astype(np.uint8)


def picture(folder: Path, width: int = 48, height: int = 40, name: str = "picture.png", seed: int = 0) -> ImageInput:
    """Written to ``folder``."""
    Image.fromarray(pixels(width, height, seed)).save(folder / name)
    return image_input(folder / name)
