"""Every method on pictures: what it keeps at every step on every family of networks, and Captum's answers."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import Deconvolution, GuidedBackprop, InputXGradient, IntegratedGradients, LayerGradCam, Saliency
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.module import _global_forward_hooks, _global_forward_pre_hooks

from engine.attribution.explain import explain
from engine.attribution.registry import METHODS
from engine.errors import UserError
from engine.jobs import run
from engine.models.image_model import ImageModel
from engine.requests import AttributionRequest, ImageInput, Parameter, Reduction, Target
from engine.results import AttributionResult
from tests.engine import tiny_images

PREDICTED = Target()
FEW: dict[str, dict[str, Parameter]] = {
    "integrated_gradients": {"n_steps": 8},
    "smoothgrad": {"n_samples": 3},
    "expected_gradients": {"n_samples": 4},
}
NEEDS_RELUS = {"guided_backprop", "deconvnet", "guided_grad_cam"}
REFUSED = {  # and why: the others run
    "resnet": {"leave_one_out"},
    "regnet": {"leave_one_out"},
    "convnext": {"leave_one_out", "cam", *NEEDS_RELUS},
    "mobilenet_v2": {"leave_one_out", *NEEDS_RELUS},
    "efficientnet": {"leave_one_out", *NEEDS_RELUS},
    "vit": {"leave_one_out", "cam", *NEEDS_RELUS},
    "deit": {"leave_one_out", "cam", *NEEDS_RELUS},
    "swin": {"leave_one_out", *NEEDS_RELUS},
}
ONLY_POSITIVE = {"grad_cam", "grad_cam_plus_plus", "layer_cam", "guided_grad_cam"}  # there may be nothing of that
CONVERGES = {"deeplift"}  # whatever the number of steps


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ImageModel]:
    folder = tmp_path_factory.mktemp("models")
    return {name: tiny_images.opened(tiny_images.write(folder / name, name)) for name in REFUSED}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> ImageInput:
    return tiny_images.picture(tmp_path_factory.mktemp("picture"))


def asked(
    given: ImageInput,
    method: str,
    target: Target = PREDICTED,
    reduction: Reduction | None = None,
    baselines: tuple[str, ...] = (),
    seed: int = 0,
    **parameters: Parameter,
) -> AttributionRequest:
    settings = tuple((FEW.get(method, {}) | parameters).items())
    return AttributionRequest("", given, target, method, baselines, reduction, seed, settings)


def traces(model: ImageModel) -> list[object]:
    """All that a method could leave behind in a model or in torch."""
    modules = list(model.network.modules())
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in modules]
    hooks += [len(_global_forward_hooks), len(_global_forward_pre_hooks), torch._C._len_torch_function_stack()]
    kept = [p.grad is None and not p.requires_grad for p in model.network.parameters()]
    statistics = [float(b.double().sum()) for b in model.network.buffers()]
    return [hooks, kept, statistics, torch.is_grad_enabled(), model.network.training, torch.get_rng_state().sum().item()]


@pytest.mark.parametrize("family", REFUSED)
def test_every_method_runs_or_says_why_not(family: str, models: dict[str, ImageModel], given: ImageInput):
    model, refused = models[family], set[str]()
    clean = traces(model)
    for name in METHODS:
        result = explained_or_refused(model, asked(given, name), lambda _partial: _same(traces(model), clean))
        _same(traces(model), clean)
        if isinstance(result, str):
            refused.add(name)
            assert "\n" not in result
            continue
        assert result.values.shape == model.encode(given).shape, name
        assert result.values.dtype == np.float32
        assert np.isfinite(result.values).all(), name
        assert (result.values != 0).any() or name in ONLY_POSITIVE, name
        assert result.signed or (result.values >= 0).all(), name
        assert (result.completeness is not None) == (METHODS[name].description.complete or name == "lrp"), name
        if name in CONVERGES:
            assert result.completeness is not None
            assert result.completeness.converged, (name, result.completeness)
    assert refused == REFUSED[family]


def explained_or_refused(
    model: ImageModel, request: AttributionRequest, on_partial: Callable[[object], None]
) -> AttributionResult | str:
    try:
        return run(explain(model, request), on_partial)
    except UserError as error:
        return error.message


def _same(now: list[object], before: list[object]) -> None:
    assert now == before


@pytest.mark.parametrize("method", [name for name in METHODS if METHODS[name].looks_inside])
def test_the_same_question_has_the_same_answer_and_a_closed_job_leaves_nothing(
    method: str, models: dict[str, ImageModel], given: ImageInput
):
    model = models["resnet"]
    clean = traces(model)
    first, again = (run(explain(model, asked(given, method))).values for _ in range(2))
    np.testing.assert_array_equal(first, again)
    steps = explain(model, asked(given, method))
    for _ in range(3):
        next(steps)
    steps.close()
    assert traces(model) == clean


def test_integrated_gradients_add_up_on_every_family(models: dict[str, ImageModel], given: ImageInput):
    for family, model in models.items():
        if family in ("mobilenet_v2", "efficientnet"):  # which are large
            continue
        result = run(explain(model, asked(given, "integrated_gradients", n_steps=100)))
        assert result.completeness is not None
        assert result.completeness.relative_delta < 0.01, family
        assert result.values.sum() == pytest.approx(result.completeness.sum, abs=1e-3)


def test_black_is_the_baseline_where_none_is_named(models: dict[str, ImageModel], given: ImageInput):
    result = run(explain(models["resnet"], asked(given, "integrated_gradients")))
    assert [baseline.id for baseline in result.baselines] == ["black"]


def test_several_baselines_are_averaged_and_noise_is_drawn_anew(models: dict[str, ImageModel], given: ImageInput):
    model = models["resnet"]
    black, white, both = (
        run(explain(model, asked(given, "integrated_gradients", baselines=names)))
        for names in (("black",), ("white",), ("black", "white"))
    )
    np.testing.assert_allclose(both.values, (black.values + white.values) / 2, atol=1e-6)
    noisy = run(explain(model, asked(given, "integrated_gradients", baselines=("noise", "noise"))))
    assert len(noisy.baselines) == 2
    assert noisy.baselines[0].prediction != noisy.baselines[1].prediction


def test_saliency_is_the_largest_gradient_of_the_channels(models: dict[str, ImageModel], given: ImageInput):
    result, channels = (run(explain(models["resnet"], asked(given, "saliency", reduction=r))) for r in (None, "none"))
    assert channels.values.shape == (32, 32, 3)
    np.testing.assert_allclose(result.values, np.abs(channels.values).max(axis=2), rtol=1e-6)


# ---- Captum -----------------------------------------------------------------------------------------------------------


class Logits(nn.Module):
    def __init__(self, model: ImageModel) -> None:
        super().__init__()
        self.network = model.network

    def forward(self, pixel_values: Tensor) -> Tensor:
        logits: Tensor = self.network(pixel_values=pixel_values).logits
        return logits


def pixels(model: ImageModel, given: ImageInput) -> Tensor:
    encoding = model.encode(given)
    return model.features(encoding).reshape(1, *encoding.shape, -1).permute(0, 3, 1, 2)


def by_channel(model: ImageModel, given: ImageInput, method: str, **parameters: Parameter) -> np.ndarray:
    return run(explain(model, asked(given, method, Target("index:1"), "none", **parameters))).values


def theirs(model: ImageModel, given: ImageInput, attribute: Callable[[Any, Tensor], Tensor]) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it sets hooks
        found = attribute(Logits(model), pixels(model, given).requires_grad_())
    return found[0].permute(1, 2, 0).detach().numpy()


BLACK = tuple(-m / s for m, s in zip(tiny_images.PROCESSOR["image_mean"], tiny_images.PROCESSOR["image_std"], strict=True))
CAPTUM: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "saliency": lambda net, x: Saliency(net).attribute(x, 1),
    "input_x_gradient": lambda net, x: InputXGradient(net).attribute(x, 1),
    "guided_backprop": lambda net, x: GuidedBackprop(net).attribute(x, 1),
    "deconvnet": lambda net, x: Deconvolution(net).attribute(x, 1),
    "integrated_gradients": lambda net, x: IntegratedGradients(net).attribute(
        x, torch.tensor(BLACK)[None, :, None, None].expand_as(x), 1, n_steps=8, method="gausslegendre"
    ),
}


@pytest.mark.parametrize("method", CAPTUM)
def test_equals_captum(method: str, models: dict[str, ImageModel], given: ImageInput):
    model = models["resnet"]
    expected = theirs(model, given, CAPTUM[method])
    np.testing.assert_allclose(by_channel(model, given, method), expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("layer", ["resnet.embedder.embedder", "resnet.encoder.stages.0", "resnet.encoder.stages.1.layers.0"])
@pytest.mark.parametrize("keep", ["positive", "both"])
def test_grad_cam_equals_captum(layer: str, keep: str, models: dict[str, ImageModel], given: ImageInput):
    model = models["resnet"]
    net = Logits(model)
    module = dict(net.named_modules())[f"network.{layer}"]
    coarse = LayerGradCam(net, module).attribute(pixels(model, given).requires_grad_(), 1, relu_attributions=keep == "positive")
    expected = F.interpolate(coarse, (32, 32), mode="bilinear")[0, 0].detach().numpy()
    found = run(explain(model, asked(given, "grad_cam", Target("index:1"), layer=layer, keep=keep)))
    np.testing.assert_allclose(found.values, expected, rtol=1e-3, atol=1e-6)
    assert dict(found.parameters)["layer"] == layer
    assert found.signed == (keep == "both")


# ---- the CAM family written out ---------------------------------------------------------------------------------------


def inside(model: ImageModel, given: ImageInput, layer: str, score: Callable[[Tensor], Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """What ``layer`` gives, and the gradient of the score with respect to it: (channels, rows, columns)."""
    kept: list[Tensor] = []
    handle = dict(model.network.named_modules())[layer].register_forward_hook(lambda _m, _i, output: kept.append(output))
    logits = model.run(pixels(model, given).requires_grad_())
    handle.remove()
    (gradient,) = torch.autograd.grad(score(logits)[0], kept[0])
    return kept[0][0].detach().double().numpy(), gradient[0].double().numpy()


def enlarged(coarse: np.ndarray) -> np.ndarray:
    """Bilinear, by its definition: pixel centres, and beyond the outermost ones their own value."""
    rows, columns = ((np.arange(32) + 0.5) * size / 32 - 0.5 for size in coarse.shape)
    across = np.stack([np.interp(columns, np.arange(coarse.shape[1]), row) for row in coarse])
    return np.stack([np.interp(rows, np.arange(coarse.shape[0]), column) for column in across.T], axis=1)


def literal_grad_cam(a: np.ndarray, g: np.ndarray) -> np.ndarray:
    return np.maximum(sum(g[k].mean() * a[k] for k in range(len(a))), 0)


def literal_grad_cam_plus_plus(a: np.ndarray, g: np.ndarray) -> np.ndarray:
    found = np.zeros(a.shape[1:])
    for k in range(len(a)):
        weight = 0.0
        for i, j in np.ndindex(a.shape[1:]):
            below = 2 * g[k, i, j] ** 2 + a[k].sum() * g[k, i, j] ** 3
            weight += (g[k, i, j] ** 2 / below if below else 0.0) * max(g[k, i, j], 0)
        found += weight * a[k]
    return np.maximum(found, 0)


def literal_layer_cam(a: np.ndarray, g: np.ndarray) -> np.ndarray:
    return np.maximum((np.maximum(g, 0) * a).sum(0), 0)


@pytest.mark.parametrize("layer", ["resnet.embedder", "resnet.encoder.stages.0", "resnet.encoder.stages.1"])
@pytest.mark.parametrize(
    ("method", "literal"),
    [("grad_cam", literal_grad_cam), ("grad_cam_plus_plus", literal_grad_cam_plus_plus), ("layer_cam", literal_layer_cam)],
)
def test_the_formulas_written_out(
    method: str,
    literal: Callable[[np.ndarray, np.ndarray], np.ndarray],
    layer: str,
    models: dict[str, ImageModel],
    given: ImageInput,
):
    a, g = inside(models["resnet"], given, layer, lambda logits: logits[:, 1])
    found = run(explain(models["resnet"], asked(given, method, Target("index:1"), layer=layer)))
    np.testing.assert_allclose(found.values, enlarged(literal(a, g)), rtol=1e-4, atol=1e-6)


def test_cam_is_the_classifiers_weights_on_the_last_map(models: dict[str, ImageModel], given: ImageInput):
    for family, head in (("resnet", "classifier.1"), ("swin", "classifier")):
        model = models[family]
        linear: Any = dict(model.network.named_modules())[head]
        layer = model.info.averaged
        assert layer is not None
        a, _ = inside(model, given, layer, lambda logits: logits[:, 1]) if family == "resnet" else _tokens(model, given, layer)
        expected = np.tensordot(linear.weight[2].double().numpy(), a, 1)
        result: AttributionResult = run(explain(model, asked(given, "cam", Target("index:2"))))
        np.testing.assert_allclose(result.values, enlarged(expected), rtol=1e-4, atol=1e-5)
        logit = next(each.logit for each in result.prediction.classes if each.index == 2)
        assert expected.mean() + float(linear.bias[2]) == pytest.approx(logit, abs=1e-4)


def _tokens(model: ImageModel, given: ImageInput, layer: str) -> tuple[np.ndarray, None]:
    """Of tokens row by row."""
    kept: list[Tensor] = []
    handle = dict(model.network.named_modules())[layer].register_forward_hook(lambda _m, _i, output: kept.append(output))
    with torch.no_grad():
        model.run(pixels(model, given))
    handle.remove()
    side = int(kept[0].shape[1] ** 0.5)
    return kept[0][0].T.reshape(-1, side, side).double().numpy(), None


def test_a_class_against_another_is_the_difference_of_their_maps(models: dict[str, ImageModel], given: ImageInput):
    one, other, both = (
        run(explain(models["resnet"], asked(given, "cam", target))).values
        for target in (Target("index:0"), Target("index:1"), Target("index:0", versus="index:1"))
    )
    np.testing.assert_allclose(both, one - other, atol=1e-5)


def test_the_tokens_of_a_transformer_lie_on_their_grid(models: dict[str, ImageModel], given: ImageInput):
    model = models["vit"]
    layer = "vit.layers.1.layernorm_before"
    kept: list[Tensor] = []
    handle = dict(model.network.named_modules())[layer].register_forward_hook(lambda _m, _i, output: kept.append(output))
    logits = model.run(pixels(model, given).requires_grad_())
    handle.remove()
    (gradient,) = torch.autograd.grad(logits[0, 1], kept[0])
    a, g = (each[0, 1:].T.reshape(16, 4, 4).detach().double().numpy() for each in (kept[0], gradient))  # without the class token
    found = run(explain(model, asked(given, "grad_cam", Target("index:1"), keep="both")))
    assert dict(found.parameters)["layer"] == layer
    np.testing.assert_allclose(found.values, enlarged(sum(g[k].mean() * a[k] for k in range(16))), rtol=1e-4, atol=1e-6)


def test_guided_grad_cam_is_the_product_of_both(models: dict[str, ImageModel], given: ImageInput):
    guided, region, both = (
        run(explain(models["resnet"], asked(given, name, Target("index:1"), "none"))).values
        for name in ("guided_backprop", "grad_cam", "guided_grad_cam")
    )
    np.testing.assert_allclose(both, guided * region, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize(
    ("layer", "says"), [("nowhere", "no layer “nowhere”"), ("classifier", "gives no map"), ("resnet.pooler", "gives no map")]
)
def test_a_layer_that_is_no_map_is_refused(layer: str, says: str, models: dict[str, ImageModel], given: ImageInput):
    with pytest.raises(UserError, match=says):
        run(explain(models["resnet"], asked(given, "grad_cam", layer=layer)))


def test_why_cam_cannot_be_is_said_before_it_is_asked(models: dict[str, ImageModel]):
    refusal = METHODS["cam"].description.unavailable_because(models["vit"].info)
    assert refusal is not None
    assert "Grad-CAM does not" in refusal


def test_a_picture_that_is_not_square_has_a_grid_of_its_proportions(tmp_path: Path):
    processor = tiny_images.PROCESSOR | {"size": {"height": 24, "width": 40}}
    model = tiny_images.opened(tiny_images.write(tmp_path / "model", "vit", processor=processor, image_size=[24, 40]))
    found = run(explain(model, asked(tiny_images.picture(tmp_path), "grad_cam", keep="both")))
    assert found.values.shape == (24, 40)
    assert (found.values != 0).any()
