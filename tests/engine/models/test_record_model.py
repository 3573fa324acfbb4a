"""Models of records: written, opened, refused part by part, and explained as closed forms say."""

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.attribution.explain import explain, predict
from engine.attribution.over_training import over_training
from engine.errors import LoadError, UserError
from engine.heatmaps.fields import field_sums
from engine.heatmaps.grained import at_grain
from engine.heatmaps.wording import title_of
from engine.jobs import run
from engine.models.record_spec import RecordLayout
from engine.models.recurrent import RecurrentNetwork, save
from engine.records import RecordField
from engine.recurrent.read import read_cells
from engine.requests import (
    AttributionRequest,
    CellsRequest,
    CounterfactualRequest,
    OpenModelRequest,
    OptimisationRequest,
    OverTrainingRequest,
    PredictionRequest,
    RecordInput,
    Target,
    TextInput,
)
from engine.workbench import Workbench
from tests.engine.record_models import (
    FIELDS,
    RECORD,
    TEXT,
    VOCABULARY,
    WIDTH,
    open_record_model,
    record_spec,
    weights_of,
    write_planted,
    write_record_model,
)

EXACT = (("n_steps", 64),)


def describe(folder: Path, change: Any) -> Path:
    """A folder whose ``model.json`` was changed by hand."""
    write_record_model(folder)
    known = json.loads((folder / "model.json").read_text("utf-8"))
    change(known)
    (folder / "model.json").write_text(json.dumps(known), "utf-8")
    return folder


def test_what_is_saved_is_opened(tmp_path: Path) -> None:
    model = open_record_model(write_record_model(tmp_path / "m", checkpoints=2))
    info = model.info
    assert (info.task, info.input_kind, info.fields) == ("record_regression", "record", FIELDS)
    assert info.baselines == ("zero", "blank", "mean")
    assert info.checkpoints == ("epoch 0", "epoch 1", "final")
    assert model.spec == record_spec()


def test_a_model_of_text_is_described_as_before(tmp_path: Path) -> None:
    spec = replace(record_spec(), task="text_classification", record=None, head=(2,), problem_type="single_label")
    save(tmp_path / "m", spec, weights_of(spec), VOCABULARY)
    assert "record" not in json.loads((tmp_path / "m" / "model.json").read_text("utf-8"))


def test_it_says_what_plain_torch_says_of_the_characters(tmp_path: Path) -> None:
    model = open_record_model(write_record_model(tmp_path / "m"))
    found = run(predict(model, PredictionRequest(model.info.sha256, RECORD)))
    assert found.text.text == TEXT
    assert len(found.text.tokens) == WIDTH
    network = RecurrentNetwork(record_spec(), len(VOCABULARY))
    network.load_state_dict(weights_of(record_spec()))
    ids = torch.tensor([[VOCABULARY.index(character) for character in TEXT]])
    states = network.rnn(network.embedding(ids))[0].mean(1)
    expected = states @ network.head[0].weight.T + network.head[0].bias
    assert found.predicted.logit == pytest.approx(float(expected.detach()[0, 0]), rel=1e-6)
    assert found.predicted.label is None
    assert found.predicted.probability is None


def test_many_rows_are_read_as_each_by_itself(tmp_path: Path) -> None:
    model = open_record_model(write_record_model(tmp_path / "m"))
    rows = [RECORD, RecordInput((("day", "sunday"),)), RecordInput(()), RecordInput((("x", "y"),))]
    one, two, *refused = model.encode_many(rows)
    for row, given in ((one, RECORD), (two, rows[1])):
        assert list(row.ids) == model.encode(given).ids[0].tolist()
    assert (one.cut, two.cut) == (False, True)
    assert [type(each) for each in refused] == [UserError, UserError]


def test_unknown_characters_are_said_or_refused(tmp_path: Path) -> None:
    model = open_record_model(write_record_model(tmp_path / "m"))
    given = RecordInput((*RECORD.fields[:3], ("name", "é&a")))
    kinds = [notice.kind for notice in model.encode(given).input.notices]
    assert kinds == ["unknown_characters"]
    strict = open_record_model(write_record_model(tmp_path / "strict", record_spec(unknown=None)))
    with pytest.raises(UserError, match="in the field name"):
        strict.encode(given)


def test_texts_are_refused_and_so_are_records_by_models_of_text(tmp_path: Path) -> None:
    model = open_record_model(write_record_model(tmp_path / "m"))
    with pytest.raises(UserError, match="reads records"):
        model.encode(TextInput("mon"))
    with pytest.raises(UserError, match="reads records"):
        model.tokens_of("mon")


