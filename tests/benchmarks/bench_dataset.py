"""Sets of examples: prediction beside bare forward passes, tables of many rows opened, sorted and searched, memory."""

import csv
import itertools
import json
import os
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from bench import Row, benchmark, seconds
from engine.dataset_results import Dataset, PredictionsResult
from engine.datasets.data import Datasets, open_dataset
from engine.datasets.passes import token_rows
from engine.datasets.plan import BatchPlan
from engine.datasets.predict import predict_rows
from engine.datasets.row_store import RowStore
from engine.datasets.select import select
from engine.devices import leave_a_core_free
from engine.jobs import run
from engine.models.model import Encoding, TextModel
from engine.models.opening import open_model
from engine.requests import ColumnFilter, DataSource, OpenModelRequest, PredictionsRequest, Selection
from engine.results import TokenizedText

ROWS = {"movie-sentiment": 2_000, "news-bilstm": 20_000}
MANY, A_MILLION = 100_000, 1_000_000
WORDS = (
    "the a film of in and story that is with an it plot acting scenes moving dull wonderful never once exciting characters "
    "audience director ending music city war team market science company game president shares award second year"
)


@benchmark
def prediction() -> Iterator[Row]:
    """The whole job — reading, cutting into tokens, keeping — beside nothing but forward passes over ready batches."""
    leave_a_core_free()
    for name, rows in ROWS.items():
        with tempfile.TemporaryDirectory() as folder:
            model = run(open_model(OpenModelRequest(name)))
            path = _written(Path(folder) / "t.csv", rows, model.info.labels)
            data = run(open_dataset(DataSource(path)))
            ours = _job(model, path, folder)
            ours()
            same, padded = _bare(model, data, _tokens_of_a_batch(folder)), _padded(model, data)
            job, plain, usual = seconds(ours, same, padded, repeats=3)
            figures = f"{rows / job:,.0f} and {rows / plain:,.0f} rows/s; in padded batches of 32 {rows / usual:,.0f}"
            what = f"prediction of {rows:,} rows ÷ bare forward, throughput, {name}"
            yield Row(what, plain / job, at_least=0.9 if name == "movie-sentiment" else None, figures=figures)
            del os.environ["NEUROLOUPE_HOME"]


def _job(model: TextModel, path: str, folder: str) -> Callable[[], None]:
    """Each time as if it were the first."""
    turn = itertools.count()

    def predicted() -> None:
        os.environ["NEUROLOUPE_HOME"] = f"{folder}/{next(turn)}"
        run(predict_rows(Datasets(), model, PredictionsRequest(model.info.sha256, DataSource(path))))

    return predicted


def _tokens_of_a_batch(folder: str) -> int:
    manifest = next((Path(folder) / "0" / "cache" / "predictions").glob("*/manifest.json"))
    return int(json.loads(manifest.read_text())["tokens"])


def _bare(model: TextModel, data: Dataset, size: int) -> Callable[[], None]:
    """The very batches of the job."""
    tokens = run(token_rows(model, data))
    plan = BatchPlan(tokens.lengths, size)
    ready = []
    for number in range(len(plan)):
        ids, extras = tokens.batch(plan.rows(number))
        given = {key: torch.from_numpy(value) for key, value in extras.items()}
        ready.append((torch.from_numpy(ids), given))

    @torch.no_grad()
    def forward() -> None:
        for ids, extras in ready:
            model.logits(model.embed(ids), Encoding(TokenizedText("", ()), ids, ids[0] < 0, extras))

    return forward


def _padded(model: TextModel, data: Dataset) -> Callable[[], None]:
    """As a script would have it: sorted by length, 32 together, filled up to the longest of them."""
    tokens = run(token_rows(model, data))
    order = np.argsort(tokens.lengths, kind="stable")
    ready = []
    for start in range(0, len(order), 32):
        rows = order[start : start + 32]
        longest = int(tokens.lengths[rows].max())
        ids = np.zeros((len(rows), longest), np.int64)
        for at, row in enumerate(rows):
            own = tokens.ids[tokens.first[row] : tokens.first[row + 1]]
            ids[at, : len(own)] = own
        mask = np.arange(longest) < tokens.lengths[rows][:, None]
        extras = {"attention_mask": torch.from_numpy(mask.astype(np.int64))} if "attention_mask" in tokens.extras else {}
        ready.append((torch.from_numpy(ids), extras))

    @torch.no_grad()
    def forward() -> None:
        for ids, extras in ready:
            model.logits(model.embed(ids), Encoding(TokenizedText("", ()), ids, ids[0] < 0, extras))

    return forward


