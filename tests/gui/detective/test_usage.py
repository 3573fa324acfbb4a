"""The page Ablation: asked by its button alone, about what was ranked; what is encoded and what is used are told apart."""

import json
import shlex
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from engine.cells import Cell
from engine.requests import AblationRequest, DetectRequest, EffectRequest
from gui.detective.room import DetectiveRoom
from gui.detective.usage_desk import NO_LANGUAGE_MODEL
from tests.gui.conftest import Stage
from tests.gui.stub_engine import NO_SUCH_SEED


def open_room(stage: Stage, path: str = "/models/lstm", corpus: str = "stdlib") -> DetectiveRoom:
    stage.open(path)
    stage.window.actions_registry["view_detective"].trigger()
    room = next(room for room in stage.window.rooms if isinstance(room, DetectiveRoom))
    room._view.question.pattern.setPlainText("h|e")
    room._view.question.set_corpus(corpus)
    room._view.question.start.click()
    stage.until(lambda: room._view.result is not None and not room.running)
    room._view.show_evidence("ablation")
    return room


@pytest.fixture
def room(stage: Stage) -> DetectiveRoom:
    return open_room(stage)


def asked(stage: Stage, kind: type) -> list[EffectRequest]:
    return [request for request in stage.stub.asked if isinstance(request, kind)]


def ablate(stage: Stage, room: DetectiveRoom) -> None:
    room._view.ablation.ablate.click()
    stage.until(lambda: room._usage.answer is not None and bool(room._view.ablation.both_ways.rows))


def select(room: DetectiveRoom, cell: Cell) -> None:
    found = room._view.finding
    assert found is not None
    row = next(at for at, unit in enumerate(found.units) if unit.cell == cell)
    room._view.table.selectRow(row)


def test_nothing_is_asked_before_the_button_and_then_what_was_ranked(stage: Stage, room: DetectiveRoom) -> None:
    assert not asked(stage, EffectRequest)
    ablate(stage, room)
    ranked = next(request for request in stage.stub.asked if isinstance(request, DetectRequest))
    (request,) = asked(stage, EffectRequest)
    for name in ("model_sha256", "scanned", "patterns", "predicate", "painted", "holdout", "seed"):
        assert getattr(request, name) == getattr(ranked, name)
    assert (request.cells, request.how, request.part) == ((Cell(0, 7),), "zero", None)
    page = room._view.ablation
    assert page.short.text() == "✓ encodes it   ✓ the model uses it"
    assert page.verdict.text() == (
        "Cell 0:7 (cell state) encodes “h|e” (AUC 0.980 on held-out text), and the model uses it there. Holding 0:7 at zero adds "
        "0.420 nats to the loss at matches beyond what it adds elsewhere (95 % interval +0.320 … +0.520, over 12 files), more "
        "than any of 20 random cells of like variance."
    )
    assert page.numbers["at matches", "change"].text() == "+0.430"
    assert page.numbers["difference", "change"].text() == "+0.420"
    assert not page.tag.isVisible()


def test_the_example_is_read_both_ways_and_the_arrows_go_on(stage: Stage, room: DetectiveRoom) -> None:
    ablate(stage, room)
    page = room._view.ablation
    (first,) = asked(stage, AblationRequest)
    assert (first.input.text, first.cells, first.how) == ("say('h", (Cell(0, 7),), "zero")  # type: ignore[attr-defined]
    assert page.both_ways.rows[0][0] == "'"
    page.after.click()
    stage.until(lambda: len(asked(stage, AblationRequest)) == 2 and bool(page.both_ways.rows))
    assert asked(stage, AblationRequest)[1].input.text == "say('e"  # type: ignore[attr-defined]
    assert page.example.text().startswith("Example 2 of 4 · ✓ hit · ab.py")
    page.before.click()
    assert len(asked(stage, AblationRequest)) == 2, "what is known is not asked again"
    assert page.both_ways.rows


def test_what_is_not_shown_to_be_used_is_redundant_where_all_together_are(stage: Stage) -> None:
    """Cell 0:3 alone changes nothing beyond chance; with 0:7, which encodes it too, it does: here 0:3 stands for a spare."""
    room = open_room(stage)
    select(room, Cell(0, 3))
    ablate(stage, room)
    page = room._view.ablation
    assert page.short.text() == "– not said to encode it   – not shown to be used"
    assert "is not shown to use it there" in page.verdict.text()
    assert page.verdict.text().endswith("the interval reaches zero.")
    page.sets.setCurrentIndex(1)
    assert room._usage.answer is None
    ablate(stage, room)
    assert asked(stage, EffectRequest)[-1].cells == (Cell(0, 3), Cell(0, 7))
    assert "uses these 2 cells together" in page.verdict.text()
    page.sets.setCurrentIndex(0)
    assert page.short.text().endswith("≈ redundant")
    assert "redundant: the model uses the 2 cells that encode it, and does without this one" in page.verdict.text()
    assert len(asked(stage, EffectRequest)) == 2, "what is known is not asked again"


