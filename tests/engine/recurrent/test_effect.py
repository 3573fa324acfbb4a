"""The effect of held cells over many files, against sums written out, and beside random cells."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.cells import AblationEffect, Cell
from engine.errors import UserError
from engine.jobs import Partial, run
from engine.models.model import TextModel
from engine.recurrent import effect
from engine.recurrent.effect import Moments, Segment, ablation_effect, measure, random_sets
from engine.recurrent.recorder import Hold, record
from tests.engine.recurrent.planted import CELLS, FLAG, TEXT, VOCABULARY, inside, planted
from tests.engine.tiny_models import VOCABULARY as WORDS
from tests.engine.tiny_models import opened, write_language_model


@pytest.fixture(scope="module")
def quoting(tmp_path_factory: pytest.TempPathFactory) -> TextModel:
    return planted(tmp_path_factory.mktemp("planted"))


def quoted(*texts: str) -> list[Segment]:
    return [
        Segment(np.array([VOCABULARY.index(c) for c in text]), np.array(inside(text)), file) for file, text in enumerate(texts)
    ]


def random_segments(*lengths: int, size: int = len(WORDS), seed: int = 0) -> list[Segment]:
    random = np.random.default_rng(seed)
    return [Segment(random.integers(0, size, n), random.random(n) < 0.4, file // 2) for file, n in enumerate(lengths)]


def test_a_planted_cell_is_used_where_it_matches_and_random_cells_are_not(quoting: TextModel):
    texts = [TEXT, TEXT[8:], 'b"x"a"yyxxy"bbba', 'aab"x"', '"xxyxyx"aba']
    found = run(ablation_effect(quoting, quoted(*texts), [Cell(0, FLAG)], how="value", value=-1.0, n_random=7))
    assert found.effect > 1.5
    assert found.interval is not None
    low, high = found.interval
    assert 1 < low < found.effect < high
    assert len(found.random_effects) == CELLS - 1
    assert np.abs(found.random_effects).max() < 1e-6
    assert found.p_value == pytest.approx(1 / CELLS)
    assert (found.files, found.held_at) == (5, (-1.0,))
    unused = run(ablation_effect(quoting, quoted(*texts), [Cell(0, 2)], n_random=7))
    assert abs(unused.effect) < 1e-6
    assert unused.p_value is not None
    assert unused.p_value > 0.1


def losses(model: TextModel, ids: np.ndarray, cells: tuple[Cell, ...] = (), value: float = 0.0) -> list[float]:
    """One after the other, from the whole recording of one text."""
    mask = torch.zeros(model.network.rnn.num_layers, 1, 1, model.network.rnn.hidden_size, dtype=torch.bool)
    for cell in cells:
        mask[cell.layer, 0, 0, cell.index] = True
    tokens = torch.tensor(ids)[None]
    states = record(model.network.rnn, model.embed(tokens), hold=Hold(mask, torch.tensor(value))).output
    chances = model.network.outputs(states)[0].double().softmax(-1)
    return [-float(chances[t, following].log()) for t, following in enumerate(ids[1:])]


@pytest.mark.parametrize("architecture", ["lstm", "gru"])
@pytest.mark.parametrize("piece", [4, 512])
def test_it_adds_up_over_texts_whatever_the_pieces(
    architecture: str, piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(effect, "_PIECE", piece)
    model = opened(write_language_model(tmp_path, architecture=architecture, layers=2))
    cells, segments = (Cell(0, 1), Cell(1, 2)), random_segments(9, 14, 2, 1, 30)
    found = run(ablation_effect(model, segments, cells, how="value", value=0.4, n_random=2))
    sums: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for segment in segments:
        for t, both in enumerate(zip(losses(model, segment.ids), losses(model, segment.ids, cells, 0.4), strict=True)):
            sums[bool(segment.matches[t])].append(both)
    for matching, count, intact, change in (
        (True, found.matches, found.loss_at_matches, found.change_at_matches),
        (False, found.others, found.loss_at_others, found.change_at_others),
    ):
        assert count == len(sums[matching])
        assert intact == pytest.approx(np.mean([before for before, _ in sums[matching]]), abs=1e-6)
        assert change == pytest.approx(np.mean([after - before for before, after in sums[matching]]), abs=1e-6)
    assert found.files == 3


def test_random_sets_are_scored_as_if_they_had_been_asked_for(tiny_language_model: TextModel):
    segments = random_segments(20, 25, 11)
    found = run(ablation_effect(tiny_language_model, segments, [Cell(0, 1)], n_random=4))
    sets = random_sets([Cell(0, 1)], run(measure(tiny_language_model, segments)), 4, 0)
    for cells, value in zip(sets, found.random_effects, strict=True):
        assert value == pytest.approx(run(ablation_effect(tiny_language_model, segments, cells, n_random=0)).effect, abs=1e-6)
    at_least = sum(value >= found.effect for value in found.random_effects)
    assert found.p_value == pytest.approx((1 + at_least) / 5)
    assert run(ablation_effect(tiny_language_model, segments, [Cell(0, 1)], n_random=0)).p_value is None


@pytest.mark.parametrize("piece", [7, 512])
def test_means_and_variances_are_numpy_s(piece: int, tiny_language_model: TextModel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(effect, "_PIECE", piece)
    segments = random_segments(20, 25, 11)
    found = run(measure(tiny_language_model, segments))
    rnn = tiny_language_model.network.rnn
    states = [record(rnn, tiny_language_model.embed(torch.tensor(s.ids)[None])).quantities["cell_state"] for s in segments]
    together = torch.cat([state[0, 0, 0] for state in states]).double().numpy()
    np.testing.assert_allclose(found.mean[0][0], together.mean(0), atol=1e-6)
    np.testing.assert_allclose(found.variance[0][0], together.var(0), atol=1e-6)
    held = run(ablation_effect(tiny_language_model, segments, [Cell(0, 3)], how="mean", n_random=0))
    assert held.held_at == pytest.approx((together.mean(0)[3],), abs=1e-6)


def test_random_sets_are_of_other_cells_and_of_like_variance():
    variance = np.exp(np.random.default_rng(0).normal(size=(2, 100)))
    moments = Moments((np.zeros((2, 100)), np.zeros((1, 50))), (variance, variance[:1, :50]))
    cells = (Cell(0, 7), Cell(0, 3, 1), Cell(1, 4))
    sets = random_sets(cells, moments, 20, seed=3)
    assert len(sets) == len({frozenset(chosen) for chosen in sets}) == 20
    assert sets == random_sets(cells, moments, 20, seed=3)
    assert sets != random_sets(cells, moments, 20, seed=4)
    spread = {}
    for chosen in sets:
        assert len(set(chosen)) == 3
        assert not set(chosen) & set(cells)
        for own, other in zip(cells, chosen, strict=True):
            spread.setdefault(own, []).append(abs(np.log(value(moments, other) / value(moments, own))))
    everything = [c for c in all_cells(moments) if c not in cells]
    for own, found in spread.items():
        by_nearness = sorted(abs(np.log(value(moments, other) / value(moments, own))) for other in everything)
        assert max(found) <= by_nearness[22], "the 20 nearest, or two more where one was taken"
    assert random_sets([Cell(0, 0)], Moments((np.zeros((1, 1)),), (np.ones((1, 1)),)), 5, 0) == []


def value(moments: Moments, cell: Cell) -> float:
    return float(moments.variance[cell.layer][cell.direction, cell.index])


def all_cells(moments: Moments) -> list[Cell]:
    return [Cell(n, i, d) for n, each in enumerate(moments.variance) for d in range(len(each)) for i in range(each.shape[1])]


def test_the_interval_is_of_the_files(quoting: TextModel):
    """Ten files that are alike leave nothing to chance; one file tells nothing of others."""
    alike = run(ablation_effect(quoting, quoted(*[TEXT] * 10), [Cell(0, FLAG)], n_random=0))
    assert alike.interval == pytest.approx((alike.effect, alike.effect))
    assert run(ablation_effect(quoting, quoted(TEXT), [Cell(0, FLAG)], n_random=0)).interval is None


def test_what_is_shown_on_the_way_ends_in_the_answer(quoting: TextModel):
    seen: list[Partial] = []
    segments = quoted("aab", TEXT, TEXT[5:])
    answer = run(ablation_effect(quoting, segments, [Cell(0, FLAG)], n_random=3), seen.append)
    shown = [partial.result for partial in seen if isinstance(partial.result, AblationEffect)]
    assert len(shown) == 2, "after the first file there is no match yet"
    assert (shown[-1].effect, shown[-1].interval) == (answer.effect, answer.interval)
    assert [each.files for each in shown] == [2, 3], "files that are still to be read are not counted"
    fractions = [partial.fraction for partial in seen if partial.doing == effect.DOING]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


@pytest.mark.parametrize(
    ("texts", "cells", "words"),
    [
        (["abba"], [Cell(0, 1)], "no position matches"),
        (['"xyx'], [Cell(0, 1)], "every position matches"),
        ([TEXT], [], "at least one cell"),
        (["a"], [Cell(0, 1)], "two tokens"),
        ([TEXT], [Cell(2, 1)], "there is no 2"),
    ],
)
def test_what_cannot_be_compared_is_refused(quoting: TextModel, texts: list[str], cells: list[Cell], words: str):
    with pytest.raises(UserError, match=words):
        run(ablation_effect(quoting, quoted(*texts), cells))


def test_what_has_no_loss_at_a_position_is_refused(tiny_lstm: TextModel, tmp_path: Path):
    with pytest.raises(UserError, match="no recurrent language model"):
        run(ablation_effect(tiny_lstm, random_segments(9), [Cell(0, 1)]))
    with pytest.raises(UserError, match="reads backwards"):
        run(ablation_effect(opened(write_language_model(tmp_path, bidirectional=True)), random_segments(9), [Cell(0, 1)]))