@benchmark
def many_rows() -> Iterator[Row]:
    """A table as the window has it: opened, sorted and searched by columns of the data and of the predictions."""
    with tempfile.TemporaryDirectory() as folder:
        path = _written(Path(folder) / "t.csv", MANY, ("negative", "neutral", "positive"))
        (opening,) = seconds(lambda: run(open_dataset(DataSource(path))), repeats=3)
        yield Row("100,000 rows opened", opening, at_most=2.0, unit="s")
        data = run(open_dataset(DataSource(path)))
        predictions = _made(data)
        asked = {
            "sorted by text": Selection(order=(("text", False),)),
            "sorted by loss": Selection(order=(("loss", True),)),
            "searched by a regular expression": Selection((ColumnFilter("text", pattern=r"\bnever (once|the)\b"),)),
            "errors of a class above 0.9": Selection(
                (ColumnFilter("correct", ("no",)), ColumnFilter("true", ("neutral",)), ColumnFilter("probability", minimum=0.9))
            ),
        }
        for what, selection in asked.items():
            (spent,) = seconds(lambda selection=selection: select(data, predictions, selection), repeats=5)
            yield Row(f"100,000 rows {what}", 1000 * spent, at_most=50, unit="ms")
        (cells,) = seconds(lambda: [data.table.row(row) for row in range(0, MANY, MANY // 50)], repeats=5)
        yield Row("50 rows of the table drawn", 1000 * cells, at_most=5, unit="ms")


@benchmark
def a_million_rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = _written(Path(folder) / "t.csv", A_MILLION, ("negative", "neutral", "positive"))
        size = Path(path).stat().st_size
        (opening,) = seconds(lambda: run(open_dataset(DataSource(path))), repeats=1, warm_up=0)
        data = run(open_dataset(DataSource(path)))
        packed = sum(data.table.series(column).estimated_size() for column in data.table.columns)
        yield Row("a million rows opened", opening, at_most=15, unit="s", figures=f"{size / 1e6:.0f} MB")
        yield Row("a million rows in memory ÷ on disk", packed / size, at_most=1.5, figures=f"{packed / 1e6:.0f} MB")
        tracemalloc.start()
        longest = 0.0
        steps = open_dataset(DataSource(path))
        last = time.perf_counter()
        for _ in steps:
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
        yield Row("a million rows: longest step", longest, at_most=1.0, unit="s", figures="with memory traced")
        tracemalloc.stop()
        (search,) = seconds(lambda: select(data, None, Selection((ColumnFilter("text", pattern="never once"),))), repeats=3)
        yield Row("a million rows searched", search, at_most=0.5, unit="s")
        with RowStoreHome(folder):
            store = RowStore("bench", {"a": 1}, A_MILLION, 3)
            (begun,) = seconds(lambda: store.begin(1024, 1, (), ()), repeats=3)
            yield Row("store of a million rows begun", begun, at_most=1.0, unit="s")


class RowStoreHome:
    """The cache, elsewhere."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        os.environ["NEUROLOUPE_HOME"] = self._folder

    def __exit__(self, *_: object) -> None:
        del os.environ["NEUROLOUPE_HOME"]


def _written(path: Path, rows: int, labels: tuple[str, ...]) -> str:
    """Texts of 6 … 40 words."""
    draw, words = np.random.default_rng(0), np.array(WORDS.split())
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "year"])
        for start in range(0, rows, 10_000):
            lengths = draw.integers(6, 41, min(10_000, rows - start))
            picked = words[draw.integers(0, len(words), int(lengths.sum()))]
            ends = np.cumsum(lengths)
            chosen = draw.integers(0, len(labels), len(lengths))
            years = draw.integers(1950, 2026, len(lengths))
            writer.writerows(
                (" ".join(picked[end - length : end]), labels[label], year)
                for end, length, label, year in zip(ends, lengths, chosen, years, strict=True)
            )
    return str(path)


def _made(data: Dataset) -> PredictionsResult:
    """Random logits."""
    from engine.datasets.numbers import NOTHING
    from engine.datasets.outcomes import of_classes
    from engine.results import Cost

    info = run(open_model(OpenModelRequest("movie-sentiment"))).info
    draw = np.random.default_rng(0)
    logits = (3 * draw.standard_normal((data.rows, 3))).astype(np.float32)
    true = draw.integers(0, 3, data.rows).astype(np.int32)
    found = of_classes(logits, true)
    return PredictionsResult(
        request=PredictionsRequest(info.sha256, data.source),
        model=info,
        data=data,
        logits=logits,
        true=true,
        predicted=found.predicted,
        probability=found.probability,
        loss=found.loss,
        margin=found.margin,
        correct=found.correct,
        numbers=NOTHING,
        cut=np.zeros(0, np.int64),
        matches=(),
        skipped=(),
        cost=Cost(0, 0, 0.0, "cpu"),
        done=data.rows,
    )
