"""The sample of records keeps what its card says: its formula, its errors, its attributions."""

import csv
import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from engine.attribution.explain import explain
from engine.datasets.data import Datasets
from engine.datasets.predict import predict_rows
from engine.heatmaps.fields import field_sums
from engine.jobs import run
from engine.models.model import Model
from engine.models.opening import open_model
from engine.requests import AttributionRequest, DataSource, OpenModelRequest, PredictionsRequest, RecordInput

SAMPLES = Path(__file__).parents[2] / "resources" / "samples"
FOLDER, TABLE = SAMPLES / "delivery-regressor", SAMPLES / "datasets" / "deliveries.csv"


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("delivery_recipe", FOLDER / "train.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["delivery_recipe"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def model() -> Model:
    return run(open_model(OpenModelRequest(str(FOLDER))))


def test_it_carries_checkpoints_from_before_training_on(model: Model) -> None:
    assert len(model.checkpoints) >= 9
    assert model.checkpoints[0] == "epoch 0"
    assert sum(path.stat().st_size for path in [*FOLDER.rglob("*"), TABLE] if path.is_file()) < 2_000_000


def test_the_table_is_what_the_recipe_writes(recipe: ModuleType, tmp_path: Path) -> None:
    recipe.write_deliveries(tmp_path / "again.csv", 6)
    assert (tmp_path / "again.csv").read_bytes() == TABLE.read_bytes()


def test_it_is_as_far_off_as_its_card_says(model: Model) -> None:
    source = DataSource(str(TABLE), fields=tuple(field.name for field in model.info.fields))
    result = run(predict_rows(Datasets(), model, PredictionsRequest(model.info.sha256, source)))
    kinds = np.array(result.data.table.cells("kind"))
    off = np.abs(result.residual)
    assert off[kinds == "plain"].mean() == pytest.approx(1.62, abs=0.05)
    assert off[kinds == "far"].mean() == pytest.approx(51.4, abs=1)
    assert set(kinds[np.argsort(-off)[:12]]) == {"far"}
    with TABLE.open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == result.data.rows == 400


def test_before_training_it_is_as_far_off_as_saying_the_mean(recipe: ModuleType, model: Model) -> None:
    part = recipe.make_part(300, random.Random(3))
    error = recipe.error(model.at_checkpoint("epoch 0").network, part)
    assert error == pytest.approx(float((part.target - part.target.mean()).abs().mean()), abs=1.0)
    assert recipe.error(model.network, part) < 2.0


def test_attributions_find_the_formula(recipe: ModuleType, model: Model) -> None:
    """Main effects against their means; the two fields of an interaction share it, so they are held to less."""
    source = random.Random(42)
    others = [recipe.contributions(recipe.make_row(source)) for _ in range(1000)]
    mean = {name: float(np.mean([each[name] for each in others])) for name in others[0]}
    found, truth = [], []
    for _ in range(12):
        row = recipe.make_row(source)
        asked = AttributionRequest(model.info.sha256, RecordInput(tuple(row.items())), method="deeplift")
        sums = {each.field.name: each.total for each in field_sums(run(explain(model, asked)))}
        parts = recipe.contributions(row)
        for name in ("postcode", "weight", "express"):
            found.append(sums[name])
            truth.append(parts[name] - mean[name])
        assert abs(sums["courier"]) < 1.5
    assert np.corrcoef(found, truth)[0, 1] > 0.95
