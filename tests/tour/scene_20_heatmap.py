"""The heatmap in use: grains, other methods, a map kept for comparison, find, dimensions, undo."""

from PySide6.QtWidgets import QApplication, QMenu, QSpinBox

from stage import Stage, scene

TEXT = "Uninspired, meandering and overlong. Yet the leads are mesmerising: I couldn't look away! A near-masterpiece?"


def finished(stage: Stage) -> bool:
    conductor = stage.window.conductor
    whole = conductor.map is not None and conductor.map.progress == 1
    return whole and not conductor.explanation.running and not conductor.beside_runs


def open_sample(stage: Stage, name: str = "movie-sentiment") -> None:
    """Be in the workspace with that sample open, wherever the scenes before have left it."""
    model = stage.window.conductor.model
    if model is None or model.name != name:
        stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
        stage.window.show_welcome()
        stage.click(f"sample_{name}")
        stage.wait_for(lambda: finished(stage) and stage.window.conductor.model.name == name, timeout=60)
    stage.window.show_workspace()


@scene
def heatmap_text(stage: Stage) -> None:
    open_sample(stage)
    stage.click("inputText")
    stage.key("Ctrl+A")
    stage.type(TEXT)
    stage.wait_for(lambda: finished(stage) and stage.window.conductor.map.request.input.text == TEXT)
    stage.shot(note="sub-words, each with its value; the path curve below")


@scene
def grain(stage: Stage) -> None:
    stage.click("grain_word")
    stage.hover("mainMap", (60, 30))
    stage.shot("words", note="the pieces of a word together; the read-out says how many")
    stage.key("Ctrl+3")
    stage.shot("sentences", note="sentence by sentence")
    stage.key("Ctrl+2")
    stage.key("Ctrl+T")
    stage.shot("table", note="the table follows the grain")
    stage.key("Ctrl+T")


def add(stage: Stage, method: str) -> None:
    """By the keyboard, as the menu offers it."""
    stage.key("Ctrl+Shift+A")
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    while menu.activeAction() is None or menu.activeAction().data() != method:
        stage.key("Down")
    if method == "saliency":
        stage.shot("menu", note="the methods that can be added")
    stage.key("Return")


@scene
def stack(stage: Stage) -> None:
    for method in ("input_x_gradient", "saliency"):
        add(stage, method)
    stage.wait_for(lambda: finished(stage))
    stage.window.workspace.attribution_view.select_token(1)
    stage.shot(note="three methods under one another, one scale where one unit and sign allow it")
    for row in stage.window.workspace.attribution_view.board.rows()[:0:-1]:
        stage.click(f"{row.objectName()}_remove")


@scene
def pinned_pair(stage: Stage) -> None:
    stage.click("pinMap")
    box = stage.find("param_n_steps")
    assert isinstance(box, QSpinBox)
    box.setValue(4)
    stage.wait_for(lambda: finished(stage) and bool(stage.window.conductor.map.request.parameters))
    stage.shot("settings", note="four steps against the certified map: what differs is named")
    stage.find("methodBox").setFocus()
    stage.key("Ctrl+Z")
    stage.wait_for(lambda: finished(stage) and not stage.window.conductor.map.request.parameters)
    stage.click("inputText")
    stage.key("Ctrl+A")
    stage.type("A near-masterpiece? I couldn't look away!")
    stage.wait_for(lambda: finished(stage) and stage.window.conductor.map.request.input.text.endswith("away!"))
    stage.shot("texts", note="two texts on one scale")
    stage.key("Ctrl+Alt+P")


@scene
def find(stage: Stage) -> None:
    stage.key("Ctrl+F")
    stage.type("A")
    stage.key("Return")
    stage.shot(note="every hit underlined, the current one framed; the colours stay")
    stage.key("Esc")


@scene
def dimensions(stage: Stage) -> None:
    stage.key("Ctrl+D")
    stage.wait_for(lambda: finished(stage))
    stage.hover("dimensionPlot", (260, 60))
    stage.shot(note="every dimension of every token")
    stage.click("sortDimensions")
    stage.hover("dimensionPlot", (160, 60))
    stage.shot("sorted", note="the dimensions with most effect first")
    stage.key("Ctrl+D")
    stage.key("Ctrl+1")
