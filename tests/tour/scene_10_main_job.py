"""The main job, as a stranger meets it: a sample, a sentence, other settings, and what happens when things go wrong."""

from PySide6.QtWidgets import QComboBox, QLineEdit, QSpinBox

from stage import Stage, scene


def finished(stage: Stage) -> bool:
    """Whether a whole map is on screen and nothing runs."""
    conductor = stage.window.conductor
    return conductor.map is not None and conductor.map.progress == 1 and not conductor.explanation.running


@scene
def welcome(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    stage.shot(note="what a stranger sees first")
    stage.hover("sample_movie-sentiment")
    stage.shot("hover", note="a card under the pointer")


@scene
def one_click(stage: Stage) -> None:
    stage.click("sample_movie-sentiment")
    stage.wait_for(lambda: finished(stage), timeout=60)
    stage.shot(note="one click later: a sentence that the model misreads, and why")
    stage.hover("attributionView", (80, 72))
    stage.shot("hover", note="the token under the pointer, exactly")


@scene
def typed(stage: Stage) -> None:
    stage.click("inputText")
    stage.key("Ctrl+A")
    stage.type("The plot is thin, yet I could not look away.")
    stage.wait_for(lambda: finished(stage) and stage.window.conductor.map.request.input.text.endswith("away."))
    stage.shot(note="a sentence of one's own, explained while it is typed")


@scene
def few_steps(stage: Stage) -> None:
    stage.find("param_n_steps").setFocus()
    box = stage.find("param_n_steps")
    assert isinstance(box, QSpinBox)
    box.setValue(4)
    stage.wait_for(lambda: finished(stage) and dict(stage.window.conductor.map.request.parameters).get("n_steps") == 4)
    stage.shot(note="four steps do not add up, and it says so and offers remedies")
    box.setValue(box.minimum())
    stage.wait_for(lambda: finished(stage) and not stage.window.conductor.map.request.parameters)


@scene
def versus(stage: Stage) -> None:
    true = stage.find("trueBox")
    assert isinstance(true, QComboBox)
    true.setCurrentText("positive")
    stage.wait_for(lambda: finished(stage))
    stage.shot(note="the true label is another: predicted versus true is offered")
    stage.click("suggestTrue")
    stage.wait_for(lambda: finished(stage) and stage.window.conductor.map.request.target.versus == "true")
    stage.shot("chosen", note="the difference of the two classes")


@scene
def palette(stage: Stage) -> None:
    stage.key("Ctrl+Shift+P")
    stage.wait_for(lambda: stage.find("paletteFilter").isVisible())
    stage.type("copy")
    stage.shot(note="every action by a few letters")
    stage.key("Esc")


@scene
def no_such_model(stage: Stage) -> None:
    path = stage.find("modelPath")
    assert isinstance(path, QLineEdit)
    path.setFocus()
    path.selectAll()
    stage.type("/no/such/model")
    stage.key("Return")
    stage.wait_for(lambda: stage.window.message_bar.isVisible())
    stage.shot(note="a path that leads nowhere: one sentence, and everything stays as it was")
    stage.click("messageClose")


@scene
def keys(stage: Stage) -> None:
    stage.key("F1")
    stage.wait_for(lambda: stage.find("keySheet").isVisible())
    stage.shot(note="the sheet of keys")
    stage.find("keySheet").close()


@scene
def home(stage: Stage) -> None:
    stage.key("Alt+Home")
    stage.shot(note="home again, with the model among the recent ones")
