"""Two of a kind side by side: models over a set, a training, examples, slices."""

import tempfile
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from stage import Stage, scene
from tests import news


def room(stage: Stage) -> object:
    return stage.window.data_room


def page(stage: Stage) -> object:
    return room(stage)._view.compare


@scene
def compare_models(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    stage.key("Alt+Home")
    stage.click("sample_news-bilstm")
    stage.wait_for(lambda: stage.window.conductor.map is not None, timeout=60)
    room(stage).open(news.write(Path(tempfile.mkdtemp())))
    stage.wait_for(lambda: room(stage).desk.whole, 60)
    stage.click("dataPage_compare")
    stage.shot("before", note="what could be compared")
    models = page(stage).models
    models.other.setCurrentIndex(next(at for at in range(models.other.count()) if models.other.itemText(at) == "at epoch 2"))
    stage.click("besideStart")
    stage.wait_for(lambda: models.result is not None and not models.row.stop.isVisible(), 60)
    stage.find("besideTable").setFocus()
    stage.key("J")
    stage.wait_for(lambda: models.maps.second.has_map, 60)
    stage.shot(note="rows that two models take differently, both reasons below")
    stage.click("besideKind_broken")
    for _ in range(2):
        stage.key("J")
        stage.wait_for(lambda: models.maps.second.has_map, 60)
    stage.shot("broken", note="those that the other gets wrong")
    stage.click("besideKind_same")
    stage.click("besideMapsStart")
    stage.wait_for(lambda: "explained with both" in models.maps_row.note.text(), 120)
    stage.find("besideTable").setFocus()
    stage.key("J")
    stage.wait_for(lambda: models.maps.second.has_map, 60)
    stage.shot("same", note="the same answer for other reasons: the least alike maps first")


@scene
def compare_training(stage: Stage) -> None:
    stage.click("compareKind_checkpoints")
    stage.click("checkpointsStart")
    checkpoints = page(stage).checkpoints
    stage.wait_for(lambda: checkpoints.result is not None and not checkpoints.row.stop.isVisible(), 120)
    stage.find("checkpointsTable").setFocus()
    stage.key("J")
    stage.wait_for(lambda: not stage.window.data_room._house.jobs.runs("data.checkpoints.row"), 120)
    stage.shot(note="accuracy over training, when each row was learnt, the row's map at every checkpoint")
    slider = stage.find("checkpointsSlider")
    slider.setFocus()
    for _ in range(3):
        QTest.keyClick(slider, Qt.Key.Key_Left)
    stage.click("checkpointsKind_learnt")
    stage.shot("learnt", note="an earlier checkpoint, and the rows that came to stay right there")
    stage.click("checkpointsKind_all")


@scene
def compare_examples(stage: Stage) -> None:
    stage.click("dataPage_rows")
    desk = room(stage).desk
    desk.go_to(int(desk.rows[desk.errors[0]]))
    stage.find("dataTable").setFocus()
    stage.wait_for(lambda: not stage.window.conductor.explanation.running, 30)
    stage.key("P")
    stage.key("J")
    stage.wait_for(lambda: not stage.window.conductor.explanation.running, 30)
    stage.shot(note="the pinned row, and the next error beside it")


@scene
def compare_slices(stage: Stage) -> None:
    stage.click("compareKind_slices")
    slices = page(stage).slices
    stage.click("slicesStart")
    stage.wait_for(lambda: slices.result is not None, 60)
    stage.click("sliceWordsStart")
    stage.wait_for(lambda: slices.summed is not None and not slices.words_row.stop.isVisible(), 120)
    stage.shot(note="errors beside right rows")
    bar = slices._sheet.verticalScrollBar()
    bar.setValue(bar.maximum())
    stage.shot("words", note="and the words that speak in them")
    bar.setValue(0)
