"""Findings as a document: everything comes back, and nothing in a stranger's file is believed."""

import base64
import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.export.report import to_report
from engine.findings import (
    SCHEMA,
    Finding,
    Reading,
    SeenView,
    ViewFinding,
    from_json,
    pinned,
    pinned_view,
    request_as_json,
    to_json,
)
from engine.models.model import TextModel
from engine.requests import PredictionRequest, Target, TextInput
from engine.results import AttributionResult
from tests.engine.export.hostile import explained
from tests.engine.export.test_pages import OURS, Read


@pytest.fixture(scope="module")
def result(tiny_bert: TextModel) -> AttributionResult:
    return explained(tiny_bert)


def plain(*findings: Finding) -> Any:
    return json.loads(to_json(findings))


def read(document: Any) -> Reading:
    return from_json(json.dumps(document).encode())


def test_everything_but_the_layers_comes_back(result: AttributionResult):
    finding = pinned(result, "a note\0\ud800", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    back = from_json(to_json([finding])).findings[0]
    assert (back.id, back.pinned_at, back.note) == (finding.id, "2026-01-02T03:04:05+00:00", finding.note)
    assert back.result.request == result.request
    np.testing.assert_array_equal(back.result.values, result.values)
    for name in ("method", "target", "reduction", "parameters", "baselines", "completeness", "cost", "warnings", "progress"):
        assert getattr(back.result, name) == getattr(result, name), name
    assert back.result.prediction.input == result.prediction.input
    assert back.result.prediction.classes == result.prediction.classes
    assert (back.result.model.path, back.result.model.sha256) == (result.model.path, result.model.sha256)
    assert back.result.path is not None
    assert result.path is not None
    np.testing.assert_array_equal(back.result.path.slope, result.path.slope)


def test_every_dimension_comes_back(tiny_bert: TextModel):
    whole = explained(tiny_bert, "a film", reduction="none")
    np.testing.assert_array_equal(from_json(to_json([pinned(whole)])).findings[0].result.values, whole.values)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b'{"schema": true, "findings": []}', b'{"schema": 1}',
                                     b'{"schema": 0, "findings": []}', b"\xff", b"[" * 100_000])  # fmt: skip
def test_another_file_is_refused(content: bytes):
    with pytest.raises(ValueError):  # noqa: PT011
        from_json(content)


BREAKS: list[tuple[list[str | int], Any]] = [
    (["note"], 3),
    (["id"], ""),
    (["pinned_at"], "yesterday"),
    (["pinned_at"], "2026-01-02T03:04:05"),
    (["result", "values"], {"float32": [1.0]}),
    (["result", "request", "method"], None),
    (["result", "request", "input", "text"], "another text"),
    (["result", "reduction"], "median"),
    (["result", "progress"], 2.0),
    (["result", "prediction", "classes"], []),
    (["result", "prediction", "input", "cut"], [5, 10**9]),
    (["result", "prediction", "input", "tokens", 1, "end"], 10**9),
    (["result", "prediction", "input", "tokens", 1, "segment"], 7),
    (["result", "path", "alpha"], {"float64": [0.0]}),
    (["result", "model", "sha256"], 5),
]


@pytest.mark.parametrize(("where", "value"), BREAKS, ids=lambda part: str(part)[:40])
def test_a_damaged_finding_does_not_cost_the_others(result: AttributionResult, where: list[str | int], value: Any):
    document = plain(pinned(result), pinned(result, "good"))
    part = document["findings"][0]
    for step in where[:-1]:
        part = part[step]
    part[where[-1]] = value
    found = read(document)
    assert [finding.note for finding in found.findings] == ["good"]
    assert len(found.damaged) == 1
    assert found.damaged[0].startswith("finding 1: ")


def test_a_newer_document_is_read_as_far_as_it_can_be(result: AttributionResult):
    document = plain(pinned(result, "kept"))
    document["schema"] = SCHEMA + 1
    document["findings"][0]["mood"] = "sunny"
    found = read(document)
    assert found.newer
    assert [finding.note for finding in found.findings] == ["kept"]


