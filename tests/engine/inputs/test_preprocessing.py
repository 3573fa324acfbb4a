"""What a model is given of a picture, against the library's own processors and against formulas written out."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from PIL import Image

from engine.errors import LoadError, UserError
from engine.inputs.preprocessing import Preprocessing, preprocessing_of
from tests.engine import tiny_images

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
CASES: dict[str, tuple[str, dict[str, Any]]] = {  # the library's class without its ending, and what it is made with
    "vit": ("ViTImageProcessor", {"size": {"height": 32, "width": 24}}),
    "vit own": ("ViTImageProcessor", {}),
    "nearest, not normalised": ("ViTImageProcessor", {"size": {"height": 20, "width": 20}, "resample": 0, "do_normalize": False}),
    "as it is": ("ViTImageProcessor", {"do_resize": False, "image_mean": MEAN, "image_std": STD}),
    "deit": ("DeiTImageProcessor", {"size": {"height": 40, "width": 40}, "crop_size": {"height": 30, "width": 31}}),
    "clip": ("CLIPImageProcessor", {"size": {"shortest_edge": 33}, "crop_size": {"height": 33, "width": 33}}),
    "cut larger than the picture": (
        "BitImageProcessor",
        {"size": {"shortest_edge": 21}, "crop_size": {"height": 40, "width": 23}},
    ),
    "shortest and longest": ("ViTImageProcessor", {"size": {"shortest_edge": 30, "longest_edge": 33}}),
    "convnext": ("ConvNextImageProcessor", {"size": {"shortest_edge": 32}, "crop_pct": 0.875}),
    "convnext large": ("ConvNextImageProcessor", {"size": {"shortest_edge": 384}, "image_mean": MEAN, "image_std": STD}),
    "mobilenet": ("MobileNetV2ImageProcessor", {"size": {"shortest_edge": 36}, "crop_size": {"height": 32, "width": 32}}),
    "mobilenet own": ("MobileNetV1ImageProcessor", {}),
    "efficientnet": ("EfficientNetImageProcessor", {"size": {"height": 30, "width": 30}, "rescale_offset": True}),
    "mobilevit": ("MobileViTImageProcessor", {"size": {"shortest_edge": 36}, "crop_size": {"height": 32, "width": 32}}),
    "beit": ("BeitImageProcessor", {}),
    "siglip": ("SiglipImageProcessor", {"size": {"height": 40, "width": 32}}),
    "pvt": ("PvtImageProcessor", {}),
}


def given(preprocessing: Preprocessing, image: Image.Image) -> np.ndarray:
    return preprocessing.values(preprocessing.fit(image).pixels)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", [(48, 40), (37, 61)], ids=["wide", "tall"])
def test_the_model_is_given_what_the_library_would_give_it(case: str, size: tuple[int, int], tmp_path: Path):
    name, options = CASES[case]
    processor = getattr(transformers, f"{name}Pil")(**options)
    processor.save_pretrained(tmp_path)
    image = Image.fromarray(tiny_images.pixels(*size))
    expected = np.asarray(processor(image, return_tensors="np")["pixel_values"][0]).transpose(1, 2, 0)
    described = json.loads((tmp_path / "preprocessor_config.json").read_text())
    for known in (described, {"image_processor_type": f"{name}Fast", **options}):  # in full, and only what was chosen
        np.testing.assert_allclose(given(preprocessing_of(known), image), expected, atol=2e-6)


def test_the_numbers_written_out():
    preprocessing = preprocessing_of({"size": 8, "image_mean": MEAN, "image_std": STD})
    pixels = tiny_images.pixels(8, 8)
    for row, column, channel in ((0, 0, 0), (3, 5, 1), (7, 7, 2)):
        expected = (pixels[row, column, channel] / 255 - MEAN[channel]) / STD[channel]
        assert preprocessing.values(pixels)[row, column, channel] == pytest.approx(expected, abs=1e-6)
    np.testing.assert_allclose(preprocessing.values(np.broadcast_to(preprocessing.mean_pixel(), (8, 8, 3))), 0, atol=1e-6)


def test_older_spellings_of_sizes():
    assert preprocessing_of({"feature_extractor_type": "ViTFeatureExtractor", "size": 30}).exact == (30, 30)
    assert preprocessing_of({"feature_extractor_type": "CLIPFeatureExtractor", "size": 30, "crop_size": 28}).shortest == 30
    assert preprocessing_of({"feature_extractor_type": "CLIPFeatureExtractor", "size": 30, "crop_size": 28}).cut == (28, 28)
    assert preprocessing_of({"size": [30, 20]}).exact == (30, 20)


def test_the_crop_is_told_in_the_pictures_pixels():
    preprocessing = preprocessing_of(
        {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 20}, "crop_size": 10}
    )
    fitted = preprocessing.fit(Image.fromarray(tiny_images.pixels(80, 40)))
    assert fitted.crop == (30.0, 10.0, 50.0, 30.0)  # the middle half of the height, and as much of the width
    assert fitted.pixels.shape == (10, 10, 3)
    assert fitted.steps[:2] == ("resized to 40 × 20 pixels (bicubic)", "the middle 10 × 10 kept")
    assert fitted.steps[2:] == (
        "scaled to 0 … 1",
        "normalised with mean 0.481, 0.458, 0.408 and deviation 0.269, 0.261, 0.276",
    )


def test_what_lies_outside_of_the_picture_is_black():
    preprocessing = preprocessing_of({"do_resize": False, "do_center_crop": True, "crop_size": {"height": 6, "width": 4}})
    fitted = preprocessing.fit(Image.fromarray(np.full((3, 8, 3), 9, dtype=np.uint8)))
    assert fitted.crop == (2.0, -2.0, 6.0, 4.0)
    assert (fitted.pixels[2:5] == 9).all()
    assert not fitted.pixels[[0, 1, 5]].any()


def test_grey_models_are_given_grey():
    preprocessing = preprocessing_of({"size": 8, "image_mean": [0.5], "image_std": [0.25]}, channels=1)
    image = Image.fromarray(tiny_images.pixels(8, 8))
    np.testing.assert_allclose(
        given(preprocessing, image)[..., 0], (np.asarray(image.convert("L")) / 255 - 0.5) / 0.25, atol=1e-6
    )


def test_a_wall_is_not_given_to_a_model_that_takes_pictures_as_they_are():
    with pytest.raises(UserError, match="1,200 × 1,000 pixels"):
        preprocessing_of({"do_resize": False}).fit(Image.new("RGB", (1200, 1000)))


def test_a_strip_is_not_blown_up_to_a_wall():
    preprocessing = preprocessing_of({"image_processor_type": "CLIPImageProcessor"})
    with pytest.raises(UserError, match="too narrow for this model"):
        preprocessing.fit(Image.new("RGB", (30_000, 1)))


@pytest.mark.parametrize(
    "described",
    [
        {"image_processor_type": "SamImageProcessor"},
        {"image_processor_type": 7},
        {"size": {"height": 10**9, "width": 10}},
        {"size": {"height": -3, "width": 10}},
        {"size": "large"},
        {"size": {"edge": 3}},
        {"resample": 99},
        {"image_std": [0, 0, 0]},
        {"image_mean": [1, 2]},
        {"image_mean": "grey"},
        {"rescale_factor": float("nan")},
        {"do_pad": True},
        {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 32}, "crop_pct": 0},
        {"image_processor_type": "ConvNextImageProcessor", "size": {"height": 10, "width": 10}},
        {"do_center_crop": True, "crop_size": {}},
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_in_one_sentence(described: dict[str, Any]):
    with pytest.raises(LoadError) as refused:
        preprocessing_of(described)
    assert "\n" not in refused.value.message