# The description


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.pop("record"), "record goes with"),
        (lambda d: d.update(task="text_classification"), "record goes with"),
        (lambda d: d.update(record=[]), "must hold “fields”"),
        (lambda d: d["record"].update(unit=5), "unit of record"),
        (lambda d: d["record"].update(unit="x" * 99), "unit of record"),
        (lambda d: d["record"].update(colour=1), "nothing else but"),
        (lambda d: d.update(record={"fields": {}}), "must be a list"),
        (lambda d: d.update(record={"fields": []}), "1 to 1,000 fields"),
        (lambda d: d.update(record={"fields": [1]}), "must be an object"),
        (lambda d: d["record"]["fields"][0].pop("width"), "lacks its width"),
        (lambda d: d["record"]["fields"][0].update(colour=1), "“colour”"),
        (lambda d: d["record"]["fields"][0].update(name=["day"]), "needs a name"),
        (lambda d: d["record"]["fields"][0].update(name=" day"), "needs a name"),
        (lambda d: d["record"]["fields"][0].update(name="hour"), "there twice"),
        (lambda d: d["record"]["fields"][0].update(width=0), "whole number from 1"),
        (lambda d: d["record"]["fields"][0].update(width=10**9), "whole number from 1"),
        (lambda d: d["record"]["fields"][0].update(width=True), "whole number from 1"),
        (lambda d: d["record"]["fields"][0].update(align="middle"), "left or right"),
        (lambda d: d["record"]["fields"][0].update(align={}), "left or right"),
        (lambda d: d["record"]["fields"][0].update(pad=""), "one character"),
        (lambda d: d["record"]["fields"][0].update(pad="%"), "not in the vocabulary"),
        (lambda d: d["record"]["fields"][0].update(kind="date"), "integer, number or choice"),
        (lambda d: d["record"]["fields"][0].update(choices=[]), "choices go with"),
        (lambda d: d["record"]["fields"][0].update(choices=["monday"]), "must fit"),
        (lambda d: d["record"]["fields"][1].update(choices=["8"]), "choices go with"),
        (lambda d: d.update(tokeniser="word"), "tokeniser must be char"),
        (lambda d: d.update(problem_type="single_label"), "problem_type regression"),
        (lambda d: d.update(maximum_tokens=5), "hold a whole record"),
        (lambda d: d["record"].update(fields=[{"name": f"f{n}", "width": 1000} for n in range(11)]), "10,000 characters"),
    ],
)
def test_a_hostile_description_is_refused_in_a_sentence(tmp_path: Path, change: Any, words: str) -> None:
    with pytest.raises(LoadError, match=words):
        open_record_model(describe(tmp_path / "m", change))


def test_saving_is_held_to_the_same(tmp_path: Path) -> None:
    bad = record_spec(record=RecordLayout((RecordField("day", 3, pad="%"),)))
    with pytest.raises(LoadError, match="not in the vocabulary"):
        save(tmp_path / "m", bad, weights_of(bad), VOCABULARY)
    two = record_spec(head=(2,))
    with pytest.raises(LoadError, match="one output"):
        save(tmp_path / "m", two, weights_of(two), VOCABULARY)


# Why


def asked(model: Any, given: RecordInput = RECORD, **changes: Any) -> Any:
    return run(explain(model, AttributionRequest(model.info.sha256, given, **changes)))


def test_fields_of_a_planted_model_are_worth_what_was_planted(tmp_path: Path) -> None:
    """f = 7 + Σ g(character) ∕ width: against blanks, which are worth nothing, a character gets g ∕ width and no more."""
    worth = write_planted(tmp_path / "m")
    model = open_record_model(tmp_path / "m")
    found = asked(model, baselines=("blank",), parameters=EXACT)
    np.testing.assert_allclose(found.values, [worth[character] for character in TEXT], atol=1e-5)
    parts = {"day": "mon", "hour": " 8", "weight": "12.5", "name": "anna "}
    for each in field_sums(found):
        own = [worth[character] for character in parts[each.field.name]]
        assert each.total == pytest.approx(sum(own), abs=1e-5)
        assert each.mean == pytest.approx(sum(own) / len(own), abs=1e-5)
        assert abs(each.peak) == pytest.approx(max(map(abs, own)), abs=1e-5)
    assert found.completeness.f_baseline == pytest.approx(7.0, abs=1e-5)


def test_a_field_that_is_blank_is_worth_nothing_against_blanks(tmp_path: Path) -> None:
    write_planted(tmp_path / "m")
    model = open_record_model(tmp_path / "m")
    found = asked(model, RecordInput(RECORD.fields[:3]), baselines=("blank",))
    assert {each.field.name: each.total for each in field_sums(found)}["name"] == 0.0


