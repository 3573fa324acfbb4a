"""A second model beside the first: its predictions are those it has alone, its map is that of ``explain``, labels go by name."""

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.attention.ranks import spearman
from engine.attribution.explain import explain
from engine.comparisons import BesideResult, Fate
from engine.datasets import passes
from engine.datasets.beside import CommonLabels, agreement_of, beside, explain_beside, maps_beside
from engine.datasets.data import Datasets
from engine.datasets.paired import numbers_beside
from engine.datasets.predict import predict_rows
from engine.errors import UserError
from engine.jobs import run
from engine.models import other as other_models
from engine.models.model import TextModel
from engine.models.other import OtherModels
from engine.requests import (
    AttributionRequest,
    BesideRequest,
    DataSource,
    ExplainBesideRequest,
    MapsBesideRequest,
    OpenModelRequest,
    OtherModel,
    PredictionsRequest,
    Target,
    TextInput,
)
from engine.workbench import Workbench
from tests.engine import tiny_models
from tests.engine.datasets.tables import labelled, write
from tests.engine.datasets.test_predict import fixed_size
from tests.engine.models.training_runs import alone, write_run

SENTENCE = TextInput("Not once does it come close")


def asked(model: TextModel, path: str, other: OtherModel) -> BesideRequest:
    return BesideRequest(PredictionsRequest(model.info.sha256, DataSource(path)), other, resamples=100)


def compared(model: TextModel, path: str, other: OtherModel) -> BesideResult:
    return run(beside(Datasets(), OtherModels(), model, asked(model, path, other)))


def test_the_second_predicts_as_it_does_alone(tmp_path: Path, tiny_bert: TextModel, lstm_folder: Path):
    path = labelled(tmp_path, 60)
    found = compared(tiny_bert, path, OtherModel(str(lstm_folder)))
    second = tiny_models.opened(lstm_folder)
    single = run(predict_rows(Datasets(), second, PredictionsRequest(second.info.sha256, DataSource(path))))
    first = run(predict_rows(Datasets(), tiny_bert, PredictionsRequest(tiny_bert.info.sha256, DataSource(path))))
    assert found.labels == single.labels == first.labels
    np.testing.assert_array_equal(found.predicted, single.predicted)
    np.testing.assert_allclose(found.probability, single.probability, rtol=1e-6)
    np.testing.assert_allclose(found.change, np.exp(-single.loss) - np.exp(-first.loss), atol=1e-6)
    right = [(int(a), int(b)) for a, b in zip(first.correct, single.correct, strict=True)]
    assert (found.fate == Fate.FIXED).tolist() == [pair == (0, 1) for pair in right]
    assert (found.fate == Fate.BROKEN).tolist() == [pair == (1, 0) for pair in right]
    assert found.numbers.fixed + found.numbers.broken > 0
    rows = np.flatnonzero(found.fate != Fate.SAME)
    assert numbers_beside(found, rows).fixed == found.numbers.fixed
    assert found.name == Path(lstm_folder).name


def test_a_checkpoint_is_the_model_from_its_weights_alone(tmp_path: Path):
    folder = write_run(tmp_path / "run")
    model, path = tiny_models.opened(folder), labelled(tmp_path, 40)
    found = compared(model, path, OtherModel(checkpoint="epoch 2"))
    then = alone(folder, folder / "checkpoints" / "epoch-2.safetensors", tmp_path / "alone")
    single = run(predict_rows(Datasets(), then, PredictionsRequest(then.info.sha256, DataSource(path))))
    np.testing.assert_array_equal(found.predicted, single.predicted)
    assert found.name == "epoch 2"
    with pytest.raises(UserError, match="no checkpoint “epoch 3”"):
        compared(model, path, OtherModel(checkpoint="epoch 3"))


def test_a_stopped_comparison_goes_on_and_is_kept(tmp_path: Path, tiny_bert: TextModel, lstm_folder: Path, monkeypatch):
    path = labelled(tmp_path, 200)
    monkeypatch.setattr(passes, "_measured", fixed_size)
    request = asked(tiny_bert, path, OtherModel(str(lstm_folder)))
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path / "whole"))
    whole = run(beside(Datasets(), OtherModels(), tiny_bert, request))
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path / "parts"))
    run(predict_rows(Datasets(), tiny_bert, request.predictions))
    partials = []
    with closing(beside(Datasets(), OtherModels(), tiny_bert, request)) as steps:
        for _ in range(20):
            partials.append(next(steps))
    so_far = [each.result for each in partials if isinstance(each.result, BesideResult)]
    assert so_far
    assert (so_far[0].fate == Fate.UNKNOWN).any()
    parts = run(beside(Datasets(), OtherModels(), tiny_bert, request))
    assert 0 < parts.resumed < 200
    assert parts.cost.forward == 200 - parts.resumed
    np.testing.assert_array_equal(parts.chance, whole.chance)
    assert parts.numbers == whole.numbers
    assert run(beside(Datasets(), OtherModels(), tiny_bert, request)).cost.forward == 0


