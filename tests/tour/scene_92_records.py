"""Records: a form of fields, the map field by field, an edit and what it changes, a table of them, over training."""

from pathlib import Path

from PySide6.QtWidgets import QLabel

from stage import Stage, scene

SAMPLES = Path(__file__).resolve().parents[2] / "resources" / "samples"


def idle(stage: Stage) -> bool:
    return stage.window.conductor.map is not None and not stage.window.conductor.explanation.running


def room(stage: Stage) -> object:
    return stage.window.data_room


@scene
def record_sample(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    stage.window.show_welcome()
    stage.click("sample_delivery-regressor")
    stage.wait_for(lambda: idle(stage) and bool(stage.window.conductor.map.prediction.text.fields), 60)
    stage.shot(note="a delivery as fields, and what each of them is worth")
    stage.hover("fieldMap", (260, 90))
    stage.shot("hover", note="a character, and its field, to the digit")


@scene
def record_edited(stage: Stage) -> None:
    box = stage.find("field_6")
    stage.click(box, (20, 12))
    line = box.lineEdit() if hasattr(box, "lineEdit") else box
    line.selectAll()
    stage.type("snow")
    form = stage.window.workspace.input_panel.record
    stage.wait_for(lambda: idle(stage) and form.tools.findChild(QLabel, "recordChange").isVisible(), 30)
    stage.shot(note="one field edited: the prediction before and now")
    weight = stage.find("field_4")
    stage.click(weight)
    weight.selectAll()
    stage.type("heavy")
    stage.wait_for(lambda: idle(stage) and "heavy"[:4] in stage.window.conductor.map.prediction.text.text, 30)
    stage.shot("wrong", note="too long and no number: said at the field and below the map")
    stage.click("recordBack")
    stage.wait_for(lambda: idle(stage), 30)


@scene
def record_grain(stage: Stage) -> None:
    stage.window.actions_registry["grain_field"].trigger()
    stage.click("fieldMeasure_mean")
    stage.shot(note="fields as the map's grain, bars of means")
    stage.window.actions_registry["grain_token"].trigger()
    stage.click("fieldMeasure_total")


@scene
def record_training(stage: Stage) -> None:
    stage.window.actions_registry["view_training"].trigger()
    stage.wait_for(lambda: not stage.window.jobs.runs("training"), 120)
    stage.shot(note="the same map at every checkpoint")


@scene
def record_cells(stage: Stage) -> None:
    stage.window.actions_registry["view_cells"].trigger()
    stage.wait_for(lambda: not stage.window.jobs.runs("cells"), 60)
    stage.shot(note="cells over the characters of the record")


@scene
def record_table(stage: Stage) -> None:
    stage.window.data_room.open(str(SAMPLES / "datasets" / "deliveries.csv"))
    stage.wait_for(lambda: room(stage).desk.whole, 120)
    stage.find("dataTable").setFocus()
    stage.key("J")
    stage.key("J")
    stage.wait_for(lambda: idle(stage), 60)
    stage.shot(note="the worst errors first, the reason below")
    stage.click("dataPage_overview")
    stage.shot("overview", note="measured by predicted, residuals, figures")
    stage.click("dataPage_aggregate")
    room(stage)._view.aggregate.many.setCurrentIndex(0)
    stage.click("aggregateStart")
    stage.wait_for(lambda: not room(stage)._view.aggregate.row.stop.isVisible(), 300)
    stage.shot("fields", note="fifty examples and more, character by character and field by field")
    slider = stage.find("aggregateCheckpoint")
    slider.setFocus()
    stage.key("Home")
    for _ in range(6):
        stage.key("Right")
    stage.wait_for(lambda: room(stage)._view.aggregate.result.request.checkpoint is not None, 60)
    stage.wait_for(lambda: not stage.window.jobs.runs("data.aggregate"), 300)
    stage.shot("epoch", note="the same rows as the model read them after four epochs")
