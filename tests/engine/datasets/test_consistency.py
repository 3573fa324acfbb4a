"""Flips and changes counted from single predictions, and intervals from a bootstrap written out."""

from pathlib import Path

import numpy as np
import pytest

from engine.attribution.explain import predict
from engine.dataset_results import ConsistencyResult
from engine.datasets.consistency import bootstrap, consistency
from engine.datasets.data import Datasets
from engine.datasets.rewrites import RULES
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import ConsistencyRequest, DataSource, PredictionRequest, TextInput
from tests.engine import tiny_models
from tests.engine.datasets.tables import labelled, opened, write


def asked(model: TextModel, path: str, rows: tuple[int, ...], *rules: str, **how: object) -> ConsistencyResult:
    request = ConsistencyRequest(model.info.sha256, DataSource(path), rows, rules, **how)  # type: ignore[arg-type]
    return run(consistency(Datasets(), model, request))


def chances(model: TextModel, text: TextInput) -> dict[int, float]:
    classes = run(predict(model, PredictionRequest(model.info.sha256, text))).classes
    return {one.index: one.probability or 0.0 for one in classes}


def test_every_case_against_single_predictions(tmp_path: Path, tiny_lstm: TextModel):
    path, rows = labelled(tmp_path, 40), tuple(range(0, 40, 2))
    found = asked(tiny_lstm, path, rows, "upper_case", "typos", "negation", own=(("come", "go"),))
    data = opened(path)
    by_rule = {effect.rule: [case for case in found.cases if case.rule == effect.rule] for effect in found.rules}
    assert list(by_rule) == ["upper_case", "typos", "negation", "own:come→go"]
    for effect in found.rules:
        cases, changes, flips = by_rule[effect.rule], [], 0
        rewrite = RULES[effect.rule].rewrite if effect.rule in RULES else lambda text, _: text.replace("come", "go")
        changed = [row for row in rows if rewrite(data.input_of(row).text, 0) != data.input_of(row).text]
        assert [case.row for case in cases] == changed
        for case in cases:
            assert case.rewritten.text == rewrite(case.input.text, 0)
            before, after = chances(tiny_lstm, case.input), chances(tiny_lstm, case.rewritten)
            predicted = max(before, key=lambda i: before[i])
            assert case.predicted_before == predicted
            assert case.predicted_after == max(after, key=lambda i: after[i])
            assert (case.before, case.after) == pytest.approx((before[predicted], after[predicted]), abs=1e-5)
            changes.append(after[predicted] - before[predicted])
            flips += case.flips
        assert (effect.changed, effect.flips) == (len(cases), flips)
        if cases:
            assert effect.flip_rate == pytest.approx(flips / len(cases))
            assert effect.change == pytest.approx(np.mean(changes), abs=1e-5)
            assert effect.magnitude == pytest.approx(np.abs(changes).mean(), abs=1e-5)
            assert effect.change_interval is not None
            assert effect.change_interval[0] <= effect.change <= effect.change_interval[1]
    assert by_rule["upper_case"]


def test_intervals_are_those_of_a_bootstrap_and_cover():
    """The literal loop; and of a known mean, about 95 in 100."""
    values = np.random.default_rng(1).normal(size=(30, 1))
    draw, slow = np.random.default_rng((0, 3)), []
    for _ in range(200):
        chosen = draw.integers(0, 30, 30)
        slow.append(sum(values[at, 0] for at in chosen) / 30)
    np.testing.assert_allclose(bootstrap(values, 200, (0, 3))[:, 0], slow)
    covered = 0
    for trial in range(200):
        sample = np.random.default_rng(trial).normal(size=(60, 1))
        low, high = np.percentile(bootstrap(sample, 400, (trial, 0)), [2.5, 97.5])
        covered += low <= 0 <= high
    assert 180 <= covered <= 198


def test_a_rule_that_changes_nothing_has_no_numbers(tmp_path: Path, tiny_bert: TextModel):
    found = asked(tiny_bert, write(tmp_path, "t.csv", "text,label\nonce,neutral\n"), (0,), "names")
    assert found.cases == ()
    assert (found.rules[0].changed, found.rules[0].flip_rate, found.rules[0].change_interval) == (0, None, None)


def test_the_same_seed_the_same_answer(tmp_path: Path, tiny_bert: TextModel):
    path = labelled(tmp_path, 12)
    first, again = (asked(tiny_bert, path, tuple(range(12)), "typos", seed=4) for _ in range(2))
    assert first.rules == again.rules


def test_rows_without_a_prediction_and_pairs(tmp_path: Path, tiny_bert: TextModel):
    path = write(tmp_path, "t.csv", "premise,hypothesis,label\nnot once,it is,neutral\n,x,neutral\nonce,It Is,neutral\n")
    found = asked(tiny_bert, path, (0, 1, 2), "upper_case")
    assert [case.row for case in found.cases] == [0, 2]
    assert found.cases[1].rewritten == TextInput("ONCE", "IT IS")


def test_a_regression_has_changes_and_no_flips(tmp_path: Path):
    model = tiny_models.opened(tiny_models.write(tmp_path / "m", labels=1))
    found = asked(model, labelled(tmp_path, 10), tuple(range(10)), own=(("come", "once"),))
    assert found.rules[0].flips == 0
    for case in found.cases:
        alone = [run(predict(model, PredictionRequest("", text))).predicted.logit for text in (case.input, case.rewritten)]
        assert (case.before, case.after) == pytest.approx(alone, abs=1e-5)


def test_what_cannot_be_asked(tmp_path: Path, tiny_bert: TextModel):
    path = labelled(tmp_path, 3)
    for rows, rules, kind in (((0,), ("gone",), "no_such_rule"), ((7,), ("typos",), "no_such_row")):
        with pytest.raises(UserError) as caught:
            asked(tiny_bert, path, rows, *rules)
        assert caught.value.kind == kind
