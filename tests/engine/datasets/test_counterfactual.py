"""The fewest words are the fewest: every smaller set was tried, literally; swaps are checked in the text as it is typed."""

from itertools import combinations

import numpy as np
import pytest
import torch

from engine.attribution.explain import predict
from engine.attribution.score import Score
from engine.dataset_results import CounterfactualResult
from engine.datasets.counterfactual import counterfactual, smallest_sets
from engine.datasets.editing import without
from engine.errors import UserError
from engine.inputs.baselines import baseline_for
from engine.inputs.grain import group
from engine.jobs import run
from engine.models.model import TextModel
from engine.perturbation.masking import MaskingGame
from engine.requests import CounterfactualRequest, PredictionRequest, TextInput

TEXT = "not once does it come close, to being exciting"


def asked(model: TextModel, text: str = TEXT, **how: object) -> CounterfactualResult:
    return run(counterfactual(model, CounterfactualRequest(model.info.sha256, TextInput(text), **how)))  # type: ignore[arg-type]


def says(model: TextModel, text: TextInput) -> int:
    return run(predict(model, PredictionRequest(model.info.sha256, text))).predicted.index


def flipping_sets(model: TextModel, text: str, size: int) -> set[tuple[int, ...]]:
    """By trying every one with plain forward passes."""
    encoding = model.encode(TextInput(text))
    words = group(encoding.input, "word")
    places = [at for at in range(len(words)) if not encoding.special[words.first[at]]]
    fill = baseline_for("zero", model, encoding, None, 0, 0).embeddings
    found = set()
    with torch.no_grad():
        whole = model.embed(encoding.ids)
        predicted = int(model.logits(whole, encoding)[0].argmax())
        for chosen in combinations(places, size):
            hidden = whole.clone()
            for at in chosen:
                for token in words.tokens_of(at).tolist():
                    hidden[0, token] = fill[0, token]
            if int(model.logits(hidden, encoding)[0].argmax()) != predicted:
                found.add(chosen)
    return found


@pytest.mark.parametrize("name", ["tiny_bert", "tiny_lstm"])
@pytest.mark.parametrize("text", [TEXT, "a b c", "exciting being close, come", "does it not"])
def test_no_smaller_set_of_words_flips(name: str, text: str, request: pytest.FixtureRequest):
    model = request.getfixturevalue(name)
    found = asked(model, text, most=3)
    sizes = [len(flipping_sets(model, text, size)) for size in (1, 2, 3)]
    smallest = next((size for size, count in enumerate(sizes, start=1) if count), None)
    words = len(text.replace(",", " ,").split())
    if smallest is None or smallest >= words:
        assert found.suggestions == ()
        assert found.warnings[0].kind == "none_found"
        return
    assert {len(each.removed) for each in found.suggestions} == {smallest}
    assert len(found.suggestions) == min(5, sizes[smallest - 1])
    assert found.exhausted
    for each in found.suggestions:
        assert each.masked_flips
        assert each.input.text == without(text, [(start, end) for start, end, _ in each.removed])
        assert each.prediction[0].index == says(model, each.input)
        assert each.flips == (says(model, each.input) != found.original[0].index)


def test_some_text_needs_words_removed(tiny_bert: TextModel, tiny_lstm: TextModel):
    """Otherwise the test above would prove nothing."""
    assert any(asked(model, text, most=3).suggestions for model in (tiny_bert, tiny_lstm) for text in (TEXT, "a b c"))


def planted(weights: list[float], threshold: float) -> MaskingGame:
    """A game whose value is the sum of the weights that stay, minus a threshold."""
    own = torch.tensor(weights)
    score = Score(lambda points: (points[:, :, 0] * own).sum(1) - threshold)
    return MaskingGame(score, torch.ones(1, len(weights), 1), torch.zeros(1, len(weights), 1))


def test_sets_of_a_planted_game():
    sets, exhausted = run(smallest_sets(planted([5.0, 1.0, 1.0, 4.0, 0.5], 2.6), 4))
    assert sets[0] == (0, 3)  # 11.5 in all: no single one brings it below 2.6, and of pairs only this one
    assert sets == [(0, 3)]
    assert exhausted
    assert run(smallest_sets(planted([1.0, 1.0], -1.0), 2)) == ([], True)


def test_many_words_are_searched_with_a_beam():
    """Of 60 words four must go; triples and fours are too many to try, and what was left untried is said."""
    draw = np.random.default_rng(0)
    weights = [*draw.uniform(0, 0.1, 56), 3.0, 3.0, 3.0, 3.0]
    sets, exhausted = run(smallest_sets(planted([float(w) for w in weights], sum(weights) - 11.9), 8))
    assert sets[0] == (56, 57, 58, 59)
    assert not exhausted


@pytest.mark.parametrize("name", ["tiny_bert", "tiny_lstm"])
def test_swaps_flip_as_tokens_and_say_what_the_text_does(name: str, request: pytest.FixtureRequest):
    model = request.getfixturevalue(name)
    found = asked(model, kind="swap", most=8)
    assert found.suggestions
    for each in found.suggestions:
        assert 1 <= len(each.swapped) <= 8
        assert each.prediction[0].index == says(model, each.input)
        assert each.flips == (says(model, each.input) != found.original[0].index)
        ids = model.encode(TextInput(TEXT)).ids.clone()
        pieces = {piece: at for at, piece in enumerate(model.pieces(range(model.vocabulary_size)))}
        for place, before, after in each.swapped:
            assert model.pieces([int(ids[0, place])])[0] == before
            ids[0, place] = pieces[after]
        with torch.no_grad():
            swapped = model.logits(model.embed(ids), model.encode(TextInput(TEXT)))
        assert int(swapped.argmax()) != found.original[0].index


def test_a_class_can_be_wanted(tiny_lstm: TextModel):
    original = asked(tiny_lstm).original
    wanted = original[-1].label
    found = asked(tiny_lstm, to=wanted, kind="swap", most=9)
    assert found.suggestions
    for each in found.suggestions:
        assert each.flips == (each.prediction[0].label == wanted)
    with pytest.raises(UserError, match="already"):
        asked(tiny_lstm, to=original[0].label)
    with pytest.raises(UserError, match="no class"):
        asked(tiny_lstm, to="gone")
    with pytest.raises(UserError, match="changes can be tried"):
        asked(tiny_lstm, most=0)


def test_language_models_are_refused(tiny_language_model: TextModel):
    with pytest.raises(UserError, match="answer once"):
        asked(tiny_language_model, "a")


def test_nothing_is_left_in_the_model(tiny_bert: TextModel):
    for kind in ("remove", "swap"):
        request = CounterfactualRequest(tiny_bert.info.sha256, TextInput(TEXT), kind=kind)  # type: ignore[arg-type]
        for _ in counterfactual(tiny_bert, request):
            assert torch.is_grad_enabled()
            assert not any(module._forward_hooks for module in tiny_bert.network.modules())
