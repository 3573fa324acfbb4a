"""Baselines against a literal recomputation, row by row."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.errors import UserError
from engine.inputs.baselines import BASELINES, baseline_for
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


@pytest.mark.parametrize("name", [name for name in BASELINES if name != "mean"])
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
            baseline_for(name, model, encoding)
        return
    found = baseline_for(name, model, encoding).embeddings
    assert torch.equal(found, literal(name, model, text, None, ids))
    assert not found.requires_grad


def test_of_a_pair_both_texts_are_blanked_and_what_parts_them_stays(tiny_bert: TextModel):
    encoding = tiny_bert.encode(TextInput("a film", "it ends"))
    found = baseline_for("zero", tiny_bert, encoding).embeddings
    assert torch.equal(found, literal("zero", tiny_bert, "a film", "it ends", {}))
    assert (found[0].abs().sum(-1) > 0).tolist() == [True, False, False, True, False, False, True]


def test_of_one_hot_vectors_zero_is_zero_and_unknown_is_one_hot(tmp_path: Path):
    model = opened(write_recurrent(tmp_path, embedding_size=None))
    encoding = model.encode(TextInput("Not once"))
    assert baseline_for("zero", model, encoding).embeddings.tolist() == [[[0.0] * 17] * 2]
    assert baseline_for("unk", model, encoding).embeddings[0, 0].nonzero().tolist() == [[1]]


@pytest.mark.parametrize("name", ["", "nonsense", "average", "ZERO"])
def test_a_baseline_that_is_not_there(name: str, tiny_lstm: TextModel):
    with pytest.raises(UserError, match="there are zero, zero_all, pad, unk"):
        baseline_for(name, tiny_lstm, tiny_lstm.encode(TextInput("Not once")))


def test_the_mean_is_of_the_whole_vocabulary(tiny_bert: TextModel):
    encoding = tiny_bert.encode(TextInput(TEXT))
    found = baseline_for("mean", tiny_bert, encoding).embeddings[0]
    mean = tiny_bert.network.get_input_embeddings().weight.mean(dim=0)
    inputs = tiny_bert.embed(encoding.ids)[0]
    for i, special in enumerate(encoding.special.tolist()):
        torch.testing.assert_close(found[i], inputs[i] if special else mean)


@pytest.mark.parametrize(("own", "words"), [("close", "rest is padding"), ("close " * 40, "end was left out")])
def test_a_text_of_another_length_is_made_to_fit_and_says_so(tiny_bert: TextModel, own: str, words: str):
    encoding = tiny_bert.encode(TextInput(TEXT))
    found = baseline_for(f"text:{own}", tiny_bert, encoding)
    assert words in found.notice.message
    assert found.embeddings.shape == tiny_bert.embed(encoding.ids).shape
    other = tiny_bert.encode(TextInput("close")).ids[:, 1:-1]
    torch.testing.assert_close(found.embeddings[:, 1 : 1 + other.shape[1]], tiny_bert.embed(other))


def test_the_text_itself_is_the_baseline_that_leaves_nothing(tiny_bert: TextModel):
    encoding = tiny_bert.encode(TextInput(TEXT))
    found = baseline_for(f"text:{TEXT}", tiny_bert, encoding)
    assert found.notice is None
    torch.testing.assert_close(found.embeddings, tiny_bert.embed(encoding.ids))


def test_a_random_document_comes_from_the_file_by_seed(tiny_bert: TextModel, tmp_path: Path):
    texts = tmp_path / "texts.csv"
    texts.write_text("id,text\n" + "\n".join(f'{i},"does it come close {"to being " * i}"' for i in range(1, 9)))
    encoding = tiny_bert.encode(TextInput(TEXT))
    drawn = [baseline_for("random_document", tiny_bert, encoding, str(texts), seed).embeddings for seed in range(6)]
    again = baseline_for("random_document", tiny_bert, encoding, str(texts), 3).embeddings
    torch.testing.assert_close(drawn[3], again)
    assert len({tuple(d.flatten().tolist()) for d in drawn}) > 1


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), (b"", "holds no text"), (b"\xff\xfe\x00", "not a UTF-8"), (b"\n \n", "no text")],
)
def test_a_background_that_cannot_serve(tiny_bert: TextModel, tmp_path: Path, content: bytes | None, words: str):
    file = tmp_path / "background.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError, match=words):
        baseline_for("random_document", tiny_bert, tiny_bert.encode(TextInput(TEXT)), str(file))


def test_a_random_document_without_a_background_says_what_to_give(tiny_bert: TextModel):
    with pytest.raises(UserError, match="--background"):
        baseline_for("random_document", tiny_bert, tiny_bert.encode(TextInput(TEXT)))


def test_an_own_text_that_is_empty_is_refused(tiny_bert: TextModel):
    with pytest.raises(UserError, match="no text"):
        baseline_for("text:", tiny_bert, tiny_bert.encode(TextInput(TEXT)))


def test_random_documents_of_one_seed_differ_and_come_again(tmp_path: Path):
    model = opened(write(tmp_path / "bert", "bert"))
    texts = ["it ends", "a film", "not once here", "ends a film here"]
    (tmp_path / "texts.txt").write_text("\n".join(texts))
    encoding = model.encode(TextInput("it ends"))
    drawn = [
        baseline_for("random_document", model, encoding, str(tmp_path / "texts.txt"), 5, draw).embeddings for draw in range(5)
    ]
    assert all(not torch.equal(drawn[a], drawn[b]) for a in range(4) for b in range(a))
    assert torch.equal(drawn[0], drawn[4]), "as many as there are texts, then again"
