"""A bare file of weights is opened: the dialog asks, tries while one answers, and keeps what came of it."""

from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCharFormat
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QTableView, QTextEdit, QWidget

from engine.checkpoints import ImportTrial
from engine.heatmaps.token_names import visible
from engine.requests import ImportRequest
from gui.folders import free_folder
from gui.views.import_dialog import ImportDialog, in_units, outcome_of
from tests.gui.conftest import Stage

T = TypeVar("T", bound=QWidget)
PATH = "/models/reviews.pt"


def asked(stage: Stage) -> list[ImportRequest]:
    return [request for request in stage.stub.asked if isinstance(request, ImportRequest)]


def begin(stage: Stage, path: str = PATH) -> ImportDialog:
    """As far as the first answer to the trial."""
    stage.window.conductor.open_model(path)
    stage.until(lambda: stage.window.importing.dialog is not None)
    dialog = stage.window.importing.dialog
    assert dialog is not None
    stage.until(lambda: bool(outcome(dialog)))
    return dialog


def outcome(dialog: ImportDialog) -> str:
    return find(dialog, QLabel, "importOutcome").text()


def find(dialog: ImportDialog, kind: type[T], name: str) -> T:
    found = dialog.findChild(kind, name)
    assert found is not None, name
    return found


def underlined(dialog: ImportDialog) -> list[str]:
    marks: list[QTextEdit.ExtraSelection] = dialog.findChild(QWidget, "importText").extraSelections()
    assert all(mark.format.underlineStyle() == QTextCharFormat.UnderlineStyle.WaveUnderline for mark in marks)
    return [mark.cursor.selectedText() for mark in marks]


def test_a_bare_file_leads_to_the_dialog_not_to_an_error(stage: Stage) -> None:
    dialog = begin(stage)
    assert dialog.isVisible()
    assert dialog.accessibleName()
    assert stage.window.message_bar.message is None
    table = find(dialog, QTableView, "tensorTable").model()
    assert [table.data(table.index(0, column)) for column in range(3)] == ["embedding.weight", "1000 × 64", "embedding"]
    assert table.rowCount() == 4
    for name in ("ask_vocabulary", "ask_tokeniser", "ask_lowercase", "ask_labels", "ask_readout", "importText", "importOpen"):
        assert find(dialog, QWidget, name).accessibleName(), name
    dialog.reject()


def test_a_file_that_is_none_is_an_error_in_the_window(stage: Stage) -> None:
    stage.window.conductor.open_model("/models/junk.pt")
    stage.until(lambda: stage.window.message_bar.message is not None)
    assert "damaged" in stage.window.message_bar.message.text
    assert stage.window.importing.dialog is None


def test_the_dialog_for_files_leads_to_it(stage: Stage) -> None:
    stage.dialogs.file = PATH
    stage.window.actions_registry["open_checkpoint"].trigger()
    stage.until(lambda: stage.window.importing.dialog is not None)
    stage.window.importing.dialog.reject()
    assert stage.memory.settings.folder == "/models"


def test_guesses_are_shown_as_such_until_they_are_answered(stage: Stage) -> None:
    dialog = begin(stage)
    readout = find(dialog, QComboBox, "ask_readout")
    why = readout.parent().findChild(QLabel)
    assert (readout.currentText(), why.text()) == ("the last state", "⚠ Guess: why readout")
    readout.setCurrentIndex(1)
    readout.activated.emit(1)
    stage.until(lambda: asked(stage)[-1].answers.readout == "mean" and why.text() == "As you say")
    assert asked(stage)[-1].answers.tokeniser is None
    assert asked(stage)[-1].folder is None
    dialog.reject()


def test_a_tokeniser_of_ones_own(stage: Stage) -> None:
    dialog = begin(stage)
    line = find(dialog, QComboBox, "ask_tokeniser").lineEdit()
    line.selectAll()
    QTest.keyClicks(line, r"\S+")
    QTest.keyClick(line, Qt.Key.Key_Return)
    stage.until(lambda: asked(stage)[-1].answers.tokeniser == r"\S+")
    assert dialog.isVisible()  # Enter ends the answer, not the answering
    dialog.reject()


def test_a_box_that_was_only_visited_says_nothing(stage: Stage) -> None:
    dialog = begin(stage)
    line = find(dialog, QComboBox, "ask_tokeniser").lineEdit()
    line.editingFinished.emit()
    assert dialog.answers().tokeniser is None
    dialog.reject()


def test_an_answer_that_does_not_fit_is_said_where_one_types(stage: Stage) -> None:
    dialog = begin(stage)
    labels = find(dialog, QLineEdit, "ask_labels")
    labels.setFocus()
    labels.selectAll()
    QTest.keyClicks(labels, "bad,good")
    error = find(dialog, QLabel, "importError")
    stage.until(lambda: "3 outputs" in error.text())
    assert not find(dialog, QPushButton, "importOpen").isEnabled()
    QTest.keyClicks(labels, ",fair")
    stage.until(lambda: not error.text() and find(dialog, QPushButton, "importOpen").isEnabled())
    assert labels.text() == "bad,good,fair"
    dialog.reject()


