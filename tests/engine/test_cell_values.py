"""Scores of cells against slow copies of their definitions."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from engine.cell_values import SCORES, TANH_CELL_STATE, CellValues, cells_with, gates_of, quantities_of, track_of
from engine.cells import Cell
from engine.export.cells_files import CELLS_KINDS
from tests.gui import made_cells


def test_every_score_is_what_its_name_says() -> None:
    result = made_cells.cells_result(cells=9)
    values = CellValues(result, "cell_state")
    for place, cell in enumerate(values.cells):
        track = result.track("cell_state", cell).astype(np.float64)
        before = track[3]
        chosen = result.track("cell_state", Cell(0, 7)).astype(np.float64)
        expected = {
            "index": cell.index,
            "mean": sum(track) / len(track),
            "variance": sum((track - sum(track) / len(track)) ** 2) / len(track),
            "range": max(track) - min(track),
            "saturated": sum(abs(v) > 0.9 for v in track) / len(track),
            "silent": sum(abs(v) < 0.1 for v in track) / len(track),
            "correlation": np.corrcoef(track, chosen)[0, 1],
            "at_token": track[4],
            "change": track[4] - before,
        }
        assert set(expected) == {score.id for score in SCORES}
        for id, number in expected.items():
            assert values.scores(id, Cell(0, 7), 4)[place] == pytest.approx(number, rel=1e-5, abs=1e-7), (id, cell)


def test_a_backward_direction_changes_from_the_right() -> None:
    result = made_cells.cells_result(directions=2, layers=1)
    values = CellValues(result, "hidden_state")
    track, place = result.track("hidden_state", Cell(0, 2, 1)), values.place_of(Cell(0, 2, 1))
    assert values.scores("change", position=4)[place] == pytest.approx(track[4] - track[5])
    assert np.isnan(values.scores("change", position=len(track) - 1)[place]), "the state it began with is not told"
    assert np.isnan(values.scores("change", position=0)[values.place_of(Cell(0, 2, 0))])


def test_the_squashed_state_is_tanh_of_c() -> None:
    result = made_cells.cells_result()
    np.testing.assert_array_equal(track_of(result, TANH_CELL_STATE, Cell(1, 3)), np.tanh(result.track("cell_state", Cell(1, 3))))
    values = CellValues(result, TANH_CELL_STATE)
    np.testing.assert_array_equal(values.values[:, values.place_of(Cell(1, 3))], np.tanh(result.track("cell_state", Cell(1, 3))))


def test_order_puts_what_is_no_number_last_either_way() -> None:
    result = made_cells.cells_result(broken=True)
    values = CellValues(result, "cell_state")
    place = values.place_of(Cell(0, made_cells.BROKEN))
    for id in ("mean", "variance", "range", "saturated", "silent", "correlation"):
        scores = values.scores(id, Cell(0, 7))
        assert np.isnan(scores[place]), id
        for ascending in (False, True):
            assert values.order(id, scores, ascending)[-1] == place, id
    ranks = values.ranks_at(len(result.input.tokens) - 1)
    assert ranks[place] == 0
    assert sorted(ranks) == [0, *range(1, len(ranks))]


def test_a_flat_reference_correlates_with_nothing() -> None:
    result = made_cells.cells_result()
    result.quantities["cell_state"][:, 0, 0, 2] = 0.5
    assert np.isnan(CellValues(result, "cell_state").scores("correlation", Cell(0, 2))).all()


def test_a_projected_layer_has_fewer_hidden_states_than_cells() -> None:
    result = made_cells.cells_result(cells=6)
    short = {**result.quantities, "hidden_state": result.quantities["hidden_state"][..., :2]}
    result = replace(result, quantities=short, layers=tuple(replace(layer, hidden_size=2) for layer in result.layers))
    assert len(cells_with(result, "hidden_state")) == 4
    values = CellValues(result, "hidden_state")
    np.testing.assert_array_equal(values.values[:, values.place_of(Cell(1, 1))], short["hidden_state"][:, 1, 0, 1])
    assert values.place_of(Cell(0, 4)) == -1


def test_layers_of_different_kinds_have_quantities_of_their_own() -> None:
    lstm = made_cells.cells_result().layers[0]
    assert quantities_of(lstm)[:3] == (TANH_CELL_STATE, "cell_state", "hidden_state")
    gru = replace(lstm, kind="gru")
    assert quantities_of(gru) == ("hidden_state", "reset_gate", "update_gate", "candidate")
    assert gates_of(replace(lstm, kind="rnn")) == ()


def test_the_table_of_one_cell_has_its_tracks() -> None:
    result = made_cells.cells_result(made_cells.characters("a=1"))
    rows = list(csv.DictReader(io.StringIO(CELLS_KINDS[".csv"](result, (Cell(0, 7),)).decode())))
    assert [row["text"] for row in rows] == ["a", "'=", "1"]
    assert [float(row["forget_gate 0:7"]) for row in rows] == pytest.approx(result.track("forget_gate", Cell(0, 7)))


def test_an_infinite_state_is_no_crash() -> None:
    result = made_cells.cells_result()
    result.quantities["cell_state"][3, 0, 0, 2] = np.inf
    values = CellValues(result, "cell_state")
    for score in SCORES:
        values.order(score.id, values.scores(score.id, Cell(0, 7), 3))
    assert values.ranks_at(3)[2] == 1
