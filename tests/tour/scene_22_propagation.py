"""Methods that hand the score down layer by layer, and those that a model without ReLUs cannot have."""

from PySide6.QtWidgets import QComboBox

from stage import Stage, scene


def mapped_by(stage: Stage, method: str) -> bool:
    """Whether a whole map of this method is on screen and nothing runs."""
    conductor = stage.window.conductor
    shown = conductor.map
    return shown is not None and shown.progress == 1 and shown.method.id == method and not conductor.explanation.running


def choose(stage: Stage, method: str) -> None:
    box = stage.find("methodBox")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(method))
    stage.wait_for(lambda: mapped_by(stage, method), timeout=60)


@scene
def handed_down(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    stage.key("Alt+Home")
    stage.click("sample_movie-sentiment")
    stage.wait_for(lambda: stage.window.workspace.isVisible() and stage.window.conductor.map is not None, timeout=60)
    choose(stage, "lrp")
    stage.shot(note="LRP: how much of the score reaches the tokens, and what stays where no token is")
    choose(stage, "deeplift")
    stage.shot("deeplift", note="DeepLIFT adds up against the baseline")
    box = stage.find("methodBox")
    assert isinstance(box, QComboBox)
    box.showPopup()
    stage.wait_for(lambda: box.view().isVisible())
    stage.shot("refused", note="methods that need ReLUs are greyed, and say why")
    box.hidePopup()
    choose(stage, "integrated_gradients")


@scene
def guided(stage: Stage) -> None:
    stage.key("Alt+Home")
    stage.click("sample_news-bilstm")
    stage.wait_for(lambda: stage.window.workspace.isVisible() and stage.window.conductor.model.name == "news-bilstm", timeout=60)
    choose(stage, "guided_backprop")
    stage.shot(note="guided backpropagation, with its warning")
    choose(stage, "integrated_gradients")