def test_without_a_vocabulary_it_asks_for_the_file(stage: Stage) -> None:
    dialog = begin(stage, "/models/bare.pt")
    assert "vocabulary must be known first" in outcome(dialog)
    assert not find(dialog, QPushButton, "importOpen").isEnabled()
    stage.dialogs.file = "/models/words.json"
    find(dialog, QPushButton, "ask_vocabulary").click()
    stage.until(lambda: "pieces" in outcome(dialog))
    assert asked(stage)[-1].answers.vocabulary == "/models/words.json"
    dialog.reject()


def test_what_is_unknown_is_underlined_as_one_types(stage: Stage) -> None:
    dialog = begin(stage)
    assert underlined(dialog) == ["exciting."]
    editor = find(dialog, QWidget, "importText")
    editor.selectAll()
    editor.insertPlainText("😀😀 a wonderful film")
    stage.until(lambda: underlined(dialog) == ["wonderful"])
    assert "75 %" in outcome(dialog)
    assert "“wonderful”" in outcome(dialog)
    assert find(dialog, QWidget, "importPrediction").isVisible()
    dialog.reject()


def test_opened_it_is_kept_with_our_own_files_and_listed(stage: Stage, tmp_path: Path) -> None:
    dialog = begin(stage)
    find(dialog, QPushButton, "importOpen").click()
    stage.until(lambda: stage.window.conductor.model is not None)
    folder = Path(stage.window.conductor.model.path)
    assert (folder.name, folder.parent.name) == ("reviews", "imported")
    assert folder.is_relative_to(tmp_path)
    assert asked(stage)[-1].folder == str(folder)
    assert stage.memory.settings.recent_models[0] == str(folder)
    assert stage.window.importing.dialog is None
    assert stage.window.workspace.input_panel.editor.text().startswith("Not once")


def test_a_text_that_is_there_is_tried_and_stays(stage: Stage) -> None:
    stage.type("A text of mine.")
    dialog = begin(stage)
    assert dialog.text() == "A text of mine."
    find(dialog, QPushButton, "importOpen").click()
    stage.until(lambda: stage.window.conductor.model is not None)
    assert stage.window.workspace.input_panel.editor.text() == "A text of mine."


def test_saved_it_lies_where_the_user_wants(stage: Stage, tmp_path: Path) -> None:
    dialog = begin(stage)
    stage.dialogs.path = tmp_path / "mine"
    find(dialog, QPushButton, "importSave").click()
    stage.until(lambda: stage.window.conductor.model is not None)
    assert stage.dialogs.suggested == Path("/models/reviews")
    assert stage.window.conductor.model.path == str(tmp_path / "mine")


def test_a_save_that_fails_leaves_the_dialog_with_its_answers(stage: Stage) -> None:
    dialog = begin(stage)
    stage.dialogs.path = Path("/full/mine")
    find(dialog, QPushButton, "importSave").click()
    error = find(dialog, QLabel, "importError")
    stage.until(lambda: "No space left" in error.text())
    assert dialog.isVisible()
    dialog.reject()


def test_closed_it_asks_no_more_and_the_open_model_stays(stage: Stage) -> None:
    stage.open()
    dialog = begin(stage)
    find(dialog, QPushButton, "importCancel").click()
    stage.until(lambda: stage.window.importing.dialog is None)
    assert stage.window.conductor.model.path == "/models/film-mood"


def test_the_window_can_be_closed_with_the_dialog_open(stage: Stage) -> None:
    begin(stage)
    stage.close()


@pytest.mark.parametrize(
    ("trial", "said", "doubtful"),
    [
        (ImportTrial("", 0, 0, (), None), "Nothing in this text", False),
        (ImportTrial("%%", 0, 0, (), None), "Nothing in this text", True),
        (ImportTrial("a b", 2, 2, (), None), "100 %", False),
        (ImportTrial("a b c", 3, 1, ((0, 1), (2, 3)), None), "it lacks “a”, “b”. Is it cut", True),
        (ImportTrial("abc", 3, 3, (), None, 5.0, 2.32, 96), "Perplexity 5.00, 2.32 bits per character; a blind", False),
        (ImportTrial("abc", 3, 3, (), None, 500.0, None, 96), "right order", True),
    ],
)
def test_how_it_fares_in_words(trial: ImportTrial, said: str, doubtful: bool) -> None:
    words, suspect = outcome_of(trial)
    assert said in words
    assert suspect is doubtful


def test_spans_as_qt_counts() -> None:
    assert in_units("a😀b", ((0, 1), (2, 3))) == [(0, 1), (3, 4)]
    assert in_units("aéb", ((2, 3),)) == [(2, 3)]


def test_blanks_can_be_seen_among_the_predictions() -> None:
    assert [visible(label) for label in (" ", "\n", "\t", " the", "a b")] == ["␣", "↵", "⇥", "␣the", "a b"]


def test_a_folder_that_is_free(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m-2").mkdir()
    assert free_folder(tmp_path, "m") == tmp_path / "m-3"
