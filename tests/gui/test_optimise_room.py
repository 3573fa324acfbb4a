"""A search runs on Start alone, towards the target of the panel; what it found stays, and can be taken along."""

import json
import shlex
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QSpinBox, QWidget

from engine.requests import OptimisationRequest, TextInput
from gui.optimise_room import OptimiseRoom
from gui.views.optimise import STARTS
from tests.gui.conftest import Stage
from tests.gui.stub_engine import NO_SUCH_SEED

TEXT = "Fine words."
T = TypeVar("T", bound=QWidget)


@pytest.fixture
def room(stage: Stage) -> OptimiseRoom:
    stage.open()
    found = next(room for room in stage.window.rooms if isinstance(room, OptimiseRoom))
    stage.window.actions_registry["view_optimise"].trigger()
    return found


def part(room: OptimiseRoom, kind: type[T], name: str) -> T:
    found = room.view.findChild(kind, name)
    assert found is not None
    return found


def searches(stage: Stage) -> list[OptimisationRequest]:
    return [request for request in stage.stub.asked if isinstance(request, OptimisationRequest)]


def start(stage: Stage, room: OptimiseRoom) -> None:
    part(room, QPushButton, "optimiseStart").click()
    stage.until(lambda: not room.running)


def test_nothing_is_asked_before_start_and_no_text_is_needed(stage: Stage, room: OptimiseRoom) -> None:
    assert room.subject is None
    assert "Start" in part(room, QLabel, "optimiseMessage").text()
    assert room.kept() is None
    assert not searches(stage)
    part(room, QSpinBox, "optimiseTokens").setValue(5)
    part(room, QSpinBox, "optimiseSeed").setValue(3)
    part(room, QSpinBox, "optimiseSteps").setValue(40)
    start(stage, room)
    (request,) = searches(stage)
    assert (request.tokens, request.seed, request.steps, request.start) == (5, 3, 40, None)
    assert part(room, QLabel, "optimiseText").text() == "fine superb moving dull film"
    assert part(room, QLabel, "optimiseNumbers").text().startswith("logit −0.300 · start −1.00 · predicted: ")
    assert part(room, QLabel, "optimiseTag").isHidden()


def test_the_target_is_the_panels_and_of_random_tokens_the_predicted_class_is_named(stage: Stage, room: OptimiseRoom) -> None:
    stage.type(TEXT)
    stage.until_explained(TEXT)
    predicted = stage.window.conductor.map.prediction.predicted  # type: ignore[union-attr]
    assert part(room, QLabel, "optimiseTowards").text() == f"towards {predicted.label} (logit)"
    assert room.request().target.choice == f"index:{predicted.index}"  # type: ignore[union-attr]
    stage.window.workspace.prediction_view.target_chosen.emit("positive")
    stage.until(lambda: part(room, QLabel, "optimiseTowards").text() == "towards positive (logit)")
    start(stage, room)
    assert searches(stage)[-1].target.choice == "positive"
    stage.type("Other words entirely.")
    stage.until_explained("Other words entirely.")
    assert len(searches(stage)) == 1, "typing starts nothing"
    assert part(room, QLabel, "optimiseText").text(), "what was found stays"


def test_from_the_text_above(stage: Stage, room: OptimiseRoom) -> None:
    stage.type(TEXT)
    stage.until_explained(TEXT)
    part(room, QComboBox, "optimiseFrom").setCurrentIndex(STARTS.index("the text above"))
    assert not part(room, QSpinBox, "optimiseTokens").isEnabled()
    part(room, QComboBox, "optimiseMode").setCurrentIndex(1)
    start(stage, room)
    (request,) = searches(stage)
    assert (request.start, request.mode, request.target.choice) == (TextInput(TEXT), "tokens", "predicted")


def test_stopped_keeps_what_there_is(stage: Stage, room: OptimiseRoom) -> None:
    stage.stub.step_seconds, stage.stub.steps = 0.02, 1000
    part(room, QPushButton, "optimiseStart").click()
    stop = part(room, QPushButton, "optimiseStop")
    assert not stop.isHidden()
    assert stop.hasFocus() or not stop.isActiveWindow()
    stage.until(lambda: room.kept() is not None)
    stop.click()
    stage.until(lambda: not room.running)
    stage.until(lambda: part(room, QLabel, "optimiseTag").text().startswith("stopped at"))
    assert not part(room, QPushButton, "optimiseStart").isHidden()
    kept = room.kept()
    assert kept is not None
    assert "stopped" in kept.unfinished
    assert stage.stub.closed == searches(stage)


def test_a_failure_is_said_in_its_place(stage: Stage, room: OptimiseRoom) -> None:
    start(stage, room)
    part(room, QSpinBox, "optimiseSeed").setValue(NO_SUCH_SEED)
    start(stage, room)
    assert part(room, QLabel, "optimiseMessage").text() == "The target is not there; choose another."
    assert room.kept() is None


def test_put_on_the_desk_and_undone(stage: Stage, room: OptimiseRoom) -> None:
    stage.type(TEXT)
    stage.until_explained(TEXT)
    start(stage, room)
    part(room, QPushButton, "optimisePut").click()
    best = part(room, QLabel, "optimiseText").text()
    stage.until_explained(best)
    assert stage.window.workspace.input_panel.editor.text() == best


def test_saved_as_json_table_and_picture_and_copied_as_a_command(stage: Stage, room: OptimiseRoom, tmp_path: Path) -> None:
    part(room, QSpinBox, "optimiseSeed").setValue(13)
    start(stage, room)
    for name in ("found.json", "found.csv", "found.png"):
        stage.dialogs.path = tmp_path / name
        stage.window.actions_registry["save"].trigger()
    assert json.loads((tmp_path / "found.json").read_text())["best"]["text"]
    assert (tmp_path / "found.csv").read_text().startswith("step,score,text_score,text")
    assert not QImage(str(tmp_path / "found.png")).isNull()
    kept = room.kept()
    assert kept is not None
    words = shlex.split(kept.command(tmp_path))
    assert words[words.index("optimise") :][:2] == ["optimise", "/models/film-mood"]
    assert words[words.index("--seed") + 1] == "13"


def test_another_model_begins_anew(stage: Stage, room: OptimiseRoom) -> None:
    start(stage, room)
    stage.open("/models/other")
    stage.until(lambda: room.kept() is None)
    assert "Start" in part(room, QLabel, "optimiseMessage").text()
