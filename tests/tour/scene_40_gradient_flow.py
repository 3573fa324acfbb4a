"""Gradient flow: layer × token of the film classifier, then layers and steps of the recurrent one."""

from PySide6.QtWidgets import QToolButton, QWidget

from stage import Stage, scene


def flowing(stage: Stage, model: str) -> bool:
    """Whether the flow of this model is on screen and nothing runs."""
    room = next(room for room in stage.window.rooms if room.key == "flow")
    result = room.view.result
    return result is not None and result.model.name == model and not room.running


def press(stage: Stage, name: str) -> None:
    """A switch of the view."""
    button = stage.find(name)
    assert isinstance(button, QToolButton)
    stage.click(button)


@scene
def flow_of_layers(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    stage.key("Alt+Home")
    stage.click("sample_movie-sentiment")
    stage.wait_for(lambda: stage.window.workspace.isVisible() and stage.window.conductor.map is not None, timeout=60)
    stage.window.actions_registry["view_flow"].trigger()
    stage.wait_for(lambda: flowing(stage, "movie-sentiment"), timeout=60)
    stage.shot(note="the gradient at every layer and token, and each layer as a whole")
    matrix: QWidget = stage.find("flowMatrix")
    stage.hover(matrix, (260, 90))
    stage.shot("hover", note="one cell, exactly: layer, token, value, share, rank")
    press(stage, "flowLog")
    stage.shot("linear", note="from zero, in proportion")
    press(stage, "flowLog")


@scene
def flow_of_steps(stage: Stage) -> None:
    stage.key("Alt+Home")
    stage.click("sample_news-bilstm")
    stage.wait_for(lambda: stage.window.workspace.isVisible() and flowing(stage, "news-bilstm"), timeout=60)
    stage.shot(note="a recurrent model: its few layers")
    press(stage, "flowSteps")
    stage.shot("steps", note="back through time, in both directions")
    stage.hover("stepMatrix", (400, 20))
    stage.shot("hover", note="one step, exactly")
    press(stage, "flowCell")
    stage.shot("cells", note="cell states: the way past the gates")
    stage.window.workspace.tabs.setCurrentIndex(0)
