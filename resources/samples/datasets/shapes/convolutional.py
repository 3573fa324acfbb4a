"""The network that shapes-cnn and shapes-cnn-shortcut have in common."""

from transformers import ResNetConfig, ResNetForImageClassification

from resources.samples.datasets.shapes.drawing import PIXELS
from resources.samples.datasets.shapes.training import LABELS, Recipe

CONVOLUTIONAL = Recipe(
    build=lambda: ResNetForImageClassification(
        ResNetConfig(
            embedding_size=32,
            hidden_sizes=[32, 96],
            depths=[2, 2],  # two stages only: the last map is 8 × 8, fine enough to look at
            layer_type="basic",
            problem_type="single_label_classification",
            **LABELS,
        )
    ),
    preprocessor={
        "image_processor_type": "ConvNextImageProcessor",
        "do_resize": True,
        "size": {"shortest_edge": PIXELS},
        "crop_pct": 1.0,
    },
    learning_rate=3e-3,
    steps=1400,
    bfloat16=0.85,
)
