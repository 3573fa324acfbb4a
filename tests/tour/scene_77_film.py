"""A text written on, and where each step looked: the film of a recurrent model, of a transformer, and of two branches."""

from PySide6.QtCore import Qt

from stage import Stage, scene

REVIEW = "A smart, funny film with a great sense of"
PLAY = "KING RICHARD II:\nHow fares my noble uncle of York?\n\nDUKE OF"


def view(stage: Stage) -> object:
    return next(room for room in stage.window.rooms if room.key == "attention")._view


def take(stage: Stage, lane: int = 0) -> object:
    return view(stage).film.take(lane)


def written(stage: Stage, text: str, lane: int = 0) -> bool:
    """Whole, and with its rows."""
    shown = take(stage, lane)
    return shown is not None and shown.whole and shown.film is not None and shown.result.input.text.startswith(text)


def open_sample(stage: Stage, name: str, text: str) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    stage.window.conductor.open_sample(name)
    stage.wait_for(lambda: stage.window.conductor.model is not None and stage.window.conductor.model.name == name, 60)
    stage.window.show_workspace()
    stage.window.actions_registry["view_attention"].trigger()
    stage.window.conductor.put_text(text)
    stage.wait_for(lambda: view(stage).result is not None and view(stage).result.input.text == text, timeout=60)


@scene
def film_of_a_recurrent_model(stage: Stage) -> None:
    open_sample(stage, "review-writer", REVIEW)
    stage.wait_for(lambda: written(stage, REVIEW), 60)
    stage.shot(note="what was written, what might have been, and every step by its window")
    stage.find("filmStep").setFocus(Qt.FocusReason.TabFocusReason)
    for _ in range(12):
        stage.key("Left")
    plot = stage.find("filmMatrix")
    stage.hover(plot.viewport(), (plot.width() * 3 // 4, plot.height() // 2))
    stage.click(plot.viewport(), (plot.width() - 40, plot.height() // 2))
    stage.shot("scrubbed", note="an earlier step; the pointer reads out a cell, a click frames its token")
    stage.click("filmCoordinates_text")
    stage.click("filmQuantity_contributions")
    stage.shot("logit", note="over the text, and what each word adds to the logit")
    stage.click("filmQuantity_weights")
    stage.click("filmCoordinates_window")


@scene
def film_sampled(stage: Stage) -> None:
    stage.click("filmHow")
    stage.click("filmHow_sample")
    stage.shot("how", note="temperature, top k, top p and seed unfold from their button")
    stage.find("filmSampling").close()
    stage.wait_for(lambda: take(stage).result.request.generation.temperature is not None and written(stage, REVIEW), 60)
    stage.shot(note="drawn at a temperature of 0.8")
    stage.find("filmCheckpoint").setValue(1)
    stage.wait_for(lambda: take(stage).result.request.generation.checkpoint is not None and written(stage, REVIEW), 60)
    stage.shot("checkpoint", note="the same text, by an earlier checkpoint")
    stage.find("filmCheckpoint").setValue(stage.find("filmCheckpoint").maximum())
    stage.wait_for(lambda: take(stage).result.request.generation.checkpoint is None and written(stage, REVIEW), 60)


@scene
def film_branched(stage: Stage) -> None:
    stage.find("filmStep").setValue(6)
    rows = stage.find("filmTrunkAlternatives")
    at = next(place for place, row in enumerate(rows.rows) if not row.written)
    stage.click(rows, (40, 10 + 19 * at))
    stage.wait_for(lambda: written(stage, REVIEW, 1), 60)
    stage.shot(note="another token forced: trunk and branch side by side")
    stage.find("filmStep").setValue(12)
    stage.click("filmPicture_difference")
    stage.shot("difference", note="the difference of their rows")
    line = stage.find("filmTrunkForce")
    line.setFocus()
    line.setText("qwertz")
    stage.key("Return")
    stage.wait_for(lambda: view(stage).film._message.isVisible())
    stage.shot("refused", note="a word that is not in the vocabulary")
    stage.click("filmBranchDrop")


@scene
def film_of_a_transformer(stage: Stage) -> None:
    open_sample(stage, "tiny-gpt", PLAY)
    stage.click("attention_film")
    stage.wait_for(lambda: written(stage, PLAY), 60)
    stage.shot(note="a head of a transformer, step by step")
    stage.find("filmStep").setValue(8)
    stage.click("filmCoordinates_text")
    rows = stage.find("filmTrunkAlternatives")
    at = next(place for place, row in enumerate(rows.rows) if not row.written)
    stage.click(rows, (40, 10 + 19 * at))
    stage.wait_for(lambda: written(stage, PLAY, 1), 60)
    stage.find("filmStep").setValue(14)
    stage.shot("branch", note="two branches of it")


@scene
def film_in_the_smallest_window(stage: Stage) -> None:
    size = stage.window.size()
    stage.window.resize(1280, 800)
    stage.shot(note="two branches at 1280 × 800")
    stage.click("filmPicture_difference")
    stage.shot("difference", note="and their difference")
    open_sample(stage, "review-writer", REVIEW)
    stage.wait_for(lambda: written(stage, REVIEW), 60)
    stage.shot("recurrent", note="a recurrent model at 1280 × 800")
    stage.window.resize(size)
    stage.window.workspace.tabs.setCurrentIndex(0)


@scene
def film_from_nothing(stage: Stage) -> None:
    open_sample(stage, "review-writer", REVIEW)
    stage.window.conductor.put_text("")
    stage.wait_for(lambda: view(stage).result is None)
    stage.shot(note="no text: a model that begins by itself may write from nothing")
    stage.click("attentionAction")
    stage.wait_for(lambda: written(stage, ""), 60)
    stage.shot("written", note="and what it wrote")
    stage.window.workspace.tabs.setCurrentIndex(0)
