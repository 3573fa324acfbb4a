"""Other words for a place: each is what the model says of the text as it would be typed, the best first."""

from pathlib import Path

import pytest
import torch

from engine.attribution.explain import predict
from engine.datasets.word_options import word_options
from engine.edits import WordOptionsResult
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import PredictionRequest, TextInput, WordOptionsRequest
from tests.engine.tiny_models import opened, write

TEXT = "not once does it come close, to being exciting"


def asked(model: TextModel, word: str = "close", text: str = TEXT, **how: object) -> WordOptionsResult:
    at = text.index(word)
    request = WordOptionsRequest(model.info.sha256, TextInput(text), at, at + len(word), **how)  # type: ignore[arg-type]
    return run(word_options(model, request))


@pytest.mark.parametrize("name", ["tiny_bert", "tiny_lstm"])
def test_options_are_typed_and_the_best_come_first(name: str, request: pytest.FixtureRequest):
    model = request.getfixturevalue(name)
    found = asked(model)
    assert found.source == "hotflip"
    assert 1 <= len(found.options) <= 8
    predicted = found.original[0].index
    leads = []
    for option in found.options:
        assert option.input.text == TEXT.replace("close", option.word)
        assert option.word != "close"
        said = run(predict(model, PredictionRequest(model.info.sha256, option.input))).classes
        assert [one.index for one in option.prediction] == [one.index for one in said]
        for one, other in zip(option.prediction, said, strict=True):
            assert one.logit == pytest.approx(other.logit, abs=1e-4)
        logits = {one.index: one.logit for one in said}
        leads.append(logits.pop(predicted) - max(logits.values()))
    assert leads == sorted(leads)


@pytest.mark.parametrize("name", ["tiny_bert", "tiny_lstm"])
def test_the_best_of_a_small_vocabulary_is_the_best_of_all_that_are_read_as_one_token(name: str, request: pytest.FixtureRequest):
    """By trying every token: the gradient only says in which order."""
    model = request.getfixturevalue(name)
    best = asked(model).options[0]
    predicted = asked(model).original[0].index
    leads = {}
    for id in model.ordinary.nonzero().flatten().tolist():
        word = model.text_of([id]).strip()
        if not word.isalpha() or word == "close":
            continue
        encoding = model.encode(TextInput(TEXT.replace("close", word)))
        with torch.no_grad():
            logits = model.logits(model.embed(encoding.ids), encoding)[0]
        others = torch.cat([logits[:predicted], logits[predicted + 1 :]])
        leads[word] = float(logits[predicted] - others.max())
    assert best.word in sorted(leads, key=leads.__getitem__)[:2]


@pytest.mark.parametrize(("name", "kind"), [("tiny_bert", "mask"), ("tiny_lstm", "unk")])
def test_the_word_for_nothing_is_read_as_that_token(name: str, kind: str, request: pytest.FixtureRequest):
    model = request.getfixturevalue(name)
    found = asked(model)
    assert found.blank_kind == kind
    at = TEXT.index("close")
    encoding = model.encode(TextInput(TEXT.replace("close", found.blank)))
    within = [
        int(id)
        for token, id in zip(encoding.input.tokens, encoding.ids[0], strict=True)
        if token.end > at and token.start < at + len(found.blank) and not token.special
    ]
    assert set(within) == {model.substitutes[kind]}


def test_a_mark_is_exchanged_for_marks(tiny_lstm: TextModel):
    found = asked(tiny_lstm, ",")
    assert all(not option.word.isalnum() for option in found.options)
    assert found.options or found.because


def test_a_language_model_has_no_suggestions_and_says_so(tiny_language_model: TextModel):
    found = asked(tiny_language_model, "b", "a b")
    assert found.options == ()
    assert found.source is None
    assert "one class of several" in found.because


def test_a_masked_model_says_what_it_would_read_there(tmp_path: Path):
    model = opened(write(tmp_path, "bert", head="MaskedLM"))
    found = asked(model)
    assert (found.source, found.blank_kind) == ("masked_lm", "mask")
    encoding = model.encode(TextInput(TEXT.replace("close", found.blank)))
    with torch.no_grad():
        place = encoding.ids[0].tolist().index(model.substitutes["mask"])
        chances = model.logits(model.embed(encoding.ids), encoding, place)[0].softmax(0)
    assert found.options
    likelihoods = [option.likelihood or 0 for option in found.options]
    assert likelihoods == sorted(likelihoods, reverse=True)
    pieces = {piece: at for at, piece in enumerate(model.pieces(range(model.vocabulary_size)))}
    for option in found.options:
        assert option.likelihood == pytest.approx(float(chances[pieces[option.word]]), abs=1e-5)
        assert option.input.text == TEXT.replace("close", option.word)


def test_places_that_are_none(tiny_bert: TextModel):
    for start, end in ((3, 3), (-1, 2), (0, 999)):
        with pytest.raises(UserError, match="no such place"):
            run(word_options(tiny_bert, WordOptionsRequest(tiny_bert.info.sha256, TextInput(TEXT), start, end)))
    with pytest.raises(UserError, match="can be suggested"):
        asked(tiny_bert, count=0)


def test_nothing_is_left_in_the_model(tiny_bert: TextModel):
    for _ in word_options(tiny_bert, WordOptionsRequest(tiny_bert.info.sha256, TextInput(TEXT), 0, 3)):
        assert torch.is_grad_enabled()
        assert not any(module._forward_hooks for module in tiny_bert.network.modules())
