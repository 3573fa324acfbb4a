"""Every row's prediction is the one it has by itself; a run that was stopped goes on as if it had not been."""

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.attribution.explain import predict
from engine.dataset_results import PredictionsResult
from engine.datasets import passes
from engine.datasets.data import Datasets
from engine.datasets.passes import token_rows
from engine.datasets.plan import BatchPlan
from engine.datasets.predict import predict_rows
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import DataSource, PredictionRequest, PredictionsRequest, TextInput
from tests.engine import tiny_models
from tests.engine.datasets.tables import labelled, opened, texts, write

ALIKE = {"rtol": 1e-4, "atol": 1e-5}


def predicted(model: TextModel, path: str, **how: object) -> PredictionsResult:
    request = PredictionsRequest(model.info.sha256, DataSource(path, **how))  # type: ignore[arg-type]
    return run(predict_rows(Datasets(), model, request))


@pytest.fixture(params=["bert", "lstm", "distilbert", "xlnet", "gpt2"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> TextModel:
    if request.param in ("bert", "lstm"):
        return request.getfixturevalue(f"tiny_{request.param}")
    return tiny_models.opened(tiny_models.write(tmp_path / "model", request.param))


def test_each_row_is_predicted_as_by_itself(tmp_path: Path, model: TextModel):
    result = predicted(model, labelled(tmp_path, 60))
    for row in range(60):
        alone = run(predict(model, PredictionRequest(model.info.sha256, result.data.input_of(row))))
        logits = {one.index: one.logit for one in alone.classes}
        np.testing.assert_allclose(result.logits[row], [logits[i] for i in range(len(logits))], **ALIKE)
        assert result.predicted[row] == alone.predicted.index
        np.testing.assert_allclose(result.probability[row], alone.predicted.probability, **ALIKE)
    assert result.complete
    assert result.cost.forward == 60


def test_pairs_are_predicted_as_by_themselves(tmp_path: Path, tiny_bert: TextModel):
    rows = "".join(f"{a},{b},neutral\n" for a, b in zip(texts(20), texts(20, seed=5), strict=True))
    result = predicted(tiny_bert, write(tmp_path, "t.csv", f"premise,hypothesis,label\n{rows}"))
    for row in range(20):
        asked = result.data.input_of(row)
        assert asked.pair
        alone = run(predict(tiny_bert, PredictionRequest(tiny_bert.info.sha256, asked)))
        np.testing.assert_allclose(result.logits[row][alone.predicted.index], alone.predicted.logit, **ALIKE)


def test_the_fast_way_to_tokens_is_the_slow_one(model: TextModel):
    asked = [TextInput(text) for text in (*texts(20), "", " ", "x" * 5000, "zzz unknown", "\ud800 half", "…", "come " * 300)]
    slow = super(type(model), model).encode_many if "encode_many" in vars(type(model)) else model.encode_many
    for fast, one in zip(model.encode_many(asked), slow(asked), strict=True):
        if isinstance(one, UserError):
            assert isinstance(fast, UserError)
            assert fast.message == one.message
        else:
            assert not isinstance(fast, UserError)
            assert (list(fast.ids), dict(fast.extras), fast.cut) == (list(one.ids), dict(one.extras), one.cut)


def test_a_plan_holds_each_row_once_and_pads_nothing():
    lengths = np.random.default_rng(0).integers(0, 12, 3_000)
    plan = BatchPlan(lengths, 64)
    batches = [plan.rows(number) for number in range(len(plan))]
    assert sorted(np.concatenate(batches).tolist()) == np.flatnonzero(lengths).tolist()
    for rows in batches:
        assert len(set(lengths[rows].tolist())) == 1
        assert len(rows) * lengths[rows[0]] <= 64
    assert sum(plan.work(number) for number in range(len(plan))) == lengths.sum()
    again = BatchPlan(lengths, 64)
    assert all(np.array_equal(a, again.rows(number)) for number, a in enumerate(batches))


def test_a_stopped_run_goes_on_to_the_same_predictions(tmp_path: Path, tiny_bert: TextModel, monkeypatch: pytest.MonkeyPatch):
    path = labelled(tmp_path, 200)
    monkeypatch.setattr(passes, "_measured", fixed_size)
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path / "whole"))
    whole = predicted(tiny_bert, path)
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path / "parts"))
    request = PredictionsRequest(tiny_bert.info.sha256, DataSource(path))
    for _ in range(4):
        with closing(predict_rows(Datasets(), tiny_bert, request)) as steps:
            for _ in range(9):
                next(steps)
    parts = predicted(tiny_bert, path)
    assert 0 < parts.resumed < 200
    assert parts.cost.forward == 200 - parts.resumed
    np.testing.assert_array_equal(parts.logits, whole.logits)  # bit for bit
    again = predicted(tiny_bert, path)
    assert (again.resumed, again.cost.forward) == (200, 0)
    np.testing.assert_array_equal(again.logits, whole.logits)


