"""Held cells: a planted quote flag whose ablation flips what is predicted inside quotes, and the rest by the literal formulas."""

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.cells import AblationResult, Cell
from engine.errors import UserError
from engine.jobs import Partial, run
from engine.models.model import TextModel
from engine.recurrent import ablation
from engine.recurrent.ablation import ablate
from engine.recurrent.read import read_cells
from engine.recurrent.recorder import Hold, record
from engine.requests import AblationRequest, CellsRequest, TextInput
from tests.engine.recurrent.planted import CELLS, FLAG, TEXT, inside, planted
from tests.engine.tiny_models import opened, write_language_model, write_recurrent

WORDS = "Not once does it come close to being a b c ."


@pytest.fixture(scope="module")
def quoting(tmp_path_factory: pytest.TempPathFactory) -> TextModel:
    return planted(tmp_path_factory.mktemp("planted"))


def asked(model: TextModel, cells: tuple[Cell, ...], text: str = TEXT, **options: Any) -> AblationResult:
    return run(ablate(model, AblationRequest("any", TextInput(text), cells, **options)))


def likeliest(result: AblationResult) -> tuple[list[str], list[str]]:
    assert result.intact.alternatives is not None
    assert result.held.alternatives is not None
    return tuple([row[0] for row in each.alternatives.text] for each in (result.intact, result.held))


def test_the_planted_cell_is_a_quote_flag(quoting: TextModel):
    track = run(read_cells(quoting, CellsRequest("any", TextInput(TEXT)))).track("cell_state", Cell(0, FLAG))
    np.testing.assert_array_equal(track > 0.5, inside(TEXT))


def test_without_the_quote_flag_the_prediction_inside_quotes_flips(quoting: TextModel):
    result = asked(quoting, (Cell(0, FLAG),), how="value", value=-1.0, alternatives=2)
    intact, held = likeliest(result)
    assert intact == ["x" if within else "a" for within in inside(TEXT)]
    assert held == ["a"] * len(TEXT)
    assert result.held_at == (-1.0,)
    assert result.intact.prediction[0].label == "a"
    other = asked(quoting, (Cell(0, 2), Cell(0, 5)), alternatives=2)
    assert likeliest(other)[0] == likeliest(other)[1], "the head reads no other cell"


def test_the_loss_rises_inside_quotes_alone(quoting: TextModel):
    result = asked(quoting, (Cell(0, FLAG),), how="value", value=-1.0)
    assert result.held.loss is not None
    assert result.intact.loss is not None
    change, within = result.held.loss - result.intact.loss, np.array(inside(TEXT)[:-1])
    follows = np.array([character != '"' for character in TEXT[1:]])
    assert (change[within & follows] > 2).all()
    once_closed = ~within & (np.arange(len(within)) > TEXT.index('"'))  # before the first quote the flag is at zero
    np.testing.assert_allclose(change[once_closed], 0, atol=1e-3)


def test_what_it_writes_with_and_without(quoting: TextModel):
    result = asked(quoting, (Cell(0, FLAG),), 'ab"', how="value", value=-1.0, generate=6)
    assert (result.intact.generated, result.held.generated) == ("xxxxxx", "aaaaaa")


def test_sampling_draws_the_same_numbers_for_both_and_follows_its_temperature(quoting: TextModel):
    def written(**options: Any) -> tuple[str, str]:
        result = asked(quoting, options.pop("cells", (Cell(0, FLAG),)), 'ab"', generate=200, **options)
        assert result.intact.generated is not None
        assert result.held.generated is not None
        return result.intact.generated, result.held.generated

    first = written(temperature=1.0, seed=1)
    assert first == written(temperature=1.0, seed=1)
    assert first != written(temperature=1.0, seed=2)
    assert len(set(written(temperature=1.0, cells=(Cell(0, 0),)))) == 1, "a cell that nothing reads changes no draw"
    held_down = written(temperature=1.0, how="value", value=-1.0)[1]
    logits = torch.tensor([1.0, 0.0, 0.5, 0.0, 0.5]) + math.tanh(-1.0) * torch.tensor([-4.0, -4.0, 4.0, 4.0, 0.0])
    expected = logits.softmax(-1)
    assert held_down.count("a") / 200 == pytest.approx(float(expected[0]), abs=0.1)
    assert held_down.count("b") / 200 == pytest.approx(float(expected[1]), abs=0.1)
    assert written(temperature=1e-3)[0] == "x" * 200


