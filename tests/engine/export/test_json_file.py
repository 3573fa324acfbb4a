"""Explanations as strict JSON, in the keys of the command line."""

import json
from dataclasses import replace

import numpy as np
import pytest

from engine.attribution.explain import explain
from engine.export.json_file import attribution_as_dict, strict, to_json_text
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import AttributionRequest, TextInput
from engine.results import AttributionResult


@pytest.fixture
def result(tiny_bert: TextModel) -> AttributionResult:
    return run(explain(tiny_bert, AttributionRequest("any", TextInput("A 👩‍👩‍👧 <script>film</script>, naïve."))))


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def test_it_holds_what_the_result_holds(result: AttributionResult):
    known = json.loads(to_json_text(result), parse_constant=refuse)
    assert np.array_equal(np.float32(known["attribution"]["values"]), result.values)
    assert sum(known["attribution"]["values"]) == pytest.approx(known["completeness"]["sum"], abs=1e-4)
    c = known["completeness"]
    assert c["sum"] - (c["f_input"] - c["f_baseline"]) == pytest.approx(c["delta"], abs=1e-9)
    assert c["relative_delta"] == pytest.approx(abs(c["delta"]) / np.abs(result.values).sum(), rel=1e-3, abs=1e-9)
    for token in known["input"]["tokens"]:
        assert token["text"] == known["input"]["text"][token["start"] : token["end"]]
    assert known["method"]["parameters"].keys() == {"n_steps", "quadrature", "tolerance"}
    assert known["baseline"][0]["prediction"][0]["probability"] > 0


def test_what_is_not_finite_is_null_and_named(result: AttributionResult):
    broken = result.values.copy()
    broken[2] = np.nan
    known = json.loads(strict(attribution_as_dict(replace(result, values=broken))), parse_constant=refuse)
    assert known["attribution"]["values"][2] is None
    assert "attribution.values[2]" in known["warnings"][-1]


def test_a_stopped_map_says_so(result: AttributionResult):
    assert json.loads(to_json_text(result))["warnings"] == [notice.message for notice in result.warnings]


def test_the_whole_map_has_one_row_for_each_token(tiny_bert: TextModel):
    whole = run(explain(tiny_bert, AttributionRequest("any", TextInput("a film"), reduction="none")))
    rows = json.loads(to_json_text(whole))["attribution"]["values"]
    assert np.shape(rows) == whole.values.shape
