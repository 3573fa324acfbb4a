"""A corpus as one text: what a cell did there is what it does when each file is read by itself."""

from pathlib import Path

import numpy as np
import pytest

from engine.cells import Cell
from engine.detective import CorpusTextResult
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.recurrent.corpus_text import corpus_text
from engine.recurrent.read import read_cells
from engine.recurrent.session import Sessions
from engine.requests import CellsRequest, CorpusTextRequest, Scanned, TextInput
from tests.engine.recurrent.planted import FLAG, planted

TEXTS = {"a.txt": 'ab"xy"abxab', "b.txt": 'xy"ab'}


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return planted(tmp_path / "planted")


@pytest.fixture(autouse=True)
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return str(folder)


def asked(sessions: Sessions, model: TextModel, scanned: Scanned, quantity: str, index: int = FLAG) -> CorpusTextResult:
    return run(corpus_text(sessions, model, CorpusTextRequest(model.info.sha256, scanned, quantity, Cell(0, index))))


@pytest.mark.parametrize("quantity", ["hidden_state", "cell_state", "forget_gate"])
def test_values_are_those_of_each_file_read_alone(model: TextModel, corpus: str, quantity: str) -> None:
    result = asked(Sessions(), model, Scanned((corpus,)), quantity)
    for file in result.files:
        text = TEXTS[file.name]
        assert result.input.text[file.start : file.end] == text
        alone = run(read_cells(model, CellsRequest(model.info.sha256, TextInput(text))))
        own = slice(file.first, file.first + file.tokens)
        np.testing.assert_allclose(result.values[own], alone.track(quantity, Cell(0, FLAG)), atol=2e-4)
        assert [token.text for token in result.input.tokens[own]] == [token.text for token in alone.input.tokens]
    assert result.layers == alone.layers
    held = np.zeros(len(result.input.text), bool)
    for token in result.input.tokens:
        assert result.input.text[token.start : token.end] == token.text
        held[token.start : token.end] = True
    apart = "".join(c for c, on in zip(result.input.text, held, strict=True) if not on)
    assert apart.split() == ["──", "a.txt", "──", "──", "b.txt", "──"]
    assert result.place_of("b.txt", 2) == result.files[1].start + 2
    assert result.place_of("b.txt", 5) == -1
    first, second = result.files[0], result.files[1]
    held = {first: (0, first.start, first.end - 1, second.start - 1), second: (second.start, second.end - 1)}
    for file, places in held.items():
        assert [result.file_at(at) for at in places] == [file] * len(places), "headings belong to what is above them"


def test_another_cell_is_another_track_on_the_same_text(model: TextModel, corpus: str) -> None:
    sessions = Sessions()
    first = asked(sessions, model, Scanned((corpus,)), "cell_state")
    second = asked(sessions, model, Scanned((corpus,)), "tanh_cell_state")
    assert second.input is first.input
    np.testing.assert_allclose(second.values, np.tanh(first.values), rtol=1e-6)


def test_a_text_is_cut_where_the_reading_was(model: TextModel, corpus: str) -> None:
    result = asked(Sessions(), model, Scanned((corpus,), limit=7), "hidden_state")
    assert len(result.values) == len(result.input.tokens) == sum(file.tokens for file in result.files) == 7
    assert result.input.text.endswith(result.input.tokens[-1].text)
    assert any("Read 7 positions" in notice.message for notice in result.warnings)


def test_what_the_scan_does_not_hold(model: TextModel, corpus: str) -> None:
    with pytest.raises(UserError, match="no forget_gate"):
        asked(Sessions(), model, Scanned((corpus,), ("hidden_state",)), "forget_gate")
    with pytest.raises(UserError, match="0:9999"):
        asked(Sessions(), model, Scanned((corpus,)), "hidden_state", 9999)
