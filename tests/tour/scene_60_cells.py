"""Cells of a recurrent network on the text on the desk."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from engine.cells import Cell
from stage import Stage, scene

SAMPLES = Path(__file__).resolve().parent.parent.parent / "resources" / "samples"
CODE = (SAMPLES / "code-lstm").is_dir()
SNIPPET = '''def greet(name, times=2):
    """Say hello, "nicely"."""
    words = ["hello", 'you there']  # both kinds of quotes
    for word in words[:times]:
        if len(word) > 3 and (name or not words):
            print(f"{word}, {name}!", end="")
    return {"said": (times, [name])}
'''
NEWS = "Oil prices fell sharply on Monday after the finance ministry said that exports would rise again next month."


def cells(stage: Stage) -> object:
    return next(room for room in stage.window.rooms if room.key == "cells")


def shown(stage: Stage, text: str) -> bool:
    result = cells(stage).view.result
    return result is not None and result.input.text == text and not cells(stage).running


def put(stage: Stage, text: str) -> None:
    """As if dropped: typing it would take the tour a minute."""
    stage.window.conductor.put_text(text)
    stage.wait_for(lambda: shown(stage, text))


@scene
def cells_room(stage: Stage) -> None:
    name = "code-lstm" if CODE else "news-bilstm"
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    stage.window.conductor.open_sample(name)
    stage.wait_for(lambda: stage.window.conductor.model is not None and stage.window.conductor.model.name == name, timeout=60)
    stage.window.show_workspace()
    stage.window.actions_registry["view_cells"].trigger()
    put(stage, SNIPPET if CODE else NEWS)
    stage.shot(note="one cell on the text, every cell below")


@scene
def cells_grid(stage: Stage) -> None:
    stage.find("cellGrid").setFocus()
    for key in ("Right", "Right", "Down"):
        stage.key(key)
    text = cells(stage).view.text
    rect = text.token_rects(6)[0].center().toPoint()
    stage.click(text.viewport(), (rect.x(), rect.y()))
    box = stage.find("gridSort")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData("change"))
    box.activated.emit(box.currentIndex())
    stage.hover(stage.find("cellGrid").viewport(), (180, 40))
    stage.shot(note="a token pinned; the cells that it changed most come first")


@scene
def cells_mark(stage: Stage) -> None:
    stage.find("cellGrid").setFocus()
    stage.key("Home")
    stage.key("Ctrl+Shift+M")
    stage.type("turns here")
    stage.key("Return")
    stage.shot(note="a mark with a note, kept for this model")


@scene
def cells_gates(stage: Stage) -> None:
    stage.click("cells_gates")
    stage.hover(stage.find("cellTracks").viewport(), (300, 60))
    stage.shot(note="states and gates under one another; the cross reads all of them")


@scene
def cells_saturation(stage: Stage) -> None:
    stage.click("cells_saturation")
    scatter = stage.find("saturationScatter")
    place = scatter.dot_place("forget_gate", cells(stage).view.cell).toPoint()
    stage.hover(scatter.viewport(), (place.x(), place.y()))
    stage.shot(note="how often each gate is shut and open")


@scene
def cells_position(stage: Stage) -> None:
    stage.click("cells_position")
    stage.shot(note="all cells at the pinned token")


@scene
def cells_gate_on_text(stage: Stage) -> None:
    stage.click("cells_grid")
    box = stage.find("cellQuantity")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData("forget_gate"))
    box.activated.emit(box.currentIndex())
    stage.shot(note="a gate between 0 and 1 on the text")
    if CODE:
        stage.click("nextTokens")
        stage.wait_for(lambda: cells(stage).view.result.alternatives is not None)
        stage.shot("guesses", note="the five likeliest next characters under each")
        stage.click("nextTokens")


@scene
def cells_smallest_window(stage: Stage) -> None:
    size = stage.window.size()
    stage.window.resize(1280, 800)
    box = stage.find("cellQuantity")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(0)
    box.activated.emit(0)
    stage.shot(note="nothing clipped at 1280 × 800")
    stage.window.resize(size)


@scene
def cells_typed(stage: Stage) -> None:
    stage.click("inputText")
    stage.key("Ctrl+End")
    stage.type('x = "a"' if CODE else " Oil")
    stage.wait_for(lambda: shown(stage, (SNIPPET if CODE else NEWS) + ('x = "a"' if CODE else " Oil")))
    stage.shot(note="typed on: cell, pin and places stay")
    cells(stage).view.choose_cell(Cell(0, 0))


@scene
def cells_of_a_transformer(stage: Stage) -> None:
    stage.window.conductor.open_sample("movie-sentiment")
    stage.wait_for(lambda: stage.window.conductor.model.name == "movie-sentiment", timeout=60)
    stage.window.actions_registry["view_cells"].trigger()
    stage.find("viewTabs").setFocus(Qt.FocusReason.TabFocusReason)
    stage.shot(note="a model without cells says what it has instead")
    stage.window.workspace.tabs.setCurrentIndex(0)
