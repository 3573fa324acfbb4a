"""The job behind a heatmap, from a typed sentence to numbers that hold, on tiny models of both formats."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients

from engine.attribution.explain import explain, predict
from engine.devices import BatchSize
from engine.errors import UserError
from engine.inputs.baselines import baseline_for
from engine.jobs import Partial, run
from engine.models.model import TextModel
from engine.requests import AttributionRequest, PredictionRequest, Target, TextInput
from engine.results import AttributionResult, PredictionResult
from tests.engine.tiny_models import METHODS_OF_ANY_MODEL

TEXT = "Not once does it come close to being exciting."
REQUEST = AttributionRequest("any", TextInput(TEXT))


def asked(model: TextModel, **changes: object) -> AttributionResult:
    return run(explain(model, replace(REQUEST, **changes)))


@pytest.fixture(params=["bert", "lstm"])
def model(request: pytest.FixtureRequest, tiny_bert: TextModel, tiny_lstm: TextModel) -> TextModel:
    return {"bert": tiny_bert, "lstm": tiny_lstm}[request.param]


def test_the_prediction_comes_first_then_maps_then_the_result(model: TextModel):
    partials: list[Partial] = []
    result = run(explain(model, REQUEST), partials.append)
    results = [p.result for p in partials if p.result is not None]
    assert isinstance(results[0], PredictionResult)
    assert all(isinstance(r, AttributionResult) and r.progress < 1 for r in results[1:])
    assert len(results) > 2
    assert result.progress == 1
    assert results[0].classes == result.prediction.classes
    assert len(result.values) == len(result.tokens)


@pytest.mark.parametrize("method", METHODS_OF_ANY_MODEL)
def test_closing_at_every_step_leaves_the_model_as_it_was(model: TextModel, method: str):
    before = run(predict(model, PredictionRequest("any", REQUEST.input)))
    reached = 1
    while reached:
        steps, seen = explain(model, replace(REQUEST, method=method)), 0
        for _ in steps:
            seen += 1
            assert torch.is_grad_enabled()
            assert all(p.grad is None and not p.requires_grad for p in model.network.parameters())
            if seen == reached:
                break
        steps.close()
        reached = reached + 1 if seen == reached else 0
    assert run(predict(model, PredictionRequest("any", REQUEST.input))).classes == before.classes


@pytest.mark.parametrize("score", ["logit", "probability", "log_probability"])
@pytest.mark.parametrize("versus", [None, "index:2"])
def test_completeness_in_every_unit_against_the_model_itself(model: TextModel, score: str, versus: str | None):
    target = Target("index:1", versus=versus, score=score)
    result = asked(model, target=target, parameters=(("tolerance", 0.001),))
    encoding = model.encode(REQUEST.input)

    def literal(embeddings: torch.Tensor) -> float:
        logits = model.logits(embeddings, encoding)[0].double()
        units = {"logit": logits, "probability": logits.softmax(-1), "log_probability": logits.log_softmax(-1)}[score]
        return float(units[1] - (units[2] if versus else 0))

    f_input, f_baseline = literal(model.embed(encoding.ids)), literal(baseline_for("zero", model, encoding).embeddings)
    assert result.completeness.f_input == pytest.approx(f_input, abs=1e-5)
    assert result.completeness.f_baseline == pytest.approx(f_baseline, abs=1e-5)
    assert result.completeness.converged
    assert result.values.sum() == pytest.approx(f_input - f_baseline, abs=1e-3 * float(np.abs(result.values).sum()) + 1e-5)


def test_equals_captum_on_the_embeddings(model: TextModel):
    result = asked(model, target=Target("index:0"), parameters=(("n_steps", 50),))
    encoding = model.encode(REQUEST.input)
    inputs, baseline = model.embed(encoding.ids), baseline_for("zero", model, encoding).embeddings
    with torch.backends.cudnn.flags(enabled=False):
        theirs = IntegratedGradients(lambda e: model.logits(e, encoding)).attribute(inputs, baseline, target=0, n_steps=50)
    theirs = theirs[0].sum(-1).detach().numpy()
    np.testing.assert_allclose(result.values, theirs, atol=1e-5 * np.abs(theirs).max())
    assert (result.cost.forward, result.cost.backward) == (52, 50)


@pytest.mark.parametrize("reduction", ["sum", "mean", "l1", "l2", "signed_max"])
def test_reductions_against_the_unreduced_map(model: TextModel, reduction: str):
    whole = asked(model, reduction="none").values.astype(float)
    literal = {
        "sum": lambda row: sum(row),
        "mean": lambda row: sum(row) / len(row),
        "l1": lambda row: sum(abs(v) for v in row),
        "l2": lambda row: sum(v * v for v in row) ** 0.5,
        "signed_max": lambda row: max(row, key=abs),
    }[reduction]
    reduced = asked(model, reduction=reduction)
    np.testing.assert_allclose(reduced.values, [literal(row) for row in whole], rtol=1e-4, atol=1e-6)
    assert reduced.signed == (reduction not in ("l1", "l2"))


def test_completeness_does_not_depend_on_the_reduction(model: TextModel):
    deltas = {asked(model, reduction=r).completeness.delta for r in ("sum", "l2", "none")}
    assert max(deltas) - min(deltas) < 1e-6


def test_several_baselines_are_averaged(model: TextModel):
    single = [asked(model, baselines=(b,), parameters=(("n_steps", 20),)) for b in ("zero", "unk")]
    both = asked(model, baselines=("zero", "unk"), parameters=(("n_steps", 20),))
    np.testing.assert_allclose(both.values, np.mean([s.values for s in single], axis=0), atol=1e-5)
    assert both.completeness.f_baseline == pytest.approx(np.mean([s.completeness.f_baseline for s in single]))
    assert [b.id for b in both.baselines] == ["zero", "unk"]
    assert both.cost.backward == 40
    assert dict(both.parameters)["n_steps"] == 40


def test_a_confident_baseline_is_named(tiny_bert: TextModel):
    result = asked(tiny_bert, baselines=("zero",))
    said = result.baselines[0].prediction[0]
    chance = 1 / len(tiny_bert.info.labels)
    confident = said.probability >= chance + 0.5 * (1 - chance)
    assert any(w.kind == "confident_baseline" for w in result.warnings) == confident


def test_every_effective_parameter_is_told(model: TextModel):
    assert dict(asked(model).parameters).keys() == {"n_steps", "quadrature", "tolerance"}
    fixed = dict(asked(model, parameters=(("n_steps", 7), ("quadrature", "midpoint"))).parameters)
    assert fixed == {"n_steps": 7, "quadrature": "midpoint", "tolerance": None}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "nonsense"}, "no method"),
        ({"parameters": (("n_steps", 0),)}, "between 1 and 10000"),
        ({"parameters": (("n_steps", -1),)}, "between 1 and 10000"),
        ({"parameters": (("n_steps", 10**6),)}, "between 1 and 10000"),
        ({"parameters": (("n_steps", True),)}, "type int"),
        ({"parameters": (("n_steps", 2.5),)}, "type int"),
        ({"parameters": (("tolerance", float("nan")),)}, "between"),
        ({"parameters": (("steps", 5),)}, "no parameter"),
        ({"parameters": (("quadrature", "simpson"),)}, "one of"),
        ({"baselines": ("grey",)}, "no baseline"),
        ({"target": Target("nobody")}, "no class"),
        ({"target": Target("true")}, "true label"),
        ({"target": Target("0", versus="0")}, "versus itself"),
        ({"target": Target("predicted", position=3)}, "position"),
        ({"input": TextInput("")}, "no text"),
        ({"input": TextInput(" \n\t")}, "no text"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused_in_one_sentence(model: TextModel, changes: dict, words: str):
    with pytest.raises(UserError, match=words) as refusal:
        asked(model, **changes)
    assert "\n" not in refusal.value.message


def test_same_map_whatever_the_batch_size(model: TextModel, monkeypatch: pytest.MonkeyPatch):
    maps = []
    for size in (1, 7, 64):
        monkeypatch.setattr(model, "batch_size_for", lambda _, size=size: BatchSize(size, size))
        maps.append(asked(model, parameters=(("n_steps", 30),)).values)
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-6)
    np.testing.assert_allclose(maps[0], maps[2], atol=1e-6)


def test_weights_that_are_not_finite_are_said(tiny_bert: TextModel):
    bias = tiny_bert.network.classifier.bias
    kept = bias.detach().clone()
    bias.data[0] = float("nan")
    try:
        with pytest.raises(UserError, match="NaN"):
            asked(tiny_bert)
    finally:
        bias.data.copy_(kept)


def test_predicted_versus_true_where_the_model_is_right_explains_the_class_itself(model: TextModel):
    """While one types, the prediction may become the true class; that is no mistake of the user's."""
    right = run(predict(model, PredictionRequest("any", REQUEST.input))).predicted.label
    result = asked(model, target=Target("predicted", true=right, versus="true"))
    assert (result.target.label, result.target.versus_index) == (right, None)
    assert "same_class" in [notice.kind for notice in result.warnings]
    np.testing.assert_allclose(result.values, asked(model).values, atol=1e-5)
