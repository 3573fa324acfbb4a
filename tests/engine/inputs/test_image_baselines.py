"""Image baselines are made of pixels and scaled as pictures are."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import UserError
from engine.inputs.image_baselines import image_baseline_for
from engine.models.image_model import ImageModel
from tests.engine import tiny_images


def pixels_of(model: ImageModel, features: torch.Tensor) -> np.ndarray:
    """Back to 0 … 255: (height, width, channels)."""
    gain, shift = np.array(model.preprocessing.gain), np.array(model.preprocessing.shift)
    return ((features[0].double().numpy() - shift) / gain).reshape(32, 32, 3)


@pytest.mark.parametrize(("name", "level"), [("black", 0), ("grey", 128), ("white", 255)])
def test_one_colour(name: str, level: int, tiny_resnet: ImageModel, tmp_path: Path):
    found = image_baseline_for(name, tiny_resnet, tiny_resnet.encode(tiny_images.picture(tmp_path)))
    np.testing.assert_allclose(pixels_of(tiny_resnet, found.embeddings), level, atol=1e-4)


def test_the_mean_of_the_training_pictures_is_zero_once_normalised(tiny_resnet: ImageModel, tmp_path: Path):
    found = image_baseline_for("mean", tiny_resnet, tiny_resnet.encode(tiny_images.picture(tmp_path))).embeddings
    assert found.abs().max() < 1e-6


def test_a_blurred_picture_keeps_its_colours_and_loses_its_edges(tiny_resnet: ImageModel, tmp_path: Path):
    encoding = tiny_resnet.encode(tiny_images.picture(tmp_path))
    found = pixels_of(tiny_resnet, image_baseline_for("blur", tiny_resnet, encoding).embeddings)
    np.testing.assert_allclose(found.mean((0, 1)), encoding.pixels.mean((0, 1)), atol=6)
    steps = [np.abs(np.diff(pixels.astype(float), axis=1)).max() for pixels in (found, encoding.pixels)]
    assert steps[0] < steps[1] / 3


def test_noise_is_the_seeds_and_each_draw_is_another(tiny_resnet: ImageModel, tmp_path: Path):
    encoding = tiny_resnet.encode(tiny_images.picture(tmp_path))
    first, again, other, seed = (
        pixels_of(tiny_resnet, image_baseline_for("noise", tiny_resnet, encoding, None, *which).embeddings)
        for which in ((3, 0), (3, 0), (3, 1), (4, 0))
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    assert not np.allclose(first, seed)
    assert abs(first.mean() - 127.5) < 5
    assert first.min() < 3 and first.max() > 252  # noqa: PT018


def test_another_picture_is_made_ready_like_this_one(tiny_resnet: ImageModel, tmp_path: Path):
    encoding = tiny_resnet.encode(tiny_images.picture(tmp_path))
    other = tiny_images.picture(tmp_path, 50, 70, "other.png", seed=5)
    found = image_baseline_for(f"image:{other.path}", tiny_resnet, encoding).embeddings
    torch.testing.assert_close(found, tiny_resnet.features(tiny_resnet.encode(other)))


@pytest.mark.parametrize("name", ["zero", "image:", "image:/nowhere.png"])
def test_what_is_not_there_is_refused(name: str, tiny_resnet: ImageModel, tmp_path: Path):
    with pytest.raises(UserError) as refused:
        image_baseline_for(name, tiny_resnet, tiny_resnet.encode(tiny_images.picture(tmp_path)))
    assert "\n" not in refused.value.message


def test_a_model_that_takes_pictures_as_they_are_is_given_one_of_another_size(tmp_path: Path):
    model = tiny_images.opened(tiny_images.write(tmp_path / "model", processor=tiny_images.PROCESSOR | {"do_resize": False}))
    encoding = model.encode(tiny_images.picture(tmp_path))
    Image.new("RGB", (20, 30)).save(tmp_path / "small.png")
    with pytest.raises(UserError, match="becomes 20 × 30 pixels and the input 48 × 40"):
        image_baseline_for(f"image:{tmp_path / 'small.png'}", model, encoding)


def test_where_nothing_is_normalised_there_is_no_mean(tmp_path: Path):
    model = tiny_images.opened(tiny_images.write(tmp_path, processor=tiny_images.PROCESSOR | {"do_normalize": False}))
    assert model.info.baselines == ("black", "grey", "white", "blur", "noise")
