"""Corpus scans: what lies on disk is what the model did, and interruptions leave no trace."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.cells import QUANTITIES
from engine.corpora.corpus import open_corpus
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.recurrent.disk import reserve
from engine.recurrent.layout import layout_of
from engine.recurrent.reading import Reading, read_corpus
from engine.recurrent.recorder import record
from engine.recurrent.scan import ENDS, KEPT_CONTEXTS, reinitialised, scan
from engine.recurrent.store import MANIFEST, Store
from tests.engine import tiny_models

VOCABULARY = ("<unk>", *"abcdefgh \n")
LENGTHS = (700, 3, 150, 1, 400, 128, 129)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number, length in enumerate(LENGTHS):
        (folder / f"{number}.txt").write_text("".join(random.choice(list(VOCABULARY[1:]), length)), encoding="utf-8")
    return folder


def model(tmp_path: Path, **changes: Any) -> TextModel:
    known = {"tokeniser": "char", "padding": None, "hidden_size": 6, "layers": 2}
    return tiny_models.opened(tiny_models.write_language_model(tmp_path / "model", VOCABULARY, **(known | changes)))


def read(model: TextModel, corpus: Path, tmp_path: Path, limit: int | None = None) -> Reading:
    return run(read_corpus(model, run(open_corpus([str(corpus)])), tmp_path, limit))


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.recurrent.layout._MOST_POSITIONS", 300)
    monkeypatch.setattr("engine.recurrent.layout.LANES", 3)
    monkeypatch.setattr("engine.recurrent.layout.CHUNK", 32)
    monkeypatch.setattr("engine.recurrent.layout.WINDOW", 32)


def exact(model: TextModel, reading: Reading, store: Store, row: int) -> np.ndarray:
    """One unit over the corpus, every file recorded whole."""
    quantity, cell = store.unit(row)
    parts = []
    for file in reading.files:
        ids = torch.from_numpy(np.array(reading.ids[file.first : file.first + file.tokens], np.int64))[None]
        width = 32 if model.network.rnn.bidirectional else len(ids[0])
        for window in ids.split(width, dim=1):
            found = record(model.network.rnn, model.network.embed(window)).quantities[quantity]
            parts.append(found[cell.layer, cell.direction, 0, :, cell.index].numpy())
    return np.concatenate(parts)


@pytest.mark.parametrize(
    "changes",
    [{}, {"architecture": "gru"}, {"architecture": "rnn"}, {"bidirectional": True}, {"projection": 3}, {"embedding_size": None}],
    ids=str,
)
@pytest.mark.parametrize("states_alone", [False, True])
def test_what_is_stored_is_what_the_cells_did(tmp_path: Path, corpus: Path, changes: dict[str, Any], states_alone: bool):
    own = model(tmp_path, **changes)
    reading = read(own, corpus, tmp_path)
    layout = layout_of(own, ["hidden_state"] if states_alone else [])
    assert layout.quantities == (("hidden_state",) if states_alone else QUANTITIES[own.info.recurrent[0].kind])
    store = run(scan(own, reading, layout, tmp_path / "scan"))
    assert store.complete
    assert len(store.plan.blocks) > 2
    for row in range(0, store.rows, 5):
        wanted, scale = exact(own, reading, store, row), store.scale(row)
        step = (1 + np.abs(wanted)) ** 2 / 65_535 if scale.name == "soft" else 1 / 65_535
        assert (np.abs(scale.values(store.track(row)) - wanted) <= step + 2e-6).all(), store.unit(row)


def test_kept_contexts_are_those_of_a_full_sort(tmp_path: Path, corpus: Path):
    own = model(tmp_path)
    reading = read(own, corpus, tmp_path)
    store = run(scan(own, reading, layout_of(own, []), tmp_path / "scan"))
    best = store.state()
    for row in range(0, store.rows, 7):
        values = exact(own, reading, store, row)
        for end, sign in zip(ENDS, (1, -1), strict=True):
            np.testing.assert_allclose(best[f"{end}_values"][row], np.sort(-sign * values)[:KEPT_CONTEXTS] * -1, atol=2e-6)
            found = values[best[f"{end}_positions"][row]]
            np.testing.assert_allclose(found * sign, best[f"{end}_values"][row], atol=2e-6)


@pytest.mark.parametrize("interruptions", [1, 3, 100])
def test_a_scan_taken_up_again_is_the_same_bit_for_bit(tmp_path: Path, corpus: Path, interruptions: int):
    own = model(tmp_path)
    reading = read(own, corpus, tmp_path)
    layout = layout_of(own, [])
    whole = run(scan(own, reading, layout, tmp_path / "whole"))
    broken = tmp_path / "broken"
    for _ in range(interruptions):
        steps = scan(own, reading, layout, broken)
        for _ in range(14):
            if next(steps, None) is None:
                break
        steps.close()
    again = run(scan(own, reading, layout, broken))
    assert files(again) == files(whole)


def files(store: Store) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.folder.iterdir() if path.suffix == ".npy"}


def test_a_finished_scan_is_not_repeated(tmp_path: Path, corpus: Path):
    own = model(tmp_path)
    reading = read(own, corpus, tmp_path)
    run(scan(own, reading, layout_of(own, []), tmp_path / "scan"))
    assert list(scan(own, reading, layout_of(own, []), tmp_path / "scan")) == []


@pytest.mark.parametrize("damage", ["manifest", "truncated", "missing"])
def test_what_is_damaged_is_scanned_again(tmp_path: Path, corpus: Path, damage: str):
    own = model(tmp_path)
    reading = read(own, corpus, tmp_path)
    store = run(scan(own, reading, layout_of(own, []), tmp_path / "scan"))
    before, block = files(store), store.folder / "00001-coarse.npy"
    if damage == "manifest":
        (store.folder / MANIFEST).write_text('{"header": {}')
    elif damage == "truncated":
        os.truncate(block, 200)
    else:
        block.unlink()
    assert files(run(scan(own, reading, layout_of(own, []), tmp_path / "scan"))) == before


def test_a_full_disk_leaves_what_was_finished(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch):
    own = model(tmp_path)
    reading = read(own, corpus, tmp_path)
    layout = layout_of(own, [])
    whole = files(run(scan(own, reading, layout, tmp_path / "whole")))
    write = np.save

    def full(file: Any, content: np.ndarray) -> None:
        if len(list((tmp_path / "scan").glob("*-coarse.npy"))) == 2:
            file.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        write(file, content)

    with monkeypatch.context() as patched:
        patched.setattr(np, "save", full)
        with pytest.raises(UserError, match="disk is full") as caught:
            run(scan(own, reading, layout, tmp_path / "scan"))
    assert caught.value.kind == "disk_full"
    left = json.loads((tmp_path / "scan" / MANIFEST).read_text())
    assert left["finished"] == 1  # of the second block only one half was written
    assert not list((tmp_path / "scan").glob(".draft*"))
    assert files(run(scan(own, reading, layout, tmp_path / "scan"))) == whole


def test_a_write_cut_short_is_a_full_disk(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch):
    """NumPy raises it without an error number."""

    def short(*_: Any) -> None:
        raise OSError("33619968 requested and 2047872 written")

    own = model(tmp_path)
    reading = read(own, corpus, tmp_path)
    monkeypatch.setattr(np, "save", short)
    with pytest.raises(UserError, match="what was scanned so far is kept"):
        run(scan(own, reading, layout_of(own, []), tmp_path / "scan"))


def test_room_is_taken_before_a_file_is_mapped(tmp_path: Path):
    with (tmp_path / "f").open("w+b") as file:
        reserve(file, 8192)
    status = (tmp_path / "f").stat()
    assert (status.st_size, status.st_blocks * 512 >= 8192 or not hasattr(os, "posix_fallocate")) == (8192, True)


def test_a_full_disk_is_found_out_beforehand(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch):
    own = model(tmp_path)
    reading = read(own, corpus, tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(UserError, match=r"needs \d+\.\d kB on the disk and 0\.0 kB are free; free some space"):
        run(scan(own, reading, layout_of(own, []), tmp_path / "scan"))


def test_a_corpus_read_anew_leaves_those_who_still_have_it(tmp_path: Path, corpus: Path):
    """A file that is mapped and then cut short ends the process on the next look at it: here it would be this one."""
    own, opened = model(tmp_path), run(open_corpus([str(corpus)]))
    first = run(read_corpus(own, opened, tmp_path))
    before = first.ids.copy()
    steps = read_corpus(own, opened, tmp_path, 10)
    next(steps)
    np.testing.assert_array_equal(first.ids, before)
    steps.close()
    assert run(read_corpus(own, opened, tmp_path, 10)).positions == 10
    np.testing.assert_array_equal(first.ids, before)
    assert not list(tmp_path.glob(".draft*"))


def test_the_model_is_as_it_came_at_every_step(tmp_path: Path, corpus: Path):
    own = model(tmp_path)
    reading = read(own, corpus, tmp_path)
    weights = {name: value.clone() for name, value in own.network.state_dict().items()}
    for _ in scan(own, reading, layout_of(own, []), tmp_path / "scan"):
        assert torch.is_grad_enabled()
        assert "forward" not in vars(own.network.rnn)
    assert all(torch.equal(value, weights[name]) for name, value in own.network.state_dict().items())


def test_an_untrained_network_has_other_weights_of_the_same_kind(tmp_path: Path):
    own = model(tmp_path)
    first, second, third = (reinitialised(own, seed) for seed in (1, 1, 2))
    for name, value in first.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name])
        assert not torch.equal(value, third.network.state_dict()[name])
        assert not torch.equal(value, own.network.state_dict()[name])
    bound = 6**-0.5
    assert all(p.abs().max() <= bound for p in first.network.rnn.parameters())


def test_a_limit_takes_a_sample_and_says_so(tmp_path: Path, corpus: Path):
    own = model(tmp_path)
    reading = read(own, corpus, tmp_path, limit=200)
    assert reading.positions == 200
    assert [notice.kind for notice in reading.warnings] == ["cut"]
    assert read(own, corpus, tmp_path, limit=10_000).warnings == ()


def test_characters_outside_the_vocabulary(tmp_path: Path, corpus: Path):
    own = model(tmp_path, unknown=None)
    (corpus / "0.txt").write_text("abc zebra" * 30, encoding="utf-8")
    reading = read(own, corpus, tmp_path)
    assert [notice.kind for notice in reading.warnings] == ["unknown"]
    assert "60 pieces" in reading.warnings[0].message
    own_file = reading.files[0]
    assert own_file.tokens == 7 * 30
    assert list(reading.start[:7]) == [0, 1, 2, 3, 5, 6, 8]
    for path in corpus.iterdir():
        path.write_text("zzz")
    with pytest.raises(UserError, match="outside the model's vocabulary"):
        read(own, corpus, tmp_path)


def test_what_is_read_as_the_unknown_is_said(tmp_path: Path, corpus: Path):
    own = model(tmp_path)
    (corpus / "0.txt").write_text("abc zebra" * 30, encoding="utf-8")
    reading = read(own, corpus, tmp_path)
    assert [notice.message for notice in reading.warnings] == [
        f"60 pieces ({100 * 60 / reading.positions:.2g} %) are outside the model's vocabulary and were read as the unknown."
    ]
    for path in corpus.iterdir():
        path.write_text("zzza")
    with pytest.raises(UserError, match="outside the model's vocabulary"):
        read(own, corpus, tmp_path)


def test_words_are_read_as_the_model_reads_them(tmp_path: Path, corpus: Path):
    own = model(tmp_path, tokeniser="word", lowercase=True)
    text = "Ab a  h, b"
    for path in corpus.iterdir():
        path.write_text(text)
    reading = read(own, corpus, tmp_path)
    unknown = VOCABULARY.index("<unk>")
    assert list(reading.ids[:5]) == [unknown, VOCABULARY.index("a"), VOCABULARY.index("h"), unknown, VOCABULARY.index("b")]
    assert [text[a:b] for a, b in zip(reading.start[:5], reading.end[:5], strict=True)] == ["Ab", "a", "h", ",", "b"]


def test_models_that_read_no_corpora_say_so(tiny_bert: TextModel):
    with pytest.raises(UserError, match="no recurrent layers"):
        layout_of(tiny_bert, [])


def test_a_quantity_that_is_not_there(tmp_path: Path):
    with pytest.raises(UserError, match="forget_gate"):
        layout_of(model(tmp_path), ["reset_gate"])
