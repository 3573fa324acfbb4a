"""Over training: the map of the news classifier at every checkpoint, and one of them as a text."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QSlider, QToolButton

from stage import Stage, scene


def trained(stage: Stage, model: str, text: str = "") -> bool:
    """Whether all checkpoints of this model are on screen and nothing runs."""
    room = next(room for room in stage.window.rooms if room.key == "training")
    result = room.view.result
    if result is None or room.running or result.progress < 1:
        return False
    return result.model.name == model and text in result.request.attribution.input.text


@scene
def over_training(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    stage.key("Alt+Home")
    stage.click("sample_news-bilstm")
    stage.wait_for(lambda: stage.window.workspace.isVisible() and stage.window.conductor.map is not None, timeout=60)
    stage.window.conductor.put_text(
        "Two players from the national team were among the victims when a bomb exploded near the stadium in the capital."
    )
    stage.window.actions_registry["view_training"].trigger()
    stage.wait_for(lambda: trained(stage, "news-bilstm", "Two players"), timeout=60)
    stage.shot(note="checkpoint × token, what was said at each, and the last as a text")
    plot = stage.find("trainingMatrix").viewport()
    stage.hover(plot, (300, 60))
    stage.shot("hover", note="one token at one checkpoint, exactly")
    stage.click(plot, (330, 90))
    stage.shot("chosen", note="a click chooses checkpoint and token, everywhere")
    slider = stage.find("trainingSlider")
    assert isinstance(slider, QSlider)
    slider.setFocus()
    for _ in range(3):
        QTest.keyClick(slider, Qt.Key.Key_Left)
    stage.shot("slider", note="an early checkpoint: another prediction, another map")
    scale = stage.find("trainingOwnScale")
    assert isinstance(scale, QToolButton)
    stage.click(scale)
    stage.hover("trainingCurve", (160, 60))
    stage.shot("own-scale", note="each row to its own scale: what pale checkpoints look at; the curves, read out")
    stage.click(scale)


@scene
def over_the_training_of_a_writer(stage: Stage) -> None:
    stage.key("Alt+Home")
    stage.click("sample_review-writer")
    stage.wait_for(lambda: stage.window.workspace.isVisible() and trained(stage, "review-writer"), timeout=120)
    stage.shot(note="a language model: the next word, and the words it was taken for")
    stage.key("Alt+Home")
    stage.click("sample_movie-sentiment")
    stage.wait_for(
        lambda: (shown := stage.window.conductor.map) is not None and shown.model.name == "movie-sentiment", timeout=60
    )
    stage.shot("none", note="without checkpoints there is no such tab")
    stage.window.workspace.tabs.setCurrentIndex(0)