def test_labels_go_by_name(tmp_path: Path, tiny_bert: TextModel):
    """The same weights under the names in another order: what was predicted 0 is now called by another name."""
    folder = tiny_models.write(tmp_path / "turned", labels=("positive", "Negative", "sarcastic"))
    found = compared(tiny_bert, labelled(tmp_path, 30), OtherModel(str(folder)))
    assert found.labels == ("negative", "neutral", "positive", "sarcastic")
    turned = {0: 2, 1: 0, 2: 3}
    assert found.predicted.tolist() == [turned[int(each)] for each in found.first.predicted]
    said = " ".join(notice.message for notice in found.warnings)
    assert "only turned has, which are never right here: sarcastic" in said
    assert "Classes that turned does not have: neutral" in said
    np.testing.assert_allclose(found.chance[found.first.true == 1], 0.0)  # there is no neutral


def test_classes_that_mean_the_same_are_one():
    common = CommonLabels.of(("negative", "positive"), ("pos", "NEGATIVE", "odd"))
    assert common.places == (1, 0, 2)
    logits = np.log(np.array([[0.5, 0.2, 0.3]], np.float32))
    np.testing.assert_allclose(common.chances(logits), [[0.2, 0.5, 0.3]], rtol=1e-6)
    assert common.second_label("positive", ("pos", "NEGATIVE", "odd")) == "pos"


@pytest.mark.parametrize(
    ("labels", "changes", "message"),
    [
        (("a", "b", "c"), {}, "none in common"),
        (("negative", "neutral", "positive"), {"problem_type": "multi_label_classification"}, "does not choose one class"),
    ],
)
def test_models_that_cannot_be_compared_say_why(
    tmp_path: Path, tiny_bert: TextModel, labels: tuple[str, ...], changes: dict, message: str
):
    folder = tiny_models.write(tmp_path / "other", labels=labels, **changes)
    with pytest.raises(UserError, match=message):
        compared(tiny_bert, labelled(tmp_path, 6), OtherModel(str(folder)))


def test_a_language_model_is_no_second_model(tmp_path: Path, tiny_bert: TextModel):
    folder = tiny_models.write_language_model(tmp_path / "lm")
    with pytest.raises(UserError, match="language model"):
        compared(tiny_bert, labelled(tmp_path, 6), OtherModel(str(folder)))


def test_what_is_not_there_or_does_not_fit_is_refused(tmp_path: Path, tiny_bert: TextModel, lstm_folder: Path, monkeypatch):
    path = labelled(tmp_path, 6)
    with pytest.raises(UserError, match="nothing at"):
        compared(tiny_bert, path, OtherModel(str(tmp_path / "nowhere")))
    monkeypatch.setattr(other_models, "available_memory", lambda _device: 10)
    with pytest.raises(UserError, match="free; close other programs"):
        compared(tiny_bert, path, OtherModel(str(lstm_folder)))


def test_the_second_model_is_held_until_another_is_asked_for_or_its_files_change(
    tmp_path: Path, tiny_bert: TextModel, lstm_folder: Path
):
    folder = Path(shutil.copytree(lstm_folder, tmp_path / "copy"))
    others = OtherModels()
    once = run(others.open(tiny_bert, OtherModel(str(folder))))
    assert run(others.open(tiny_bert, OtherModel(str(folder)))) is once
    for file in folder.iterdir():
        file.touch()
    again = run(others.open(tiny_bert, OtherModel(str(folder))))
    assert again is not once
    others.forget()
    assert run(others.open(tiny_bert, OtherModel(str(folder)))) is not again


def test_both_maps_are_those_of_the_models_alone(tiny_bert: TextModel, lstm_folder: Path):
    target = Target("label:negative", versus="label:positive", score="log_probability")
    request = AttributionRequest(tiny_bert.info.sha256, SENTENCE, target, "input_x_gradient")
    found = run(explain_beside(OtherModels(), tiny_bert, ExplainBesideRequest(request, OtherModel(str(lstm_folder)))))
    second = tiny_models.opened(lstm_folder)
    np.testing.assert_array_equal(found.first.values, run(explain(tiny_bert, request)).values)
    alone_asked = replace(request, model_sha256=second.info.sha256)
    assert found.second is not None
    np.testing.assert_allclose(found.second.values, run(explain(second, alone_asked)).values, rtol=1e-5, atol=1e-7)
    words = [token for token in found.second.tokens if not token.special]
    assert (found.words, found.left_out) == (len(words), 0)
    ordinary = np.array([not token.special for token in found.second.tokens])
    whole = {(t.start, t.end): 0.0 for t in words}
    for token, value in zip(found.first.tokens, found.first.values.tolist(), strict=True):
        place = next((span for span in whole if span[0] <= token.start and token.end <= span[1]), None)
        if not token.special and place is not None:
            whole[place] += value
    wanted = spearman(np.array(list(whole.values())), found.second.values[ordinary])
    assert found.rank_correlation == pytest.approx(wanted)


