"""Other views among the findings: pinned with their picture, and asked again when they are opened."""

from engine.findings import ViewFinding
from gui.rooms import Room
from scene_20_heatmap import finished, open_sample
from stage import Stage, scene


def room(stage: Stage, key: str) -> Room:
    return next(room for room in stage.window.rooms if room.key == key)


def answered(stage: Stage, key: str) -> bool:
    return room(stage, key).caption() is not None and not room(stage, key).running


@scene
def findings_of_views(stage: Stage) -> None:
    open_sample(stage, "news-bilstm")
    for key in ("cells", "flow"):
        stage.window.actions_registry[f"view_{key}"].trigger()
        stage.wait_for(lambda key=key: answered(stage, key))
        stage.key("Ctrl+K")
    stage.key("Ctrl+Shift+F")
    stage.shot(note="a gradient flow and a cell among the maps")
    views = [each for each in stage.window.findings.store.findings if isinstance(each, ViewFinding)]
    pinned = next(each for each in views if each.seen.view == "cells")
    stage.click(f"finding_{pinned.id}", (200, 60))
    stage.wait_for(lambda: room(stage, "cells").in_sight and answered(stage, "cells"))
    stage.shot("opened", note="the cell is on screen again, on the same text")
    stage.window.workspace.tabs.setCurrentIndex(0)
    stage.wait_for(lambda: finished(stage) or stage.window.conductor.map is None)
