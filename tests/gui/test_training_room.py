"""The tab Training is there where a model carries checkpoints, follows text, target and method, and can be taken along."""

import csv
import json
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest

from engine.findings import SeenView, pinned_view, to_json
from engine.requests import AttributionRequest, OverTrainingRequest
from gui.training_room import TrainingRoom
from tests.gui import made_training
from tests.gui.conftest import Stage


@pytest.fixture
def room(stage: Stage) -> TrainingRoom:
    return next(room for room in stage.window.rooms if isinstance(room, TrainingRoom))


def shown(room: TrainingRoom) -> str | None:
    result = room.training.result
    return None if result is None or room.running or result.progress < 1 else result.request.attribution.input.text


def started(stage: Stage, room: TrainingRoom, text: str = "Fine words.", path: str = "/models/trained") -> None:
    stage.open(path)
    stage.type(text)
    stage.until_explained(text)
    stage.window.actions_registry["view_training"].trigger()
    stage.until(lambda: shown(room) == text)


def asked(stage: Stage) -> list[OverTrainingRequest]:
    return [request for request in stage.stub.asked if isinstance(request, OverTrainingRequest)]


def in_tabs(stage: Stage, room: TrainingRoom) -> bool:
    tabs = stage.window.workspace.tabs
    return tabs.isTabVisible(tabs.indexOf(room.view))


def test_the_tab_is_there_only_where_there_are_checkpoints(stage: Stage, room: TrainingRoom) -> None:
    actions = stage.window.actions_registry
    assert not in_tabs(stage, room)
    stage.open("/models/film-mood")
    assert not in_tabs(stage, room)
    assert not actions["view_training"].isEnabled()
    assert "no checkpoints" in actions.why_not("view_training")
    started(stage, room)
    assert in_tabs(stage, room)
    stage.open("/models/film-mood")
    assert not in_tabs(stage, room)
    assert stage.window.workspace.tabs.currentIndex() == 0
    assert room.training.result is None


def test_it_asks_in_sight_and_follows_text_target_and_method(stage: Stage, room: TrainingRoom) -> None:
    stage.open("/models/trained")
    stage.type("Fine words.")
    stage.until_explained("Fine words.")
    assert not asked(stage)
    stage.window.actions_registry["view_training"].trigger()
    stage.until(lambda: shown(room) == "Fine words.")
    assert len(asked(stage)) == 1
    stage.type("Other words.")
    stage.until(lambda: shown(room) == "Other words.")
    panel = stage.window.workspace.method_panel
    panel.set_versus("negative")
    stage.until(lambda: asked(stage)[-1].attribution.target.versus == "negative" and shown(room) is not None)
    explained = [request for request in stage.stub.asked if isinstance(request, AttributionRequest)]
    assert asked(stage)[-1].attribution == explained[-1], "the main question, word for word"


def test_bars_choose_the_target_as_those_of_the_workspace_do(stage: Stage, room: TrainingRoom) -> None:
    started(stage, room)
    assert not stage.window.workspace.prediction_view.isVisible()
    room.training.target_chosen.emit("negative")
    stage.until(lambda: asked(stage)[-1].attribution.target.choice == "negative" and shown(room) is not None)
    stage.window.workspace.tabs.setCurrentIndex(0)
    assert stage.window.workspace.prediction_view.isVisible()


def test_a_token_is_chosen_everywhere(stage: Stage, room: TrainingRoom) -> None:
    started(stage, room)
    attribution = stage.window.workspace.attribution_view
    room.training.matrix.plot.cell_chosen.emit(1, 2)
    assert (room.training.checkpoint, room.training.token) == ("epoch 0.5", 2)
    assert attribution.board.selected_token == 2
    attribution.token_selected.emit(1)
    assert room.training.token == 1
    assert room.training.text.selected_token == 1


def test_checkpoints_come_one_by_one_and_esc_keeps_them(stage: Stage, room: TrainingRoom) -> None:
    stage.open("/models/trained")
    stage.type("Fine words.")
    stage.until_explained("Fine words.")
    stage.stub.step_seconds = 0.3
    stage.window.actions_registry["view_training"].trigger()
    stage.until(lambda: room.training.result is not None and len(room.training.result.names) >= 2)
    stage.window.actions_registry["cancel"].trigger()
    stage.until(lambda: not room.running)
    stage.stub.step_seconds = 0.0
    result = room.training.result
    assert result is not None
    assert 2 <= len(result.names) < 5
    assert "stopped at" in room.training._tag.text()
    kept = room.kept()
    assert kept is not None
    assert kept.unfinished == f"only {len(result.names)} of 5 checkpoints are there"


