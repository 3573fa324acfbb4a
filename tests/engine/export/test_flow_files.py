"""Gradient flow as files: the same numbers in each, and nothing that cannot be read back."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from engine.attribution.gradient_flow import gradient_flow
from engine.export.csv_file import unguarded
from engine.export.flow_files import COLUMNS, flow_as_dict, to_csv, to_json, to_npz
from engine.flow import GradientFlowResult
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import GradientFlowRequest, TextInput
from tests.engine.export.hostile import HOSTILE
from tests.engine.tiny_models import TEXT


def of(model: TextModel, text: str) -> GradientFlowResult:
    return run(gradient_flow(model, GradientFlowRequest(model.info.sha256, TextInput(text))))


def test_json_holds_every_number(tiny_lstm: TextModel):
    result = of(tiny_lstm, TEXT)
    read = json.loads(to_json(result))
    assert list(read)[-4:] == ["layers", "recurrent", "cost", "warnings"]
    assert {"model", "input", "prediction", "target"} <= set(read)
    assert [layer["name"] for layer in read["layers"]] == ["input_embeddings", "rnn", "head.0"]
    assert set(read["layers"][0]) == {
        *("name", "type", "call", "norm", "activation_norm", "ratio", "per_position", "activation_per_position")
    }
    np.testing.assert_allclose(read["layers"][1]["per_position"], result.layers[1].per_position, rtol=1e-8)
    assert read["layers"][2]["per_position"] is None
    (flow,) = read["recurrent"]
    assert (flow["module"], flow["layer"], flow["direction"]) == ("rnn", 0, 0)
    np.testing.assert_allclose(flow["per_step"]["hidden_state"], result.recurrent[0].hidden_state, rtol=1e-8)
    np.testing.assert_allclose(flow["per_step"]["cell_state"], result.recurrent[0].cell_state, rtol=1e-8)
    assert read["warnings"] == []


def test_what_is_not_finite_is_named_and_what_was_not_computed_is_not(tiny_lstm: TextModel):
    result = of(tiny_lstm, "it is")
    first = result.layers[0]
    unread = replace(first, norm=float("inf"), activation_per_position=np.array([1.0, np.nan]))
    read = json.loads(to_json(replace(result, layers=(unread, *result.layers[1:]))))
    assert read["layers"][0]["norm"] is None
    assert read["layers"][0]["activation_per_position"] == [1.0, None]
    assert [words for words in read["warnings"] if "layers[0].norm" in words]
    assert not [words for words in read["warnings"] if "activation" in words]


@pytest.mark.parametrize("model", ["tiny_bert", "tiny_lstm"])
def test_csv_is_one_row_for_each_number(model: str, request: pytest.FixtureRequest):
    result = of(request.getfixturevalue(model), "=A film, it ends.")
    rows = list(csv.DictReader(io.StringIO(to_csv(result).decode())))
    assert tuple(rows[0]) == COLUMNS
    whole = [row for row in rows if row["kind"] == "layer"]
    assert [row["name"] for row in whole] == [layer.name for layer in result.layers]
    np.testing.assert_allclose([float(row["norm"]) for row in whole], [layer.norm for layer in result.layers], rtol=1e-8)
    at_first = [row for row in rows if row["kind"] == "position" and row["name"] == "input_embeddings"]
    assert [unguarded(row["text"]) for row in at_first] == [token.text for token in result.tokens]
    assert not [row for row in rows if row["text"].startswith("=")]
    for state in ("hidden_state", "cell_state"):
        found = [float(row["norm"]) for row in rows if row["kind"] == state]
        np.testing.assert_allclose(found, [v for flow in result.recurrent for v in getattr(flow, state)], rtol=1e-8)


def test_npz_loads_without_pickles(tiny_lstm: TextModel, tiny_bert: TextModel):
    result = of(tiny_lstm, TEXT)
    with np.load(io.BytesIO(to_npz(result)), allow_pickle=False) as file:
        np.testing.assert_array_equal(file["per_position"], result.per_position)
        np.testing.assert_array_equal(file["hidden_state"], result.per_step)
        assert np.isnan(file["activation_per_position"][-1]).all()
        assert file["norm"].tolist() == [layer.norm for layer in result.layers]
        meta = json.loads(bytes(file["meta"]))
    assert meta["layers"][0].keys() == flow_as_dict(result)["layers"][0].keys() - {"per_position", "activation_per_position"}
    assert meta["recurrent"][0]["per_step"] == ["hidden_state", "cell_state"]
    with np.load(io.BytesIO(to_npz(of(tiny_bert, HOSTILE))), allow_pickle=False) as file:
        assert "hidden_state" not in file.files
        assert json.loads(bytes(file["meta"]))["input"]["text"] == HOSTILE