def test_maps_over_rows_are_compared_as_single_ones(tmp_path: Path, tiny_bert: TextModel, lstm_folder: Path):
    path, rows, other = labelled(tmp_path, 30), tuple(range(0, 30, 2)), OtherModel(str(lstm_folder))
    how = AttributionRequest(tiny_bert.info.sha256, TextInput(""), method="input_x_gradient")
    request = MapsBesideRequest(DataSource(path), rows, how, other)
    found = run(maps_beside(Datasets(), OtherModels(), tiny_bert, request))
    assert found.rows.tolist() == list(rows)
    said = run(predict_rows(Datasets(), tiny_bert, PredictionsRequest(tiny_bert.info.sha256, DataSource(path))))
    for at in (1, 4, 9):
        target = Target(f"label:{said.label(int(said.true[rows[at]]))}")
        single = replace(how, input=said.data.input_of(rows[at]), target=target)
        both = run(explain_beside(OtherModels(), tiny_bert, ExplainBesideRequest(single, other)))
        wanted = np.nan if both.rank_correlation is None else both.rank_correlation
        assert found.rank_correlation[at] == pytest.approx(wanted, nan_ok=True)
    assert np.isfinite(found.rank_correlation).sum() > 5
    assert run(maps_beside(Datasets(), OtherModels(), tiny_bert, request)).cost.forward == 0, "they are kept"


def test_rows_that_one_of_both_cannot_explain_are_listed(tmp_path: Path, tiny_bert: TextModel, lstm_folder: Path):
    path = write(tmp_path, "t.csv", "text,label\nnot once,negative\na film,\n,positive\ndull film,neutral\n")
    how = AttributionRequest(tiny_bert.info.sha256, TextInput(""), method="input_x_gradient")
    request = MapsBesideRequest(DataSource(path), (0, 1, 2, 3), how, OtherModel(str(lstm_folder)))
    found = run(maps_beside(Datasets(), OtherModels(), tiny_bert, request))
    assert found.rows.tolist() == [0, 3]
    assert [each.row for each in found.skipped] == [1, 2]


def test_the_target_is_named_as_the_second_model_names_it(tmp_path: Path, tiny_bert: TextModel):
    folder = tiny_models.write(tmp_path / "turned", labels=("positive", "Negative", "sarcastic"))
    request = AttributionRequest(tiny_bert.info.sha256, SENTENCE, Target("negative"), "input_x_gradient")
    other = OtherModel(str(folder))
    found = run(explain_beside(OtherModels(), tiny_bert, ExplainBesideRequest(request, other)))
    assert found.second is not None
    assert (found.second.target.label, found.second.target.index) == ("Negative", 1)
    neutral = replace(request, target=Target("neutral"))
    with pytest.raises(UserError, match="no class “neutral”"):
        run(explain_beside(OtherModels(), tiny_bert, ExplainBesideRequest(neutral, other)))


def test_a_map_without_differences_has_no_rank(tiny_lstm: TextModel):
    request = AttributionRequest(tiny_lstm.info.sha256, TextInput("once"), method="input_x_gradient")
    result = run(explain(tiny_lstm, request))
    assert agreement_of(result, result) == (None, 1, 0)


def test_the_workbench_answers_and_forgets_the_second_with_the_first(tmp_path: Path, bert_folder: Path, lstm_folder: Path):
    workbench = Workbench()
    sha = run(workbench.job_for(OpenModelRequest(str(bert_folder)))).info.sha256
    source = DataSource(write(tmp_path, "t.csv", "text,label\nnot once,negative\na film,positive\n"))
    request = BesideRequest(PredictionsRequest(sha, source), OtherModel(str(lstm_folder)))
    assert run(workbench.job_for(request)).request == request
    explained = ExplainBesideRequest(AttributionRequest(sha, SENTENCE), OtherModel(str(lstm_folder)))
    assert run(workbench.job_for(explained)).request == explained
    run(workbench.job_for(OpenModelRequest(str(lstm_folder))))
    with pytest.raises(UserError, match="no longer open"):
        run(workbench.job_for(request))