@pytest.mark.parametrize("architecture", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("how", ["zero", "mean", "value"])
def test_losses_and_next_tokens_are_those_of_the_held_network(
    architecture: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ablation, "_POSITIONS", 5)
    model = opened(write_language_model(tmp_path, architecture=architecture, layers=2))
    cells = (Cell(0, 1), Cell(1, 3), Cell(1, 4))
    result = asked(model, cells, WORDS, how=how, value=0.3, alternatives=4)
    ids = model.encode(TextInput(WORDS)).ids
    inputs = model.embed(ids)
    plain = record(model.network.rnn, inputs)
    state = plain.quantities["cell_state" if architecture == "lstm" else "hidden_state"]
    means = [float(state[cell.layer, 0, 0, :, cell.index].mean()) for cell in cells]
    values = {"zero": [0.0] * 3, "mean": means, "value": [0.3] * 3}[how]
    np.testing.assert_allclose(result.held_at, values, atol=1e-6)
    mask, at = torch.zeros(2, 1, 1, 5, dtype=torch.bool), torch.zeros(2, 1, 1, 5)
    for cell, value in zip(cells, values, strict=True):
        mask[cell.layer, 0, 0, cell.index], at[cell.layer, 0, 0, cell.index] = True, value
    held = record(model.network.rnn, inputs, hold=Hold(mask, at))
    for reading, recorded in ((result.intact, plain), (result.held, held)):
        chances = model.network.outputs(recorded.output)[0].double().softmax(-1)
        assert reading.loss is not None
        expected = [-math.log(float(chances[t, following])) for t, following in enumerate(ids[0, 1:])]
        np.testing.assert_allclose(reading.loss, expected, atol=1e-6)
        assert reading.alternatives is not None
        np.testing.assert_allclose(reading.alternatives.probability, chances.topk(4).values, atol=1e-6)
        assert reading.prediction[0].probability == pytest.approx(float(chances[-1].max()), abs=1e-6)


def test_a_classifier_answers_with_and_without(tmp_path: Path):
    model = opened(write_recurrent(tmp_path, bidirectional=True))
    cells = tuple(Cell(0, index, direction) for index, direction in itertools.product(range(5), (0, 1)))
    result = asked(model, cells, WORDS)
    bias = model.network.head[0].bias
    found = {one.index: one.logit for one in result.held.prediction}
    assert [found[i] for i in range(3)] == pytest.approx(bias.tolist(), abs=1e-6), "with c at zero everywhere h is zero too"
    encoding = model.encode(TextInput(WORDS))
    plain = model.logits(model.embed(encoding.ids), encoding)[0]
    assert {one.index: one.logit for one in result.intact.prediction} == pytest.approx(dict(enumerate(plain.tolist())), abs=1e-5)
    assert result.intact.loss is None
    assert result.intact.alternatives is None
    one_way = asked(model, (Cell(0, 2, 1),), WORDS)
    assert one_way.held.prediction != one_way.intact.prediction


@pytest.mark.parametrize(
    ("cells", "options", "words"),
    [
        ((), {}, "Name the cells"),
        ((Cell(3, 0),), {}, "layers 0 to 0; there is no 3"),
        ((Cell(0, CELLS),), {}, "cells 0 to 7; there is no 8"),
        ((Cell(0, 99),), {"how": "mean"}, "cells 0 to 7; there is no 99"),
        ((Cell(0, 1, 1),), {}, "reads forwards only"),
        ((Cell(0, 1),), {"how": "value", "value": math.nan}, "finite"),
        ((Cell(0, 1),), {"temperature": 0.0, "generate": 1}, "temperature must be above zero"),
    ],
)
def test_what_cannot_be_held_is_refused(quoting: TextModel, cells: tuple[Cell, ...], options: dict[str, Any], words: str):
    with pytest.raises(UserError, match=words):
        asked(quoting, cells, **options)


def test_only_a_language_model_that_reads_forwards_goes_on(tiny_lstm: TextModel, tmp_path: Path):
    both_ways = opened(write_language_model(tmp_path, bidirectional=True))
    for model in (tiny_lstm, both_ways):
        with pytest.raises(UserError, match="reads forwards can go on"):
            asked(model, (Cell(0, 1),), WORDS, generate=3)
    assert asked(both_ways, (Cell(0, 1),), WORDS, alternatives=2).intact.loss is None


def test_the_text_grows_while_it_is_written_and_the_model_is_as_it_came(quoting: TextModel):
    seen: list[Any] = []

    def look(partial: Partial) -> None:
        assert torch.is_grad_enabled()
        assert all("forward" not in vars(module) for module in quoting.network.modules())
        if partial.doing == "Writing" and partial.result:
            seen.append(partial.result)

    request = AblationRequest("any", TextInput('ab"'), (Cell(0, FLAG),), "value", -1.0, generate=3)
    run(ablate(quoting, request), look)
    assert seen == [("x", "a"), ("xx", "aa"), ("xxx", "aaa")]
