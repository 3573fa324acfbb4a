"""What every head attends to on the text on the desk."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from stage import Stage, scene

TEXT = "Not once does it come close to being exciting, and its ending is the dullest that anybody has filmed this year."
LONG = " ".join([TEXT, "I had hoped for a film about people, and got one about cars, sold to us as a tragedy."] * 6)


def view(stage: Stage) -> object:
    return next(room for room in stage.window.rooms if room.key == "attention")._view


def shown(stage: Stage, text: str) -> bool:
    here = view(stage)
    return here.result is not None and here.result.input.text == text and here.map is not None


def put(stage: Stage, text: str) -> None:
    stage.window.conductor.put_text(text)
    stage.wait_for(lambda: shown(stage, text), timeout=60)


def sort_by(stage: Stage, score: str) -> None:
    box = stage.find("sortHeads")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(score))
    box.activated.emit(box.currentIndex())


def choose(stage: Stage, name: str, value: object) -> None:
    before = view(stage).map
    box = stage.find(name)
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())
    stage.wait_for(lambda: view(stage).map is not before)


@scene
def attention_heads(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    stage.window.conductor.open_sample("movie-sentiment")
    stage.wait_for(lambda: stage.window.conductor.model is not None and "attention" in stage.window.conductor.model.can, 60)
    stage.window.show_workspace()
    stage.window.actions_registry["view_attention"].trigger()
    put(stage, TEXT)
    stage.shot(note="every head of every layer")
    sort_by(stage, "previous")
    grid = stage.find("headGrid")
    stage.hover(grid.viewport(), (40, 40))
    stage.shot("sorted", note="those that look at the token before come first")


@scene
def attention_agreement(stage: Stage) -> None:
    sort_by(stage, "agreement")
    stage.wait_for(lambda: not stage.window.jobs.runs("attention.agreement"), 60)
    stage.shot(note="how far each head goes along with the attribution")


@scene
def attention_matrix(stage: Stage) -> None:
    sort_by(stage, "distance")
    grid = stage.find("headGrid")
    place = grid.item_rect(0).center()
    stage.click(grid.viewport(), (place.x(), place.y()))
    stage.wait_for(lambda: stage.find("attentionMatrix").isVisible())
    plot = stage.find("attentionMatrix")
    stage.hover(plot.viewport(), (plot.width() // 2, plot.height() // 2))
    stage.shot(note="one head, query by key, and the cross with its read-out")
    stage.find("withoutSinks").click()
    stage.wait_for(lambda: view(stage).map.request.without_sinks)
    stage.shot("without-sinks", note="what is left when sinks get nothing")
    stage.find("withoutSinks").click()


@scene
def attention_lines(stage: Stage) -> None:
    stage.click("attention_lines")
    lines = stage.find("attentionLines")
    stage.shot(note="thick lines are large weights")
    stage.hover(lines.viewport(), (60, int(lines._y(4))))
    stage.shot("hover", note="one token alone")
    stage.click(lines.viewport(), (60, int(lines._y(4))))


@scene
def attention_text(stage: Stage) -> None:
    stage.click("attention_text")
    stage.shot(note="the pinned token, and what it attends to")
    stage.click("attended_by")
    stage.shot("by", note="who looks at it")
    stage.click("attended_to")
    choose(stage, "attentionQuantity", "relevance")
    stage.shot("relevance", note="the one quantity that depends on the target")
    choose(stage, "attentionQuantity", "weights")


@scene
def attention_long(stage: Stage) -> None:
    stage.click("attention_matrix")
    put(stage, LONG)
    stage.shot(note="a long text: names are thinned, bright cells stay")
    plot = stage.find("attentionMatrix")
    for _ in range(4):
        plot._box.scaleBy((0.6, 0.6), center=(60, 60))
    stage.hover(plot.viewport(), (plot.width() // 2, plot.height() // 2))
    stage.shot("zoomed", note="nearer: names come back")


@scene
def attention_smallest_window(stage: Stage) -> None:
    size = stage.window.size()
    stage.window.resize(1280, 800)
    put(stage, TEXT)
    stage.shot(note="nothing clipped at 1280 × 800")
    stage.click("attention_heads")
    sort_by(stage, "layers")
    stage.shot("heads", note="nor here")
    stage.window.resize(size)


@scene
def attention_of_an_lstm(stage: Stage) -> None:
    stage.window.conductor.open_sample("news-bilstm")
    stage.wait_for(lambda: stage.window.conductor.model.name == "news-bilstm", timeout=60)
    stage.window.actions_registry["view_attention"].trigger()
    stage.find("viewTabs").setFocus(Qt.FocusReason.TabFocusReason)
    stage.shot(note="a model without attention says what it has instead")
    stage.window.workspace.tabs.setCurrentIndex(0)