def fixed_size(*_args: object) -> object:
    yield from ()
    return 64


KILLED = """
import sys
from engine.datasets import passes
from engine.datasets.data import Datasets
from engine.datasets.predict import predict_rows
from engine.requests import DataSource, PredictionsRequest
from tests.engine import tiny_models
import torch
torch.set_num_threads(1)
passes.SAVE_SECONDS = 0.0
model = tiny_models.opened(sys.argv[1])
for partial in predict_rows(Datasets(), model, PredictionsRequest(model.info.sha256, DataSource(sys.argv[2]))):
    print(partial.done, flush=True)
"""


@pytest.mark.slow
@pytest.mark.timeout(300)  # each kill costs a start of torch
def test_a_killed_run_goes_on_to_the_same_predictions(
    tmp_path: Path, bert_folder: Path, tiny_bert: TextModel, monkeypatch: pytest.MonkeyPatch
):
    """Killed without warning in the middle of a batch, twice; the plan it began with is kept."""
    path = labelled(tmp_path, 400)
    home = tmp_path / "killed"
    monkeypatch.setattr(passes, "_measured", fixed_size)
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path / "whole"))
    whole = predicted(tiny_bert, path)
    monkeypatch.setenv("NEUROLOUPE_HOME", str(home))
    script = KILLED.replace("passes.SAVE_SECONDS", "passes._measured = lambda *_: (yield from ()) or 64\npasses.SAVE_SECONDS")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p) + os.pathsep + os.getcwd()}
    for steps in (12, 24):
        command = [sys.executable, "-W", "ignore", "-c", script, str(bert_folder), path]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
            assert process.stdout is not None
            for _ in range(steps):
                assert process.stdout.readline()
            process.send_signal(signal.SIGKILL)
    manifest = next((home / "cache" / "predictions").glob("*/manifest.json"))
    kept = json.loads(manifest.read_text())
    assert 0 < kept["finished"] < kept["batches"]
    result = predicted(tiny_bert, path)
    assert 0 < result.resumed < 400
    np.testing.assert_array_equal(result.logits, whole.logits)


