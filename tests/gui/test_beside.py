"""Other methods on the same question, one after another, while the main question waits for nothing."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QLabel

from gui.views.map_board import Companion
from tests.gui.conftest import Stage
from tests.gui.stub_engine import StubEngine

TEXT = "One more time."


@pytest.fixture
def explained(stage: Stage) -> Stage:
    stage.open()
    stage.type(TEXT)
    stage.until_explained(TEXT)
    return stage


def companions(stage: Stage) -> tuple[Companion, ...]:
    return stage.window.workspace.attribution_view.board._companions


def until_compared(stage: Stage, count: int) -> None:
    stage.until(
        lambda: (
            not stage.window.conductor.beside_runs
            and sum(each.result is not None and each.result.progress == 1 for each in companions(stage)) == count
        )
    )


def asked_target(stage: Stage) -> str:
    shown = companions(stage)[0].result
    return "" if shown is None else shown.request.target.choice


def test_methods_are_added_moved_and_removed(explained: Stage) -> None:
    view = explained.window.workspace.attribution_view
    view.method_added.emit("saliency")
    view.method_added.emit("random")
    until_compared(explained, 2)
    assert [each.result.method.id for each in companions(explained) if each.result] == ["saliency", "random"]
    assert {each.result.request.input.text for each in companions(explained) if each.result} == {TEXT}
    view.method_moved.emit(companions(explained)[1].key, -1)
    assert [each.label for each in companions(explained)] == ["Random", "Saliency"]
    view.method_removed.emit(companions(explained)[0].key)
    assert [each.label for each in companions(explained)] == ["Saliency"]


def test_they_follow_the_text_and_the_target(explained: Stage) -> None:
    view = explained.window.workspace.attribution_view
    view.method_added.emit("saliency")
    until_compared(explained, 1)
    explained.type("Another text.")
    explained.until_explained("Another text.")
    until_compared(explained, 1)
    assert companions(explained)[0].result.request.input.text == "Another text."  # type: ignore[union-attr]
    explained.window.workspace.method_panel.set_target("positive")
    explained.until_explained()
    explained.until(lambda: asked_target(explained) == "positive")


def test_another_setting_of_the_main_method_leaves_them_as_they_are(explained: Stage) -> None:
    explained.window.workspace.attribution_view.method_added.emit("saliency")
    until_compared(explained, 1)
    before = companions(explained)[0].result
    explained.window.conductor.run()
    explained.until_explained()
    assert companions(explained)[0].result is before


def test_cancel_leaves_what_is_finished(make_stage: Callable[[], Stage], stub: StubEngine) -> None:
    stage = make_stage().start().open()
    stage.type(TEXT)
    stage.until_explained(TEXT)
    view = stage.window.workspace.attribution_view
    view.method_added.emit("saliency")
    until_compared(stage, 1)
    stub.step_seconds, stub.steps = 0.05, 200
    view.method_added.emit("random")
    stage.until(lambda: stage.window.actions_registry["cancel"].isEnabled())
    stage.window.actions_registry["cancel"].trigger()
    stage.until(lambda: not stage.window.conductor.beside_runs)
    first, second = companions(stage)
    assert first.result is not None
    assert first.result.progress == 1
    assert second.stopped


def test_a_failure_stands_in_its_row(explained: Stage) -> None:
    explained.window.workspace.attribution_view.method_added.emit("saliency")
    until_compared(explained, 1)
    explained.type("!broken")
    explained.until(lambda: "not a number" in companions(explained)[0].note)


def test_no_text_asks_nothing(explained: Stage) -> None:
    explained.window.workspace.attribution_view.method_added.emit("saliency")
    until_compared(explained, 1)
    explained.type("")
    explained.until(lambda: explained.window.conductor.map is None)
    explained.until(lambda: not explained.window.conductor.beside_runs)


def test_dimensions_are_asked_for_when_they_are_wanted(explained: Stage) -> None:
    view = explained.window.workspace.attribution_view
    explained.window.actions_registry["dimensions"].trigger()
    assert view.as_dimensions.isChecked()
    explained.until(lambda: not explained.window.conductor.beside_runs)
    explained.until(lambda: any("× " in label.text() for label in view.dimensions.findChildren(QLabel)))
    explained.window.actions_registry["dimensions"].trigger()
    assert view.dimensions.isHidden()


def test_the_grain_is_remembered(make_stage: Callable[[], Stage]) -> None:
    first = make_stage().start()
    first.window.actions_registry["grain_word"].trigger()
    first.close()
    again = make_stage().start()
    assert again.window.workspace.attribution_view.grain == "word"
    assert again.window.actions_registry["grain_word"].isChecked()


def test_pinning_by_keys(explained: Stage) -> None:
    board = explained.window.workspace.attribution_view.board
    explained.window.actions_registry["pin_map"].trigger()
    assert board.kept is explained.window.conductor.map
    explained.window.actions_registry["unpin_map"].trigger()
    assert board.kept is None
    assert not explained.window.actions_registry["unpin_map"].isEnabled()
