"""From what the user named to the scalar that is explained."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.attribution.explain import explain, predict
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import AttributionRequest, PredictionRequest, Target, TextInput
from engine.results import AttributionResult
from tests.engine.tiny_models import TEXT, VOCABULARY, opened, write

Make = Callable[..., TextModel]


@pytest.fixture
def model_with(tmp_path: Path) -> Make:
    """A BERT with these labels."""

    def make(*labels: str, **config: object) -> TextModel:
        return opened(write(tmp_path, labels=labels or 1, **config))

    return make


def ask(model: TextModel, text: str = TEXT, **target: object) -> AttributionResult:
    return run(explain(model, AttributionRequest("any", TextInput(text), Target(**target), "saliency")))


def refusal(model: TextModel, **target: object) -> str:
    with pytest.raises(UserError) as caught:
        ask(model, **target)
    assert len(caught.value.message.splitlines()) == 1
    return caught.value.message


def test_an_exact_label_comes_before_an_index(model_with: Make):
    model = model_with("2", "0", "1")
    assert [ask(model, choice=c).target.index for c in ("0", "1", "2", "label:0", "index:0")] == [1, 2, 0, 1, 0]


def test_labels_that_are_words_of_the_command_line(model_with: Make):
    model = model_with("true", "predicted", "index:2", "label:true")
    predicted = ask(model).target.index
    asked = {
        "predicted": predicted,
        "label:predicted": 1,
        "label:true": 0,
        "index:2": 2,
        "index:0": 0,
        "label:index:2": 2,
        "label:label:true": 3,
    }
    assert {choice: ask(model, choice=choice).target.index for choice in asked} == asked
    assert ask(model, choice="true", true="true").target.index == 0
    assert ask(model, choice="true", true="predicted").target.index == 1
    assert ask(model, choice="true", true="index:3").target.index == 3


def test_labels_that_come_twice_are_told_apart_by_index(model_with: Make):
    model = model_with("same", "same", "other")
    assert ask(model, choice="same").target.index == 0
    assert ask(model, choice="index:1").target.index == 1
    assert ask(model, choice="index:0", versus="index:1").target.versus_index == 1


@pytest.mark.parametrize(
    "choice",
    [
        "no such class",
        "3",
        "-1",
        "1.0",
        "index:3",
        "index:-1",
        "index:x",
        "index:",
        "label:",
        "label:0",
        "",
        " ",
        "9" * 6000,
        "²",
        "NaN",
    ],
)
def test_no_such_class(choice: str, model_with: Make):
    assert "it has a, b, c." in refusal(model_with("a", "b", "c"), choice=choice)


def test_other_questions_that_make_no_sense(model_with: Make):
    model = model_with("a", "b", "c")
    assert "give it with --true" in refusal(model, choice="true")
    assert "versus itself" in refusal(model, choice="a", versus="index:0")
    assert "no class “z”" in refusal(model, choice="true", true="z")
    assert "leave the position out" in refusal(model, position=0)


def test_a_regression_is_its_value(model_with: Make):
    model = model_with()
    result = ask(model)
    assert (result.target.label, result.target.index) == (None, 0)
    row = result.prediction.classes[0]
    assert len(result.prediction.classes) == 1
    assert (row.label, row.probability) == (None, None)
    for score in ("probability", "log_probability"):
        assert "no probabilities" in refusal(model, score=score)
    assert "no class “1”; it has 1 outputs" in refusal(model, choice="1")


@pytest.mark.parametrize("multi", [False, True])
@pytest.mark.parametrize("versus", [None, "c"])
@pytest.mark.parametrize("score", ["logit", "probability", "log_probability"])
def test_every_unit_is_what_it_says(score: str, versus: str | None, multi: bool, model_with: Make):
    """f(input) and f(baseline) by hand, through the library's own network."""
    kind = "multi_label_classification" if multi else "single_label_classification"
    model = model_with("a", "b", "c", problem_type=kind)
    request = AttributionRequest("any", TextInput(TEXT), Target("b", None, versus, score), parameters=(("n_steps", 1),))
    result = run(explain(model, request))
    encoding = model.encode(TextInput(TEXT))
    with torch.no_grad():
        embedded = model.network.get_input_embeddings()(encoding.ids)
        ends = [model.network(inputs_embeds=e).logits[0].double() for e in (embedded, embedded * encoding.special[:, None])]
    chances = [end.sigmoid() if multi else end.softmax(-1) for end in ends]
    units = {"logit": ends, "probability": chances, "log_probability": [chance.log() for chance in chances]}
    expected = [(u[1] - (u[2] if versus else 0)).item() for u in units[score]]
    assert result.completeness is not None
    np.testing.assert_allclose([result.completeness.f_input, result.completeness.f_baseline], expected, atol=1e-5)
    shown = {c.label: c.probability for c in result.prediction.classes}
    np.testing.assert_allclose([shown[name] for name in "abc"], chances[0], atol=1e-5)
    assert result.unit == score.replace("_", " ")


def test_true_versus_predicted(model_with: Make):
    model = model_with("a", "b", "c")
    predicted = ask(model).target.label
    other = next(label for label in "abc" if label != predicted)
    result = ask(model, choice="predicted", versus="true", true=other)
    assert (result.target.label, result.target.versus) == (predicted, other)


def test_a_language_model_is_asked_for_a_token_at_a_position(tiny_language_model: TextModel):
    result = ask(tiny_language_model, "Not once does it", choice="close", position=1)
    assert (result.target.label, result.target.index, result.target.position) == ("close", VOCABULARY.index("close"), 1)
    assert result.values[2:].tolist() == [0, 0]
    assert ask(tiny_language_model, "Not once does it").target.position == 3
    assert len(result.prediction.classes) == len(VOCABULARY)
    for position in (-1, 4, 10**9):
        with pytest.raises(UserError, match="token positions 0 to 3"):
            ask(tiny_language_model, "Not once does it", position=position)


def test_the_target_is_among_the_predictions_shown(tmp_path: Path):
    """Of many outputs the first twenty are shown, and the one asked for."""
    from tests.engine.tiny_models import write_language_model

    words = [f"w{i}" for i in range(60)]
    model = opened(write_language_model(tmp_path, words))
    first = run(predict(model, PredictionRequest("any", TextInput("w1 w2")))).classes
    assert len(first) == 20
    last = next(word for word in words if word not in [c.label for c in first])
    shown = ask(model, "w1 w2", choice=last).prediction.classes
    assert len(shown) == 21
    assert shown[-1].label == last
