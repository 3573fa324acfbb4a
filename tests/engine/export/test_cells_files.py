"""What cells did, read back from every kind of file."""

import csv
import io
import json
from typing import Any

import numpy as np
import pytest

from engine.cells import Cell, CellsResult
from engine.errors import UserError
from engine.export import cells_files
from engine.export.cells_files import cells_to_csv, cells_to_json, cells_to_npz, every_cell
from engine.jobs import run
from engine.models.model import TextModel
from engine.recurrent.read import read_cells
from engine.requests import CellsRequest, TextInput
from tests.engine.tiny_models import opened, write_recurrent

TEXT = "Not once , does it ? =a"


@pytest.fixture(scope="module")
def result(tiny_lstm: TextModel) -> CellsResult:
    return run(read_cells(tiny_lstm, CellsRequest("any", TextInput(TEXT))))


@pytest.fixture(scope="module")
def both_ways(tmp_path_factory: pytest.TempPathFactory) -> CellsResult:
    """Projected, so that hidden_state has three cells and the rest five."""
    model = opened(write_recurrent(tmp_path_factory.mktemp("both"), layers=2, bidirectional=True, projection=3))
    return run(read_cells(model, CellsRequest("any", TextInput(TEXT))))


def arrays(content: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return dict(file)


def test_the_arrays_are_the_result_s_own(result: CellsResult, both_ways: CellsResult):
    found = arrays(cells_to_npz(result))
    tokens = result.input.tokens
    for name, values in result.quantities.items():
        assert found[name].shape == (len(tokens), 1, 5)
        np.testing.assert_array_equal(found[name], values[:, :, 0])
    assert found["token_ids"].tolist() == [token.id for token in tokens]
    assert [TEXT[a:b] for a, b in zip(found["start"], found["end"], strict=True)] == [token.text for token in tokens]
    assert found["hidden_sizes"].tolist() == [5]
    two = arrays(cells_to_npz(both_ways))
    assert two["hidden_state"].shape == (len(tokens), 2, 2, 3)
    assert two["cell_state"].shape == (len(tokens), 2, 2, 5)
    assert (two["hidden_sizes"].tolist(), two["cell_sizes"].tolist()) == ([3, 3], [5, 5])
    np.testing.assert_array_equal(two["candidate"], both_ways.quantities["candidate"])


def test_meta_says_what_was_read(result: CellsResult):
    meta = json.loads(bytes(arrays(cells_to_npz(result))["meta"]))
    assert meta["input"]["text"] == TEXT
    assert [token["text"] for token in meta["input"]["tokens"]] == [token.text for token in result.input.tokens]
    assert meta["quantities"] == list(result.quantities)
    assert meta["layers"] == [
        {"module": "rnn", "layer_in_module": 0, "kind": "lstm", "hidden_size": 5, "cells": 5, "directions": 1}
    ]
    assert meta["model"]["sha256"] == result.model.sha256


def test_chosen_cells_keep_their_place_among_nothing(both_ways: CellsResult):
    cells = (Cell(1, 2, 1), Cell(0, 4))
    content = cells_to_npz(both_ways, cells)
    found = arrays(content)
    assert json.loads(bytes(found["meta"]))["units"] == [
        {"layer": 1, "index": 2, "direction": 1},
        {"layer": 0, "index": 4, "direction": 0},
    ]
    for name, values in both_ways.quantities.items():
        kept = np.zeros(values.shape[1:], dtype=bool)
        kept[1, 1, 2] = True
        if name != "hidden_state":  # has three cells
            kept[0, 0, 4] = True
        np.testing.assert_array_equal(found[name][:, kept], values[:, kept])
        assert np.isnan(found[name][:, ~kept]).all()


def test_json_has_the_same_names(result: CellsResult, both_ways: CellsResult):
    found = json.loads(cells_to_json(result))
    for name, values in result.quantities.items():
        np.testing.assert_array_equal(np.array(found[name], dtype=np.float32), values[:, :, 0])
    assert found["warnings"] == []
    units = json.loads(cells_to_json(both_ways, [Cell(1, 2, 1), Cell(0, 4)]))["units"]
    assert [(unit["layer"], unit["index"], unit["direction"]) for unit in units] == [(1, 2, 1), (0, 4, 0)]
    np.testing.assert_array_equal(np.float32(units[0]["forget_gate"]), both_ways.track("forget_gate", Cell(1, 2, 1)))
    assert "hidden_state" in units[0]
    assert "hidden_state" not in units[1]


def test_a_table_has_a_row_for_each_token_and_a_column_for_each_track(both_ways: CellsResult):
    rows = list(csv.DictReader(io.StringIO(cells_to_csv(both_ways, [Cell(1, 2, 1), Cell(0, 4)]).decode())))
    assert [row["text"] for row in rows] == ["Not", "once", ",", "does", "it", "?", "'=", "a"]
    named = {"hidden_state 1:2:1", *(f"{q} {c}" for q in both_ways.quantities if q != "hidden_state" for c in ("1:2:1", "0:4"))}
    assert set(rows[0]) == {"index", "text", "piece", "id", "start", "end"} | named
    found = [float(row["cell_state 0:4"]) for row in rows]
    np.testing.assert_array_equal(np.float32(found), both_ways.track("cell_state", Cell(0, 4)))
    everything = next(csv.reader(io.StringIO(cells_to_csv(both_ways).decode())))
    assert len(everything) == 6 + 2 * 2 * (3 + 5 * 5)
    assert len(every_cell(both_ways)) == 2 * 2 * 5


def test_too_many_digits_are_refused(result: CellsResult, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cells_files, "_MOST_WRITTEN_OUT", 100)
    for write in (cells_to_json, cells_to_csv):
        with pytest.raises(UserError, match="240 numbers"):
            write(result)
        assert write(result, [Cell(0, 1)])
    assert cells_to_npz(result)
