"""What was saved is there: after two hundred kills, after damage, after a later version."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.datasets.work import EMPTY, DatasetWork, Edit, SavedSlice, WorkFile
from engine.errors import UserError
from engine.requests import ColumnFilter, Selection, TextInput

FULL = (
    EMPTY.tagged([3, 5], "odd")
    .tagged([5], "irony \ud800")
    .noted(5, "a\nnote")
    .edited(Edit("e1", "", 5, TextInput("not once", None), "2026-01-01T00:00:00+00:00"))
    .edited(Edit("e2", "e1", 5, TextInput("not", "pair"), "2026-01-01T00:00:01+00:00"))
    .sliced(SavedSlice("errors", Selection((ColumnFilter("loss", minimum=1.0),), (("loss", True),))))
    .sliced(SavedSlice("by hand", rows=(1, 2)))
)


def test_what_is_saved_is_loaded(tmp_path: Path):
    file = WorkFile(tmp_path / "new" / "folder", "m", "d")
    assert file.load().work == EMPTY
    file.save(FULL)
    assert WorkFile(tmp_path / "new" / "folder", "m", "d").load().work == FULL
    assert WorkFile(tmp_path / "new" / "folder", "other", "d").load().work == EMPTY
    assert WorkFile(tmp_path / "new" / "folder", "m", "other").load().work == EMPTY


def test_changes_make_new_values():
    assert FULL.tagged([3], "odd") == FULL
    assert FULL.tagged([9], "  ") == FULL
    assert FULL.untagged([3, 4], "odd").tags == ((5, "odd"), (5, "irony \ud800"))
    assert FULL.noted(5, " ").notes == ()
    assert FULL.noted(7, "x").notes == ((5, "a\nnote"), (7, "x"))
    assert FULL.without_edit("e1").edits == ()
    assert [each.id for each in FULL.without_edit("e2").edits] == ["e1"]
    assert [each.id for each in FULL.made_of("e1")] == ["e1", "e2"]
    assert [each.id for each in FULL.made_of("e2")] == ["e2"]
    assert FULL.without_edit("e1").with_edits(FULL.made_of("e1")) == FULL
    assert FULL.with_edits(FULL.edits) == FULL
    assert [each.name for each in FULL.sliced(SavedSlice("errors")).slices] == ["by hand", "errors"]
    assert FULL.without_slice("errors").slices == (SavedSlice("by hand", rows=(1, 2)),)


def test_what_is_damaged_costs_only_itself_and_is_kept_aside(tmp_path: Path):
    file = WorkFile(tmp_path, "m", "d")
    file.save(FULL)
    document = json.loads(file.path.read_text())
    document["work"]["tags"][0] = ["3", "odd"]
    document["work"]["slices"] = "none"
    file.path.write_text(json.dumps(document))
    reading = file.load()
    assert reading.work == DatasetWork(FULL.tags[1:], FULL.notes, FULL.edits, ())
    assert len(reading.damaged) == 2
    file.save(reading.work)
    assert json.loads(file.path.with_suffix(".damaged").read_text()) == document
    assert WorkFile(tmp_path, "m", "d").load() == WorkFile(tmp_path, "m", "d").load()
    for content in (b"", b"[]", b"\xff", b'{"schema": 1}', b"[" * 100_000):
        file.path.write_bytes(content)
        assert file.load().work == EMPTY
        assert file.load().damaged


def test_what_a_later_version_wrote_is_read_and_left_alone(tmp_path: Path):
    file = WorkFile(tmp_path, "m", "d")
    file.save(FULL)
    document = json.loads(file.path.read_text()) | {"schema": 99}
    document["work"]["colours"] = [1]
    file.path.write_text(json.dumps(document))
    reading = file.load()
    assert (reading.work, reading.newer) == (FULL, True)
    with pytest.raises(UserError, match="later version"):
        file.save(EMPTY)
    assert json.loads(file.path.read_text()) == document


def test_a_folder_that_refuses_is_a_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be kept"):
        WorkFile(tmp_path / "file", "m", "d").save(FULL)


SAVER = """
import os, sys
from pathlib import Path
from engine.datasets.work import WorkFile
for kill in range(int(sys.argv[2])):
    sys.stdin.readline()
    child = os.fork()
    if child == 0:
        file = WorkFile(Path(sys.argv[1]), "m", "d")
        work = file.load().work
        row = len(work.tags)
        while True:
            work = work.tagged([row], "t" * 200)
            file.save(work)
            os.write(1, f"{row}\\n".encode())
            row += 1
    os.write(1, f"child {child}\\n".encode())
    os.waitpid(child, 0)
    os.write(1, b"dead\\n")
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills are tried where processes can be forked")
def test_two_hundred_kills_while_saving_lose_no_tag(tmp_path: Path):
    """Whatever was told to be saved is there after the kill, and the file can always be read."""
    kills, draw = 200, random.Random(0)
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-c", SAVER, str(tmp_path), str(kills)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told = -1
        for _ in range(kills):
            process.stdin.write("\n")
            process.stdin.flush()
            child, told_here = 0, False
            wait = draw.random() * 0.02
            while True:
                line = process.stdout.readline().strip()
                if line == "dead":
                    break
                if line.startswith("child"):
                    child = int(line.split()[1])
                else:
                    told, told_here = max(told, int(line)), True
                if child and told_here and wait is not None:
                    time.sleep(wait)
                    os.kill(child, signal.SIGKILL)
                    wait, told_here = 0.0, False
                    child = 0
            reading = WorkFile(tmp_path, "m", "d").load()
            assert not reading.damaged
            rows = [row for row, _ in reading.work.tags]
            assert rows == list(range(len(rows)))
            assert len(rows) > told  # everything that was told to be saved
        assert told > kills
