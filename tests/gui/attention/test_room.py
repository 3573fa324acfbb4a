"""The room asks about the text on the desk, one map at a time; selection, agreement, findings and files."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from engine.errors import UserError
from engine.requests import AttentionRequest, HeadAgreementRequest, HeadRequest, TextInput
from gui.attention.choice import Choice
from gui.attention.grid_panel import AGREEMENT
from gui.attention.room import AttentionRoom
from tests.gui.conftest import Stage

TEXT = "Not once does it come close."


def room_of(stage: Stage) -> AttentionRoom:
    return next(room for room in stage.window.rooms if isinstance(room, AttentionRoom))


@pytest.fixture
def room(stage: Stage) -> AttentionRoom:
    stage.open()
    stage.type(TEXT)
    stage.until_explained()
    stage.window.actions_registry["view_attention"].trigger()
    room = room_of(stage)
    stage.until(lambda: room._view.map is not None)
    return room


def asked(stage: Stage, kind: type) -> list[object]:
    return [request for request in stage.stub.asked if type(request) is kind]


def sort_by(room: AttentionRoom, score: str) -> None:
    box = room._view.panel.sort.box
    box.setCurrentIndex(box.findData(score))
    box.activated.emit(box.currentIndex())


def test_it_asks_about_the_text_and_the_first_head(stage: Stage, room: AttentionRoom) -> None:
    request = AttentionRequest("sha of /models/film-mood", TextInput(TEXT))
    assert asked(stage, AttentionRequest) == [request]
    assert asked(stage, HeadRequest) == [HeadRequest(request)]


def test_every_head_that_is_chosen_is_asked_for(stage: Stage, room: AttentionRoom) -> None:
    room._view.panel.head_chosen.emit(2, 1)
    stage.until(lambda: room._view.map is not None and room._view.map.request.layer == 2)
    assert asked(stage, HeadRequest)[-1].head == 1  # type: ignore[attr-defined]


def test_another_target_asks_nothing_but_relevance(stage: Stage, room: AttentionRoom) -> None:
    panel = stage.window.workspace.method_panel
    before = len(stage.stub.asked)
    panel.set_target("neutral")
    stage.until(lambda: room.subject is not None and room.subject.target.choice == "neutral")
    stage.until_explained()
    assert not [each for each in stage.stub.asked[before:] if isinstance(each, AttentionRequest | HeadRequest)]
    room._view.choose(Choice(quantity="relevance"))
    stage.until(lambda: room._view.map is not None and room._view.map.unit == "relevance")
    panel.set_target("negative")
    stage.until(lambda: asked(stage, HeadRequest)[-1].target.choice == "negative")  # type: ignore[attr-defined]
    assert len(asked(stage, AttentionRequest)) == 1


def test_the_target_control_says_whether_it_matters(stage: Stage, room: AttentionRoom) -> None:
    note = stage.window.workspace.method_panel.target_controls._note
    assert note.text() == "Attention weights are the same for every target."
    room._view.choose(Choice(quantity="relevance"))
    stage.until(lambda: note.text() == "Relevance is of predicted (logit).")
    stage.window.workspace.tabs.setCurrentIndex(0)
    assert note.text() == ""


def test_the_pinned_token_goes_along_with_the_attribution(stage: Stage, room: AttentionRoom) -> None:
    attribution = stage.window.workspace.attribution_view
    room._view.lines.lines._select(3)
    assert attribution.board.selected_token == 3
    attribution.token_selected.emit(5)
    assert room._view.token == 5
    attribution.select_token(-1)
    stage.type(TEXT + " Really.")
    stage.until(lambda: room._view.result is not None and room._view.result.input.text.endswith("Really."))
    assert room._view.token == -1


def test_agreement_with_the_attribution_on_screen(stage: Stage, room: AttentionRoom) -> None:
    sort_by(room, AGREEMENT)
    stage.until(lambda: room._view.panel.numbers is not None and bool(np.isfinite(room._view.panel.numbers).any()))
    (request,) = asked(stage, HeadAgreementRequest)
    assert stage.window.conductor.map is not None
    assert request.attribution == stage.window.conductor.map.request  # type: ignore[attr-defined]
    facts = room._view._facts.text()
    assert "with the size of its Integrated Gradients" in facts
    assert "Attention is not an explanation" in facts
    stage.window.workspace.method_panel.set_target("neutral")  # another attribution, another agreement
    stage.until(lambda: len(asked(stage, HeadAgreementRequest)) == 2)


def test_what_the_decoder_reads_is_part_of_the_question(stage: Stage, room: AttentionRoom) -> None:
    assert not room._view.decoder.isVisible()
    stage.open("/models/translate")
    stage.type("Not once.")
    stage.until(lambda: room._view.result is not None and room._view.result.input.text == "Not once.")
    assert room._view.decoder.isVisible()
    room._view.decoder._line.setText("Nie ist")
    room._view.decoder._line.editingFinished.emit()
    stage.until(lambda: room._view.result is not None and room._view.result.request.decoder_text == "Nie ist")
    room._view.decoder._line.editingFinished.emit()  # nothing new
    last = asked(stage, AttentionRequest)[-1]
    assert last == AttentionRequest("sha of /models/translate", TextInput("Not once."), decoder_text="Nie ist")
    stage.open()
    assert room._view.decoder.text is None


def test_failures_are_said_and_the_picture_before_stays(stage: Stage, room: AttentionRoom) -> None:
    stage.type("! much too long")
    stage.until(lambda: "900 tokens" in room._view._message.text())
    assert room._view.result is not None


def test_a_model_without_attention_says_what_it_has(stage: Stage, room: AttentionRoom) -> None:
    stage.open("/models/lstm")
    assert room._view._empty.text() == "This model has no attention layers: it has 2 LSTM layers."
    assert room._view._action.isVisible()
    room._view._action.click()
    assert stage.window.workspace.tabs.currentWidget().objectName() == "cellsView"


def test_an_empty_text(stage: Stage, room: AttentionRoom) -> None:
    stage.type(" ")
    stage.window.workspace.input_panel.editor.clear()
    stage.until(lambda: room._view.result is None)
    assert room._view._empty.text().startswith("Type a text")
    assert room.kept() is None
    assert room.caption() is None


def test_taken_along(stage: Stage, room: AttentionRoom, tmp_path: Path) -> None:
    room._view.choose(Choice(layer=1, head=2))
    stage.until(lambda: room._view.map is not None and room._view.map.request.layer == 1)
    kept = room.kept()
    assert kept is not None
    for suffix in kept.filters:
        kept.save(tmp_path / f"map{suffix}")
    pattern = room._view.map.pattern  # type: ignore[union-attr]
    with np.load(tmp_path / "map.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["patterns"], pattern[None, None])
        assert json.loads(arrays["meta"].tobytes())["layer"] == 1
    known = json.loads((tmp_path / "map.json").read_text())
    np.testing.assert_array_equal(np.array(known["patterns"][0][0], dtype=np.float32), pattern)
    assert len((tmp_path / "map.csv").read_text().splitlines()) == 1 + int((pattern != 0).sum())
    words = shlex.split(kept.command(tmp_path))
    tail = ["/models/film-mood", "--text", TEXT, "--layer", "1", "--head", "2", "--device", "cpu"]
    assert words[words.index("attention") + 1 :] == tail
    room._view.choose(Choice(quantity="value_norm"))
    stage.until(lambda: room._view.map is not None and room._view.map.unit == "norm")
    kept = room.kept()
    assert kept is not None
    with pytest.raises(UserError, match="weights of single heads"):
        kept.command(tmp_path)


def test_pinned_and_seen_again(stage: Stage, room: AttentionRoom) -> None:
    wanted = Choice(layer=2, head="mean", without_sinks=True)
    room._view.choose(wanted)
    room._view.show_page("text")
    room._view.choose_token(2)
    sort_by(room, "distance")
    seen = room.seen()
    assert seen is not None
    assert seen.asked() == AttentionRequest("sha of /models/film-mood", TextInput(TEXT))
    assert seen.title == "Attention: Layer 2, mean of heads, without sinks"
    room._view.choose(Choice())
    room._view.show_page("lines")
    room._view.choose_token(-1)
    sort_by(room, "layers")
    room.show_seen(seen)
    stage.until(lambda: room._view.choice == wanted and not room.running)
    assert (room._view.page, room._view.token, room._view.panel.sort.score) == ("text", 2, "distance")


@pytest.mark.parametrize(
    "state", [(("layer", -1), ("head", "none")), (("layer", 99), ("page", "film?"), ("sort", "?"), ("token", 999)), ()]
)
def test_a_finding_that_makes_no_sense_here(stage: Stage, room: AttentionRoom, state: tuple[tuple[str, object], ...]) -> None:
    room.restore(state)  # type: ignore[arg-type]
    room.ask(AttentionRequest("sha of /models/film-mood", TextInput("Another text.")))
    stage.until(lambda: room._view.result is not None and room._view.result.input.text == "Another text.")
    assert 0 <= room._view.choice.layer < 3
    assert room._view.token == -1
