"""Attention beside TF-IDF: does a head look at the words that are rare in a corpus?"""

import numpy as np
from PySide6.QtWidgets import QComboBox

from stage import Stage, scene

TEXT = (
    "Not once does it come close to being exciting, and its ending is the dullest that anybody has filmed this year. "
    "I had hoped for a film about people, and got one about cars, sold to us as a tragedy."
)
LONG = " ".join(
    [TEXT, "The camera loves rain, and rain loves nobody; even the detective, who narrates, seems wet and bored."] * 4
)


def view(stage: Stage) -> object:
    return next(room for room in stage.window.rooms if room.key == "attention")._view


def put(stage: Stage, text: str) -> None:
    stage.window.conductor.put_text(text)
    wait(stage, text)


def wait(stage: Stage, text: str) -> None:
    here = view(stage).tfidf
    stage.wait_for(lambda: here.result is not None and here.result.text.startswith(text), timeout=60)
    stage.wait_for(lambda: not stage.window.jobs.runs("attention.tfidf"), timeout=60)


def choose(stage: Stage, name: str, value: object) -> None:
    before = view(stage).tfidf.result
    box = stage.find(name)
    assert isinstance(box, QComboBox)
    if box.currentData() == value:  # as an earlier scene left it
        return
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())
    stage.wait_for(lambda: view(stage).tfidf.result is not before, timeout=60)


def point(stage: Stage, word: str) -> tuple[int, int]:
    here = view(stage).tfidf
    at = next(at for at, point in enumerate(here.result.occurrences) if point.word == word)
    place = here.plot.point(at)
    return int(place.x()), int(place.y())


@scene
def tfidf_of_an_encoder(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    stage.window.conductor.open_sample("movie-sentiment")
    stage.wait_for(
        lambda: stage.window.conductor.model is not None and stage.window.conductor.model.name == "movie-sentiment", 60
    )
    stage.window.show_workspace()
    stage.window.actions_registry["view_attention"].trigger()
    stage.click("attention_tfidf")
    put(stage, TEXT)
    choose(stage, "attentionLayer", 2)
    choose(stage, "attentionHead", "mean")
    stage.shot(note="rare words against the attention that they receive; those that stand out are named")
    plot = stage.find("tfidfPlot")
    stage.hover(plot.viewport(), point(stage, "dullest"))
    stage.shot("hover", note="the read-out of one word")
    stage.click(plot.viewport(), point(stage, "about"))
    stage.shot("chosen", note="a word that was clicked, and its other occurrence")


@scene
def tfidf_of_a_language_model(stage: Stage) -> None:
    stage.window.conductor.open_sample("tiny-gpt")
    stage.wait_for(lambda: stage.window.conductor.model.name == "tiny-gpt", timeout=60)
    put(stage, TEXT)
    stage.shot(note="of a model that reads forwards: as it is")
    stage.click("tfidf_without_age")
    stage.shot("without-age", note="and with age taken out")
    stage.find("withoutSinks").click()
    stage.wait_for(lambda: view(stage).tfidf.result.request.without_sinks)
    stage.shot("without-sinks", note="without sinks")
    stage.find("withoutSinks").click()
    put(stage, LONG)
    stage.shot("long", note="a long text: names keep out of each other's way")


@scene
def tfidf_of_a_recurrent_model(stage: Stage) -> None:
    stage.window.conductor.open_sample("review-writer")
    stage.wait_for(lambda: stage.window.conductor.model.name == "review-writer", timeout=60)
    put(stage, TEXT)
    stage.shot(note="a model that looks back over its window has no heads to choose")


@scene
def tfidf_smallest_window(stage: Stage) -> None:
    size = stage.window.size()
    stage.window.resize(1280, 800)
    stage.shot(note="nothing clipped at 1280 × 800")
    stage.window.conductor.open_sample("movie-sentiment")
    stage.wait_for(lambda: stage.window.conductor.model.name == "movie-sentiment", timeout=60)
    put(stage, TEXT)
    stage.shot("encoder", note="nor here, with the controls of heads")
    stage.window.resize(size)


@scene
def tfidf_without_words(stage: Stage) -> None:
    stage.window.conductor.put_text("?! …")
    stage.wait_for(lambda: view(stage).tfidf.result is None and "no words" in stage.find("tfidfEmpty").text(), timeout=60)
    stage.shot(note="one sentence where there is nothing to compare")
    put(stage, "Not once.")
    assert np.isfinite([point.attention for point in view(stage).tfidf.result.occurrences]).all()
    stage.shot("two", note="two words")
    stage.window.workspace.tabs.setCurrentIndex(0)
