"""A row is edited word by word: what that changes, the tree of edits, other words, and the way back."""

from PySide6.QtCore import QPoint, Qt

from stage import Stage, scene


def room(stage: Stage) -> object:
    return stage.window.data_room


def strip(stage: Stage) -> object:
    return room(stage)._view.example


def choose(stage: Stage, word: str) -> None:
    """By a click on it."""
    heatmap = strip(stage).heatmap
    token = next(at for at, each in enumerate(heatmap._document.tokens) if each.text == word)
    if heatmap.selected_token != token:
        place: QPoint = heatmap.token_rects(token)[0].center().toPoint()
        stage.click(heatmap.viewport(), (place.x(), place.y()))


def compared(stage: Stage) -> None:
    stage.wait_for(lambda: not stage.window.conductor.explanation.running and not stage.window.jobs.runs("data.compare"), 120)
    tree = strip(stage).edits.tree
    stage.wait_for(lambda: tree.isHidden() or len(tree.nodes) < 2 or all(node.said for node in tree.nodes), 120)


@scene
def edits_word(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.data_room and stage.window.workspace.method_panel.method_box.count() > 0, timeout=180)
    if room(stage).desk.data is None:
        stage.window.actions_registry["sample_data"].trigger()
        stage.wait_for(lambda: room(stage).desk.whole, 180)
    stage.window.actions_registry["view_data"].trigger()
    stage.click("dataPage_rows")
    room(stage).desk.go_to(138)
    compared(stage)
    word = next(t.text for t in strip(stage).heatmap._document.tokens if len(t.text) > 5)
    choose(stage, word)
    stage.wait_for(lambda: strip(stage).words.blank.isEnabled(), 30)
    stage.shot(note="a word is chosen: what can be done with it stands below")
    stage.key("S")
    stage.wait_for(lambda: strip(stage).words.menu.isVisible(), 30)
    stage.shot("other", note="words that would change the answer, each with the answer")
    stage.key("Esc")


@scene
def edits_removed(stage: Stage) -> None:
    strip(stage).heatmap.setFocus()
    stage.key("Del")
    compared(stage)
    stage.shot(note="the word is struck through; what the others say now, and the prediction before and after")
    stage.key("M")
    compared(stage)
    stage.key("Return")
    stage.type("dreadful")
    stage.shot("typing", note="another word is typed in its place")
    stage.key("Return")
    compared(stage)
    stage.shot("chain", note="three edits, one made of the other")


@scene
def edits_tree(stage: Stage) -> None:
    tree = stage.find("editTree")
    tree.setFocus()
    stage.key("Home")
    stage.key("Down")
    compared(stage)
    words = [t.text for t in strip(stage).heatmap._document.tokens]
    choose(stage, words[-3])
    stage.key("Del")
    compared(stage)
    stage.shot(note="an earlier edit was edited: a branch")
    stage.click("editAgainst_row")
    compared(stage)
    stage.shot("row", note="everything against the row as it is in the file")
    stage.click("editShown_attention")
    compared(stage)
    stage.shot("attention", note="which words receive more attention, which less")
    stage.click("editShown_map")
    compared(stage)
    stage.shot("map", note="the explanation of the edited text by itself")
    stage.click("editShown_change")
    stage.click("editAgainst_parent")


@scene
def edits_typed(stage: Stage) -> None:
    stage.click("inputText")
    stage.key("End")
    stage.type(" What a waste of a good idea.")
    stage.wait_for(lambda: strip(stage).words.keep.isVisible(), 30)
    compared(stage)
    stage.shot(note="what was typed above is a draft in the tree")
    stage.click("editKeep")
    stage.click("exampleFlip")
    stage.wait_for(lambda: strip(stage).suggestions.list.count() > 0, 120)
    stage.shot("flip", note="what would flip the edited text")
    first = strip(stage).suggestions.list
    stage.click(first.viewport(), (40, 12))
    compared(stage)
    stage.shot("flipped", note="the suggestion is an edit now")
    for _ in range(3):
        stage.window.actions_registry["undo"].trigger()
    compared(stage)
    stage.shot("undone", note="undo walked up; nothing is lost")
    stage.find("editTree").setFocus(Qt.FocusReason.TabFocusReason)
