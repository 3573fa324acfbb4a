"""A corpus on the colours of one cell, read back from every kind of file."""

import csv
import io
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cell_names import Cell
from engine.command_line import corpus_cells_command
from engine.commands import main
from engine.detective import CorpusTextResult
from engine.errors import UserError
from engine.export import corpus_files
from engine.export.corpus_files import CORPUS_KINDS, ROUNDED, corpus_to_csv, corpus_to_json, corpus_to_npz
from engine.jobs import run
from engine.recurrent.corpus_text import corpus_text
from engine.recurrent.session import Sessions
from engine.requests import CorpusTextRequest, Scanned
from tests.engine import tiny_models

VOCABULARY = ("<unk>", *"abcdefgh \n=")
TEXTS = {"a.txt": "=abc def\n", "b.txt": "hgfe dcba"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module", params=[False, True], ids=["one way", "both ways"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    both = {"bidirectional": True} if request.param else {}
    folder = tmp_path_factory.mktemp("model") / "model"
    if both:
        return tiny_models.write_recurrent(folder, vocabulary=VOCABULARY, tokeniser="char", padding=None, **both)
    return tiny_models.write_language_model(folder, VOCABULARY, tokeniser="char", padding=None, hidden_size=5, layers=2)


@pytest.fixture(scope="module")
def result(model: Path, corpus: Path) -> CorpusTextResult:
    opened = tiny_models.opened(model)
    request = CorpusTextRequest(opened.info.sha256, Scanned((str(corpus),)), "cell_state", Cell(0, 3))
    return run(corpus_text(Sessions(), opened, request))


def test_arrays_are_those_of_the_command_line(result: CorpusTextResult, model: Path, corpus: Path, tmp_path: Path):
    out = tmp_path / "exact.npz"
    words = shlex.split(corpus_cells_command(result, str(out)))
    assert words[words.index("cells") + 1 :][:3] == [str(model), "--corpus", str(corpus)]
    assert main(words[words.index("cells") :], lambda *_: None) == 0
    with np.load(out, allow_pickle=False) as exact, np.load(io.BytesIO(corpus_to_npz(result)), allow_pickle=False) as found:
        assert set(found) == set(exact)
        for name in set(exact) - {"meta", "cell_state"}:
            np.testing.assert_array_equal(found[name], exact[name], name)
            assert found[name].dtype == exact[name].dtype, name
        assert found["cell_state"].shape == exact["cell_state"].shape
        np.testing.assert_allclose(found["cell_state"], exact["cell_state"], atol=2e-4)
        meta, known = (json.loads(file["meta"].tobytes()) for file in (found, exact))
    assert (meta["files"], meta["unit"]) == (known["files"], known["unit"])
    assert meta["warnings"][0] == ROUNDED


def test_digits_are_the_same(result: CorpusTextResult):
    rows = list(csv.reader(io.StringIO(corpus_to_csv(result).decode())))
    read: dict[str, Any] = json.loads(corpus_to_json(result))
    assert rows[0] == ["file", "index", "text", "id", "start", "end", "cell_state 0:3"]
    np.testing.assert_array_equal(np.array([row[-1] for row in rows[1:]], np.float32), result.values)
    np.testing.assert_array_equal(np.array(read["values"], np.float32), result.values)
    assert [int(row[3]) for row in rows[1:]] == read["token_ids"]
    assert rows[1][:3] == ["a.txt", "0", "'="], "dead in a spreadsheet"
    for name, text in TEXTS.items():
        own = [row for row in rows[1:] if row[0] == name]
        assert "".join(row[2].removeprefix("'") for row in own) == text
        assert [text[int(row[4]) : int(row[5])] for row in own] == list(text)
    assert (read["unit"], read["quantity"]) == ({"layer": 0, "index": 3, "direction": 0}, "cell_state")
    assert read["corpus"]["positions"] == len(result.values)


@pytest.mark.parametrize("write", [CORPUS_KINDS[".csv"], CORPUS_KINDS[".json"]])
def test_too_many_for_digits(
    result: CorpusTextResult, write: Callable[[CorpusTextResult], bytes], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(corpus_files, "MOST_WRITTEN_OUT", 10)
    with pytest.raises(UserError, match=r"18 positions, too many for digits; save a file ending in \.npz"):
        write(result)