@pytest.mark.parametrize("baseline", ["zero", "blank", "mean"])
def test_fields_add_up_to_what_their_characters_do(tmp_path: Path, baseline: str) -> None:
    model = open_record_model(write_record_model(tmp_path / "m"))
    found = asked(model, baselines=(baseline,), parameters=EXACT)
    assert found.completeness.converged
    totals = [each.total for each in field_sums(found)]
    edges = [0, 3, 5, 9, 14]
    expected = [float(found.values[a:b].astype(float).sum()) for a, b in itertools.pairwise(edges)]
    np.testing.assert_allclose(totals, expected, rtol=1e-6)
    assert sum(totals) == pytest.approx(found.completeness.f_input - found.completeness.f_baseline, rel=1e-3)
    whole = at_grain(found, "field")
    np.testing.assert_allclose(whole.values, totals, rtol=1e-6)
    assert [token.piece for token in whole.tokens] == ["day", "hour", "weight", "name"]
    assert [token.text for token in whole.tokens] == ["mon", " 8", "12.5", "anna "]
    np.testing.assert_allclose([each.total for each in field_sums(whole)], totals, rtol=1e-6)


def test_the_blank_baseline_is_what_blank_fields_say(tmp_path: Path) -> None:
    """All but one character blank, whose attribution alone is left."""
    model = open_record_model(write_record_model(tmp_path / "m"))
    found = asked(model, RecordInput((("day", "m"),)), baselines=("blank",), parameters=EXACT)
    assert np.abs(found.values[1:]).max() == 0.0
    assert found.values[0] != 0.0


def test_words_are_no_grain_of_a_record(tmp_path: Path) -> None:
    found = asked(open_record_model(write_record_model(tmp_path / "m")), method="saliency")
    with pytest.raises(UserError, match="a record has token, field"):
        at_grain(found, "word")


def test_baselines_of_text_are_refused(tmp_path: Path) -> None:
    model = open_record_model(write_record_model(tmp_path / "m"))
    with pytest.raises(UserError, match="zero, blank, mean"):
        asked(model, baselines=("unk",))


def test_what_did_not_fit_is_among_the_warnings(tmp_path: Path) -> None:
    model = open_record_model(write_record_model(tmp_path / "m"))
    found = asked(model, RecordInput((("day", "monday"), ("hour", "x"))), method="saliency")
    assert [notice.kind for notice in found.warnings] == ["missing_field", "cut", "wrong_type"]
    assert found.prediction.text.truncated


def test_a_classifier_of_records_is_one_like_any_other(tmp_path: Path) -> None:
    spec = record_spec(
        task="record_classification", problem_type="single_label", head=(4, 3), activations=("tanh",), labels=("a", "b", "c")
    )
    model = open_record_model(write_record_model(tmp_path / "m", spec))
    found = asked(model, target=Target("b", versus="a"))
    assert (found.target.label, found.target.versus) == ("b", "a")
    assert sum(one.probability or 0.0 for one in found.prediction.classes) == pytest.approx(1.0)
    difference = found.completeness.f_input - found.completeness.f_baseline
    assert sum(each.total for each in field_sums(found)) == pytest.approx(
        difference, abs=0.02 * float(np.abs(found.values).sum())
    )
    assert found.unit == "logit"


def test_a_unit_of_the_value_is_the_unit_of_its_map(tmp_path: Path) -> None:
    spec = record_spec(record=RecordLayout(FIELDS, "minutes"))
    found = asked(open_record_model(write_record_model(tmp_path / "m", spec)), method="saliency")
    assert found.unit == "minutes"
    assert "in minutes" in title_of(found)


def test_checkpoints_are_followed_by_their_value(tmp_path: Path) -> None:
    model = open_record_model(write_record_model(tmp_path / "m", checkpoints=2))
    question = AttributionRequest(model.info.sha256, RECORD, method="input_x_gradient")
    found = run(over_training(model, OverTrainingRequest(question)))
    assert found.names == ("epoch 0", "epoch 1", "final")
    said = [one.prediction.predicted.logit for one in found.maps]
    np.testing.assert_allclose(found.logits[:, 0], said, rtol=1e-5)
    assert found.probabilities is None


def test_what_is_made_of_words_is_refused(tmp_path: Path) -> None:
    workbench = Workbench()
    info = run(workbench.job_for(OpenModelRequest(str(write_record_model(tmp_path / "m"))))).info
    for request in (OptimisationRequest(info.sha256), CounterfactualRequest(info.sha256, TextInput("mon"))):
        with pytest.raises(UserError, match="made of words"):
            run(workbench.job_for(request))


def test_cells_are_read_over_the_characters(tmp_path: Path) -> None:
    model = open_record_model(write_record_model(tmp_path / "m"))
    found = run(read_cells(model, CellsRequest(model.info.sha256, RECORD)))
    assert found.input.text == TEXT
    assert len(next(iter(found.quantities.values()))) == WIDTH
