"""A corpus in the Cells room: coloured by one cell, its extremes, places like a phrase, places painted by hand."""

from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from corpora import model_and_corpus
from stage import Stage, scene, wait

POSITIONS = 60_000


def cells(stage: Stage) -> object:
    return next(room for room in stage.window.rooms if room.key == "cells")


def drag(stage: Stage, text: object, first: int, last: int) -> None:
    """From one code point of the corpus to another, both in sight."""
    places = [text.token_rects(text.token_of(at))[0].center().toPoint() for at in (first, last)]
    QTest.mousePress(text.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, places[0])
    for step in range(1, 5):
        between = places[0] + (places[1] - places[0]) * (step / 4)
        QTest.mouseMove(text.viewport(), QPoint(round(between.x()), round(between.y())))
        wait(20)
    QTest.mouseRelease(text.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, places[1])
    wait(30)


@scene
def corpus_in_cells(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    model, corpus, text = model_and_corpus()
    stage.window.conductor.open_model(str(model))
    stage.wait_for(lambda: stage.window.conductor.model is not None and stage.window.conductor.model.name == model.name, 60)
    stage.window.show_workspace()
    stage.window.conductor.put_text(text)
    stage.window.actions_registry["view_cells"].trigger()
    stage.wait_for(lambda: cells(stage).view.result is not None and not cells(stage).running)
    stage.click("cellsSource_corpus")
    stage.shot("empty", note="what a corpus will show, and where it is chosen")
    view = cells(stage).view.corpus
    view.row.corpus.set_source(corpus)
    view.row.positions.setValue(POSITIONS)
    stage.click("cellsRead")
    stage.wait_for(lambda: view.unit is not None, timeout=300)
    stage.shot("read", note="the corpus on the colours of one cell; below how the cell is spread, and its extremes")
    first = view.over.extremes.visualItemRect(view.over.extremes.item(0)).center()
    stage.click(view.over.extremes.viewport(), (first.x(), first.y()))
    stage.shot("extreme", note="a click goes there")
    stage.key("Ctrl+F")
    stage.type("return" if Path(model).name == "code-lstm" else '"x')
    stage.shot("find", note="find in the corpus")
    stage.key("Escape")


@scene
def corpus_phrase(stage: Stage) -> None:
    stage.click("corpusSource_text")
    view, text = cells(stage).view.corpus, cells(stage).view.columns
    words = text.document.text
    at = words.index("'hello'") if "'hello'" in words else words.index('"')
    drag(stage, text, at + 1, at + 5)
    stage.shot("selected", note="a phrase is selected in the text on the desk")
    stage.click("findPhrase")
    stage.wait_for(lambda: view.phrase is not None or not stage.find("phraseWords").text().startswith(("Select", "Looking")), 120)
    stage.shot("found", note="places where the same cells agree, aligned on the phrase")
    size = stage.window.size()
    stage.window.resize(1280, 800)
    stage.shot("small", note="nothing clipped at 1280 × 800")
    stage.window.resize(size)


@scene
def corpus_painted(stage: Stage) -> None:
    view = cells(stage).view.corpus
    text, file = view.columns, view.result.files[0]
    stage.click("paintPlaces")
    text.verticalScrollBar().setValue(0)
    wait(30)
    drag(stage, text, file.start + 3, file.start + 9)
    drag(stage, text, file.start + 20, file.start + 30)
    stage.shot("first-half", note="painted in the first half only: what is missing is said")
    text.select_span(file.end - 40, file.end - 39)
    text.clear_selection()
    wait(30)
    drag(stage, text, file.end - 30, file.end - 20)
    stage.shot("both", note="painted in both halves: the Detective can be asked")
    stage.click("askPainted")
    stage.shot("asked", note="the painted places as the Detective's question")
    stage.window.actions_registry["undo"].trigger()
    stage.window.actions_registry["view_cells"].trigger()
    stage.shot("undone", note="a stroke undone")
    stage.click("paintPlaces")
    stage.click("corpusSource_text")
    stage.window.workspace.tabs.setCurrentIndex(0)
