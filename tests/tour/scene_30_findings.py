"""Findings: pin two maps, write a note, come back to the first as it was, delete and undo."""

from PySide6.QtWidgets import QComboBox, QWidget

from stage import Stage, scene


def finished(stage: Stage) -> bool:
    """Whether a whole map is on screen and nothing runs."""
    conductor = stage.window.conductor
    return conductor.map is not None and conductor.map.progress == 1 and not conductor.explanation.running


def cards(stage: Stage) -> list[QWidget]:
    """Newest first."""
    view = stage.window.findings.view
    return [view.card(finding.id) for finding in stage.window.findings.store.findings]


@scene
def findings_empty(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    stage.key("Ctrl+Shift+F")
    stage.wait_for(lambda: stage.find("findingsView").isVisible())
    stage.shot(note="findings before there are any")


@scene
def findings_pinned(stage: Stage) -> None:
    stage.key("Alt+Home")
    stage.click("sample_movie-sentiment")
    stage.wait_for(lambda: stage.window.workspace.isVisible() and finished(stage), timeout=60)
    stage.key("Ctrl+K")
    stage.shot(note="pinned: a word in the line below")
    method = stage.find("methodBox")
    assert isinstance(method, QComboBox)
    method.setCurrentIndex(method.findText("Saliency"))
    stage.wait_for(lambda: finished(stage) and stage.window.conductor.map.method.id == "saliency")
    stage.click("pin_findingButton")
    method.setCurrentIndex(method.findText("Integrated Gradients"))
    stage.click("inputText")
    stage.key("Ctrl+A")
    stage.type(
        "The plot is thin and the jokes are older than the cast, and yet, for reasons nobody will be able to explain to me, "
        "I laughed, twice, out loud, in a theatre that was otherwise so quiet you could hear the popcorn being regretted."
    )
    stage.wait_for(lambda: finished(stage) and stage.window.conductor.map.request.input.text.endswith("regretted."))
    stage.key("Ctrl+K")


@scene
def findings_listed(stage: Stage) -> None:
    stage.click("findingsButton")
    stage.wait_for(lambda: len(cards(stage)) == 3)
    card = cards(stage)[-1]
    card.note.setFocus()
    stage.type(
        "Misread: “not once” carries the whole verdict, “exciting” pulls against it. Same on the zero and the mask baseline?"
    )
    stage.shot(note="three findings, a note being written")
    stage.hover(cards(stage)[1], (200, 40))
    stage.shot("hover", note="a card under the pointer")


@scene
def findings_reopened(stage: Stage) -> None:
    stage.click(cards(stage)[-1], (200, 24))
    stage.wait_for(lambda: stage.window.workspace.isVisible())
    stage.shot(note="back on the first map, as it was, nothing computed")


@scene
def findings_deleted(stage: Stage) -> None:
    stage.key("Ctrl+Shift+F")
    stage.wait_for(lambda: stage.find("findingsView").isVisible())
    cards(stage)[0].setFocus()
    stage.key("Delete")
    stage.shot(note="deleted, and how it comes back")
    stage.click("undoDelete")
    stage.wait_for(lambda: len(cards(stage)) == 3)
    stage.key("Esc")
    stage.key("Alt+Home")
