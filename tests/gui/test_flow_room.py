"""The tab Gradient flow follows the text while it is in sight, and what it shows can be taken along."""

import csv
import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication, QImage

from engine.requests import GradientFlowRequest
from gui.flow_room import FlowRoom
from tests.gui.conftest import Stage


@pytest.fixture
def room(stage: Stage) -> FlowRoom:
    return next(room for room in stage.window.rooms if isinstance(room, FlowRoom))


def shown(room: FlowRoom) -> str | None:
    return None if room.flow.result is None or room.running else room.flow.result.request.input.text


def started(stage: Stage, room: FlowRoom, path: str = "/models/film-mood") -> None:
    stage.open(path)
    stage.type("Fine words.")
    stage.until_explained("Fine words.")
    stage.window.actions_registry["view_flow"].trigger()
    stage.until(lambda: shown(room) == "Fine words.")


def test_it_asks_in_sight_and_follows_text_and_target(stage: Stage, room: FlowRoom) -> None:
    started(stage, room)
    asked = [request for request in stage.stub.asked if isinstance(request, GradientFlowRequest)]
    assert len(asked) == 1
    stage.type("Other words.")
    stage.until(lambda: shown(room) == "Other words.")
    stage.window.workspace.method_panel.set_versus("negative")
    stage.until(lambda: room.flow.result is not None and room.flow.result.request.target.versus is not None)
    assert shown(room) == "Other words."


def test_failures_and_emptiness_are_said_in_words(stage: Stage, room: FlowRoom) -> None:
    started(stage, room)
    stage.type("!boom")
    stage.until(lambda: room.flow.result is None)
    assert "not a number" in room.flow._empty.text()
    assert not stage.window.actions_registry["save"].isEnabled()
    stage.type("")
    stage.until(lambda: "Open a model and type a text" in room.flow._empty.text())
    stage.type("Back again.")
    stage.until(lambda: shown(room) == "Back again.")
    stage.open("/models/other")
    stage.until(lambda: room.flow.result is not None and room.flow.result.model.path == "/models/other")


@pytest.mark.parametrize("suffix", [".png", ".json", ".csv", ".npz"])
def test_saved_as(stage: Stage, room: FlowRoom, tmp_path: Path, suffix: str) -> None:
    started(stage, room, "/models/lstm")
    stage.dialogs.path = tmp_path / f"flow{suffix}"
    stage.window.actions_registry["save"].trigger()
    assert stage.dialogs.suggested is not None
    assert stage.dialogs.suggested.name == "lstm-gradient-flow"
    content = stage.dialogs.path.read_bytes()
    if suffix == ".png":
        assert not QImage.fromData(content).isNull()
    elif suffix == ".json":
        assert json.loads(content)["recurrent"][0]["module"] == "rnn"
    elif suffix == ".csv":
        assert next(csv.reader(content.decode().splitlines()))[0] == "kind"
    else:
        with np.load(stage.dialogs.path) as arrays:
            assert arrays["per_position"].shape[1] == 4


def test_a_suffix_we_do_not_write_is_one_sentence(stage: Stage, room: FlowRoom, tmp_path: Path) -> None:
    started(stage, room)
    stage.dialogs.path = tmp_path / "flow.docx"
    stage.window.actions_registry["save"].trigger()
    assert stage.window.message_bar.isVisible()
    assert not stage.dialogs.path.exists()


def test_the_command_asks_for_it_again(stage: Stage, room: FlowRoom) -> None:
    started(stage, room)
    stage.window.actions_registry["copy_command"].trigger()
    words = shlex.split(QGuiApplication.clipboard().text())
    assert words[2:7] == ["gradient-flow", "/models/film-mood", "--text", "Fine words.", "--target"]
    stage.window.actions_registry["copy_picture"].trigger()
    assert not QGuiApplication.clipboard().image().isNull()
