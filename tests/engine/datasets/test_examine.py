"""Every question about a set of examples has its job, and a slice is what its filters say."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.jobs import run
from engine.requests import (
    AggregateRequest,
    AttributionRequest,
    ColumnFilter,
    ConsistencyRequest,
    CounterfactualRequest,
    DatasetReportRequest,
    DatasetRequest,
    DataSource,
    ExplainRowsRequest,
    NamedRows,
    NeighboursRequest,
    OpenModelRequest,
    PredictionsRequest,
    Selection,
    SliceRequest,
    SlicesRequest,
    TextInput,
)
from engine.workbench import Workbench
from tests.engine.datasets.tables import labelled

NAMES = ("predictions", "slice", "rows", "aggregate", "report", "consistency", "counterfactual", "neighbours", "slices")


@pytest.mark.parametrize("name", NAMES)
def test_each_request_is_answered_about_itself(tmp_path: Path, bert_folder: Path, name: str):
    workbench = Workbench()
    sha = run(workbench.job_for(OpenModelRequest(str(bert_folder)))).info.sha256
    opened = run(workbench.job_for(DatasetRequest(DataSource(labelled(tmp_path, 12))))).data
    source, how = opened.source, AttributionRequest(sha, TextInput(""), method="input_x_gradient")
    asked = PredictionsRequest(sha, source, opened.sha256)
    requests: dict[str, Any] = {
        "predictions": asked,
        "slice": SliceRequest(asked, Selection((ColumnFilter("correct", ("no",)),), (("loss", True),)), ((1, "x"),)),
        "rows": ExplainRowsRequest(source, (1, 2), how, opened.sha256),
        "aggregate": AggregateRequest(source, (NamedRows("a", (1, 2)),), how, opened.sha256),
        "report": DatasetReportRequest(asked, how, (1, 2, 3, 4), most=2, title="T"),
        "consistency": ConsistencyRequest(sha, source, (1, 2), ("upper_case",), data_sha256=opened.sha256, resamples=10),
        "counterfactual": CounterfactualRequest(sha, TextInput("not once"), most=1),
        "neighbours": NeighboursRequest(sha, source, opened.input_of(2), 2, 3, opened.sha256),
        "slices": SlicesRequest(asked, (NamedRows("a", (1, 2)), NamedRows("b", (3, 4))), resamples=10),
    }
    result = run(workbench.job_for(requests[name]))
    assert result.request == requests[name]
    if name == "slice":
        predictions = run(workbench.job_for(asked))
        wrong = [row for row in range(12) if predictions.correct[row] == 0]
        assert result.rows.tolist() == sorted(wrong, key=lambda row: -predictions.loss[row])
        assert predictions.data is opened
    if name == "report":
        assert b"<h1>T</h1>" in result.html


def test_what_a_window_needs_loads_no_torch():
    """Nor polars, before there are data."""
    modules = ("dataset_results", *(f"datasets.{name}" for name in ("table", "labels", "select", "numbers", "rewrites", "work")))
    script = "".join(f"import engine.{name}\n" for name in (*modules, "datasets.data", "datasets.outcomes"))
    script += "import sys; assert not {'torch', 'polars', 'PySide6'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[3])
