"""A whole data set: from opening it to the reasons of its errors."""

from PySide6.QtWidgets import QLineEdit

from gui.data.row_filter import RowFilter
from stage import Stage, scene


def room(stage: Stage) -> object:
    return stage.window.data_room


@scene
def data_opened(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    stage.window.show_welcome()
    stage.shot(note="the welcome page offers a whole data set")
    stage.window.actions_registry["sample_data"].trigger()
    stage.wait_for(lambda: room(stage).desk.data is not None, 30)
    stage.wait_for(lambda: room(stage).desk.predictions is not None and room(stage).desk.predictions.done > 0, 60)
    stage.shot("running", note="rows come in while the model reads them")
    stage.wait_for(lambda: room(stage).desk.whole, 120)
    stage.shot("predicted", note="the surest errors first")


@scene
def data_steps(stage: Stage) -> None:
    table = stage.find("dataTable")
    table.setFocus()
    for _ in range(3):
        stage.key("J")
    stage.wait_for(lambda: not stage.window.conductor.explanation.running, 30)
    stage.shot(note="the third error, its reason below")
    stage.window.workspace.tabs.setCurrentWidget(stage.window.workspace.attribution_view)
    stage.window.workspace.attribution_view.setFocus()
    for _ in range(2):
        stage.key("J")
        stage.wait_for(lambda: not stage.window.conductor.explanation.running, 30)
    stage.shot("attribution", note="stepping while the attribution is in sight")


@scene
def data_filtered(stage: Stage) -> None:
    stage.window.actions_registry["view_data"].trigger()
    search = stage.find("dataSearch")
    assert isinstance(search, QLineEdit)
    stage.click(search)
    stage.type("kind:/sarcasm|negated/ margin:<-0.2 ")
    stage.wait_for(lambda: len(room(stage).desk.rows) < room(stage).desk.data.rows, 10)
    stage.shot(note="a search by columns and numbers")
    stage.click("dataColumns")
    stage.shot("columns", note="what was guessed can be corrected")
    stage.click("dataColumns")
    stage.click("dataClear")


@scene
def data_overview(stage: Stage) -> None:
    stage.click("dataPage_overview")
    stage.shot(note="confusion, classes, calibration")


@scene
def data_words(stage: Stage) -> None:
    room(stage).desk.set_filter(RowFilter("kind:/sarcasm|negated|temporal/", "errors", order=(("margin", False),)))
    stage.click("dataPage_aggregate")
    stage.shot("before", note="what it would do")
    stage.click("aggregateStart")
    stage.wait_for(lambda: not room(stage)._view.aggregate.row.stop.isVisible(), 300)
    stage.shot(note="words of the errors, and where they stand")


@scene
def data_consistency(stage: Stage) -> None:
    stage.click("dataPage_consistency")
    stage.click("consistencyStart")
    stage.wait_for(lambda: not room(stage)._view.consistency.row.stop.isVisible(), 300)
    stage.shot(note="rules, flips, and the rows they turn over")


@scene
def data_example(stage: Stage) -> None:
    stage.click("dataPage_rows")
    stage.find("dataTable").setFocus()
    stage.key("J")
    room(stage).toggle_tag("sarcasm")
    stage.key("J")
    stage.key("1")
    room(stage).toggle_tag("check the label")
    stage.wait_for(lambda: not stage.window.conductor.explanation.running, 30)
    stage.click("exampleFlip")
    stage.wait_for(lambda: room(stage)._view.example.suggestions.list.count() > 0, 60)
    stage.shot(note="tags, and the fewest words that flip it")
    stage.click("exampleAlike")
    stage.wait_for(lambda: room(stage)._view.example.suggestions.list.count() > 3, 120)
    stage.shot("alike", note="rows that are alike to the model")
    stage.key("T")
    stage.shot("tag", note="which tag?")
    stage.key("Esc")


@scene
def data_keys(stage: Stage) -> None:
    stage.key("F1")
    stage.wait_for(lambda: stage.find("keySheet").isVisible())
    stage.shot(note="the keys of data among the others")
    stage.find("keySheet").close()
