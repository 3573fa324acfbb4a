"""A text of one's own and random documents: asked once they have what they need, remembered all the same."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.controls.baseline_controls import BaselineControls
from tests.gui.conftest import Stage

OFFERED = ("zero", "pad", "mask")


@pytest.fixture
def controls(qtbot: QtBot) -> BaselineControls:
    made = BaselineControls()
    qtbot.addWidget(made)
    made.show_baselines(OFFERED)
    made.show()
    return made


def test_an_own_text_counts_once_it_is_typed(controls: BaselineControls, qtbot: QtBot) -> None:
    controls.set_baselines(("text:",))
    assert controls.own_text.isVisible()
    assert controls.baselines() == ("zero",), "until then something that can be asked"
    assert controls.wishes == ("text:",)
    with qtbot.waitSignal(controls.changed):
        controls.own_text.replace_text(" It is a film.\nSo it is. ")
    assert controls.baselines() == ("text: It is a film.\nSo it is. ",), "as typed"
    assert controls.background() is None


def test_random_documents_need_a_file_and_are_as_many_as_told(controls: BaselineControls) -> None:
    controls.set_baselines(("mask", "random_document", "random_document", "random_document"))
    assert controls.baselines() == ("mask",)
    controls.choose_file("/data/reviews.csv")
    assert controls.baselines() == ("mask", "random_document", "random_document", "random_document")
    assert controls.background() == "/data/reviews.csv"
    controls.set_baselines(("zero",))
    assert controls.background() is None, "a file that is not asked for is no part of the question"


def test_what_is_set_is_what_is_wished(controls: BaselineControls) -> None:
    wished = ("zero", "text:nothing", "random_document", "random_document")
    controls.set_baselines(wished, "/texts.txt")
    assert controls.wishes == controls.baselines() == wished
    controls.show_baselines(("pad",))
    assert controls.baselines() == wished[1:]
    assert controls.wishes == wished


def test_another_baseline_is_one_that_lacks_nothing(controls: BaselineControls) -> None:
    controls.set_baselines(("mask",))
    assert controls.next_baseline() == "zero"
    controls.own_text.replace_text("nothing")
    assert controls.next_baseline() == "text:"


def test_the_question_says_the_file_the_seed_and_the_text(stage: Stage, tmp_path: Path) -> None:
    stage.open()
    stage.type("Fine words.")
    panel = stage.window.workspace.method_panel
    stage.dialogs.folder = str(tmp_path / "texts.csv")
    panel.baseline_controls.set_baselines(("text:nothing", "random_document"))
    panel.baseline_controls.file_wanted.emit()
    stage.until(lambda: stage.window.conductor.map is not None and stage.window.conductor.map.request.background is not None)
    assert stage.window.conductor.map is not None
    request = stage.window.conductor.map.request
    assert (request.baselines, request.background) == (("text:nothing", "random_document"), str(tmp_path / "texts.csv"))
    assert stage.memory.settings.background == str(tmp_path / "texts.csv")
    stage.window.actions_registry["undo"].trigger()
    assert panel.baseline_controls.background() is None
