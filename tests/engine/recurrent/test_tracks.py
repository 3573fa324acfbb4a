"""Cells over a corpus, as arrays in a file."""

import errno
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.commands import main
from engine.errors import UserError
from engine.jobs import run
from engine.recurrent.recorder import record
from engine.recurrent.tracks import DOING, write_tracks
from engine.requests import Scanned, TracksRequest
from tests.engine import tiny_models

VOCABULARY = ("<unk>", *"abcdefgh \n")
LENGTHS = (300, 20, 131)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number, length in enumerate(LENGTHS):
        (folder / f"{number}.txt").write_text("".join(random.choice(list(VOCABULARY[1:]), length)))
    return folder


def model(tmp_path: Path, **changes: Any) -> Path:
    known = {"tokeniser": "char", "padding": None, "hidden_size": 6, "layers": 2}
    return tiny_models.write_language_model(tmp_path / "model", VOCABULARY, **(known | changes))


def arrays(tmp_path: Path, folder: Path, corpus: Path, *options: str) -> dict[str, np.ndarray]:
    out = tmp_path / "out.npz"
    assert main(["cells", str(folder), "--corpus", str(corpus), "--out", str(out), *options], lambda *_: None) == 0
    with np.load(out, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.mark.parametrize("changes", [{}, {"bidirectional": True}, {"projection": 3}], ids=str)
def test_a_quantity_of_every_cell(tmp_path: Path, corpus: Path, changes: dict[str, Any]):
    folder = model(tmp_path, **changes)
    found = arrays(tmp_path, folder, corpus, "--gate", "forget_gate", "--gate", "hidden_state")
    network = tiny_models.opened(folder).network
    first = 0
    for number, length in enumerate(LENGTHS):
        ids = torch.from_numpy(found["token_ids"][found["file"] == number].astype(np.int64))[None]
        windows = ids.split(256 if changes.get("bidirectional") else length, dim=1)
        recorded = [record(network.rnn, network.embed(window)).quantities for window in windows]
        for name in ("forget_gate", "hidden_state"):
            wanted = torch.cat([each[name][:, :, 0] for each in recorded], dim=2).permute(2, 0, 1, 3).numpy()
            own = found[name][first : first + length]
            np.testing.assert_allclose(own, wanted if changes.get("bidirectional") else wanted[:, :, 0], atol=2e-6)
        first += length
    assert list(found["start"][:3]) == [0, 1, 2]
    assert json.loads(bytes(found["meta"]))["files"] == ["0.txt", "1.txt", "2.txt"]
    assert "cell_state" not in found


def test_one_cell(tmp_path: Path, corpus: Path):
    folder = model(tmp_path)
    whole = arrays(tmp_path, folder, corpus, "--gate", "cell_state")
    found = arrays(tmp_path, folder, corpus, "--unit", "1:4")
    assert found["cell_state"].shape == (sum(LENGTHS), 1, 1)
    np.testing.assert_array_equal(found["cell_state"][:, 0, 0], whole["cell_state"][:, 1, 4])
    assert {"hidden_state", "input_gate", "forget_gate", "candidate", "output_gate"} <= set(found)


@pytest.mark.parametrize(
    "options",
    [[], ["--unit", "0:6"], ["--unit", "7:0"], ["--unit", "0:0:1"], ["--unit", "0:1", "--unit", "0:2"], ["--gate", "reset_gate"]],
    ids=str,
)
def test_what_cannot_be_asked(tmp_path: Path, corpus: Path, capsysbinary: pytest.CaptureFixture[bytes], options: list[str]):
    out = tmp_path / "out.npz"
    arguments = ["cells", str(model(tmp_path)), "--corpus", str(corpus), "--out", str(out), *options]
    assert main(arguments, lambda *_: None) == 2
    assert len(capsysbinary.readouterr().err.splitlines()) == 1
    assert not out.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "model"]


def test_stopped_on_the_way_or_with_a_full_disk_no_file_is_left(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch):
    own = tiny_models.opened(model(tmp_path))
    request = TracksRequest(own.info.sha256, Scanned((str(corpus),), ("cell_state",)), str(tmp_path / "out.npz"))
    steps = write_tracks(own, request)
    while next(steps).doing != DOING:
        pass
    assert len(list(tmp_path.iterdir())) == 3
    steps.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "model"]

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for early in ("engine.recurrent.tracks.read_corpus", "engine.recurrent.tracks.reserve"):
        with monkeypatch.context() as patched:
            patched.setattr(early, full)
            with pytest.raises(UserError, match="no file was written"):
                run(write_tracks(own, request))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "model"]


def test_a_text_or_a_corpus(tmp_path: Path, corpus: Path, capsysbinary: pytest.CaptureFixture[bytes]):
    folder = str(model(tmp_path))
    assert main(["cells", folder, "--corpus", str(corpus), "--text", "a"], lambda *_: None) == 2
    assert main(["cells", folder, "--corpus", str(corpus), "--gate", "cell_state"], lambda *_: None) == 2
    assert b"--out" in capsysbinary.readouterr().err
