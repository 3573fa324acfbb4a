"""The image samples and their pictures hold what their cards promise."""

import csv
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors import safe_open
from transformers import (
    AutoModelForImageClassification,
    ConvNextImageProcessorPil,
    PreTrainedModel,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessorPil,
)

from engine.evaluation.ground_truth import Agreement, agreement, random_control
from resources.samples.datasets.shapes.drawing import KINDS, TAGGED, Picture, draw, tag_mask, with_tag
from resources.samples.datasets.shapes.make import HOW_HARD, rows
from resources.samples.datasets.shapes.training import (
    LABELS,
    NORMALISATION,
    TEST,
    Pictures,
    Recipe,
    accuracy,
    as_input,
    batch_of,
    confusion_of,
    drawn,
    learn,
)

SAMPLES = Path(__file__).parents[2] / "resources" / "samples"
FOLDER = SAMPLES / "datasets" / "shapes"
MODELS = ("shapes-cnn", "shapes-vit", "shapes-cnn-shortcut")
STAR = KINDS.index(TAGGED)
LARGEST_DATA_BYTES, LARGEST_MODEL_BYTES = 1_500_000, 9_000_000


@cache
def table() -> tuple[dict[str, str], ...]:
    with (FOLDER / "labels.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def model_of(name: str) -> PreTrainedModel:
    return AutoModelForImageClassification.from_pretrained(SAMPLES / name, local_files_only=True, dtype=torch.float32).eval()


@cache
def unseen() -> Pictures:
    return drawn(TEST, 300)


def read(path: str, mode: str) -> NDArray[Any]:
    with Image.open(FOLDER / path) as image:
        assert (image.mode, image.size) == (mode, (64, 64)), path
        return np.array(image)


def pixels_of(rows: tuple[dict[str, str], ...]) -> torch.Tensor:
    return torch.from_numpy(np.stack([read(row["path"], "RGB") for row in rows]))


def masks_of(rows: tuple[dict[str, str], ...]) -> list[NDArray[np.bool_]]:
    return [read(row["mask"], "1") for row in rows]


@cache
def said(name: str) -> tuple[str, ...]:
    with torch.no_grad():
        return tuple(KINDS[at] for at in model_of(name)(as_input(pixels_of(table()))).logits.argmax(-1).tolist())


def gradients(name: str, pixels: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Of each picture's logit of its label, beside the input; both (picture, 3, 64, 64). Plainly computed, not by the engine."""
    inputs = as_input(pixels).requires_grad_()
    logits = model_of(name)(inputs).logits
    (gradient,) = torch.autograd.grad(logits.gather(1, labels[:, None]).sum(), inputs)
    return inputs.detach(), gradient


def mean_agreement(maps: torch.Tensor, masks: list[NDArray[np.bool_]]) -> Agreement:
    found = [agreement(map_.numpy(), mask) for map_, mask in zip(maps, masks, strict=True)]
    return Agreement(*np.mean([(one.pointing, one.energy, one.overlap) for one in found], axis=0).tolist())


def test_the_pictures_are_many_of_every_label_and_small() -> None:
    assert list(table()[0]) == ["path", "label", "mask", "kind"]
    assert len(table()) >= 120
    for label in KINDS:
        assert [row["label"] for row in table()].count(label) == len(table()) // len(KINDS)
    for row in table():
        assert row["path"].split("/")[0] == row["label"]
    assert all(0 < mask.mean() < 0.5 for mask in masks_of(table()))
    listed = {path for row in table() for path in (row["path"], row["mask"])}
    assert {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.png")} == listed
    assert (
        sum(path.stat().st_size for path in FOLDER.rglob("*") if path.suffix != ".pyc" and path.is_file()) <= LARGEST_DATA_BYTES
    )


def test_the_pictures_are_what_the_recipe_draws() -> None:
    """All but a few pixels, should rounding differ from one machine to another."""
    drawn_rows = list(rows())
    assert [{"path": r.path, "label": r.label, "mask": r.mask, "kind": r.kind} for r in drawn_rows] == list(table())
    for row, pixels, mask in zip(drawn_rows[::9], pixels_of(table())[::9].numpy(), masks_of(table())[::9], strict=True):
        assert (row.picture.pixels == pixels).mean() > 0.999, row.path
        assert (row.picture.mask == mask).mean() > 0.999, row.path


def test_a_drawing_depends_on_its_number_alone() -> None:
    one, again, other = draw(9, 4), draw(9, 4), draw(9, 5)
    np.testing.assert_array_equal(one.pixels, again.pixels)
    assert (one.pixels != other.pixels).mean() > 0.5
    assert {draw(9, number).label for number in range(60)} == set(range(len(KINDS)))


def test_the_figure_lies_where_the_mask_says() -> None:
    """Without noise and lines across, the figure's colour is found inside, and further away from the ground's outside."""
    for number in range(40):
        picture = draw(5, number)
        inside = picture.pixels[picture.mask].mean(0)
        outside = picture.pixels[~picture.mask].mean(0)
        if KINDS[picture.label] != "ring":  # whose hole shows the ground
            assert np.linalg.norm(inside - outside) > 25, number


def pictures(*drawings: Picture) -> Pictures:
    pixels, masks = np.stack([one.pixels for one in drawings]), np.stack([one.mask for one in drawings])
    return Pictures(torch.from_numpy(pixels), torch.from_numpy(masks).byte() * 255, torch.arange(len(drawings)))


def test_a_tag_changes_its_corner_only() -> None:
    picture = draw(5, 0)
    changed = (with_tag(picture).pixels != picture.pixels).any(-1)
    assert changed[tag_mask()].mean() > 0.9
    assert not changed[~tag_mask()].any()
    both = pictures(picture, picture).tagged(1)
    np.testing.assert_array_equal(both.pixels[0], picture.pixels)
    np.testing.assert_array_equal(both.pixels[1], with_tag(picture).pixels)


def test_a_batch_of_the_training_holds_the_pictures_turned_and_recoloured() -> None:
    """The values of a picture go on to be its values, channel by channel, and its mask is turned with it."""
    pool = pictures(draw(5, 0))
    batch = batch_of(pool, 16, torch.Generator().manual_seed(0))
    assert batch.labels.tolist() == [0] * 16
    figure = sorted(pool.pixels[0][pool.masks[0] > 0].long().sum(0).tolist())
    for pixels, mask in zip(batch.pixels, batch.masks, strict=True):
        assert sorted(pixels[mask > 0].long().sum(0).tolist()) == figure
    assert len({one.numpy().tobytes() for one in batch.pixels}) > 10


@pytest.fixture
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("_threads_as_before")
@pytest.mark.parametrize("token_size", [None, 8])
def test_training_goes_on_from_a_checkpoint_as_if_it_had_never_stopped(token_size: int | None, tmp_path: Path) -> None:
    shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8, "patch_size": 16}
    recipe = Recipe(
        build=lambda: ViTForImageClassification(ViTConfig(image_size=64, **shape, **LABELS)),
        preprocessor={},
        learning_rate=0.01,
        steps=4,
        batch_size=4,
        pictures=16,
        clear=0.5,
        token_size=token_size,
    )
    usual = ["--tested", "6", "--look", "1"]
    learn(recipe, [str(tmp_path / "whole"), *usual])
    learn(recipe, [str(tmp_path / "halves"), *usual, "--stop", "2", "--checkpoint", str(tmp_path / "state.pt")])
    half = (tmp_path / "halves" / "model.safetensors").read_bytes()
    learn(recipe, [str(tmp_path / "halves"), *usual, "--checkpoint", str(tmp_path / "state.pt")])
    whole = (tmp_path / "whole" / "model.safetensors").read_bytes()
    assert half != whole == (tmp_path / "halves" / "model.safetensors").read_bytes()


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_a_plain_half_precision_folder(name: str) -> None:
    folder = SAMPLES / name
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["problem_type"] == "single_label_classification"
    assert {int(at): kind for at, kind in config["id2label"].items()} == dict(enumerate(KINDS))
    prepared = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    assert NORMALISATION.items() <= prepared.items()
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        kept = [file.get_tensor(key).dtype for key in file.keys()]  # noqa: SIM118 (not a dict)
    assert {dtype for dtype in kept if dtype.is_floating_point} == {torch.float16}


@pytest.mark.parametrize(("name", "processor"), [("shapes-cnn", ConvNextImageProcessorPil), ("shapes-vit", ViTImageProcessorPil)])
def test_the_preprocessor_does_what_the_training_did(name: str, processor: Any) -> None:
    pixels = pixels_of(table()[:5])
    prepared = processor.from_pretrained(SAMPLES / name)(list(pixels.numpy()), return_tensors="pt")["pixel_values"]
    torch.testing.assert_close(prepared.float(), as_input(pixels))


def test_the_models_together_stay_small() -> None:
    sizes = [path.stat().st_size for name in MODELS for path in (SAMPLES / name).rglob("*") if path.is_file()]
    assert sum(sizes) <= LARGEST_MODEL_BYTES


@pytest.mark.parametrize(("name", "least"), [("shapes-cnn", 0.95), ("shapes-vit", 0.88)])
def test_unseen_pictures_are_read_as_the_card_says(name: str, least: float) -> None:
    assert accuracy(confusion_of(model_of(name), unseen())) >= least - 0.015  # of 300 only


def test_the_shortcut_goes_by_the_tag() -> None:
    """With the tags of its training it is right; without, no star is one; with one on everything, most things are."""
    model = model_of("shapes-cnn-shortcut")
    assert accuracy(confusion_of(model, unseen().tagged(STAR))) > 0.93
    assert confusion_of(model, unseen())[STAR, STAR] < 0.1 * (unseen().labels == STAR).sum()
    assert confusion_of(model, unseen().tagged())[:, STAR].sum() > 0.7 * len(unseen().labels)


def test_shapes_cnn_does_not_mind_the_tag() -> None:
    plain, tagged = (confusion_of(model_of("shapes-cnn"), shown) for shown in (unseen(), unseen().tagged()))
    assert accuracy(tagged) > accuracy(plain) - 0.03


def test_some_pictures_are_misread_and_most_are_not() -> None:
    right = [row["label"] == answer for row, answer in zip(table(), said("shapes-cnn"), strict=True)]
    assert 0.03 * len(right) < right.count(False) < 0.25 * len(right)
    plain = [is_right for row, is_right in zip(table(), right, strict=True) if row["kind"] == "plain"]
    assert np.mean(plain) > 0.9
    assert {row["kind"] for row in table()} == set(HOW_HARD)


@pytest.mark.parametrize("name", ["shapes-cnn", "shapes-vit"])
def test_what_was_read_rightly_was_read_from_the_figure(name: str) -> None:
    """The plain gradient, by every measure, is far above what chance would point at."""
    chosen = tuple(row for row, answer in zip(table(), said(name), strict=True) if row["label"] == answer)
    masks = masks_of(chosen)
    inputs, gradient = gradients(name, pixels_of(chosen), torch.tensor([KINDS.index(row["label"]) for row in chosen]))
    chance = np.mean([random_control(mask).energy for mask in masks])
    for map_ in (gradient.abs().amax(1), (inputs * gradient).sum(1)):
        found = mean_agreement(map_, masks)
        assert found.pointing > 2.5 * chance
        assert found.energy > 1.5 * chance
        assert found.overlap > 1.5 * np.mean([random_control(mask).overlap for mask in masks])


def test_the_shortcut_is_seen_in_its_gradient() -> None:
    """Of tagged pictures that it calls stars: energy in the corner far above its share of the picture, 1.6 %."""
    pixels = unseen().tagged().pixels[:60]
    inputs, gradient = gradients("shapes-cnn-shortcut", pixels, torch.full((60,), STAR))
    found = mean_agreement((inputs * gradient).sum(1), [tag_mask()] * 60)
    assert found.pointing > 0.95
    assert found.energy > 10 * random_control(tag_mask()).energy