def test_what_is_shown_on_the_way_is_true(tmp_path: Path, tiny_bert: TextModel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.datasets.predict._SHOW_SECONDS", 0.0)
    monkeypatch.setattr("engine.datasets.predict._SHARE", 0.0)
    monkeypatch.setattr(passes, "_measured", fixed_size)
    seen: list[PredictionsResult] = []
    request = PredictionsRequest(tiny_bert.info.sha256, DataSource(labelled(tmp_path, 60)))
    done: list[float] = []

    def look(partial: passes.Partial) -> None:
        done.append(partial.fraction or 0.0)
        if isinstance(partial.result, PredictionsResult):
            seen.append(partial.result)

    final = run(predict_rows(Datasets(), tiny_bert, request), look)
    assert len(seen) > 5
    assert done[-1] == 1
    for partial in seen:
        known = ~np.isnan(partial.logits).any(-1)
        assert known.sum() == partial.done == partial.numbers.n
        np.testing.assert_array_equal(partial.logits[known], final.logits[known])
        assert (partial.predicted[~known] == -1).all()
        assert np.isnan(partial.loss[~known]).all()


def test_nothing_is_left_in_the_model(tmp_path: Path, tiny_bert: TextModel):
    request = PredictionsRequest(tiny_bert.info.sha256, DataSource(labelled(tmp_path, 30)))
    for _ in predict_rows(Datasets(), tiny_bert, request):
        assert torch.is_grad_enabled()
        assert not any(module._forward_hooks for module in tiny_bert.network.modules())


def test_rows_that_fail_are_listed_and_the_rest_goes_on(tmp_path: Path, tiny_bert: TextModel, monkeypatch: pytest.MonkeyPatch):
    """Empty ones, one the network breaks on, one it answers with NaN; and one that is too long is cut and said."""
    rows = texts(40)
    rows[3], rows[9], rows[11], rows[20] = "", " ", "once " * 9, "exciting " * 7
    rows[30] = "come " * 200
    path = write(tmp_path, "t.csv", "text,label\n" + "".join(f"{text},neutral\n" for text in rows))
    broken, nan = (tiny_bert.encode(TextInput(rows[at])).ids[0] for at in (11, 20))
    real = type(tiny_bert).logits

    def logits(self: TextModel, embeddings: torch.Tensor, encoding: object, position: int | None = None) -> torch.Tensor:
        ids = encoding.ids  # type: ignore[attr-defined]
        if any(torch.equal(row, broken) for row in ids):
            raise RuntimeError("shape\nmismatch")
        found = real(self, embeddings, encoding, position)  # type: ignore[arg-type]
        found[[torch.equal(row, nan) for row in ids]] = torch.nan
        return found

    monkeypatch.setattr(type(tiny_bert), "logits", logits)
    result = predicted(tiny_bert, path)
    assert result.complete
    assert [skipped.row for skipped in result.skipped] == [3, 9, 11, 20]
    assert result.skipped[0].reason == "The text is empty."
    assert result.skipped[2].reason == "The model cannot compute it (RuntimeError: shape mismatch)."
    assert result.skipped[3].reason == "The model answers with NaN or infinity."
    assert result.numbers.n == 36
    assert result.cut.tolist() == [30]
    assert (result.predicted[[3, 9, 11, 20]] == -1).all()
    kinds = {notice.kind for notice in result.warnings}
    assert {"empty_rows", "cut", "skipped"} <= kinds
    again = predicted(tiny_bert, path)
    assert again.skipped == result.skipped
    assert again.cut.tolist() == [30]


def test_a_batch_that_memory_has_no_room_for_is_halved(tmp_path: Path, tiny_bert: TextModel, monkeypatch: pytest.MonkeyPatch):
    path = labelled(tmp_path, 60)
    whole = predicted(tiny_bert, path)
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path / "again"))
    real = type(tiny_bert).logits

    def logits(self: TextModel, embeddings: torch.Tensor, encoding: object, position: int | None = None) -> torch.Tensor:
        if len(embeddings) > 1:
            raise torch.OutOfMemoryError
        return real(self, embeddings, encoding, position)  # type: ignore[arg-type]

    monkeypatch.setattr(type(tiny_bert), "logits", logits)
    halved = predicted(tiny_bert, path)
    np.testing.assert_allclose(halved.logits, whole.logits, **ALIKE)
    assert not halved.skipped


def test_labels_do_not_cost_a_prediction(tmp_path: Path, tiny_bert: TextModel):
    """Correcting them recomputes nothing; reading other texts does."""
    path = labelled(tmp_path, 30)
    first = predicted(tiny_bert, path)
    other = predicted(tiny_bert, path, labels=("n",))
    assert (first.cost.forward, other.cost.forward) == (30, 0)
    assert first.data.sha256 == other.data.sha256
    assert predicted(tiny_bert, path, text="label", labels=()).cost.forward == 30


