"""What can be asked: a text of one's own or random documents as baseline, a unit inside the model as target."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QListWidget, QScrollArea

from engine.samples import RESOURCES
from scene_20_heatmap import finished, open_sample
from stage import Stage, scene

TEXT = "Not once does it come close to being exciting."


def tick(stage: Stage, words: str) -> None:
    """Click the name of a baseline."""
    box = stage.find("baselineBox")
    assert isinstance(box, QListWidget)
    item = box.findItems(words, Qt.MatchFlag.MatchExactly)[0]
    box.scrollToItem(item)
    rect = box.visualItemRect(item)
    stage.click(box.viewport(), (80, rect.center().y()))


@scene
def own_text(stage: Stage) -> None:
    open_sample(stage)
    stage.click("inputText")
    stage.key("Ctrl+A")
    stage.type(TEXT)
    stage.wait_for(lambda: finished(stage) and stage.window.conductor.map.request.input.text == TEXT)
    tick(stage, "A text of your own")
    stage.shot("empty", note="what the baseline still lacks is said")
    stage.type("It is a film.")
    stage.wait_for(lambda: finished(stage) and stage.window.conductor.map.request.baselines[0].endswith("film."))
    stage.shot(note="a text of one's own as baseline; its length is another, and said so")


@scene
def random_documents(stage: Stage) -> None:
    tick(stage, "Random documents")
    path = stage.find("backgroundPath")
    assert isinstance(path, QLineEdit)
    stage.click(path)
    stage.type(str(RESOURCES / "samples" / "datasets" / "reviews.csv"))
    stage.find("documentCount").setValue(3)
    stage.wait_for(lambda: finished(stage) and len(stage.window.conductor.map.baselines) == 3)
    stage.shot(note="the average over three random reviews")
    tick(stage, "Zero embedding")


@scene
def unit_inside(stage: Stage) -> None:
    box = stage.find("targetBox")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.count() - 1)
    panel = stage.window.workspace.method_panel
    assert isinstance(panel, QScrollArea)
    layer = stage.find("unitLayer")
    assert isinstance(layer, QComboBox)
    layer.setCurrentText("bert.encoder.layer.3.intermediate")
    stage.find("unitIndex").setValue(41)
    stage.wait_for(lambda: finished(stage) and stage.window.conductor.map.target.layer is not None)
    stage.shot(note="why this neuron fires")
    box.setCurrentIndex(0)
    stage.wait_for(lambda: finished(stage) and stage.window.conductor.map.target.layer is None)
