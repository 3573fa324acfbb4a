"""A tab asks while it is in sight, about the text of the moment; what it has is what Save takes."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel

from engine.findings import ViewFinding, pinned_view
from engine.jobs import Failure
from engine.requests import Parameter, PredictionRequest, Request
from engine.results import ModelInfo, PredictionResult
from gui import room_list
from gui.rooms import House, Room
from gui.subject import Subject
from tests.gui.conftest import Stage


class KeptWords:
    name, unfinished = "words", ""
    filters = {".txt": "Words (*.txt)"}

    def save(self, path: Path) -> None:
        path.write_text("kept")

    def command(self, texts: Path) -> str:
        return "say words"

    def picture(self) -> QImage:
        return QImage(1, 1, QImage.Format.Format_RGB32)


class Echo(Room):
    """Asks for the prediction and notes what it is told."""

    key, title, icon = "echo", "Echo", "grid-four"

    def __init__(self, house: House) -> None:
        super().__init__(QLabel(), house)
        self.told: list[object] = []
        self.volume: Parameter = 3

    def request_for(self, subject: Subject) -> Request:
        return PredictionRequest(subject.model.sha256, subject.input)

    def kept(self) -> KeptWords | None:
        return KeptWords() if self.told else None

    def caption(self) -> tuple[str, str] | None:
        return ("What it says", "in short") if self.told else None

    def state(self) -> tuple[tuple[str, Parameter], ...]:
        return (("volume", self.volume),)

    def restore(self, state: tuple[tuple[str, Parameter], ...]) -> None:
        self.volume = dict(state).get("volume")

    def show_model(self, model: ModelInfo) -> None:
        self.told.clear()

    def show_subject(self, subject: Subject | None) -> None:
        self.told.append(None if subject is None else subject.input.text)

    def show_answer(self, result: object, whole: bool) -> None:
        assert isinstance(result, PredictionResult)
        self.told.append((result.request.input.text, whole))
        self.kept_changed.emit()

    def show_failure(self, failure: Failure) -> None:
        self.told.append(failure.message)


@pytest.fixture
def echo(make_stage: object, monkeypatch: pytest.MonkeyPatch) -> tuple[Stage, Echo]:
    monkeypatch.setattr(room_list, "ROOMS", (*room_list.ROOMS, Echo))
    stage: Stage = make_stage().start()  # type: ignore[operator]
    stage.open()
    stage.type("Fine words.")
    stage.until_explained("Fine words.")
    room = stage.window.rooms[-1]
    assert isinstance(room, Echo)
    return stage, room


def test_it_asks_when_it_comes_into_sight_and_follows_the_text(echo: tuple[Stage, Echo]) -> None:
    stage, room = echo
    assert room.told == []
    stage.window.actions_registry["view_echo"].trigger()
    stage.until(lambda: ("Fine words.", True) in room.told)
    stage.type("Other words.")
    stage.until(lambda: ("Other words.", True) in room.told)
    assert room.told == ["Fine words.", ("Fine words.", True), "Other words.", ("Other words.", True)]
    stage.window.workspace.tabs.setCurrentIndex(0)
    stage.type("Unseen.")
    stage.until_explained("Unseen.")
    assert "Unseen." not in room.told


def test_save_takes_what_is_in_sight(echo: tuple[Stage, Echo], tmp_path: Path) -> None:
    stage, room = echo
    room.enter()
    stage.until(lambda: ("Fine words.", True) in room.told)
    stage.dialogs.path = tmp_path / "words.txt"
    stage.window.actions_registry["save"].trigger()
    assert (tmp_path / "words.txt").read_text() == "kept"
    assert stage.dialogs.suggested is not None
    assert stage.dialogs.suggested.name == "words"
    stage.window.workspace.tabs.setCurrentIndex(0)
    stage.window.actions_registry["save"].trigger()
    assert stage.dialogs.suggested.name != "words", "the map is in sight again"


def test_another_model_is_another_beginning(echo: tuple[Stage, Echo]) -> None:
    stage, room = echo
    room.enter()
    stage.until(lambda: ("Fine words.", True) in room.told)
    stage.open("/models/other")
    stage.until(lambda: room.subject is not None and room.subject.model.path == "/models/other")
    stage.until(lambda: room.told == ["Fine words.", ("Fine words.", True)])
    assert stage.stub.asked[-1].model_sha256 == "sha of /models/other"


def test_what_is_in_sight_is_pinned_and_asked_again_as_it_was(echo: tuple[Stage, Echo]) -> None:
    stage, room = echo
    room.enter()
    stage.until(lambda: ("Fine words.", True) in room.told)
    stage.window.actions_registry["pin_finding"].trigger()
    [finding] = stage.window.findings.store.findings
    assert isinstance(finding, ViewFinding)
    assert (finding.seen.title, finding.seen.input.text) == ("What it says", "Fine words.")
    assert QImage.fromData(finding.seen.png()).width() > 100
    room.volume = 7
    stage.type("Other words.")
    stage.until(lambda: ("Other words.", True) in room.told)
    stage.open("/models/other")
    stage.window.show_findings()
    asked = len(stage.stub.asked)
    stage.window.findings.open(finding.id)
    stage.until(lambda: room.told[-1:] == [("Fine words.", True)])
    assert stage.window.conductor.model is not None
    assert stage.window.conductor.model.path == "/models/film-mood"
    assert stage.window.workspace.input_panel.editor.text() == "Fine words."
    assert room.in_sight
    assert room.volume == 3
    assert stage.stub.asked[asked:][-1] == finding.seen.asked()


def test_a_pinned_view_of_a_model_that_is_gone_stays_on_its_card(echo: tuple[Stage, Echo]) -> None:
    stage, room = echo
    room.enter()
    stage.until(lambda: ("Fine words.", True) in room.told)
    seen = room.seen()
    assert seen is not None
    stage.window.findings.store.add(pinned_view(replace(seen, model_path="/models/missing", model_sha256="e" * 64)))
    stage.window.findings.open(stage.window.findings.store.findings[0].id)
    stage.until(lambda: "on its card" in words(stage))


def words(stage: Stage) -> str:
    return " ".join(label.text() for label in stage.window.message_bar.findChildren(QLabel))
