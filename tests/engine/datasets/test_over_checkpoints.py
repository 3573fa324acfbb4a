"""A set over training: at each checkpoint what that model predicts alone, and when each row was learnt, counted by hand."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.comparisons import CheckpointsResult
from engine.datasets.data import Datasets
from engine.datasets.histories import histories
from engine.datasets.over_checkpoints import over_checkpoints
from engine.datasets.predict import predict_rows
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import CheckpointsRequest, DataSource, PredictionsRequest
from tests.engine import tiny_models
from tests.engine.datasets.tables import labelled
from tests.engine.models.training_runs import alone, write_run

FILES = {"epoch 0": "epoch-0", "epoch 0.5": "epoch-0.5", "epoch 2": "epoch-2", "epoch 10": "epoch-10"}


def asked(model: TextModel, path: str, *names: str) -> CheckpointsRequest:
    return CheckpointsRequest(PredictionsRequest(model.info.sha256, DataSource(path)), names)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run")


def test_each_checkpoint_is_the_model_from_its_weights_alone(tmp_path: Path, folder: Path):
    model, path = tiny_models.opened(folder), labelled(tmp_path, 40)
    found = run(over_checkpoints(Datasets(), model, asked(model, path)))
    assert found.names == (*FILES, "final")
    assert found.complete
    for at, name in enumerate(found.names):
        file = folder / "checkpoints" / f"{FILES[name]}.safetensors" if name in FILES else folder / "model.safetensors"
        then = alone(folder, file, tmp_path / f"alone {at}")
        single = run(predict_rows(Datasets(), then, PredictionsRequest(then.info.sha256, DataSource(path))))
        np.testing.assert_array_equal(found.predicted[at], single.predicted)
        np.testing.assert_allclose(found.chance[at], np.exp(-single.loss), rtol=1e-5)
        assert found.numbers[at].accuracy == single.numbers.accuracy
        assert found.numbers[at].confusion is not None
        assert single.numbers.confusion is not None
        np.testing.assert_array_equal(found.numbers[at].confusion, single.numbers.confusion)


def test_checkpoints_come_one_by_one_and_are_kept(tmp_path: Path, folder: Path):
    model, path = tiny_models.opened(folder), labelled(tmp_path, 20)
    with closing(over_checkpoints(Datasets(), model, asked(model, path))) as steps:
        first = next(partial.result for partial in steps if isinstance(partial.result, CheckpointsResult))
    assert first.names == ("epoch 0",)
    assert not first.complete
    whole = run(over_checkpoints(Datasets(), model, asked(model, path)))
    assert whole.cost.forward == 3 * 20  # the first and the last were there
    assert run(over_checkpoints(Datasets(), model, asked(model, path))).cost.forward == 0
    some = run(over_checkpoints(Datasets(), model, asked(model, path, "final", "epoch 2")))
    assert some.names == ("epoch 2", "final")


def test_a_damaged_checkpoint_is_left_out_and_named(tmp_path: Path, folder: Path):
    (folder / "checkpoints" / "epoch-2.safetensors").write_bytes(b"damaged")
    model = tiny_models.opened(folder)
    found = run(over_checkpoints(Datasets(), model, asked(model, labelled(tmp_path, 8))))
    assert found.names == ("epoch 0", "epoch 0.5", "epoch 10", "final")
    assert any(notice.kind == "left_out" and "epoch 2" in notice.message for notice in found.warnings)
    assert found.complete


def test_a_model_without_checkpoints_says_so(tmp_path: Path, tiny_bert: TextModel):
    with pytest.raises(UserError, match="only one checkpoint"):
        run(over_checkpoints(Datasets(), tiny_bert, asked(tiny_bert, labelled(tmp_path, 8))))


def test_histories_are_told_as_one_would_by_eye(tmp_path: Path, folder: Path):
    model = tiny_models.opened(folder)
    found = run(over_checkpoints(Datasets(), model, asked(model, labelled(tmp_path, 7))))
    true = np.array([0, 0, 0, 0, -1, 0, 0], np.int32)
    predicted = np.array(
        [
            [0, 1, 0, 1, 0, 0, 1],  # a row of the data in each column
            [0, 1, 1, 2, 1, -1, 0],
            [0, 0, 0, 1, 1, 0, 2],
            [0, 0, 1, 2, 0, 0, 1],
            [0, 0, 1, 1, 0, 0, 0],
        ],
        np.int16,
    )
    told = histories(replace(found, true=true, predicted=predicted))
    assert told.learnt.tolist() == [0, 2, -1, -1, -1, -1, 4]
    assert told.forgotten.tolist() == [-1, -1, 3, -1, -1, -1, -1]
    assert told.changes.tolist() == [0, 1, 3, 4, 2, 2, 4]
