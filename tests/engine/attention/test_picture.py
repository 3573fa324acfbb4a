"""Attention over a picture: the maps against the library's own eager ones, what tokens stand for, and what is made of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from engine.attention.agreement import _of_patches
from engine.attention.captures import Captures
from engine.attention.layers import pattern
from engine.attention.ranks import spearman
from engine.attention.reading import UNTRUSTED
from engine.attention_maps import AttentionFile, AttentionResult, HeadAgreement, HeadMap, Patches
from engine.attention_reading import head_in_words
from engine.errors import UserError
from engine.export.attention_files import attention_to_json, attention_to_npz
from engine.export.head_map_files import HEAD_MAP_KINDS
from engine.jobs import Partial, run
from engine.models.image_model import ImageModel
from engine.requests import (
    AttentionFileRequest,
    AttentionQuantity,
    AttentionRequest,
    AttributionRequest,
    Generation,
    HeadAgreementRequest,
    HeadRequest,
    Target,
    TextInput,
    TfidfRequest,
)
from engine.results import ReadImage
from engine.workbench import Workbench
from tests.engine import tiny_images
from tests.engine.tiny_images import SIDE

TOKENS = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 24}
TOKENS |= {"image_size": SIDE, "patch_size": 8}
ARCHITECTURES: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {  # name -> type, config, tokens before the patches
    "vit": ("vit", TOKENS, ("[CLS]",)),
    "vit_of_wide_patches": ("vit", TOKENS | {"patch_size": [8, 16]}, ("[CLS]",)),
    "deit": ("deit", TOKENS, ("[CLS]", "[DIST]")),
    "beit": ("beit", TOKENS | {"use_relative_position_bias": True}, ("[CLS]",)),
    "dinov2": ("dinov2", TOKENS, ("[CLS]",)),
    "dinov2_with_registers": ("dinov2_with_registers", TOKENS | {"num_register_tokens": 2}, ("[CLS]", "[REG0]", "[REG1]")),
    "vit_msn": ("vit_msn", TOKENS, ("[CLS]",)),
    "clip": ("clip", {"vision_config": TOKENS}, ("[CLS]",)),
    "siglip": ("siglip", {"vision_config": TOKENS}, ()),
}


def opened(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **config: Any) -> ImageModel:
    model_type, known, _ = ARCHITECTURES[name]
    monkeypatch.setitem(tiny_images.ARCHITECTURES, model_type, known | config)
    return tiny_images.opened(tiny_images.write(folder / name, model_type))


def working(model: ImageModel) -> Workbench:
    workbench = Workbench()
    workbench._model = model
    return workbench


def asked(model: ImageModel, folder: Path) -> AttentionRequest:
    return AttentionRequest(model.info.sha256, tiny_images.picture(folder))


def answered(model: ImageModel, request: AttentionRequest) -> AttentionResult:
    result = run(working(model).job_for(request))
    assert isinstance(result, AttentionResult)
    return result


def eager(model: ImageModel, request: AttentionRequest, **more: Any) -> Any:
    """The library's own, of a second copy of the network."""
    own = getattr(transformers, type(model.network).__name__).from_pretrained(model.info.path, attn_implementation="eager").eval()
    with torch.no_grad():
        return own(pixel_values=model.pixel_values(model.encode(request.input)), output_attentions=True, **more)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_maps_are_the_eager_ones(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened(name, tmp_path, monkeypatch)
    assert "attention" in model.info.can
    request = asked(model, tmp_path)
    capture = run(Captures().of(model, request))
    theirs = eager(model, request).attentions
    layers = capture.stacks["self"].layers
    assert len(layers) == len(theirs) == 3
    for layer, expected in zip(layers, theirs, strict=True):
        ours = torch.stack([pattern(layer, head) for head in range(2)])
        np.testing.assert_allclose(ours, expected[0], atol=1e-5, rtol=0)
        np.testing.assert_allclose(ours.sum(-1), 1, atol=1e-5)
    checked = answered(model, request).verification
    assert checked is not None
    assert checked.rows == 3
    assert checked.largest_difference < 1e-5


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_tokens_are_named_by_what_they_stand_for(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened(name, tmp_path, monkeypatch)
    result = answered(model, asked(model, tmp_path))
    specials, patches = ARCHITECTURES[name][2], result.patches
    assert patches is not None
    assert (patches.rows, patches.columns, patches.first) == (4, 2 if "wide" in name else 4, len(specials))
    names = [*specials, *(f"r{row} c{column}" for row in range(4) for column in range(patches.columns))]
    (stack,) = result.stacks
    assert [token.piece for token in stack.queries] == [token.piece for token in stack.keys] == names
    assert [token.special for token in stack.keys] == [True] * len(specials) + [False] * (len(names) - len(specials))
    assert not stack.causal


def test_a_patch_that_is_painted_over_is_the_one_whose_key_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The name of a patch, its place in the picture and its column of the first layer's map are of one patch."""
    model = opened("vit", tmp_path, monkeypatch)
    before = answered(model, asked(model, tmp_path))
    patches = before.patches
    assert patches is not None
    token = next(at for at, each in enumerate(before.input.tokens) if each.piece == "r2 c1")
    rectangle = patches.rectangle_of(token)
    assert rectangle is not None
    left, top, right, bottom = (round(each) for each in rectangle)
    assert (left, top, right, bottom) == (12, 20, 24, 30)  # of 48 × 40 pixels
    pixels = tiny_images.pixels()
    pixels[top + 2 : bottom - 2, left + 2 : right - 2] = 255  # resizing smears over the edge
    keys: list[torch.Tensor] = []
    projection = model.network.vit.layers[0].attention.k_proj
    handle = projection.register_forward_hook(lambda _module, _inputs, output: keys.append(output[0]))
    for each in (tiny_images.pixels(), pixels):
        values = model.preprocessing.values(model.preprocessing.fit(Image.fromarray(each)).pixels)
        with torch.no_grad():
            model.network(pixel_values=torch.tensor(values).permute(2, 0, 1)[None])
    handle.remove()
    moved = (keys[1] - keys[0]).norm(dim=-1)
    assert int(moved.argmax()) == token
    assert patches.cell_of(token) == (2, 1)
    assert patches.token_of((2, 1)) == token
    assert patches.cell_of(0) is None
    assert patches.rectangle_of(0) is None


def test_what_is_left_over_at_the_edges_belongs_to_no_patch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of 32 pixels three patches of 10 are made; the library's convolution leaves the last 2 out."""
    model = opened("vit", tmp_path, monkeypatch, patch_size=10)
    patches = answered(model, asked(model, tmp_path)).patches
    assert patches is not None
    assert (patches.rows, patches.columns) == (3, 3)
    np.testing.assert_allclose(patches.crop, (0, 0, 48 * 30 / 32, 40 * 30 / 32))


def test_patches_of_a_picture_that_is_no_square(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """DINOv2 reads any shape: its positions are interpolated."""
    model_type, known, _ = ARCHITECTURES["dinov2"]
    monkeypatch.setitem(tiny_images.ARCHITECTURES, model_type, known)
    processor = {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": SIDE}, "do_center_crop": False}
    model = tiny_images.opened(tiny_images.write(tmp_path / "model", model_type, processor=processor))
    request = AttentionRequest(model.info.sha256, tiny_images.picture(tmp_path, 80, 40))
    result = answered(model, request)
    assert result.patches is not None
    assert (result.patches.rows, result.patches.columns) == (4, 8)
    np.testing.assert_allclose(result.patches.crop, (0, 0, 80, 40))
    shown = mapped(model, HeadRequest(request, layer=1, head=1))
    np.testing.assert_allclose(shown.pattern, eager(model, request).attentions[1][0, 1], atol=1e-5)


def test_the_first_patch_is_no_sink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of a model without a token for the class nothing is left out."""
    model = opened("siglip", tmp_path, monkeypatch)
    request = asked(model, tmp_path)
    plain, without = (mapped(model, HeadRequest(request, layer=1, without_sinks=left_out)) for left_out in (False, True))
    np.testing.assert_allclose(without.pattern, plain.pattern, rtol=1e-5)
    assert not answered(model, request).stacks[0].scores["sinks"].any()


def test_derived_maps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Rollout by its formula; value norms and relevance from the library's own weights, values and gradients."""
    model = opened("deit", tmp_path, monkeypatch)
    request = asked(model, tmp_path)
    weights = [layer[0] for layer in eager(model, request).attentions]
    expected = torch.eye(18)
    for layer in weights:
        expected = (0.5 * torch.eye(18) + 0.5 * layer.mean(0)) @ expected
    np.testing.assert_allclose(mapped(model, HeadRequest(request, layer=2, quantity="rollout")).pattern, expected, atol=1e-6)
    mean = mapped(model, HeadRequest(request, layer=1, head="mean"))
    np.testing.assert_allclose(mean.pattern, weights[1].mean(0), atol=1e-5)
    without = mapped(model, HeadRequest(request, layer=1, head=1, without_sinks=True)).pattern
    assert not without[:, :2].any()
    rest = weights[1][1].clone()
    rest[:, :2] = 0
    np.testing.assert_allclose(without, rest / rest.sum(-1, keepdim=True), atol=1e-5)


def test_value_norms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("vit", tmp_path, monkeypatch)
    request = asked(model, tmp_path)
    attention = model.network.vit.layers[1].attention
    values: list[torch.Tensor] = []
    handle = attention.v_proj.register_forward_hook(lambda _module, _inputs, output: values.append(output[0]))
    weights = eager(model, request).attentions[1][0]
    with torch.no_grad():
        model.network(pixel_values=model.pixel_values(model.encode(request.input)))
    handle.remove()
    moved = values[0][:, 8:] @ attention.o_proj.weight[:, 8:].T  # of head 1
    found = mapped(model, HeadRequest(request, layer=1, head=1, quantity="value_norm"))
    np.testing.assert_allclose(found.pattern, weights[1] * moved.norm(dim=-1), atol=1e-5)


def test_relevance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """R ← R + Ā R with the positive part of weight times gradient, all held and differentiated at once."""
    model = opened("vit", tmp_path, monkeypatch)
    request = asked(model, tmp_path)
    own = transformers.ViTForImageClassification.from_pretrained(model.info.path, attn_implementation="eager").eval()
    output = own(pixel_values=model.pixel_values(model.encode(request.input)), output_attentions=True)
    gradients = torch.autograd.grad(output.logits[0, 2], output.attentions)
    expected = torch.eye(17)
    for weights, gradient in zip(output.attentions, gradients, strict=True):
        expected = expected + (weights[0] * gradient[0]).clamp(min=0).mean(0) @ expected
    found = mapped(model, HeadRequest(request, layer=2, quantity="relevance", target=Target("index:2")))
    np.testing.assert_allclose(found.pattern, expected.detach(), atol=1e-5)
    assert found.target is not None
    assert found.target.index == 2


def mapped(model: ImageModel, request: HeadRequest) -> HeadMap:
    found = run(working(model).job_for(request))
    assert isinstance(found, HeadMap)
    return found


def test_distances_are_those_in_the_plane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("deit", tmp_path, monkeypatch)
    result = answered(model, request := asked(model, tmp_path))
    (stack,) = result.stacks
    weights = eager(model, request).attentions[1][0, 1].double().numpy()
    total = 0.0
    for query in range(16):
        row, held = weights[2 + query, 2:], 0.0
        for key in range(16):
            held += row[key] * np.hypot(query // 4 - key // 4, query % 4 - key % 4)
        total += held / row.sum() / 16
    assert stack.scores["distance"][1, 1] == pytest.approx(total, rel=1e-5)
    assert np.isnan(stack.scores["previous"]).all()
    np.testing.assert_allclose(stack.scores["same"][1, 1], np.diag(weights).mean(), rtol=1e-5)
    np.testing.assert_allclose(stack.scores["sinks"][1, 1], weights[:, :2].sum(1).mean(), rtol=1e-5)
    assert " patches" in head_in_words(stack, 1, 1)
    assert "tokens" not in head_in_words(stack, 1, 1)


def test_distances_of_blocks_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Maps are looked at some rows at a time; of which rows must not matter."""
    model = opened("dinov2_with_registers", tmp_path, monkeypatch)
    whole = answered(model, request := asked(model, tmp_path))
    for rows in (1, 2, 5):
        monkeypatch.setattr("engine.attention.layers.ROWS", rows)
        for name, values in answered(model, request).stacks[0].scores.items():
            np.testing.assert_allclose(values, whole.stacks[0].scores[name], rtol=1e-5)


def test_agreement_is_by_patch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("deit", tmp_path, monkeypatch)
    request = asked(model, tmp_path)
    attribution = AttributionRequest(model.info.sha256, request.input, method="input_x_gradient")
    found = run(working(model).job_for(HeadAgreementRequest(request, attribution)))
    assert isinstance(found, HeadAgreement)
    values = run(working(model).job_for(attribution)).values
    by_patch = [abs(values[r * 8 : r * 8 + 8, c * 8 : c * 8 + 8].astype(float).sum()) for r in range(4) for c in range(4)]
    for layer, weights in enumerate(eager(model, request).attentions):
        for head in range(2):
            received = weights[0, head].mean(0)[2:].numpy()
            assert found.correlations["self"][layer, head] == pytest.approx(spearman(received, np.array(by_patch)), abs=1e-5)


def test_pixels_that_no_patch_has_count_for_nothing():
    read = ReadImage("", (70, 70), np.zeros((7, 7, 3), np.uint8), (0, 0, 70, 70), (7, 7))
    patches = Patches(read, 2, 2, 1, (0, 0, 60, 60))
    values = np.arange(49.0).reshape(7, 7)
    result: Any = type("Found", (), {"values": values})()
    found = _of_patches(patches, result)
    assert found[0] == 0
    np.testing.assert_allclose(
        found[1:], [values[:3, :3].sum(), values[:3, 3:6].sum(), values[3:6, :3].sum(), values[3:6, 3:6].sum()]
    )


@pytest.mark.parametrize(("model_type", "words"), [("swin", "windows of the picture"), ("resnet", "no attention layers")])
def test_models_without_maps_of_the_whole_picture_say_so(model_type: str, words: str, tmp_path: Path):
    model = tiny_images.opened(tiny_images.write(tmp_path / "model", model_type))
    assert model.info.can == ("attribution",)
    with pytest.raises(UserError, match=words):
        answered(model, asked(model, tmp_path))


def test_what_a_picture_cannot_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("vit", tmp_path, monkeypatch)
    picture, sha256 = tiny_images.picture(tmp_path), model.info.sha256
    for request, words in (
        (AttentionRequest(sha256, TextInput("a text")), "reads images"),
        (AttentionRequest(sha256, picture, Generation(tokens=3)), "not gone on with"),
        (AttentionRequest(sha256, picture, decoder_text="so"), "not gone on with"),
        (HeadRequest(AttentionRequest(sha256, picture), layer=3), "layers are 0 to 2"),
        (HeadRequest(AttentionRequest(sha256, picture), head=2), "heads are 0 to 1"),
        (TfidfRequest(AttentionRequest(sha256, picture), ("stdlib",)), "reads images"),
    ):
        with pytest.raises(UserError, match=words):
            run(working(model).job_for(request))


def state(model: ImageModel) -> object:
    hooks = [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.network.modules()]
    return hooks, model.network.config._attn_implementation, torch.is_grad_enabled()


@pytest.mark.parametrize("quantity", ["weights", "value_norm", "rollout", "relevance"])
def test_nothing_is_left_behind_at_any_step(quantity: AttentionQuantity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("vit", tmp_path, monkeypatch)
    request = asked(model, tmp_path)
    values = model.pixel_values(model.encode(request.input))
    before = state(model)
    with torch.no_grad():
        said = model.network(pixel_values=values).logits

    def same(_partial: Partial) -> None:
        assert state(model) == before

    for each in (request, HeadRequest(request, layer=1, quantity=quantity), AttentionFileRequest(request)):
        run(working(model).job_for(each), same)
    with torch.no_grad():
        assert torch.equal(model.network(pixel_values=values).logits, said)


def test_maps_that_are_not_the_models_own_are_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("vit", tmp_path, monkeypatch)
    request = asked(model, tmp_path)
    expected = eager(model, request).attentions
    file = transformers.models.vit.modeling_vit
    true = file.eager_attention_forward

    def one_head_is_special(module: object, query: torch.Tensor, *args: object, **kwargs: object) -> object:
        return true(module, query * (1.5 if query.shape[1] == 1 else 1.0), *args, **kwargs)

    monkeypatch.setattr(file, "eager_attention_forward", one_head_is_special)
    capture = run(Captures().of(model, request))
    assert capture.verification.rows == 0
    assert UNTRUSTED < 1e-3
    for layer, own in zip(capture.stacks["self"].layers, expected, strict=True):
        np.testing.assert_allclose(torch.stack([pattern(layer, head) for head in range(2)]), own[0], atol=1e-5)


def test_files_name_patches_and_say_where_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("deit", tmp_path, monkeypatch)
    request = asked(model, tmp_path)
    file = run(working(model).job_for(AttentionFileRequest(request, layer=1)))
    assert isinstance(file, AttentionFile)
    (tmp_path / "maps.npz").write_bytes(attention_to_npz(file))
    with np.load(tmp_path / "maps.npz") as written:
        assert set(written) == {"patterns", "meta"}
        np.testing.assert_allclose(written["patterns"][0], eager(model, request).attentions[1][0], atol=1e-5)
        meta = json.loads(bytes(written["meta"]))
    said = json.loads(attention_to_json(file))
    assert np.shape(said["patterns"]) == (1, 2, 18, 18)
    for each in (meta, said):
        assert each["tokens"][:4] == ["[CLS]", "[DIST]", "r0 c0", "r0 c1"]
        assert each["grid"] == {"rows": 4, "columns": 4, "first": 2, "crop": [0, 0, 48, 40]}
        assert (each["input"]["kind"], each["input"]["path"]) == ("image", request.input.path)
        assert each["layer"] == 1
    shown = mapped(model, HeadRequest(request, layer=1))
    result = answered(model, request)
    about = json.loads(HEAD_MAP_KINDS[".json"][1](result, shown))
    assert about["grid"]["first"] == 2
    assert about["queries"][17] == "r3 c3"
    assert b"r3 c3" in HEAD_MAP_KINDS[".svg"][1](result, shown)
    assert b"r3 c3" in HEAD_MAP_KINDS[".csv"][1](result, shown)