def test_failures_and_emptiness_are_said_in_words(stage: Stage, room: TrainingRoom) -> None:
    started(stage, room)
    stage.type("!boom")
    stage.until(lambda: room.training.result is None)
    assert "not a number" in room.training._empty.text()
    assert not stage.window.actions_registry["save"].isEnabled()
    stage.type("")
    stage.until(lambda: "Type a text" in room.training._empty.text())
    stage.type("Back again.")
    stage.until(lambda: shown(room) == "Back again.")


@pytest.mark.parametrize("suffix", [".png", ".json", ".csv", ".npz"])
def test_saved_as(stage: Stage, room: TrainingRoom, tmp_path: Path, suffix: str) -> None:
    started(stage, room)
    stage.dialogs.path = tmp_path / f"over{suffix}"
    stage.window.actions_registry["save"].trigger()
    assert stage.dialogs.suggested is not None
    assert stage.dialogs.suggested.name == "trained-over-training"
    content = stage.dialogs.path.read_bytes()
    if suffix == ".png":
        assert not QImage.fromData(content).isNull()
    elif suffix == ".json":
        assert [each["name"] for each in json.loads(content)["checkpoints"]] == list(made_training.NAMES)
    elif suffix == ".csv":
        assert len(list(csv.reader(content.decode().splitlines()))) == 1 + 5 * 4
    else:
        with np.load(stage.dialogs.path) as arrays:
            assert arrays["values"].shape == (5, 4)


def test_the_command_asks_for_it_again(stage: Stage, room: TrainingRoom) -> None:
    started(stage, room)
    stage.window.actions_registry["copy_command"].trigger()
    words = shlex.split(QGuiApplication.clipboard().text())
    assert words[2:6] == ["over-training", "/models/trained", "--text", "Fine words."]
    assert words[6:8] == ["--method", "integrated_gradients"]
    stage.window.actions_registry["copy_picture"].trigger()
    assert not QGuiApplication.clipboard().image().isNull()


def test_pinned_it_comes_back_as_it_was(stage: Stage, room: TrainingRoom) -> None:
    started(stage, room)
    view = room.training
    view.curve.slider.setFocus()
    QTest.keyClick(view.curve.slider, Qt.Key.Key_Left)
    view.matrix.own_scale.click()
    view.matrix.plot.cell_chosen.emit(2, 1)
    seen = room.seen()
    assert isinstance(seen, SeenView)
    assert (seen.view, seen.title) == ("training", view.in_words()[0])
    assert seen.title.endswith(" over training")
    assert "At epoch 2" in seen.facts
    assert json.loads(to_json([pinned_view(seen)]))["findings"][0]["seen"]["kind"] == "OverTrainingRequest"
    view.matrix.plot.cell_chosen.emit(4, 3)
    view.matrix.own_scale.click()
    stage.window.workspace.tabs.setCurrentIndex(0)
    before = len(asked(stage))
    room.show_seen(seen)
    stage.until(lambda: len(asked(stage)) == before + 1 and not room.running)
    assert asked(stage)[-1] == seen.asked()
    assert dict(view.state()) == {"checkpoint": "epoch 2", "token": 1, "own_scale": True}


def test_what_was_pinned_by_another_hand_is_left(stage: Stage, room: TrainingRoom) -> None:
    started(stage, room)
    seen = room.seen()
    assert seen is not None
    room.show_seen(replace(seen, state=(("checkpoint", "epoch 99"), ("token", 900), ("own_scale", 3), ("else", "x"))))
    stage.until(lambda: not room.running)
    assert dict(room.training.state()) == {"checkpoint": "final", "token": -1, "own_scale": False}


def test_the_true_class_is_marked_at_every_checkpoint(stage: Stage, room: TrainingRoom) -> None:
    panel = stage.window.workspace.method_panel
    started(stage, room)
    panel.set_true("negative")
    panel.true_changed.emit("negative")
    model = room.training.bars._model
    assert [one.label for one in model.classes if model.is_true(one)] == ["negative"]
    room.training.curve.slider.setValue(0)
    assert [one.label for one in model.classes if model.is_true(one)] == ["negative"]