def test_answers_stay_with_their_unit_and_part(stage: Stage, room: DetectiveRoom) -> None:
    ablate(stage, room)
    select(room, Cell(0, 3))
    assert room._usage.answer is None
    assert "what the model uses" in room._view.ablation.message.text()
    select(room, Cell(0, 7))
    assert room._usage.answer is not None
    room._view.choose(1, Cell(0, 7), "cell_state")
    room._usage.refresh()
    assert room._usage.answer is None
    ablate(stage, room)
    assert asked(stage, EffectRequest)[-1].part == "h"
    room._view.question.start.click()
    stage.until(lambda: room._view.result is not None and not room.running)
    assert room._usage.answer is None, "another ranking, other answers"


def test_held_at_the_corpus_mean_or_at_a_value(stage: Stage, room: DetectiveRoom) -> None:
    page = room._view.ablation
    assert not page.value.isVisible()
    page.ways.setCurrentIndex(2)
    assert page.value.isVisible()
    page.value.setValue(-1.5)
    ablate(stage, room)
    assert (asked(stage, EffectRequest)[-1].how, asked(stage, EffectRequest)[-1].value) == ("value", -1.5)
    assert "Holding 0:7 at −1.50" in page.verdict.text()
    page.ways.setCurrentIndex(1)
    assert not page.value.isVisible()
    ablate(stage, room)
    assert (asked(stage, EffectRequest)[-1].how, asked(stage, EffectRequest)[-1].value) == ("mean", 0.0)
    assert asked(stage, AblationRequest)[-1].how == "value", "at the mean over the corpus, not over the example"


def test_so_far_then_stopped(stage: Stage, room: DetectiveRoom) -> None:
    stage.stub.step_seconds, stage.stub.steps = 0.05, 1000
    page = room._view.ablation
    page.ablate.setFocus()
    page.ablate.click()
    stage.until(lambda: page.short.text().startswith("So far"))
    assert page.stop.isVisible()
    page.stop.click()
    stage.until(lambda: page.ablate.isVisible())
    assert page.tag.text() == "stopped"
    assert room._usage.answer is None
    stage.until(lambda: any(isinstance(request, EffectRequest) for request in stage.stub.closed))


def test_few_files_give_no_interval_and_it_is_said(stage: Stage) -> None:
    room = open_room(stage, corpus="/corpora/few")
    ablate(stage, room)
    page = room._view.ablation
    assert page.short.text() == "✓ encodes it   – not shown to be used"
    assert "(no interval: 3 files are too few)" in page.verdict.text()
    assert page.verdict.text().endswith("with so few files that may be chance.")


def test_a_failure_is_one_sentence(stage: Stage, room: DetectiveRoom) -> None:
    page = room._view.ablation
    page.ways.setCurrentIndex(2)
    page.value.setValue(NO_SUCH_SEED)
    page.ablate.click()
    stage.until(lambda: page.message.property("role") == "error")
    assert page.message.text().startswith("Cells can be held only")
    assert page.ablate.isVisible()


def test_a_classifier_has_nothing_to_ablate(stage: Stage) -> None:
    room = open_room(stage, "/models/lstm-classifier")
    assert not room._view.ablation.ablate.isEnabled()
    assert room._view.ablation.message.text() == NO_LANGUAGE_MODEL
    room._view.ablation.asked.emit()
    assert not asked(stage, EffectRequest)


def test_taken_along_with_the_ranking(stage: Stage, room: DetectiveRoom, tmp_path: Path) -> None:
    kept = room.kept()
    assert kept is not None
    assert "--ablate" not in kept.command(tmp_path)
    ablate(stage, room)
    kept = room.kept()
    assert kept is not None
    kept.save(tmp_path / "found.json")
    saved = json.loads((tmp_path / "found.json").read_text())["ablation"]
    assert [cell["index"] for cell in saved["cells"]] == [7]
    assert (saved["used"], saved["effect"]) == (True, pytest.approx(0.42))
    words = shlex.split(kept.command(tmp_path))
    assert words[words.index("--ablate") :][:4] == ["--ablate", "0:7", "--hold", "zero"]
    kept.save(tmp_path / "found.csv")
    kept.save(tmp_path / "found.png")


def test_a_pinned_page_comes_back_to_the_same_evidence(stage: Stage, room: DetectiveRoom) -> None:
    seen = room.seen()
    assert seen is not None
    room._view.show_evidence("scores")
    room.show_seen(seen)
    stage.until(lambda: room._view.result is not None and not room.running)
    assert room._view.evidence == "ablation"


@pytest.mark.parametrize("size", [(1280, 800), (1440, 900)])
@pytest.mark.parametrize("page", ["scores", "curves", "examples", "ablation"])
def test_the_room_does_not_scroll_as_a_whole(stage: Stage, room: DetectiveRoom, size: tuple[int, int], page: str) -> None:
    ablate(stage, room)
    stage.window.resize(*size)
    room._view.show_evidence(page)
    QApplication.processEvents()
    stage.until(lambda: room._view.verticalScrollBar().maximum() == 0)
    right = room._view.ablation.mapTo(room._view, room._view.ablation.rect().topRight()).x()
    assert right <= room._view.width()
