"""The film of both samples through the real engine: what is on screen is what the command line writes."""

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.command_line import MAIN
from engine.samples import sample_path
from engine.workbench import Workbench
from gui.attention.film_page import FilmPage
from gui.attention.film_take import BRANCH, TRUNK
from gui.attention.room import AttentionRoom
from gui.view_actions import apply_theme
from main import main
from tests.gui.conftest import Stage

PATIENCE = 90_000  # ms: the first model brings its library
TEXT = "A smart, funny film with a great sense of"


@pytest.fixture
def stage(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Stage]:
    apply_theme("light")
    stage = Stage(qtbot, tmp_path / "nl", Workbench())  # type: ignore[arg-type]  # the real one in the place of the stub
    stage.until = lambda true: qtbot.waitUntil(true, timeout=PATIENCE)  # type: ignore[method-assign]
    yield stage.start()
    stage.close()


def film(stage: Stage) -> FilmPage:
    return next(room for room in stage.window.rooms if isinstance(room, AttentionRoom))._view.film


def whole(stage: Stage, lane: int, tokens: int) -> Callable[[], bool]:
    def there() -> bool:
        take = film(stage).take(lane)
        return take is not None and take.whole and take.film is not None and take.result.request.generation.tokens == tokens

    return there


def open_film(stage: Stage, sample: str) -> AttentionRoom:
    stage.open(sample_path(sample))
    stage.type(TEXT)
    stage.until(lambda: stage.window.conductor.map is not None)
    stage.window.actions_registry["view_attention"].trigger()
    room = next(room for room in stage.window.rooms if isinstance(room, AttentionRoom))
    stage.until(lambda: room._view.result is not None and room._view.result.input.text == TEXT)
    if room._view.page != "film":
        room._view.switcher._group.buttons()[4].click()
    film(stage).writing.tokens.setValue(6)
    stage.until(whole(stage, TRUNK, 6))
    return room


def by_command(room: AttentionRoom, folder: Path) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """What the line that is copied writes."""
    kept = room.kept()
    assert kept is not None
    words = shlex.split(kept.command(folder))
    out = folder / "by_command.npz"
    assert main([*words[words.index(str(MAIN)) + 1 :], "--out", str(out), "--quiet"]) == 0
    with np.load(out, allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    return found, json.loads(found.pop("meta").tobytes())


def test_of_a_recurrent_model(stage: Stage, tmp_path: Path) -> None:
    room = open_film(stage, "review-writer")
    page = film(stage)
    page.transport.slider.setValue(1)
    rows = page.lanes[TRUNK].alternatives
    page.lanes[TRUNK].alternatives.chosen.emit(next(row.text for row in rows.rows if not row.written))
    stage.until(whole(stage, BRANCH, 6))
    page.lanes[BRANCH].make_trunk.click()
    take = page.take(TRUNK)
    assert take is not None
    assert take.film is not None
    assert take.film.history is not None
    assert take.result.generated[1].forced
    arrays, meta = by_command(room, tmp_path)
    np.testing.assert_array_equal(arrays["history_patterns"], take.film.weights)
    assert [each["text"] for each in meta["generated"]] == [each.text for each in take.result.generated]  # type: ignore[attr-defined]
    history = take.film.history
    np.testing.assert_allclose(history.contributions.sum(1) + history.bias, history.logit, rtol=1e-4, atol=1e-4)
    page.lanes[TRUNK].force.setText("qwertz")
    page.lanes[TRUNK].force.returnPressed.emit()
    stage.until(lambda: "qwertz" in page._message.text())


def test_of_a_transformer(stage: Stage, tmp_path: Path) -> None:
    room = open_film(stage, "tiny-gpt")
    take = film(stage).take(TRUNK)
    assert take is not None
    assert take.film is not None
    arrays, meta = by_command(room, tmp_path)
    np.testing.assert_allclose(arrays["generated_patterns"][:, 0, 0], take.film.in_text(take.film.weights), atol=1e-6)
    assert [each["text"] for each in meta["generated"]] == [each.text for each in take.result.generated]  # type: ignore[attr-defined]
    film(stage).lanes[TRUNK].force.setText("no such thing")
    film(stage).lanes[TRUNK].force.returnPressed.emit()
    stage.until(lambda: "tokens to this model" in film(stage)._message.text())
