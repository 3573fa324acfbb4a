"""The room asks about the picture on the desk."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from engine.inputs.image import image_input
from engine.requests import AttentionRequest, HeadAgreementRequest, HeadRequest
from gui.attention.choice import Choice
from gui.attention.grid_panel import AGREEMENT
from gui.attention.room import AttentionRoom
from tests.gui.conftest import Stage

VIT = "/models/vit"


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path / "home"))


def painted(path: Path, colour: str = "#804020") -> str:
    image = QImage(60, 40, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    assert image.save(str(path))
    return str(path)


def room_of(stage: Stage) -> AttentionRoom:
    return next(room for room in stage.window.rooms if isinstance(room, AttentionRoom))


def look_at(stage: Stage, path: str) -> None:
    stage.window.pictures.open(path)
    room = room_of(stage)
    stage.until(lambda: room._view.map is not None and room._view.map.request.attention.input == image_input(Path(path)))


@pytest.fixture
def picture(tmp_path: Path) -> str:
    return painted(tmp_path / "cat.png")


@pytest.fixture
def room(stage: Stage, picture: str) -> AttentionRoom:
    stage.open(VIT)
    stage.window.actions_registry["view_attention"].trigger()
    room = room_of(stage)
    assert room._view._empty.text().startswith("Choose a picture")
    look_at(stage, picture)
    stage.until(lambda: not stage.window.conductor.explanation.running and stage.window.conductor.map is not None)
    return room


def asked(stage: Stage, kind: type) -> list[object]:
    return [request for request in stage.stub.asked if type(request) is kind]


def test_it_asks_about_the_picture_and_begins_with_the_token_of_the_class(
    stage: Stage, room: AttentionRoom, picture: str
) -> None:
    request = AttentionRequest(f"sha of {VIT}", image_input(Path(picture)))
    assert asked(stage, AttentionRequest) == [request]
    assert asked(stage, HeadRequest) == [HeadRequest(request)]
    assert room._view.token == 0


def test_another_picture_keeps_head_and_patch(stage: Stage, room: AttentionRoom, tmp_path: Path) -> None:
    view = room._view
    view.show_page("image")
    view.choose(Choice(layer=1, head=2))
    stage.until(lambda: view.map is not None and view.map.request.layer == 1)
    place = view.image.picture.rectangle((2, 1)).center().toPoint()
    QTest.mouseClick(view.image.picture, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    look_at(stage, painted(tmp_path / "dog.png", "#208040"))
    assert (view.choice.layer, view.choice.head, view.token) == (1, 2, 10)
    assert view.image.picture.read is not None
    assert view.image.picture.read.path.endswith("dog.png")


def test_the_read_out_is_in_the_status_bar(stage: Stage, room: AttentionRoom) -> None:
    view, told = room._view, []
    room.read_out_changed.connect(told.append)
    view.show_page("image")
    QTest.mouseMove(view.image.picture, QPoint(2, 2))
    QTest.mouseMove(view.image.picture, view.image.picture.rectangle((0, 0)).center().toPoint())
    assert str(told[-1]).startswith("[CLS] → “r0 c0” · query 0, key 1 · weight ")


def test_agreement_is_with_the_patches_of_the_attribution(stage: Stage, room: AttentionRoom) -> None:
    box = room._view.panel.sort.box
    box.setCurrentIndex(box.findData(AGREEMENT))
    box.activated.emit(box.currentIndex())
    stage.until(lambda: room._view.panel.numbers is not None and bool(np.isfinite(room._view.panel.numbers).any()))
    (request,) = asked(stage, HeadAgreementRequest)
    assert stage.window.conductor.map is not None
    assert request.attribution == stage.window.conductor.map.request  # type: ignore[attr-defined]
    assert "the attention a patch receives on average with the size of its" in room._view._facts.text()
    stage.window.workspace.method_panel.set_target("neutral")
    stage.until(lambda: len(asked(stage, HeadAgreementRequest)) == 2)


def test_taken_along(stage: Stage, room: AttentionRoom, tmp_path: Path, picture: str) -> None:
    room._view.choose(Choice(layer=1, head=2))
    stage.until(lambda: room._view.map is not None and room._view.map.request.layer == 1)
    kept = room.kept()
    assert kept is not None
    for suffix in kept.filters:
        kept.save(tmp_path / f"map{suffix}")
    known = json.loads((tmp_path / "map.json").read_text())
    assert known["grid"] == {"rows": 4, "columns": 4, "first": 1, "crop": [10, 0, 50, 40]}
    assert known["queries"][:2] == ["[CLS]", "r0 c0"]
    words = shlex.split(kept.command(tmp_path))
    tail = [VIT, "--image", picture, "--layer", "1", "--head", "2", "--device", "cpu"]
    assert words[words.index("attention") + 1 :] == tail


def test_pinned_and_seen_again(stage: Stage, room: AttentionRoom, picture: str) -> None:
    room._view.choose(Choice(layer=2, head="mean"))
    stage.until(lambda: room._view.map is not None and room._view.map.request.layer == 2)
    room._view.show_page("image")
    room._view.choose_token(5)
    seen = room.seen()
    assert seen is not None
    assert seen.asked() == AttentionRequest(f"sha of {VIT}", image_input(Path(picture)))
    room._view.choose(Choice())
    room._view.show_page("matrix")
    room._view.choose_token(-1)
    room.show_seen(seen)
    stage.until(lambda: room._view.choice == Choice(layer=2, head="mean") and not room.running)
    assert (room._view.page, room._view.token) == ("image", 5)


def test_from_pictures_to_texts_and_back(stage: Stage, room: AttentionRoom, picture: str) -> None:
    room._view.show_page("image")
    stage.open()
    stage.type("Not once does it come close.")
    stage.until(lambda: room._view.map is not None and room._view.result is not None and room._view.result.patches is None)
    assert room._view.page == "text"
    stage.open(VIT)
    look_at(stage, picture)
    assert room._view.page == "image"


def test_a_model_without_maps_of_the_whole_picture_says_so(stage: Stage, room: AttentionRoom) -> None:
    stage.open("/models/shapes")
    assert "no attention that spans a whole picture" in room._view._empty.text()
    assert not room._view._action.isVisible()
