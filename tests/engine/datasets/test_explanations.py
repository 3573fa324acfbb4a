"""Rows explained together are explained as by themselves; what was explained is not computed again."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.attribution.explain import explain
from engine.dataset_results import ExplainRowsResult
from engine.datasets.data import Datasets
from engine.datasets.explanations import explain_rows, row_request, top_tokens
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import AttributionRequest, DataSource, ExplainRowsRequest, Target, TextInput
from tests.engine.datasets.tables import labelled, opened, write


def asked(model: TextModel, path: str, rows: tuple[int, ...], **how: object) -> ExplainRowsRequest:
    known = {"method": "input_x_gradient", **how}
    return ExplainRowsRequest(DataSource(path), rows, AttributionRequest(model.info.sha256, TextInput(""), **known))  # type: ignore[arg-type]


def explained(model: TextModel, request: ExplainRowsRequest) -> ExplainRowsResult:
    return run(explain_rows(Datasets(), model, request))


@pytest.mark.parametrize("method", ["input_x_gradient", "saliency", "leave_one_out", "integrated_gradients", "random"])
def test_each_row_as_by_itself_and_again_from_disk(tmp_path: Path, tiny_bert: TextModel, method: str):
    request = asked(tiny_bert, labelled(tmp_path, 8), (5, 1, 7), method=method, seed=3)
    first = explained(tiny_bert, request)
    again = explained(tiny_bert, request)
    assert (again.cost.forward, again.cost.backward) == (0, 0)
    assert [one.row for one in first.explained] == [one.row for one in again.explained] == [5, 1, 7]
    for one, kept in zip(first.explained, again.explained, strict=True):
        alone = run(explain(tiny_bert, replace(request.explanation, input=one.input)))
        np.testing.assert_array_equal(one.values, alone.values)
        for name in ("values", "start", "end", "segment", "special"):
            np.testing.assert_array_equal(getattr(one, name), getattr(kept, name))
            assert getattr(one, name).dtype == getattr(kept, name).dtype
        assert (kept.target, kept.versus, kept.pieces, kept.converged) == (one.target, one.versus, one.pieces, one.converged)
        assert (kept.reduction, kept.signed) == (alone.reduction, alone.signed)
        assert one.target == alone.target.index
        assert [t.start for t in alone.tokens] == one.start.tolist()


def test_the_true_class_is_each_rows_own(tmp_path: Path, tiny_bert: TextModel):
    path = write(tmp_path, "t.csv", "text,label\nnot once,pos\nnot once,negative\nnot once,\n")
    found = explained(tiny_bert, asked(tiny_bert, path, (0, 1, 2), target=Target("predicted", versus="true")))
    predicted = found.explained[0].target
    assert [one.versus for one in found.explained] == [index if index != predicted else -1 for index in (2, 0)]
    assert [skipped.row for skipped in found.skipped] == [2]
    assert "true label is not known" in found.skipped[0].reason
    request = asked(tiny_bert, path, (0,), target=Target("true"))
    assert row_request(request.explanation, opened(path), 0, "positive").target.true == "label:positive"
    assert explained(tiny_bert, request).explained[0].target == 2
    corrected = replace(request, source=DataSource(path, names=(("pos", "neutral"),)))
    assert explained(tiny_bert, corrected).explained[0].target == 1  # not what was kept for the other label


def test_a_stopped_job_keeps_what_it_has(tmp_path: Path, tiny_bert: TextModel):
    request = asked(tiny_bert, labelled(tmp_path, 12), tuple(range(12)))
    seen = 0
    with closing(explain_rows(Datasets(), tiny_bert, request)) as steps:
        for partial in steps:
            seen = int(partial.done) if partial.total == 12 else 0
            if seen == 5:
                break
    rest = explained(tiny_bert, request)
    assert rest.cost.forward == 12 - seen
    assert len(rest.explained) == 12


def test_a_line_cut_short_and_a_broken_one_are_made_again(tmp_path: Path, tiny_bert: TextModel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path / "home"))
    request = asked(tiny_bert, labelled(tmp_path, 4), (0, 1, 2, 3))
    first = explained(tiny_bert, request)
    path = next((tmp_path / "home").rglob("rows.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b'{"row": 1, "true": null}\n' + lines[2] + lines[3][:-20])
    again = explained(tiny_bert, request)
    assert again.cost.forward == 2
    for one, other in zip(first.explained, again.explained, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
    assert explained(tiny_bert, request).cost.forward == 0


def test_rows_that_cannot_be_explained_are_listed(tmp_path: Path, tiny_bert: TextModel):
    path = write(tmp_path, "t.csv", "text,label\nnot once,positive\n,negative\n…,neutral\nexciting,neutral\n")
    found = explained(tiny_bert, asked(tiny_bert, path, (0, 1, 3)))
    assert [one.row for one in found.explained] == [0, 3]
    assert found.skipped[0].reason == "The text is empty."
    for request, kind in (
        (asked(tiny_bert, path, (4,)), "no_such_row"),
        (asked(tiny_bert, path, (-1,)), "no_such_row"),
        (asked(tiny_bert, path, (0,), reduction="none"), "reduction"),
    ):
        with pytest.raises(UserError) as caught:
            explained(tiny_bert, request)
        assert caught.value.kind == kind


def test_top_tokens_are_those_of_largest_magnitude(tmp_path: Path, tiny_bert: TextModel):
    one = explained(tiny_bert, asked(tiny_bert, labelled(tmp_path, 9), (8,))).explained[0]
    by_hand = sorted(
        ((-abs(float(value)), at) for at, value in enumerate(one.values) if not one.special[at]),
    )[:3]
    wanted = [(one.input.text[one.start[at] : one.end[at]], float(one.values[at])) for _, at in by_hand]
    assert list(top_tokens(one, 3)) == wanted
