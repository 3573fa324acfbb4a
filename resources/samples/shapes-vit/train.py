"""Train a small vision transformer that tells circles, crosses, rings, squares, stars and triangles apart.

It draws its own pictures. Run from the project's root, so that the drawing is found:

    PYTHONPATH=. python resources/samples/shapes-vit/train.py OUT [--checkpoint FILE]

``--checkpoint FILE`` keeps the state on the way and goes on from it. The figures printed at the end are those of the saved
half-precision files on pictures that nothing else has seen.
"""

from pathlib import Path

import torch
from torch import Tensor
from transformers import ViTConfig, ViTForImageClassification

from resources.samples.datasets.shapes.drawing import PIXELS
from resources.samples.datasets.shapes.training import LABELS, Recipe, learn

PATCHES, SIZE = 8, 96  # in a row and in a column; of a token


def places(size: int) -> Tensor:
    """(1, 1 + 64, size): sines and cosines of each patch's column and row, after zeros for the class token."""
    count = size // 4
    turns = 2 ** (torch.arange(count) * 3 / count) / 16  # per patch: from one in sixteen patches on, over three octaves
    waves = torch.arange(PATCHES)[:, None] * turns * 2 * torch.pi
    waves = torch.cat([waves.sin(), waves.cos()], dim=1)  # (8, size / 2)
    grid = torch.cat([waves.expand(PATCHES, -1, -1), waves[:, None].expand(-1, PATCHES, -1)], dim=2)
    return torch.cat([torch.zeros(1, 1, size), grid.reshape(1, PATCHES**2, size)], dim=1)


def transformer() -> ViTForImageClassification:
    """One that knows from the start which patches are neighbours: it learns the sooner for it."""
    config = ViTConfig(
        image_size=PIXELS,
        patch_size=PIXELS // PATCHES,
        hidden_size=SIZE,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=4 * SIZE,
        initializer_range=0.05,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        problem_type="single_label_classification",
        **LABELS,
    )
    config._attn_implementation = "eager"  # in bfloat16 on a CPU it trains twice as fast as the fused kernel
    model = ViTForImageClassification(config)
    model.vit.embeddings.position_embeddings.data = 0.3 * places(SIZE)
    return model


TRANSFORMER = Recipe(
    build=transformer,
    preprocessor={
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": PIXELS, "width": PIXELS},
    },
    learning_rate=1e-3,
    steps=6000,
    batch_size=64,
    pictures=14_000,
    clear=0.08,
    token_size=SIZE,
    teacher=Path(__file__).parents[1] / "shapes-cnn",
    bfloat16=0.9,
)

if __name__ == "__main__":
    learn(TRANSFORMER)
