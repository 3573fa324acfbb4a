"""Cells of a model that predicts from a window of tokens: beside its text, padding left out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cells import Cell
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.recurrent.ablation import ablate
from engine.recurrent.read import read_cells
from engine.requests import AblationRequest, CellsRequest, DetectRequest, OpenModelRequest, Scanned, TextInput
from engine.workbench import Workbench
from tests.engine.models.keras_files import (
    CHARACTERS,
    KerasModel,
    answer_of,
    config_of,
    features_of,
    padded,
    random_model,
    write_model,
)
from tests.engine.tiny_models import opened

META = CHARACTERS.index("<s>") + 1


@pytest.fixture(scope="module", params=[False, True], ids=["forwards", "both ways"])
def literal(request: pytest.FixtureRequest) -> KerasModel:
    return random_model(cudnn=True, bidirectional=request.param, seed=2)


@pytest.fixture(scope="module")
def path(literal: KerasModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("windows"), literal, config=config_of(literal))


@pytest.fixture(scope="module")
def model(path: Path) -> TextModel:
    return opened(path)


def ids_of(text: str) -> list[int]:
    return [META, *(CHARACTERS.index(c) + 1 for c in text)]


@pytest.mark.parametrize("text", ["a", "bad", "badge"])
def test_cells_of_a_text_that_fits_are_those_the_prediction_is_made_with(text: str, model: TextModel, literal: KerasModel):
    """Read behind the padding, which is not shown."""
    found = run(read_cells(model, CellsRequest(model.info.sha256, TextInput(text))))
    parts = features_of(literal, padded(ids_of(text), 6))
    directions = len(literal.layers[0])
    for layer, part in enumerate(parts[1:]):
        said = part[-len(text) - 1 :].reshape(len(text) + 1, directions, -1)
        np.testing.assert_allclose(found.quantities["hidden_state"][:, layer], said, atol=1e-5)
    assert not found.warnings


def test_a_longer_text_is_read_in_one_go_and_said_to_be(model: TextModel, literal: KerasModel):
    text = "jig, fade a bag."
    found = run(read_cells(model, CellsRequest(model.info.sha256, TextInput(text))))
    said = features_of(literal, ids_of(text))[1].reshape(len(text) + 1, len(literal.layers[0]), -1)
    np.testing.assert_allclose(found.quantities["hidden_state"][:, 0], said, atol=1e-5)
    assert "6 tokens at a time" in found.warnings[-1].message


@pytest.mark.parametrize("text", ["bad", "jig, fade a bag."])
def test_what_comes_next_is_told_from_each_window(text: str, model: TextModel, literal: KerasModel):
    found = run(read_cells(model, CellsRequest(model.info.sha256, TextInput(text), alternatives=3)))
    assert found.alternatives is not None
    ids = ids_of(text)
    for at in range(len(ids)):
        probabilities, _ = answer_of(literal, padded(ids[: at + 1], 6))
        np.testing.assert_allclose(found.alternatives.probability[at], np.sort(probabilities)[::-1][:3], atol=1e-5)


@pytest.mark.parametrize(("how", "value"), [("zero", 0.0), ("value", 0.7)])
def test_held_cells_are_held_all_through_the_window(how: Any, value: float, model: TextModel, literal: KerasModel):
    request = AblationRequest(model.info.sha256, TextInput("bad"), (Cell(0, 3), Cell(1, 2)), how=how, value=value)
    found = run(ablate(model, request))
    window = padded(ids_of("bad"), 6)
    for reading, held in ((found.intact, {}), (found.held, {0: {3: value}, 1: {2: value}})):
        expected, _ = answer_of(literal, window, held)
        for output in reading.prediction:
            assert output.probability == pytest.approx(expected[output.index], abs=1e-5)


def test_a_mean_is_over_the_text_without_the_padding(model: TextModel, path: Path):
    cells = (Cell(0, 3), Cell(1, 2))
    found = run(ablate(model, AblationRequest(model.info.sha256, TextInput("bad"), cells, how="mean")))
    states = run(read_cells(model, CellsRequest(model.info.sha256, TextInput("bad")))).quantities["cell_state"]
    assert found.held_at == pytest.approx([states[:, c.layer, 0, c.index].mean() for c in cells], abs=1e-5)


def test_what_cannot_be_held(model: TextModel):
    cells = (Cell(0, 0),)
    with pytest.raises(UserError, match="window of 6 tokens"):
        run(ablate(model, AblationRequest(model.info.sha256, TextInput("jig, fade a bag."), cells)))
    with pytest.raises(UserError, match="cannot go on with a text"):
        run(ablate(model, AblationRequest(model.info.sha256, TextInput("bad"), cells, generate=3)))


def test_the_detective_reads_a_corpus(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path / "home"))
    (tmp_path / "text.txt").write_text("bad jig, fade a bag. 'a big cab' " * 40)
    workbench = Workbench()
    info = run(workbench.job_for(OpenModelRequest(str(path)))).info
    request = DetectRequest(info.sha256, Scanned((str(tmp_path / "text.txt"),)), patterns=("a",), top=3, shifts=20)
    result = run(workbench.job_for(request))
    assert len(result.whole.units) == 3
    assert any("6 tokens at a time" in notice.message for notice in result.warnings)
    assert {layer for _, layer, _, _ in result.units} == {0, 1}
