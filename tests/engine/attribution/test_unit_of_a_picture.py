"""Units of layers that give maps: a channel, at one place or on average."""

from pathlib import Path

import pytest
import torch

from engine.attribution.explain import explain
from engine.errors import UserError
from engine.jobs import run
from engine.models.image_model import ImageModel
from engine.requests import AttributionRequest, Target
from engine.results import AttributionResult
from tests.engine import tiny_images

LAYER = "resnet.encoder.stages.1"


def of_unit(model: ImageModel, folder: Path, choice: str) -> AttributionResult:
    request = AttributionRequest("", tiny_images.picture(folder), Target(choice), parameters=(("n_steps", 8),))
    return run(explain(model, request))


def output_of(model: ImageModel, folder: Path, layer: str) -> torch.Tensor:
    outputs: list[torch.Tensor] = []
    handle = dict(model.network.named_modules())[layer].register_forward_hook(lambda _m, _i, output: outputs.append(output))
    encoding = model.encode(tiny_images.picture(folder))
    with torch.no_grad():
        model.logits(model.features(encoding), encoding)
    handle.remove()
    return outputs[0]


def test_a_channel_at_a_place_and_on_average(tiny_resnet: ImageModel, tmp_path: Path):
    expected = output_of(tiny_resnet, tmp_path, LAYER)
    height, width = expected.shape[2:]
    assert (height, width) == (4, 4)
    found = of_unit(tiny_resnet, tmp_path, f"unit:{LAYER}:5@{1 * width + 2}")
    assert found.completeness is not None
    assert found.completeness.f_input == pytest.approx(float(expected[0, 5, 1, 2]), abs=1e-5)
    found = of_unit(tiny_resnet, tmp_path, f"unit:{LAYER}:5")
    assert found.completeness is not None
    assert found.completeness.f_input == pytest.approx(float(expected[0, 5].mean()), abs=1e-5)
    assert (found.target.layer, found.target.index, found.target.position) == (LAYER, 5, None)


def test_a_token_of_a_vision_transformer(tmp_path: Path):
    model = tiny_images.opened(tiny_images.write(tmp_path / "model", "vit"))
    layer = next(each.name for each in model.info.layers if each.name.endswith("layernorm"))
    expected = output_of(model, tmp_path, layer)
    for choice, value in ((f"unit:{layer}:3@4", expected[0, 4, 3]), (f"unit:{layer}:3", expected[0, :, 3].mean())):
        found = of_unit(model, tmp_path, choice)
        assert found.completeness is not None
        assert found.completeness.f_input == pytest.approx(float(value), abs=1e-5)


def test_what_is_not_there_is_said(tiny_resnet: ImageModel, tmp_path: Path):
    with pytest.raises(UserError, match="has the units 0 to 15"):
        of_unit(tiny_resnet, tmp_path, f"unit:{LAYER}:16")
    with pytest.raises(UserError, match="has the positions 0 to 15"):
        of_unit(tiny_resnet, tmp_path, f"unit:{LAYER}:1@16")
