"""Pictures whose right pixels are known: does each method's map point at the figure, or at the tag that was learnt instead?"""

import csv
import importlib.util
import sys
from collections.abc import Iterator
from types import ModuleType

import numpy as np
from PIL import Image

from bench import Row, benchmark
from engine.attribution.explain import explain, predict
from engine.attribution.registry import METHODS
from engine.devices import leave_a_core_free
from engine.errors import UserError
from engine.evaluation.ground_truth import Agreement, Mask, agreement, random_control
from engine.inputs.image import image_input
from engine.jobs import run
from engine.models.image_model import ImageModel
from engine.models.opening import open_model
from engine.requests import AttributionRequest, ImageInput, OpenModelRequest, PredictionRequest
from engine.results import FloatArray
from engine.samples import RESOURCES

PICTURES = RESOURCES / "samples" / "datasets" / "shapes"
EACH = 4  # pictures of each class that the model gets right
_FEWER = {"smoothgrad": (("n_samples", 8),), "expected_gradients": (("n_samples", 16),)}


@benchmark
def maps_held_against_the_figure() -> Iterator[Row]:
    """shapes-cnn: the mask is the figure's."""
    model = _opened("shapes-cnn")
    yield from _measured("shapes-cnn", model, list(_figures(model)))


@benchmark
def maps_held_against_the_tag() -> Iterator[Row]:
    """shapes-cnn-shortcut: of pictures that a tag makes stars, the mask is the tag's."""
    model, drawing = _opened("shapes-cnn-shortcut"), _drawing()
    yield from _measured("shortcut", model, list(_tagged(model, drawing.tag_mask())))


def _opened(name: str) -> ImageModel:
    leave_a_core_free()
    model = run(open_model(OpenModelRequest(name)))
    assert isinstance(model, ImageModel)
    return model


def _figures(model: ImageModel) -> Iterator[tuple[ImageInput, Mask]]:
    met: dict[str, int] = {}
    for row in _rows():
        given = image_input(str(PICTURES / row["path"]))
        if met.get(row["label"], 0) < EACH and _said(model, given) == row["label"]:
            met[row["label"]] = met.get(row["label"], 0) + 1
            yield given, np.asarray(Image.open(PICTURES / row["mask"])) > 0


def _tagged(model: ImageModel, tag: Mask) -> Iterator[tuple[ImageInput, Mask]]:
    found = 0
    for row in _rows():
        given = image_input(str(PICTURES / row["path"]))
        if row["kind"] == "tagged" and found < EACH * 5 and _said(model, given) == "star":
            found += 1
            yield given, tag


def _measured(name: str, model: ImageModel, cases: list[tuple[ImageInput, Mask]]) -> Iterator[Row]:
    chance = [random_control(mask) for _, mask in cases]
    yield _row(f"{name}: chance", chance)
    for method, known in METHODS.items():
        if "image" not in known.description.inputs:
            continue
        try:
            found = [agreement(_map(model, given, method), mask) for given, mask in cases]
        except UserError as refusal:
            yield Row(f"{name}: {method}", float("nan"), unit="", figures=refusal.message)
            continue
        yield _row(f"{name}: {method}", found)


def _map(model: ImageModel, given: ImageInput, method: str) -> FloatArray:
    return run(explain(model, AttributionRequest("", given, method=method, parameters=_FEWER.get(method, ())))).values


def _row(name: str, found: list[Agreement]) -> Row:
    pointing, energy, overlap = (
        float(np.mean([getattr(one, part) for one in found])) for part in ("pointing", "energy", "overlap")
    )
    said = f"energy in the mask; pointing {pointing:.3f}, overlap {overlap:.3f}; {len(found)} pictures"
    return Row(name, energy, unit="", figures=said)


def _rows() -> list[dict[str, str]]:
    with (PICTURES / "labels.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _said(model: ImageModel, given: ImageInput) -> str:
    return str(run(predict(model, PredictionRequest("", given))).predicted.label)


def _drawing() -> ModuleType:
    """The recipe of the pictures, which lies beside them and is part of no package."""
    described = importlib.util.spec_from_file_location("shapes_drawing", PICTURES / "drawing.py")
    assert described is not None
    assert described.loader is not None
    module = sys.modules[described.name] = importlib.util.module_from_spec(described)  # where its dataclasses look it up
    described.loader.exec_module(module)
    return module
