"""Pictures: Integrated Gradients beside Captum's 50 steps, LRP and Grad-CAM beside a gradient, every method on every family."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from captum.attr import IntegratedGradients
from torch import Tensor

from bench import Row, benchmark, seconds
from engine.attribution.explain import explain
from engine.attribution.integrated_gradients import integrated_gradients
from engine.attribution.registry import METHODS
from engine.attribution.score import Score
from engine.devices import leave_a_core_free
from engine.errors import UserError
from engine.inputs.image_baselines import image_baseline_for
from engine.jobs import run
from engine.models.image_model import ImageModel
from engine.requests import AttributionRequest, ImageInput
from tests.engine.tiny_images import ARCHITECTURES, PROCESSOR, opened, picture, write

SIDE, STEPS = 96, 50
REFERENCE_STEPS = 600
NETWORKS = {  # smooth and with ReLUs; random weights, of a size that has something to compute
    "vit": {"hidden_size": 96, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 192, "image_size": SIDE},
    "convnext": {"hidden_sizes": [32, 64, 128], "depths": [2, 2, 2], "num_stages": 3, "patch_size": 4},
    "resnet": {"embedding_size": 32, "hidden_sizes": [32, 64, 128], "depths": [2, 2, 2], "layer_type": "basic"},
}


@benchmark
def integrated_gradients_beside_captum() -> Iterator[Row]:
    leave_a_core_free()
    with tempfile.TemporaryDirectory() as folder:
        for family in NETWORKS:
            yield from _beside_captum(family, *_network(Path(folder), family))


def _network(folder: Path, family: str) -> tuple[ImageModel, ImageInput]:
    processor = PROCESSOR | {"size": {"height": SIDE, "width": SIDE}}
    return opened(write(folder / family, family, processor=processor, **NETWORKS[family])), picture(folder, 160, 120)


def _beside_captum(family: str, model: ImageModel, given: ImageInput) -> Iterator[Row]:
    encoding = model.encode(given)
    inputs, baseline = model.features(encoding), image_baseline_for("black", model, encoding).embeddings
    with torch.no_grad():
        best = int(model.logits(inputs, encoding).argmax())

    def function(points: Tensor) -> Tensor:
        return model.logits(points, encoding)[:, best]

    score = Score(function, model.batch_size_for(inputs.shape[1]))
    truth = run(integrated_gradients(score, inputs, baseline=baseline, n_steps=REFERENCE_STEPS)).values.sum(-1)

    def error(values: np.ndarray) -> float:
        return float(100 * np.abs(values.sum(-1) - truth).sum() / np.abs(truth).sum())

    def captum() -> Tensor:
        found: Tensor = IntegratedGradients(function).attribute(inputs, baseline, n_steps=STEPS, internal_batch_size=10)
        return found

    def ours() -> np.ndarray:
        return run(integrated_gradients(score, inputs, baseline=baseline, tolerance=0.01)).values

    forward, backward = score.forward, score.backward
    found = ours()
    evaluations = score.backward - backward + (score.forward - forward - (score.backward - backward)) / 3
    errors = error(found), error(captum()[0].double().numpy())
    mine, theirs = seconds(ours, captum, repeats=3)
    said = f"{evaluations:.1f} evaluations, error {errors[0]:.2f} % (Captum's {errors[1]:.2f} %)"
    smooth = family != "resnet"  # ReLUs: the integrand jumps, and no rule beats O(1/n) there
    yield Row(
        f"IG on a picture, {family}: evaluations ÷ Captum's {STEPS}", evaluations / STEPS, 0.45 if smooth else None, figures=said
    )
    yield Row(f"IG on a picture, {family}: wall ÷ Captum", mine / theirs, figures=f"{mine:.2f} s, {theirs:.2f} s")


@benchmark
def one_pass_methods_beside_a_gradient() -> Iterator[Row]:
    leave_a_core_free()
    with tempfile.TemporaryDirectory() as folder:
        model, given = _network(Path(folder), "resnet")
        names = ("input_x_gradient", "grad_cam", "lrp", "guided_backprop")

        def made(name: str) -> float:
            return run(explain(model, AttributionRequest("", given, method=name))).cost.seconds

        gradient, *others = (min(made(name) for _ in range(5)) for name in names)
        for name, taken in zip(names[1:], others, strict=True):
            yield Row(f"{name} on a picture ÷ input × gradient", taken / gradient, figures=f"{1000 * taken:.1f} ms")


@benchmark
def every_method_on_every_family_of_image_models() -> Iterator[Row]:
    leave_a_core_free()
    with tempfile.TemporaryDirectory() as folder:
        given = picture(Path(folder))
        for family in ARCHITECTURES:
            model = opened(write(Path(folder) / family, family))
            said = {name: _said(model, given, name) for name in METHODS if "image" in METHODS[name].description.inputs}
            refused = [f"{name}: {words}" for name, words in said.items() if words != "ran"]
            ran = sum(words == "ran" for words in said.values())
            yield Row(f"{family}: methods of {len(said)} that ran", ran, unit="", figures="; ".join(refused) or "all")


def _said(model: ImageModel, given: ImageInput, method: str) -> str:
    parameters = {"smoothgrad": (("n_samples", 4),), "expected_gradients": (("n_samples", 8),)}.get(method, ())
    try:
        result = run(explain(model, AttributionRequest("", given, method=method, parameters=parameters)))
    except UserError as refusal:
        return refusal.message
    return "ran" if np.isfinite(result.values).all() else "failed: not finite"
