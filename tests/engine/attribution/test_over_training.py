"""Attributions over training: at every checkpoint what ``explain`` says of the model opened from those weights alone."""

import gc
import weakref
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.attribution.explain import explain
from engine.attribution.over_training import over_training
from engine.errors import UserError
from engine.jobs import Partial, run
from engine.models.model import TextModel
from engine.over_training import OverTrainingResult, in_words
from engine.requests import AttributionRequest, OpenModelRequest, OverTrainingRequest, Target, TextInput
from engine.workbench import Workbench
from tests.engine.models.keras_files import config_of, random_model, write_model
from tests.engine.models.training_runs import alone, write_run, write_trainer_run
from tests.engine.tiny_models import TEXT, opened, recurrent_spec

SENTENCE = TextInput("Not once does it come close")
NAMES = ("epoch 0", "epoch 0.5", "epoch 2", "epoch 10", "final")
FILES = {"epoch 0": "epoch-0", "epoch 0.5": "epoch-0.5", "epoch 2": "epoch-2", "epoch 10": "epoch-10"}


def asked(model: TextModel, *checkpoints: str, text: TextInput = SENTENCE, **changes: object) -> OverTrainingRequest:
    return OverTrainingRequest(AttributionRequest(model.info.sha256, text, **changes), checkpoints)  # type: ignore[arg-type]


