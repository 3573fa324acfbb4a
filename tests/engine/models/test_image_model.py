"""Image classifiers open as the library would run them, and are refused in words."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from engine.errors import LoadError, UserError
from engine.models.image_model import ImageModel
from engine.requests import ImageInput, TextInput
from tests.engine import tiny_images

AVERAGED = {  # the layer whose map is averaged, and then classified by a linear layer alone
    "resnet": "resnet.encoder.stages.1",
    "regnet": "regnet.encoder.stages.1",
    "mobilenet_v2": "mobilenet_v2.conv_1x1",
    "efficientnet": "efficientnet.encoder.top_activation",
    "swin": "swin.layernorm",
}


@pytest.mark.parametrize("model_type", tiny_images.ARCHITECTURES)
def test_every_family_says_what_the_library_says(model_type: str, tmp_path: Path):
    model = tiny_images.opened(tiny_images.write(tmp_path / "model", model_type))
    given = tiny_images.picture(tmp_path)
    network = transformers.AutoModelForImageClassification.from_pretrained(tmp_path / "model").eval()
    processor = transformers.ViTImageProcessorPil(**json.loads((tmp_path / "model" / "preprocessor_config.json").read_text()))
    pixel_values = processor(Image.open(given.path), return_tensors="pt")["pixel_values"]
    encoding = model.encode(given)
    with torch.no_grad():
        expected = network(pixel_values).logits
        torch.testing.assert_close(model.logits(model.features(encoding), encoding), expected, rtol=1e-3, atol=1e-4)
    info = model.info
    assert (info.task, info.input_kind, info.format, info.labels) == (
        "image_classification",
        "image",
        "huggingface",
        tiny_images.LABELS,
    )
    assert info.baselines[0] == "black"
    assert "attribution" in info.can
    assert info.tokenizer is None
    assert info.rectified == (model_type in ("resnet", "regnet"))
    assert info.averaged == AVERAGED.get(model_type)
    assert not any(p.requires_grad for p in model.network.parameters())


def test_a_pixel_is_its_place_and_a_feature_its_channel(tiny_resnet: ImageModel, tmp_path: Path):
    encoding = tiny_resnet.encode(tiny_images.picture(tmp_path, 40, 32))
    features = tiny_resnet.features(encoding)
    seen: list[torch.Tensor] = []
    handle = tiny_resnet.network.register_forward_pre_hook(lambda _m, _a, k: seen.append(k["pixel_values"]), with_kwargs=True)
    tiny_resnet.logits(features, encoding)
    handle.remove()
    assert features.shape == (1, 32 * 32, 3)
    torch.testing.assert_close(seen[0][0, 2, 5, 7], features[0, 5 * 32 + 7, 2])
    np.testing.assert_allclose(features[0].numpy().reshape(32, 32, 3), tiny_resnet.preprocessing.values(encoding.pixels))


def test_what_was_read_is_shown_as_a_person_sees_it(tiny_resnet: ImageModel, tmp_path: Path):
    read = tiny_resnet.encode(tiny_images.picture(tmp_path)).input
    assert (read.size, read.shape, read.crop) == ((48, 40), (32, 32), (0.0, 0.0, 48.0, 40.0))
    np.testing.assert_array_equal(read.pixels, tiny_images.pixels())
    assert read.steps[0] == "resized to 32 × 32 pixels (bilinear)"


def test_half_precision_and_pickled_weights_open_too(tmp_path: Path):
    folder = tiny_images.write(tmp_path / "model")
    network = tiny_images.build("resnet").half()
    (folder / "model.safetensors").unlink()
    torch.save(network.state_dict(), folder / "pytorch_model.bin")
    model = tiny_images.opened(folder)
    assert model.info.dtype_on_disk == "float16"
    assert next(model.network.parameters()).dtype == torch.float32


def test_without_a_processor_it_is_said_what_is_done(tmp_path: Path):
    model = tiny_images.opened(tiny_images.write(tmp_path, "vit", processor=None))
    assert "preprocessor_config.json is missing: pictures are resized to 32 × 32" in model.info.warnings[0].message
    assert model.preprocessing.usual_shape == (32, 32)


def test_a_processor_inside_a_larger_description_is_found(tmp_path: Path):
    folder = tiny_images.write(tmp_path, processor=None)
    (folder / "processor_config.json").write_text(json.dumps({"image_processor": tiny_images.PROCESSOR}))
    assert tiny_images.opened(folder).preprocessing.usual_shape == (32, 32)
    assert not tiny_images.opened(folder).info.warnings


def test_grey_models_read_grey(tmp_path: Path):
    processor = tiny_images.PROCESSOR | {"image_mean": [0.5], "image_std": [0.5]}
    model = tiny_images.opened(tiny_images.write(tmp_path / "model", "resnet", num_channels=1, processor=processor))
    encoding = model.encode(tiny_images.picture(tmp_path))
    assert model.features(encoding).shape == (1, 32 * 32, 1)
    assert encoding.input.pixels.shape == (40, 48, 3)


def test_a_picture_of_another_size_than_the_model_takes_is_refused(tmp_path: Path):
    processor = tiny_images.PROCESSOR | {"size": {"height": 40, "width": 40}}
    with pytest.raises(LoadError, match="cannot be explained from pictures of 40 × 40 pixels"):
        tiny_images.opened(tiny_images.write(tmp_path, "vit", processor=processor))


def test_channels_that_no_picture_has_are_refused(tmp_path: Path):
    with pytest.raises(LoadError, match="pictures of 4 channels"):
        tiny_images.opened(tiny_images.write(tmp_path, "resnet", num_channels=4))


def test_missing_weights_are_said_and_block(tmp_path: Path, resnet_folder: Path):
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(resnet_folder, tmp_path / "model")
    tensors = load_file(folder / "model.safetensors")
    save_file({name: t for name, t in tensors.items() if "classifier" not in name}, folder / "model.safetensors")
    assert any(notice.blocking for notice in tiny_images.opened(folder).info.warnings)


def test_the_teachers_head_of_deit_opens(tmp_path: Path):
    config = transformers.DeiTConfig(**tiny_images.ARCHITECTURES["deit"], num_labels=3)
    transformers.DeiTForImageClassificationWithTeacher(config).save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(tiny_images.PROCESSOR))
    assert tiny_images.opened(tmp_path).info.architecture == "DeiTForImageClassificationWithTeacher"


def test_a_text_is_refused_in_words(tiny_resnet: ImageModel):
    from engine.attribution.explain import predict
    from engine.jobs import run
    from engine.requests import PredictionRequest

    with pytest.raises(UserError, match="This model reads images; what it was given is of the kind text"):
        run(predict(tiny_resnet, PredictionRequest("", TextInput("a"))))


def test_the_processor_belongs_to_the_fingerprint(tmp_path: Path, resnet_folder: Path):
    before = tiny_images.opened(resnet_folder).info.sha256
    folder = shutil.copytree(resnet_folder, tmp_path / "model")
    assert tiny_images.opened(folder).info.sha256 == before
    (folder / "preprocessor_config.json").write_text(json.dumps(tiny_images.PROCESSOR | {"resample": 3}))
    assert tiny_images.opened(folder).info.sha256 != before


def test_a_question_about_a_file_that_is_gone(tiny_resnet: ImageModel, tmp_path: Path):
    with pytest.raises(UserError, match="There is no picture"):
        tiny_resnet.encode(ImageInput(str(tmp_path / "gone.png"), ""))


@pytest.mark.parametrize(
    ("family", "key", "value"),
    [
        ("resnet", "hidden_sizes", [10**9, 16]),
        ("resnet", "depths", [10**7, 2]),
        ("resnet", "hidden_sizes", []),
        ("resnet", "layer_type", "spiral"),
        ("resnet", "num_channels", 10**9),
        ("resnet", "num_channels", "three"),
        ("resnet", "architectures", ["ResNetForImageSegmentation"]),
        ("vit", "image_size", 10**8),
        ("vit", "image_size", -5),
        ("vit", "patch_size", 0),
        ("vit", "patch_size", 10**6),
        ("swin", "window_size", -1),
        ("swin", "num_heads", [10**7, 2]),
    ],
)
def test_hostile_descriptions_are_refused_in_one_sentence(tmp_path: Path, family: str, key: str, value: object):
    folder = tiny_images.write(tmp_path, family)
    described = json.loads((folder / "config.json").read_text()) | {key: value}
    (folder / "config.json").write_text(json.dumps(described))
    with pytest.raises(LoadError) as refused:
        tiny_images.opened(folder)
    assert "\n" not in refused.value.message


def test_inspect_tells_of_an_image_classifier(resnet_folder: Path, capsys: pytest.CaptureFixture[str]):
    from engine.commands import main

    assert main(["inspect", str(resnet_folder)], lambda *_: None) == 0
    known = json.loads(capsys.readouterr().out)
    assert (known["task"], known["format"], known["can"]) == ("image_classification", "huggingface", ["attribution"])
    assert known["tokenizer"] is None
    assert known["labels"] == list(tiny_images.LABELS)
