"""The cell detective: scanning beside a bare forward pass, ranking and null over a million positions, memory."""

import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from bench import Row, benchmark, seconds
from engine.corpora.corpus import Corpus, CorpusFile, open_corpus
from engine.devices import leave_a_core_free
from engine.jobs import run
from engine.models.model import TextModel
from engine.models.opening import open_model
from engine.models.recurrent import RecurrentNetwork, save
from engine.models.recurrent_spec import RecurrentSpec
from engine.recurrent.contexts import TopContexts
from engine.recurrent.controls import positives
from engine.recurrent.hypotheses import Hypothesis
from engine.recurrent.labels import Labelled, Split
from engine.recurrent.layout import layout_of
from engine.recurrent.plan import Plan
from engine.recurrent.reading import ReadFile, Reading, read_corpus
from engine.recurrent.scan import scan
from engine.recurrent.statistics import Rotated, auc_of, chosen_in_blocks, histograms, null_of
from engine.recurrent.store import Rows, Store
from engine.requests import OpenModelRequest

UNITS, FILES, TOKENS = 1024, 100, 10_000  # a million positions
SHIFTS = 200


@benchmark
def scanning_hidden_states() -> Iterator[Row]:
    leave_a_core_free()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = _language_model(folder / "model")
        reading = run(read_corpus(model, run(open_corpus([str(_texts(folder / "texts", 64, 4_096))])), folder))
        layout, turn = layout_of(model, ["hidden_state"]), iter(range(1_000))
        plan = layout.plan([file.tokens for file in reading.files])

        def ours() -> None:
            run(scan(model, reading, layout, folder / f"scan-{next(turn)}"))

        @torch.no_grad()
        def bare() -> None:
            for chunk in range(plan.chunks):
                ids = np.stack([reading.ids[reading.files[p.file].first + p.start :][: p.length] for p in plan.pieces(chunk)])
                model.run_tokens(torch.from_numpy(ids.astype(np.int64)))

        scanning, forward = seconds(ours, bare, repeats=3)
        figures = f"{reading.positions / scanning:,.0f} and {reading.positions / forward:,.0f} characters/s, LSTM 2 × 512"
        yield Row("corpus scan of hidden states ÷ bare forward, throughput", forward / scanning, at_least=0.85, figures=figures)


@benchmark
def top_contexts() -> Iterator[Row]:
    leave_a_core_free()
    batches = [torch.randn(4_096, 1_024) for _ in range(64)]
    stream = [(number, batches[number]) for number in range(64)]

    def kept() -> object:
        best = TopContexts(1_024, 32)
        for number, values in stream:
            best.update(values, np.arange(number * 4_096, (number + 1) * 4_096))
        return best.values

    def cat_and_topk() -> None:
        best = torch.empty(0, 1_024)
        for _, values in stream:
            best = torch.cat((best, values)).topk(min(32, len(best) + len(values)), dim=0).values

    def read_once() -> None:
        for _, values in stream:
            values.amax(dim=0)

    ours, theirs, pass_ = seconds(kept, cat_and_topk, read_once, repeats=3)
    yield Row("streaming top contexts ÷ cat + topk", ours / theirs, at_most=0.2, figures=f"{ours:.2f} s, {theirs:.2f} s")
    yield Row("streaming top contexts ÷ one amax pass", ours / pass_, at_most=6, figures=f"one pass {pass_:.3f} s")


@benchmark
def ranking_a_million_positions() -> Iterator[Row]:
    leave_a_core_free()
    with tempfile.TemporaryDirectory() as name:
        store = _made_store(Path(name))
        split = Split.of(store.reading, 0.5, [True] * FILES)
        positive = _runs_of_labels()
        labelled = Labelled(Hypothesis("made", False, lambda *_: None), positive, None, (True,) * FILES, b"")
        for number in range(len(store.runs)):
            store.coarse(number).max()  # in the page cache, as after a scan
        start = time.perf_counter()
        total = run(histograms(store, chosen_in_blocks(store, split, testing=False)))
        auc_of(run(positives(store, split, labelled, total)), total)
        cold = time.perf_counter() - start
        start = time.perf_counter()
        auc_of(run(positives(store, split, labelled, total)), total)
        warm = time.perf_counter() - start
        tracemalloc.start()
        start = time.perf_counter()
        run(null_of(store, Rotated(split, positive, SHIFTS, 0), total))
        null = time.perf_counter() - start
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        share = f"{100 * positive.mean():.0f} % positive, the first half of every file ranks"
        yield Row(f"ranking {UNITS} units over 1 M positions, cold", cold, at_most=3, unit="s", figures=share)
        yield Row(f"ranking {UNITS} units over 1 M positions, warm", warm, at_most=0.3, unit="s", figures="another pattern")
        figures = f"{SHIFTS} shifts, {1e-6 * peak:.0f} MB of arrays at most"
        yield Row(f"null of {UNITS} units over 1 M positions", null, at_most=15, unit="s", figures=figures)


@benchmark
def memory_of_a_scan() -> Iterator[Row]:
    """Arrays at most, four times the text for the same model; torch's own are the same for every chunk."""
    leave_a_core_free()
    peaks = []
    for files in (64, 256):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            model = _language_model(folder / "model", hidden=32)
            corpus = run(open_corpus([str(_texts(folder / "texts", files, 4_096))]))
            tracemalloc.start()
            reading = run(read_corpus(model, corpus, folder))
            run(scan(model, reading, layout_of(model, ["hidden_state"]), folder / "scan"))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    figures = " and ".join(f"{1e-6 * peak:.1f} MB" for peak in peaks)
    yield Row("memory of a scan, four times the text", peaks[1] / peaks[0], at_most=1.15, figures=figures)


def _language_model(folder: Path, hidden: int = 512) -> TextModel:
    vocabulary = [chr(code) for code in range(32, 127)]
    spec = RecurrentSpec(
        "lstm", "causal_lm", hidden, (95,), layers=2, embedding_size=64, tokeniser="char", unknown=None, padding=None
    )
    save(folder, spec, RecurrentNetwork(spec, 95).state_dict(), vocabulary)
    return run(open_model(OpenModelRequest(str(folder))))


def _texts(folder: Path, files: int, characters: int) -> Path:
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(files):
        (folder / f"{number}.txt").write_bytes(random.integers(32, 127, characters, dtype=np.uint8).tobytes())
    return folder


def _made_store(folder: Path) -> Store:
    files = tuple(CorpusFile(f"/{n}", str(n), str(n), TOKENS) for n in range(FILES))
    read = tuple(ReadFile(file, n * TOKENS, TOKENS) for n, file in enumerate(files))
    start = np.tile(np.arange(TOKENS, dtype=np.uint32), FILES)
    reading = Reading(Corpus((), files, ""), read, np.zeros(len(start), np.int32), start, start + np.uint32(1), ())
    plan = Plan([TOKENS] * FILES, 64, 128, 65_536)
    store = Store(folder / "scan", reading, plan, [Rows("hidden_state", 0, 0, UNITS, "signed", 0)], {}, fine=False)
    random = np.random.default_rng(0)
    for block in plan.blocks:
        store.append(random.integers(0, 65_536, (UNITS, block.positions), dtype=np.uint16), {})
    return store


def _runs_of_labels() -> np.ndarray:
    """As quotes are: runs of some ten positions, an eighth of the whole."""
    random = np.random.default_rng(1)
    switches = np.sort(random.choice(UNITS * 1_000, 24_000, replace=False))
    edges = np.zeros(FILES * TOKENS, bool)
    edges[switches[switches < len(edges)]] = True
    return (np.cumsum(edges) % 8) == 1