def test_one_id_is_one_finding(result: AttributionResult):
    finding = pinned(result)
    assert len(read(plain(finding, finding)).findings) == 1


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5),
                   st.just([]), st.just({}))  # fmt: skip


def leaves(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(leaf for key, inner in pairs for leaf in leaves(inner, (*at, key)))]


@given(data=st.data())
def test_no_mutant_is_a_crash(tiny_bert: TextModel, data: st.DataObject):
    document = _document_of(tiny_bert)
    where = data.draw(st.sampled_from(leaves(document)[1:]))
    part = document
    for step in where[:-1]:
        part = part[step]
    part[where[-1]] = data.draw(LEAVES)
    try:
        found = read(document)
    except ValueError:
        return
    assert to_report(found.findings)


_KEPT: list[Any] = []


def _document_of(model: TextModel) -> Any:
    if not _KEPT:
        _KEPT.append(plain(pinned(explained(model, "a <b> film"), "note")))
    return deepcopy(_KEPT[0])


def test_a_report_holds_every_finding_and_nothing_alive(result: AttributionResult, tiny_bert: TextModel):
    notes = ["<script>alert(3)</script> -->\0 a note", ""]
    report = to_report([pinned(result, notes[0]), pinned(explained(tiny_bert, "a film", method="saliency"), notes[1])])
    seen = Read(report)
    assert seen.elements["article"] == 2
    assert seen.elements["blockquote"] == 1
    assert seen.elements.keys() <= {*OURS.split(), "h2", "article", "blockquote"}
    assert "&lt;script&gt;alert(3)&lt;/script&gt; --&gt;␀ a note" in report.decode()
    assert to_report([]).startswith(b"<!DOCTYPE html>")


def test_results_are_encoded_once(result: AttributionResult):
    first = pinned(result, "a")
    encoded: dict[str, str] = {}
    assert to_json([first], encoded) == to_json([first])
    assert encoded.keys() == {first.id}
    changed = replace(first, note="b")
    assert from_json(to_json([changed], encoded)).findings[0].note == "b"


PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and so on").decode()


def seen_view(**changes: Any) -> SeenView:
    kind, request = request_as_json(PredictionRequest("ab", TextInput("<b>a film</b>")))
    about = ("/models/m", "ab", TextInput("<b>a film</b>"), Target("index:1", score="probability"), None)
    return replace(
        SeenView("flow", "Gradient <flow>", "facts & figures", *about, kind, request, (("log", True),), PNG), **changes
    )


def test_a_view_comes_back_with_its_question(result: AttributionResult):
    finding = pinned_view(seen_view(), "why")
    back = from_json(to_json([finding, pinned(result)]))
    assert back.damaged == ()
    assert isinstance(back.findings[0], ViewFinding)
    assert back.findings[0].seen == finding.seen
    assert back.findings[0].seen.asked() == PredictionRequest("ab", TextInput("<b>a film</b>"))
    assert back.findings[0].note == "why"


@pytest.mark.parametrize(
    "changes",
    [{"kind": "os.system"}, {"request": "{}"}, {"request": "["}, {"picture": "====="}, {"picture": "aGVsbG8="}],
)
def test_a_damaged_view_does_not_cost_the_others(changes: dict[str, str], result: AttributionResult):
    back = from_json(to_json([pinned_view(seen_view(**changes)), pinned(result)]))
    assert len(back.findings) == 1
    assert len(back.damaged) == 1


def test_the_report_shows_a_views_picture_and_escapes_its_words():
    page = to_report([pinned_view(seen_view(), "<i>note</i>")]).decode()
    assert f'src="data:image/png;base64,{PNG}"' in page
    assert "Gradient &lt;flow&gt;" in page
    for live in ("<b>a film", "<i>note", "Gradient <flow>"):
        assert live not in page
