"""A text made to order: it grows on screen, is stopped, and goes to the desk; the same on another architecture."""

from PySide6.QtWidgets import QSpinBox

from stage import Stage, scene


def finished(stage: Stage) -> bool:
    conductor = stage.window.conductor
    whole = conductor.map is not None and conductor.map.progress == 1
    return whole and not conductor.explanation.running and not conductor.beside_runs


def begin(stage: Stage, sample: str, target: str) -> None:
    stage.window.show_welcome()
    stage.click(f"sample_{sample}")
    stage.wait_for(lambda: stage.window.conductor.model is not None and stage.window.conductor.model.name == sample, timeout=60)
    stage.wait_for(lambda: finished(stage), timeout=60)
    stage.window.workspace.method_panel.set_target(target)
    stage.wait_for(lambda: finished(stage))
    stage.window.actions_registry["view_optimise"].trigger()


@scene
def optimise(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    begin(stage, "movie-sentiment", "positive")
    stage.shot("empty", note="what will be here, and towards what")
    stage.click("optimiseStart")
    room = next(room for room in stage.window.rooms if room.key == "optimise")
    stage.wait_for(lambda: room.kept() is not None and room._result.progress > 0.3, timeout=120)
    stage.shot("growing", note="the best text so far, its nearest tokens and both scores while it climbs")
    stage.key("Esc")
    stage.wait_for(lambda: not room.running)
    stage.shot("stopped", note="what there is stays")
    stage.find("optimiseMode").setCurrentIndex(1)
    stage.click("optimiseStart")
    stage.wait_for(lambda: room.kept() is not None and not room.running, timeout=120)
    stage.shot("swaps", note="real tokens swapped one at a time")
    stage.click("optimisePut")
    best = room._result.best.input.text
    stage.wait_for(lambda: finished(stage) and stage.window.conductor.map.request.input.text == best)
    stage.shot("desk", note="the text on the desk, with its prediction")


@scene
def optimise_news(stage: Stage) -> None:
    begin(stage, "news-bilstm", "Sports")
    tokens = stage.find("optimiseTokens")
    assert isinstance(tokens, QSpinBox)
    tokens.setValue(16)
    stage.find("optimiseMode").setCurrentIndex(0)
    stage.click("optimiseStart")
    room = next(room for room in stage.window.rooms if room.key == "optimise")
    stage.wait_for(lambda: room.kept() is not None and not room.running, timeout=120)
    stage.hover("nearTokens", (200, 60))
    stage.shot(note="sixteen tokens of an LSTM; the read-out says how near")
    stage.hover("optimiseCurve", (300, 90))
    stage.shot("curve", note="both scores at a step")
    stage.window.workspace.tabs.setCurrentIndex(0)