def over(model: TextModel, *checkpoints: str, **changes: object) -> OverTrainingResult:
    return run(over_training(model, asked(model, *checkpoints, **changes)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run")


@pytest.fixture
def model(folder: Path) -> TextModel:
    return opened(folder)


# ---- the numbers ----------------------------------------------------------------------------------------------------

QUESTIONS = {
    "predicted": {},
    "a class versus another": {"target": Target("neutral", versus="positive", score="log_probability")},
    "the true class versus the predicted": {"target": Target("true", "negative", versus="predicted", score="probability")},
    "another baseline": {"baselines": ("pad", "zero"), "reduction": "l2"},
    "another method": {"method": "smoothgrad", "seed": 3},
    "a unit": {"target": Target("unit:rnn:2", position=1)},
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_each_row_is_explain_on_that_checkpoint_alone(question: dict, model: TextModel, folder: Path, tmp_path: Path):
    result = over(model, **question)
    assert result.names == NAMES
    assert result.values.shape == (5, 6)
    for name, row in zip(result.names, result.maps, strict=True):
        file = folder / "checkpoints" / f"{FILES[name]}.safetensors" if name in FILES else folder / "model.safetensors"
        single = alone(folder, file, tmp_path / name)
        wanted = AttributionRequest("any", SENTENCE, **question | {"target": row.request.target})
        found = run(explain(single, wanted))
        np.testing.assert_array_equal(row.values, found.values)
        assert row.prediction.classes == found.prediction.classes
        assert row.target == found.target
        assert row.completeness == found.completeness
    np.testing.assert_array_equal(result.values, np.stack([row.values for row in result.maps]))
    assert result.cost.forward == sum(row.cost.forward for row in result.maps)


def test_each_row_of_a_trainers_run_is_explain_on_its_folder(tmp_path: Path):
    model, text = opened(write_trainer_run(tmp_path)), TextInput(TEXT)
    result = over(model, text=text)
    assert result.names == ("step 50", "step 500", "step 1000", "final")
    target = Target(f"index:{result.target.index}")
    for step, values in zip((50, 500, 1000), result.values, strict=False):
        single = opened(tmp_path / f"checkpoint-{step}")
        np.testing.assert_array_equal(values, run(explain(single, AttributionRequest("", text, target))).values)


def test_textgenrnns_checkpoints_answer_too(tmp_path: Path):
    """As language models do: the token after the last, whose probability is followed beside the likeliest ones."""
    for n in range(3):
        literal = random_model(seed=n)
        write_model(tmp_path, literal, name=f"x_weights_epoch_{n}", config=config_of(literal))
    model = opened(tmp_path)
    result = over(model, text=TextInput("bad jig"), target=Target("index:3", versus="index:5"), method="saliency")
    assert result.names == ("epoch 0", "epoch 1", "epoch 2")
    followed = [each.index for each in result.tracked]
    assert {3, 5} <= set(followed)
    assert followed[:5] == [each.index for each in result.prediction.classes[:5]]
    for name, logits in zip(result.names, result.logits, strict=True):
        then = model.at_checkpoint(name)
        encoding = then.encode(TextInput("bad jig"))
        with torch.no_grad():
            everything = then.logits(then.embed(encoding.ids), encoding)[0].double().numpy()
        np.testing.assert_array_equal(logits, everything[followed])


def test_the_target_is_the_one_of_the_open_model(model: TextModel):
    result = over(model)
    assert result.target.label == result.prediction.predicted.label
    assert {row.target.index for row in result.maps} == {result.target.index}
    assert {row.request.target.choice for row in result.maps} == {f"index:{result.target.index}"}
    assert len({row.prediction.predicted.index for row in result.maps}) > 1, "random models that all agree prove nothing"


def test_probabilities_are_followed_class_by_class(model: TextModel):
    result = over(model)
    assert [each.label for each in result.tracked] == ["negative", "neutral", "positive"]
    assert result.probabilities is not None
    np.testing.assert_allclose(result.probabilities.sum(1), 1, atol=1e-12)
    for row, logits, chances in zip(result.maps, result.logits, result.probabilities, strict=True):
        known = {each.index: (each.logit, each.probability) for each in row.prediction.classes}
        assert [(*each,) for each in zip(logits, chances, strict=True)] == [known[at] for at in range(3)]


def test_a_regression_has_values_and_no_probabilities(tmp_path: Path):
    spec = recurrent_spec(head=(1,), labels=(), problem_type="regression")
    write_run(tmp_path, ("a", "b"), spec)
    result = over(opened(tmp_path))
    assert result.probabilities is None
    assert [each.words for each in result.tracked] == ["value"]
    assert result.logits.shape == (3, 1)
    assert in_words(result).startswith(("Its map is like the last one", "The value and its map changed"))


def test_single_checkpoints_come_in_the_order_of_training(model: TextModel):
    assert over(model, "final", "epoch 0.5").names == ("epoch 0.5", "final")


def test_the_reduction_none_is_the_methods_own(model: TextModel):
    np.testing.assert_array_equal(over(model, reduction="none").values, over(model, reduction="sum").values)


# ---- streamed, cancelled, nothing left ------------------------------------------------------------------------------


def test_one_checkpoint_more_with_each_partial_that_holds_any(model: TextModel):
    seen: list[Partial] = []
    result = run(over_training(model, asked(model)), seen.append)
    told = [partial.result for partial in seen if partial.result is not None]
    assert all(isinstance(each, OverTrainingResult) for each in told)
    assert [each.names for each in told] == [NAMES[: count + 1] for count in range(5)]
    assert [each.progress for each in told] == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert [each.total for each in told] == [5] * 5
    done = [partial.done for partial in seen]
    assert done == sorted(done)
    assert seen[-1].done == seen[-1].total == 5
    assert result.progress == 1


def test_the_model_is_as_it_came_at_every_yield_and_one_other_is_alive_at_most(model: TextModel):
    nets: list[weakref.ref] = []
    real = type(model).read_checkpoint

    def watched(self: TextModel, path: Path):
        gc.collect()
        assert not [ref for ref in nets if ref() is not None], "the one before is still there"
        read = real(self, path)
        nets.append(weakref.ref(read.network))
        return read

    own, state = model.network, {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    info = model.info
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(model), "read_checkpoint", watched)
        with closing(over_training(model, asked(model))) as steps:
            for _ in steps:
                assert model.network is own
                assert model.info is info
                assert torch.is_grad_enabled()
                assert all(torch.equal(tensor, state[name]) for name, tensor in own.state_dict().items())
    gc.collect()
    assert len(nets) == 4
    assert not [ref for ref in nets if ref() is not None]


def test_closed_on_the_way_it_leaves_nothing(model: TextModel):
    before = run(explain(model, AttributionRequest("", SENTENCE))).values
    steps = over_training(model, asked(model))
    for _ in range(9):
        next(steps)
    steps.close()
    np.testing.assert_array_equal(run(explain(model, AttributionRequest("", SENTENCE))).values, before)


# ---- what does not fit ----------------------------------------------------------------------------------------------


def test_a_checkpoint_that_cannot_be_read_is_left_out_and_named(model: TextModel, folder: Path):
    whole = over(model)
    path = folder / "checkpoints" / "epoch-0.5.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    spoilt = load_file(folder / "checkpoints" / "epoch-2.safetensors")
    spoilt["head.0.bias"][0] = torch.nan
    save_file(spoilt, folder / "checkpoints" / "epoch-2.safetensors")
    result = over(model)
    assert result.names == ("epoch 0", "epoch 10", "final")
    np.testing.assert_array_equal(result.values, whole.values[[0, 3, 4]])
    left = [notice.message for notice in result.warnings if notice.kind == "left_out"]
    assert [words.partition(" is left out: ")[0] for words in left] == ["epoch 0.5", "epoch 2"]
    assert "damaged" in left[0]
    assert "not finite" in left[1]
    with pytest.raises(UserError, match="damaged"):
        over(model, "epoch 0.5")


def test_a_question_that_fits_no_checkpoint_is_refused(model: TextModel):
    with pytest.raises(UserError, match="no class “grand”"):
        over(model, target=Target("grand"))
    with pytest.raises(UserError, match="There is no text yet"):
        over(model, text=TextInput(" "))
    with pytest.raises(UserError, match="no checkpoint “epoch 7”"):
        over(model, "epoch 0", "epoch 7")
    with pytest.raises(UserError, match="no method “magic”"):
        over(model, method="magic")


def test_without_checkpoints_it_says_so(tiny_lstm: TextModel):
    for names in ((), ("epoch 1",)):
        with pytest.raises(UserError, match="only one checkpoint"):
            over(tiny_lstm, *names)


def test_what_holds_of_several_checkpoints_is_said_once(model: TextModel):
    result = over(model, parameters=(("n_steps", 1),))
    said = [notice for notice in result.warnings if notice.kind == "not_converged"]
    concerned = [name for name, row in zip(result.names, result.maps, strict=True) if not row.completeness.converged]
    assert len(said) == 1
    assert len(concerned) > 1
    assert all(name in said[0].message for name in concerned) or len(concerned) == 5


def test_it_is_asked_of_the_workbench(folder: Path):
    workbench = Workbench()
    info = run(workbench.job_for(OpenModelRequest(str(folder)))).info
    result = run(workbench.job_for(OverTrainingRequest(AttributionRequest(info.sha256, SENTENCE))))
    assert result.names == NAMES
    with pytest.raises(UserError, match="no longer open"):
        run(workbench.job_for(OverTrainingRequest(AttributionRequest("another", SENTENCE))))


# ---- in words -------------------------------------------------------------------------------------------------------


def made(result: OverTrainingResult, predicted: list[int], maps: list[list[float]]) -> OverTrainingResult:
    rows = []
    for row, index, values in zip(result.maps, predicted, maps, strict=True):
        first = sorted(row.prediction.classes, key=lambda each: each.index != index)
        said = replace(row.prediction, classes=tuple(replace(each, probability=0.75) for each in first))
        rows.append(replace(row, prediction=said, values=np.array(values, dtype=np.float32)))
    return replace(result, maps=tuple(rows), prediction=rows[-1].prediction)


SAME, OTHER, FLAT = [1.0, 0, 2, 0, -1, 0.5], [-1.0, 3, 0, 0, 1, 0], [0.0] * 6


@pytest.mark.parametrize(
    ("predicted", "maps", "words"),
    [
        ([0, 1, 0, 0, 0], [OTHER, OTHER, OTHER, SAME, SAME], "It predicts negative from epoch 2 on, neutral before."),
        ([0, 1, 0, 0, 0], [OTHER, OTHER, OTHER, SAME, SAME], "neutral before. Its map is like the last one"),
        ([0, 1, 0, 0, 0], [OTHER, OTHER, OTHER, SAME, SAME], "(r ≥ 0.9) from epoch 10 on."),
        ([0, 0, 0, 0, 0], [SAME] * 5, "It predicts negative from the first checkpoint on."),
        (
            [1, 1, 1, 1, 0],
            [FLAT] * 4 + [SAME],
            "negative only in the end, neutral before. Its map is like the last one (r ≥ 0.9) only in the end.",
        ),
    ],
)
def test_the_sentence_says_when_it_settled(model: TextModel, predicted: list[int], maps: list[list[float]], words: str):
    assert words in in_words(made(over(model, method="saliency"), predicted, maps))


def test_similarity_is_pearsons(model: TextModel):
    result = over(model)
    expected = [np.corrcoef(row, result.values[-1])[0, 1] for row in result.values]
    np.testing.assert_allclose(result.similarity, expected, atol=1e-6)
    flat = replace(result, maps=(replace(result.maps[0], values=np.ones(6, np.float32)), *result.maps[1:]))
    assert np.isnan(flat.similarity[0])
