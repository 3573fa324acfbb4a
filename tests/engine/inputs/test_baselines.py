"""Baselines against a literal recomputation, row by row."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.errors import UserError
from engine.inputs.baselines import BASELINES, baseline_embeddings
from engine.models.model import TextModel
from engine.requests import TextInput
from tests.engine.tiny_models import ARCHITECTURES, TEXT, fast_tokenizer, opened, write, write_recurrent


def literal(name: str, model: TextModel, text: str, pair: str | None, substitutes: dict[str, int]) -> Tensor:
    table = model.network.get_input_embeddings().weight
    rows = []
    for token in model.encode(TextInput(text, pair)).input.tokens:
        if name == "zero_all" or (name == "zero" and not token.special):
            rows.append(torch.zeros_like(table[0]))
        elif name == "zero" or token.special:
            rows.append(table[token.id])
        else:
            rows.append(table[substitutes[name]])
    return torch.stack(rows)[None]


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("model_type", ["bert", "roberta", "albert", "gpt2"])
@pytest.mark.parametrize("text", [TEXT, "it [MASK] ends <mask> here", "🙂 \n é"])
def test_row_by_row(name: str, model_type: str, text: str, tmp_path: Path):
    model = opened(write(tmp_path, model_type))
    tokenizer = fast_tokenizer(ARCHITECTURES[model_type][0], model_type)
    ids = {"pad": tokenizer.pad_token_id, "mask": tokenizer.mask_token_id, "unk": tokenizer.unk_token_id}
    encoding = model.encode(TextInput(text))
    if ids.get(name, 0) is None:
        assert name not in model.info.baselines
        with pytest.raises(UserError, match=rf"vocabulary has no {name} token; choose zero"):
            baseline_embeddings(name, model, encoding)
        return
    found = baseline_embeddings(name, model, encoding)
    assert torch.equal(found, literal(name, model, text, None, ids))
    assert not found.requires_grad


def test_of_a_pair_both_texts_are_blanked_and_what_parts_them_stays(tiny_bert: TextModel):
    encoding = tiny_bert.encode(TextInput("a film", "it ends"))
    found = baseline_embeddings("zero", tiny_bert, encoding)
    assert torch.equal(found, literal("zero", tiny_bert, "a film", "it ends", {}))
    assert (found[0].abs().sum(-1) > 0).tolist() == [True, False, False, True, False, False, True]


def test_of_one_hot_vectors_zero_is_zero_and_unknown_is_one_hot(tmp_path: Path):
    model = opened(write_recurrent(tmp_path, embedding_size=None))
    encoding = model.encode(TextInput("Not once"))
    assert baseline_embeddings("zero", model, encoding).tolist() == [[[0.0] * 17] * 2]
    assert baseline_embeddings("unk", model, encoding)[0, 0].nonzero().tolist() == [[1]]


@pytest.mark.parametrize("name", ["", "nonsense", "text:", "mean", "ZERO"])
def test_a_baseline_that_is_not_there(name: str, tiny_lstm: TextModel):
    with pytest.raises(UserError, match="there are zero, zero_all, pad, unk"):
        baseline_embeddings(name, tiny_lstm, tiny_lstm.encode(TextInput("Not once")))
