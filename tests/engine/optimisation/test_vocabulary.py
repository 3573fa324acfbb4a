"""Nearest tokens against brute force, however the table is cut into blocks."""

import pytest
import torch

from engine.models.model import TextModel
from engine.optimisation import vocabulary
from engine.optimisation.vocabulary import Vocabulary
from tests.engine import tiny_models


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_beside_equals_brute_force(tiny_bert: TextModel, monkeypatch: pytest.MonkeyPatch, block: int):
    monkeypatch.setattr(vocabulary, "NUMBERS_PER_BLOCK", block * 16)
    points = torch.randn(4, 16, generator=torch.Generator().manual_seed(0))
    found = Vocabulary(tiny_bert).beside(points, 5)
    table = tiny_bert.network.get_input_embeddings().weight.double()
    for row, point in enumerate(points.double()):
        cosines = {i: float(point @ e / point.norm() / e.norm()) for i, e in enumerate(table) if bool(tiny_bert.ordinary[i])}
        nearest = sorted(cosines, key=lambda i: -cosines[i])[:5]
        assert found.ids[row].tolist() == nearest
        assert found.similarity[row].tolist() == pytest.approx([cosines[i] for i in nearest], abs=1e-6)
        assert found.distance[row].tolist() == pytest.approx([float((table[i] - point).norm()) for i in nearest], rel=1e-6)


def test_the_steepest_swaps_equal_brute_force(tiny_bert: TextModel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(vocabulary, "NUMBERS_PER_BLOCK", 160)
    generator = torch.Generator().manual_seed(1)
    gradients, here = torch.randn(2, 3, 16, generator=generator)
    gains, ids = Vocabulary(tiny_bert).steepest(gradients, here, 4)
    table = tiny_bert.network.get_input_embeddings().weight
    for row in range(3):
        promised = {i: float(gradients[row] @ (table[i] - here[row])) for i in tiny_bert.ordinary.nonzero().flatten().tolist()}
        best = sorted(promised, key=lambda i: -promised[i])[:4]
        assert ids[row].tolist() == best
        assert gains[row].tolist() == pytest.approx([promised[i] for i in best], abs=1e-5)


def test_special_unknown_and_unused_tokens_are_nobodys_neighbours(tiny_bert: TextModel, tiny_lstm: TextModel):
    for model in (tiny_bert, tiny_lstm):
        vocabulary = Vocabulary(model)
        everything = vocabulary.beside(model.embed(torch.arange(3)[None])[0], model.vocabulary_size)
        pieces = set(model.pieces(everything.ids.flatten().tolist()))
        assert not pieces & {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<pad>", "<unk>"}
        assert {"once", "it"} <= pieces


def test_rows_that_the_tokenizer_does_not_reach_are_left_out(tmp_path: object):
    model = tiny_models.opened(tiny_models.write(tmp_path, vocab_size=128))  # type: ignore[arg-type]
    assert model.vocabulary_size == 128
    assert int(model.ordinary.nonzero().max()) < 100


def test_the_longest_embedding_bounds_the_rest(tiny_lstm: TextModel):
    table = tiny_lstm.embed(torch.arange(tiny_lstm.vocabulary_size)[None])[0][tiny_lstm.ordinary]
    assert Vocabulary(tiny_lstm).largest_norm == pytest.approx(float(table.norm(dim=-1).max()))
