"""The cell detective: a pattern is typed, every cell is ranked with evidence, the best is shown on the text."""

from pathlib import Path

from PySide6.QtWidgets import QComboBox

from corpora import model_and_corpus
from gui.detective.question import COLUMN
from stage import Stage, scene

SAMPLES = Path(__file__).resolve().parent.parent.parent / "resources" / "samples"


def room(stage: Stage) -> object:
    return next(room for room in stage.window.rooms if room.key == "detective")


def choose(stage: Stage, hypothesis: str) -> None:
    """In the box of hypotheses, as a person does."""
    box = stage.find("detectHypothesis")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(hypothesis))
    box.activated.emit(box.currentIndex())


@scene
def detective(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    model, corpus, text = model_and_corpus()
    stage.window.conductor.open_model(str(model))
    stage.wait_for(lambda: stage.window.conductor.model is not None and stage.window.conductor.model.name == model.name, 60)
    stage.window.conductor.put_text(text)
    stage.window.actions_registry["view_detective"].trigger()
    stage.shot("empty", note="what will be here, and the one action")
    view = room(stage).view
    view.question.set_corpus(corpus)
    choose(stage, "")  # a scene before this one may have asked about something else
    stage.click("detectPattern")
    stage.type('"([^"')
    stage.wait_for(lambda: "not a regular expression" in view.question.matches.text())
    stage.shot("invalid", note="no expression yet: said at once, the field stays")
    stage.type(']*)"')
    stage.wait_for(lambda: "marked there" in view.question.matches.text())  # one place in a text, or several
    stage.shot("typed", note="matches are marked in the text while the pattern is typed")
    stage.click("detectStart")
    stage.wait_for(lambda: view.result is not None and not room(stage).running, timeout=300)
    stage.shot("found", note="the verdict, the ranking, and the evidence of the best")
    stage.click("detect_curves")
    stage.shot("curves", note="both classes' histograms with their legend, and the ROC")
    stage.click("detect_examples")
    stage.shot("examples", note="hits, misses and false alarms in context")


@scene
def detective_ablation(stage: Stage) -> None:
    view = room(stage).view
    stage.click("detect_ablation")
    stage.shot("empty", note="what is encoded is one thing, what is used another; and the one action")
    stage.click("detectAblate")
    stage.wait_for(lambda: view.ablation.short.text().startswith("So far"), timeout=120)
    stage.shot("so-far", note="the effect while it is still being measured")
    stage.wait_for(lambda: view.ablation.ablate.isVisible() and view.ablation.both_ways.rows, timeout=900)
    stage.shot("held", note="the verdict, the effect beside random cells, the numbers")
    view.ablation.verticalScrollBar().setValue(view.ablation.verticalScrollBar().maximum())
    stage.shot("example", note="one example, whole and held: what comes next, and how it goes on")


@scene
def detective_smallest_window(stage: Stage) -> None:
    size = stage.window.size()
    stage.window.resize(1280, 800)
    stage.shot(note="nothing clipped at 1280 × 800")
    view = room(stage).view
    assert view.verticalScrollBar().maximum() == 0, "the Detective scrolls as a whole"
    for page in ("scores", "curves", "examples"):
        stage.click(f"detect_{page}")
        stage.shot(page, note="its page in the smallest window")
    stage.click("detectOptions")
    stage.shot("options", note="the options unfolded")
    stage.click("detectOptions")
    stage.window.resize(size)


@scene
def detective_on_the_text(stage: Stage) -> None:
    stage.click("detectMark")
    stage.click("detectShow")
    cells = next(room for room in stage.window.rooms if room.key == "cells")
    stage.wait_for(lambda: cells.view.result is not None and not cells.running)
    stage.shot(note="the cell that was found, on the text on the desk")
    stage.window.workspace.tabs.setCurrentIndex(0)


@scene
def detective_column(stage: Stage) -> None:
    stage.window.conductor.open_sample("news-bilstm")
    stage.wait_for(lambda: stage.window.conductor.model is not None and stage.window.conductor.model.name == "news-bilstm", 60)
    stage.window.show_workspace()
    stage.window.actions_registry["view_detective"].trigger()
    view = room(stage).view
    view.question.set_corpus(str(SAMPLES / "datasets" / "reviews.csv"))
    choose(stage, f"{COLUMN}label")
    stage.shot(note="a table: which column is asked about, and which holds the texts")
    stage.click("detectStart")
    stage.wait_for(lambda: view.result is not None and not room(stage).running, timeout=300)
    stage.shot("found", note="each value by itself, on rows that the ranking has not seen")
    size = stage.window.size()
    stage.window.resize(1280, 800)
    stage.shot("small", note="nothing clipped at 1280 × 800")
    stage.window.resize(size)
    stage.window.workspace.tabs.setCurrentIndex(0)
