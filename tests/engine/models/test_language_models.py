"""Causal and masked language models, and bare encoders: the next token against the library itself."""

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from engine.attribution.explain import explain, predict
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import AttributionRequest, PredictionRequest, Target, TextInput
from tests.engine.tiny_models import METHODS_OF_ANY_MODEL, TEXT, opened, write

CAUSAL = ("gpt2", "llama", "qwen2", "gemma")
MASKED = ("bert", "roberta", "albert", "distilbert", "electra", "deberta-v2", "modernbert")


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> TextModel:
    return opened(write(tmp_path_factory.mktemp("gpt2"), "gpt2", head="CausalLM"))


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> TextModel:
    return opened(write(tmp_path_factory.mktemp("masked"), "bert", head="MaskedLM"))


def asked(model: TextModel, text: str = TEXT, method: str = "integrated_gradients", **target: object):
    return run(explain(model, AttributionRequest("any", TextInput(text), Target(**target), method)))


@pytest.mark.parametrize("model_type", CAUSAL)
def test_a_causal_model_says_what_the_library_says(tmp_path: Path, model_type: str):
    model = opened(write(tmp_path, model_type, head="CausalLM"))
    assert (model.info.task, model.info.labels, model.info.can) == ("causal_lm", (), ("attribution", "attention", "generation"))
    library = transformers.AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    ids = model.encode(TextInput(TEXT)).ids
    with torch.no_grad():
        theirs = library(input_ids=ids).logits[0]
    for position in (None, 0, 3):
        ours = run(predict(model, PredictionRequest("any", TextInput(TEXT), position)))
        row = theirs[-1 if position is None else position]
        assert len(ours.classes) == 20
        assert ours.predicted.index == int(row.argmax())
        assert ours.predicted.logit == pytest.approx(float(row.max()), abs=1e-5)
        assert ours.predicted.probability == pytest.approx(float(row.double().softmax(-1).max()), abs=1e-6)


@pytest.mark.parametrize("method", METHODS_OF_ANY_MODEL)
@pytest.mark.parametrize("model_type", CAUSAL)
def test_every_method_explains_the_next_token(tmp_path: Path, model_type: str, method: str):
    result = asked(opened(write(tmp_path, model_type, head="CausalLM")), method=method)
    assert np.isfinite(result.values).all()
    assert result.target.position == len(result.tokens) - 1
    if method in ("integrated_gradients", "deeplift"):
        assert result.completeness.converged


def test_tokens_after_the_position_do_not_count(gpt2: TextModel):
    result = asked(gpt2, position=3)
    assert (result.values[4:] == 0).all()
    assert (result.values[:4] != 0).any()


@pytest.mark.parametrize("model_type", MASKED)
def test_a_masked_model_guesses_at_the_mask(tmp_path: Path, model_type: str):
    model = opened(write(tmp_path, model_type, head="MaskedLM"))
    library = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path).eval()
    mask = transformers.AutoTokenizer.from_pretrained(tmp_path).mask_token
    text = f"Not once does it {mask} close."
    encoding = model.encode(TextInput(text))
    position = encoding.ids[0].tolist().index(model.substitutes["mask"])
    with torch.no_grad():
        row = library(input_ids=encoding.ids, **encoding.extras).logits[0, position]
    result = asked(model, text)
    assert result.target.position == position
    assert result.target.index == int(row.argmax())
    assert result.completeness.f_input == pytest.approx(float(row.max()), abs=1e-4)


def test_a_masked_model_without_a_mask_says_what_to_do(masked: TextModel):
    with pytest.raises(UserError, match=r"Put \[MASK\] where a word is to be guessed"):
        asked(masked)
    assert asked(masked, position=2).target.position == 2


@pytest.mark.parametrize(("model_type", "head"), [("gpt2", "CausalLM"), ("gemma", "CausalLM"), ("bert", "MaskedLM")])
def test_a_token_is_named_by_its_own_text(tmp_path: Path, model_type: str, head: str):
    model = opened(write(tmp_path, model_type, head=head))
    named = [(i, model.output_label(i)) for i in range(model.vocabulary_size)]
    texts = [text for _, text in named]
    found = [i for i, text in named if texts.count(text) == 1 and model.output_index(text) == i]
    assert len(found) > 0.9 * len({text for text in texts if texts.count(text) == 1})


def test_the_target_is_one_token(gpt2: TextModel):
    one = gpt2.output_label(300)
    assert asked(gpt2, choice=one).target.index == 300
    assert asked(gpt2, choice="index:7").target.index == 7
    with pytest.raises(UserError, match=r"is \d+ tokens to this model"):
        asked(gpt2, choice="antidisestablishmentarianism")
    with pytest.raises(UserError, match="no position 99"):
        asked(gpt2, position=99)


def test_a_bare_encoder_is_looked_at_and_its_attention_read(tmp_path: Path):
    model = opened(write(tmp_path, "bert", head=""))
    assert (model.info.task, model.info.can) == ("encoder", ("attention",))
    for job in (
        predict(model, PredictionRequest("any", TextInput(TEXT))),
        explain(model, AttributionRequest("any", TextInput(TEXT))),
    ):
        with pytest.raises(UserError, match="no output"):
            run(job)