def test_damage_on_the_disk_is_computed_again(tmp_path: Path, tiny_bert: TextModel, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "damaged"
    monkeypatch.setenv("NEUROLOUPE_HOME", str(home))
    path = labelled(tmp_path, 30)
    whole = predicted(tiny_bert, path)
    folder = next((home / "cache" / "predictions").iterdir())
    for name, content in (("manifest.json", b'{"header": 1}'), ("manifest.json", b"\xff"), ("values.npy", b"\x93NUMPY")):
        (folder / name).write_bytes(content)
        again = predicted(tiny_bert, path)
        assert again.cost.forward == 30
        np.testing.assert_allclose(again.logits, whole.logits, **ALIKE)


def test_several_labels_and_regression(tmp_path: Path):
    path = write(tmp_path, "t.csv", "text,label\n" + "".join(f"{text},a;c\n" for text in texts(12)) + "last one,\n")
    several = tiny_models.opened(
        tiny_models.write(tmp_path / "m", labels=("a", "b", "c"), problem_type="multi_label_classification")
    )
    result = predicted(several, path)
    likely = 1 / (1 + np.exp(-result.logits.astype(np.float64)))
    truth = np.array([1, 0, 1])
    np.testing.assert_array_equal(result.correct[:12], ((likely >= 0.5) == truth).all(-1)[:12])
    np.testing.assert_allclose(result.loss[:12], -np.log(np.where(truth, likely, 1 - likely)).mean(-1)[:12])
    assert result.correct[12] == -1
    assert result.numbers.confusion is None
    assert [each.support for each in result.numbers.classes] == [12, 0, 12]
    value = tiny_models.opened(tiny_models.write(tmp_path / "r", labels=1))
    numbers = predicted(value, write(tmp_path, "r.csv", "text,score\nnot once,2\nexciting,x\n"))
    np.testing.assert_allclose(numbers.loss, [(numbers.logits[0, 0] - 2) ** 2, np.nan], rtol=1e-6)
    assert numbers.numbers.accuracy is None
    assert numbers.numbers.labelled == 1


def test_models_that_do_not_answer_once_are_refused(tmp_path: Path, tiny_language_model: TextModel, tiny_lstm: TextModel):
    path = labelled(tmp_path, 5)
    with pytest.raises(UserError, match="language model"):
        predicted(tiny_language_model, path)
    pairs = write(tmp_path, "p.csv", "premise,hypothesis\na,b\n")
    with pytest.raises(UserError, match="leave the column “hypothesis” out"):
        predicted(tiny_lstm, pairs)
    assert predicted(tiny_lstm, pairs, pair="").done == 1


def test_tokens_of_a_row_are_found_again(tmp_path: Path, tiny_bert: TextModel):
    data = opened(labelled(tmp_path, 30))
    tokens = run(token_rows(tiny_bert, data))
    for row in range(30):
        ids, extras = tokens.batch(np.array([row]))
        alone = tiny_bert.encode(data.input_of(row))
        assert ids.tolist() == alone.ids.tolist()
        assert {key: value.tolist() for key, value in extras.items()} == {
            key: value.tolist() for key, value in alone.extras.items()
        }


def test_predictions_are_remembered_until_the_file_changes(tmp_path: Path, tiny_bert: TextModel):
    path, datasets = labelled(tmp_path, 20), Datasets()
    request = PredictionsRequest(tiny_bert.info.sha256, DataSource(path))
    first = run(predict_rows(datasets, tiny_bert, request))
    assert run(predict_rows(datasets, tiny_bert, request)) is first
    labelled(tmp_path, 25)
    assert run(predict_rows(datasets, tiny_bert, request)).data.rows == 25
    stale = replace(request, data_sha256=first.data.sha256)
    with pytest.raises(UserError, match="has changed"):
        run(predict_rows(datasets, tiny_bert, stale))
