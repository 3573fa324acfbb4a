"""The window as its user meets it, on a stub engine: open, type, choose, cancel, save, close."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from engine.jobs import Failure
from engine.requests import AttributionRequest, OpenModelRequest, Target
from gui.geometry import placed
from tests.gui.conftest import SAMPLES, Stage
from tests.gui.stub_engine import LABELS, StubEngine

NAMES = [
    "modelPath",
    "inputText",
    "predictionView",
    "methodBox",
    "targetBox",
    "versusBox",
    "baselineBox",
    "runButton",
    "cancelButton",
    "attributionView",
    "jobProgress",
    "readOut",
    "warningBar",
    "param_n_steps",
    "param_quadrature",
    "param_tolerance",
    "trueBox",
    "scoreBox",
    "seedBox",
    "reductionBox",
]
FIRST = SAMPLES[0].examples[0].text


def click(stage: Stage, name: str) -> None:
    widget = stage.window.findChild(QWidget, name)
    assert widget is not None
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def box(stage: Stage, name: str) -> QComboBox:
    found = stage.window.findChild(QComboBox, name)
    assert found is not None
    return found


def asked(stage: Stage) -> list[AttributionRequest]:
    return [request for request in stage.stub.asked if isinstance(request, AttributionRequest)]


def test_every_promised_control_exists_and_can_be_named_to_a_screen_reader(stage: Stage) -> None:
    stage.open()
    for name in NAMES:
        widget = stage.window.findChild(QWidget, name)
        assert widget is not None, name
        assert widget.accessibleName(), name


def test_every_control_has_an_accessible_name(stage: Stage) -> None:
    stage.open()
    kinds = (QAbstractButton, QComboBox, QAbstractSpinBox, QPlainTextEdit)
    nameless = [
        f"{type(widget).__name__} {widget.objectName()!r} in {type(widget.parent()).__name__}"
        for kind in kinds
        for widget in stage.window.findChildren(kind)
        if not isinstance(widget.parent(), QLineEdit)  # its clear button
        and not widget.accessibleName()
        and not getattr(widget, "text", str)()
        and not widget.objectName().startswith("qt_")
    ]
    assert not nameless


def test_the_window_is_there_before_the_engine(make_stage: Callable[[], Stage]) -> None:
    stage = make_stage()
    stage.window.show()
    assert stage.window.isVisible()
    assert not stage.engine.running
    assert not stage.stub.threads
    stage.start()


def test_one_click_on_a_card_leads_to_a_finished_map(stage: Stage) -> None:
    click(stage, "sample_film-mood")
    stage.until_explained(FIRST)
    assert stage.window.workspace.isVisible()
    assert stage.window.workspace.input_panel.editor.text() == FIRST
    assert stage.window.conductor.map is not None
    assert stage.window.conductor.map.request.target.true == "negative"
    assert stage.window.top_bar.path.text() == "/models/film-mood"
    assert stage.memory.settings.recent_models == ("/models/film-mood",)


def test_typing_runs_and_the_newest_text_wins(stage: Stage) -> None:
    stage.stub.step_seconds = 0.05
    stage.open()
    stage.type("one")
    stage.until(lambda: bool(asked(stage)))
    stage.type("one two")
    stage.until_explained("one two")
    assert [request.input.text for request in asked(stage)] == ["one", "one two"]
    assert any(getattr(request, "input", None) and request.input.text == "one" for request in stage.stub.closed)


def test_without_auto_run_a_change_waits_for_run_and_says_so(stage: Stage) -> None:
    stage.window.actions_registry["auto_run"].setChecked(False)
    stage.open()
    stage.type("a film")
    stage.until(lambda: stage.window.workspace.input_panel._hint.text() == "Changed since the last run.")
    assert not asked(stage)
    QTest.keyClick(stage.window.workspace.input_panel.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    stage.until_explained("a film")
    assert stage.memory.settings.auto_run is False


@pytest.mark.parametrize("nothing", ["", " \n"])
def test_an_empty_text_is_a_sentence_and_no_request(stage: Stage, nothing: str) -> None:
    stage.open()
    stage.type("a film")
    stage.until_explained("a film")
    stage.type(nothing)
    stage.until(lambda: "empty" in stage.window.workspace.input_panel._hint.text())
    assert stage.window.conductor.map is None
    assert stage.window.workspace.prediction_view._result is None, "it was of another text"
    assert len(asked(stage)) == 1
    assert stage.window.message_bar.message is None


def test_controls_become_the_request(stage: Stage) -> None:
    stage.open()
    stage.type("a film")
    stage.until_explained()
    steps = stage.window.findChild(QSpinBox, "param_n_steps")
    assert steps is not None
    assert steps.text() == "by tolerance"
    steps.setValue(48)
    box(stage, "targetBox").setCurrentText("neutral")
    box(stage, "versusBox").setCurrentText("negative")
    box(stage, "scoreBox").setCurrentText("probability")
    stage.window.workspace.method_panel.baseline_controls.set_baselines(("zero", "mask"))
    stage.window.workspace.method_panel.baseline_controls.list._emit()
    box(stage, "reductionBox").setCurrentText("L2 norm")
    stage.until(lambda: asked(stage)[-1].reduction == "l2")
    assert asked(stage)[-1] == AttributionRequest(
        "sha of /models/film-mood",
        asked(stage)[0].input,
        Target("neutral", None, "negative", "probability"),
        "integrated_gradients",
        ("zero", "mask"),
        "l2",
        0,
        (("n_steps", 48),),
    )
    stage.until_explained()


def test_switching_methods_keeps_what_was_set(stage: Stage) -> None:
    stage.open()
    panel = stage.window.workspace.method_panel
    steps = stage.window.findChild(QSpinBox, "param_n_steps")
    assert steps is not None
    steps.setValue(48)
    box(stage, "methodBox").setCurrentText("Saliency")
    assert panel.choices().parameters == ()
    assert panel.choices().baselines == ("zero",)
    assert not panel.baseline_controls.isEnabled()
    box(stage, "methodBox").setCurrentText("Random")
    assert stage.window.findChild(QWidget, "seedBox").isEnabled()
    assert not box(stage, "targetBox").isEnabled()
    box(stage, "methodBox").setCurrentText("Integrated Gradients")
    assert panel.choices().parameters == (("n_steps", 48),)


def test_a_method_that_cannot_run_is_greyed_with_its_reason(stage: Stage) -> None:
    stage.open()
    methods = box(stage, "methodBox")
    at = methods.findText("Grad-CAM")
    assert not methods.model().flags(methods.model().index(at, 0)) & Qt.ItemFlag.ItemIsEnabled
    assert "reads image; this model reads text" in methods.itemData(at, Qt.ItemDataRole.ToolTipRole)


def test_a_wrong_answer_offers_predicted_versus_true(stage: Stage) -> None:
    stage.open()
    stage.type("a film " * 12)  # long enough to be called positive
    stage.until_explained()
    box(stage, "trueBox").setCurrentText("negative")
    stage.until_explained()
    suggestion = stage.window.findChild(QPushButton, "suggestTrue")
    assert suggestion is not None
    assert suggestion.isVisible()
    suggestion.click()
    stage.until(lambda: asked(stage)[-1].target == Target("predicted", "negative", "true"))
    assert not suggestion.isVisible()
    stage.until_explained()


def test_a_bar_is_clicked_for_target_and_versus(stage: Stage) -> None:
    stage.open()
    stage.type("a film")
    stage.until_explained()
    stage.window.workspace.prediction_view.target_chosen.emit("neutral")
    stage.window.workspace.prediction_view.versus_chosen.emit("index:2")
    stage.until(lambda: bool(asked(stage)[-1].target.versus))
    assert asked(stage)[-1].target == Target("neutral", None, "positive")
    stage.until_explained()
    stage.window.actions_registry["swap"].trigger()
    stage.until(lambda: asked(stage)[-1].target == Target("positive", None, "neutral"))
    stage.until_explained()


@pytest.mark.parametrize(
    ("remedy", "changed"),
    [
        ("more_steps", {"parameters": (("tolerance", 0.001),)}),
        ("other_baseline", {"baselines": ("zero_all",)}),
        ("use_logit", {"target": Target(score="logit")}),
    ],
)
def test_remedies_change_one_control_and_run(stage: Stage, remedy: str, changed: dict[str, object]) -> None:
    stage.open()
    box(stage, "scoreBox").setCurrentText("logit" if remedy != "use_logit" else "probability")
    stage.type("a film")
    stage.until_explained()
    before = len(asked(stage))
    stage.window.workspace.attribution_view.remedy_chosen.emit(remedy)
    stage.until(lambda: len(asked(stage)) > before)
    for field, value in changed.items():
        assert getattr(asked(stage)[-1], field) == value
    stage.until_explained()


def test_escape_cancels_and_keeps_the_partial_map(stage: Stage) -> None:
    stage.stub.step_seconds, stage.stub.steps = 0.02, 500
    stage.open()
    stage.type("a film")
    stage.until(lambda: stage.window.conductor.map is not None)
    QTest.keyClick(stage.window.workspace.input_panel.editor, Qt.Key.Key_Escape)
    stage.until(lambda: not stage.window.conductor.explanation.running)
    assert stage.window.conductor.map is not None
    assert stage.window.conductor.map.progress < 1
    assert not stage.window.actions_registry["cancel"].isEnabled()


def test_a_failing_run_is_one_sentence_and_the_text_stays(stage: Stage) -> None:
    stage.open()
    stage.type("!broken")
    stage.until(lambda: stage.window.message_bar.message is not None)
    assert stage.window.message_bar.message is not None
    assert stage.window.message_bar.message.text == "The model's answer is not a number; its weights hold NaN."
    assert stage.window.message_bar.message.detail == "layer 3"
    assert stage.window.workspace.input_panel.editor.text() == "!broken"
    stage.type("fine")
    stage.until_explained("fine")
    assert stage.window.message_bar.message is None


def test_a_model_that_cannot_be_opened_leaves_the_old_one(stage: Stage) -> None:
    stage.open()
    stage.type("a film")
    stage.until_explained()
    stage.window.top_bar.path.setText('"/models/missing"')
    QTest.keyClick(stage.window.top_bar.path, Qt.Key.Key_Return)
    stage.until(lambda: stage.window.message_bar.message is not None)
    assert stage.window.message_bar.message is not None
    assert stage.window.message_bar.message.text == "There is nothing at /models/missing; check the path. film-mood stays open."
    stage.type("another film")
    stage.until_explained("another film")
    assert stage.window.message_bar.message is not None, "the message stays until it is mended or dismissed"


def test_a_path_that_is_not_open_is_marked_until_it_is_mended_or_left(stage: Stage) -> None:
    stage.open()
    path = stage.window.top_bar.path

    def fail() -> None:
        path.setText("/models/missing")
        QTest.keyClick(path, Qt.Key.Key_Return)
        stage.until(lambda: bool(path.property("invalid")))
        assert path.text() == "/models/missing", "it stays to be mended"

    fail()
    QTest.keyClick(path, Qt.Key.Key_Backspace)
    assert not path.property("invalid")
    assert path.text() == "/models/missin"
    QTest.keyClick(path, Qt.Key.Key_Escape)
    assert path.text() == "/models/film-mood"
    fail()
    QTest.keyClick(path, Qt.Key.Key_Escape)
    assert (path.text(), bool(path.property("invalid"))) == ("/models/film-mood", False)
    fail()
    click(stage, "messageClose")
    assert (path.text(), bool(path.property("invalid"))) == ("/models/film-mood", False)
    fail()
    stage.open("/models/lstm")
    assert (path.text(), bool(path.property("invalid"))) == ("/models/lstm", False)


def test_the_read_out_is_of_the_view_in_sight(stage: Stage) -> None:
    stage.open()
    window, view = stage.window, stage.window.workspace.attribution_view
    view.read_out_changed.emit("a token")
    assert window.bottom_bar.read_out.text() == "a token"
    window.actions_registry["view_attention"].trigger()
    assert window.bottom_bar.read_out.text() == ""
    view.read_out_changed.emit("a token out of sight")
    assert window.bottom_bar.read_out.text() == ""
    room = next(room for room in window.rooms if room.key == "attention")
    room.read_out_changed.emit("a head")
    assert window.bottom_bar.read_out.text() == "a head"


def test_random_weights_hold_back_results_until_accepted(stage: Stage) -> None:
    stage.type("a film")
    stage.open("/models/random-head")
    assert not stage.window.actions_registry["run"].isEnabled()
    stage.window.conductor.run()
    assert not asked(stage)
    click(stage, "messageAction")
    stage.until_explained("a film")
    assert stage.stub.asked.count(OpenModelRequest("/models/random-head", accept_reinitialised=True)) == 1
    assert stage.window.message_bar.message is None


def test_text_survives_another_model_and_a_restart(stage: Stage, make_stage: Callable[[], Stage]) -> None:
    text = "nul \0 bell \a no-break\u00a0space 👩‍👩‍👧 عربى\nsecond\tline"
    stage.open()
    stage.type(text)
    stage.until_explained(text)
    stage.open("/models/other")
    assert stage.window.workspace.input_panel.editor.text() == text
    stage.until_explained(text)
    stage.close()
    again = make_stage().start()
    assert again.window.workspace.input_panel.editor.text() == text


def test_what_an_example_replaces_can_be_undone_and_is_listed(stage: Stage) -> None:
    stage.type("my own words")
    click(stage, "sample_film-mood")
    stage.until_explained(FIRST)
    assert "my own words" in stage.memory.session.recent_texts
    stage.window.workspace.input_panel.editor.undo()
    stage.until_explained("my own words")
    assert stage.window.conductor.map is not None
    assert stage.window.conductor.map.request.target.true is None, "the example's true label does not hold for another text"


def test_a_hundred_thousand_words_are_pasted_quickly(stage: Stage) -> None:
    import time

    stage.window.actions_registry["auto_run"].setChecked(False)
    stage.open()
    words = "word " * 100_000
    QGuiApplication.clipboard().setText(words)
    began = time.monotonic()
    stage.window.workspace.input_panel.editor.paste()
    assert time.monotonic() - began < 2
    assert stage.window.workspace.input_panel.editor.text() == words


def test_dropping_opens_a_model_or_reads_a_text(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "review.txt"
    file.write_bytes("\ufeffA film, é.\n".encode())
    for path in ("/models/film-mood", str(file)):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(path)])
        event = QDropEvent(
            QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        )
        stage.window.dropEvent(event)
        stage.until(lambda: stage.window.conductor.model is not None)
    stage.until_explained("A film, é.\n")
    file.write_bytes(b"\xff\xfe\x00")
    stage.window._read(str(file))
    assert stage.window.message_bar.message is not None
    assert "is not UTF-8" in stage.window.message_bar.message.text


def test_the_map_is_saved_as_json_and_as_a_picture(stage: Stage, tmp_path: Path) -> None:
    stage.open()
    stage.type("a film")
    stage.until_explained()
    stage.dialogs.path = tmp_path / "map.json"
    stage.window.actions_registry["save"].trigger()
    assert json.loads(stage.dialogs.path.read_text(encoding="utf-8"))["input"]["text"] == "a film"
    stage.window.keeping.save_as(tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["map.json", "map.png"]


@pytest.mark.parametrize("name", ["no/such/folder/map.json", "map.docx"])
def test_what_cannot_be_saved_is_one_sentence(stage: Stage, tmp_path: Path, name: str) -> None:
    stage.open()
    stage.type("a film")
    stage.until_explained()
    stage.window.keeping.save_as(tmp_path / name)
    assert stage.window.message_bar.message is not None
    assert stage.window.message_bar.message.text.endswith(".")
    assert stage.window.conductor.map is not None


def test_copy_as_command_says_what_was_asked(stage: Stage) -> None:
    stage.open()
    stage.type('-it\'s a "film"\nindeed')
    stage.until_explained()
    box(stage, "targetBox").setCurrentText("neutral")
    stage.until(lambda: asked(stage)[-1].target.choice == "neutral")
    stage.until_explained()
    stage.window.actions_registry["copy_command"].trigger()
    words = shlex.split(QGuiApplication.clipboard().text())
    rest = words[words.index("explain") + 1 :]
    assert rest[0] == "/models/film-mood"
    assert '--text=-it\'s a "film"\nindeed' in rest
    assert rest[rest.index("--target") + 1] == "neutral"


@pytest.mark.parametrize("after", [0, 1, 3])
def test_closing_during_a_job_ends_cleanly(make_stage: Callable[[], Stage], stub: StubEngine, after: int) -> None:
    stub.step_seconds, stub.steps = 0.03, 300
    stage = make_stage().start().open()
    stage.type("a film")
    stage.until(lambda: len(asked(stage)) > 0 or after == 0)
    stage.close()
    assert not stage.engine.running
    assert stage.memory.session.text == "a film"


def test_an_engine_that_is_missing_is_said_once_and_the_window_goes_on(stage: Stage) -> None:
    stage.window.conductor._on_engine_unavailable(Failure("The engine could not start.", "no_engine"))
    assert stage.window.message_bar.message is not None
    assert stage.window.actions_registry.why_not("run") == "The engine could not start."
    stage.type("still typed")


def test_a_bug_of_ours_is_shown_and_the_window_goes_on(stage: Stage) -> None:
    stage.window.report("Something went wrong in Neuroloupe itself (ValueError); your text is kept.", "Traceback …")
    click(stage, "messageDetails")
    details = stage.window.findChild(QPlainTextEdit, "messageDetailText")
    assert details is not None
    assert details.isVisible()
    click(stage, "messageCopy")
    assert "Traceback …" in QGuiApplication.clipboard().text()
    click(stage, "messageClose")
    assert not stage.window.message_bar.isVisible()


def test_a_model_without_an_output_says_so_wherever_one_would_look_for_it(stage: Stage) -> None:
    stage.open("/models/encoder")
    stage.type("A fine film.")
    stage.until(lambda: not stage.window.conductor.explanation.running)
    because = "This model has no output to explain: it is a bare encoder."
    workspace = stage.window.workspace
    for view in (workspace.prediction_view, workspace.attribution_view):
        assert because in [label.text() for label in view.findChildren(QLabel)]
    panel = workspace.method_panel
    assert panel.method_box.placeholderText() == "none for this model"
    assert not panel.target_controls.isEnabled()
    stage.open()
    stage.until_explained("A fine film.")
    assert panel.target_controls.isEnabled()


class WindowsShown(QObject):
    """Names every top-level widget that comes on screen."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.names.append(watched.objectName() or type(watched).__name__)
        return False


def test_nothing_but_the_window_flashes_up_at_the_start(
    make_stage: Callable[[], Stage], qapp: QApplication, request: pytest.FixtureRequest
) -> None:
    shown = WindowsShown()
    qapp.installEventFilter(shown)
    request.addfinalizer(lambda: qapp.removeEventFilter(shown))
    make_stage().start().open()
    assert shown.names == ["mainWindow"]


def test_rooms_are_made_once_the_window_is_seen(make_stage: Callable[[], Stage]) -> None:
    stage = make_stage()
    assert not stage.window.rooms
    stage.start()
    assert [room.title for room in stage.window.rooms] == [
        stage.window.workspace.tabs.tabText(at + 1) for at in range(len(stage.window.rooms))
    ]


def test_closed_while_its_rooms_are_made(make_stage: Callable[[], Stage], qapp: QApplication) -> None:
    stage = make_stage()
    stage.window.show()
    stage.window.start()
    made = len(stage.window.rooms)
    stage.window.close()
    for _ in range(3):
        qapp.processEvents()
    assert len(stage.window.rooms) == made
    assert not stage.engine.running


def test_panels_fold_away_and_stay_so(stage: Stage, make_stage: Callable[[], Stage]) -> None:
    stage.open()
    QTest.keyClick(stage.window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert not stage.window.workspace.model_panel.isVisible()
    stage.close()
    again = make_stage().start().open()
    assert not again.window.workspace.model_panel.isVisible()
    assert again.window.workspace.method_panel.isVisible()


def test_tab_order_is_reading_order(stage: Stage) -> None:
    stage.open()
    names = [
        "openModelButton",
        "samplesButton",
        "modelPath",
        "layerTree",
        "examplesButton",
        "inputText",
        "methodBox",
        "targetBox",
    ]
    order: list[str] = []
    widget = stage.window.nextInFocusChain()
    while widget is not stage.window:
        order.append(widget.objectName())
        widget = widget.nextInFocusChain()
    places = [order.index(name) for name in names]
    assert places == sorted(places), dict(zip(names, places, strict=True))


def test_recent_models_that_are_gone_are_greyed(make_stage: Callable[[], Stage], tmp_path: Path) -> None:
    stage = make_stage()
    stage.memory.change_settings(recent_models=(str(tmp_path), "/gone/model"))
    stage.window.show_welcome()
    stage.start()
    offers = {
        button.property("path"): button
        for button in stage.window.welcome.findChildren(QPushButton)
        if button.property("path") is not None and button.parent() is not None
    }
    stage.until(lambda: not _recent(stage, "/gone/model").isEnabled())
    assert _recent(stage, str(tmp_path)).isEnabled()
    assert offers


def _recent(stage: Stage, path: str) -> QPushButton:
    found = [button for button in stage.window.welcome.findChildren(QPushButton) if button.property("path") == path]
    return found[-1]


def test_the_theme_is_switched_live_and_remembered(stage: Stage) -> None:
    stage.window.actions_registry["theme_dark"].trigger()
    assert stage.memory.settings.theme == "dark"
    assert stage.window.palette().window().color().name() == "#17191d"
    stage.window.actions_registry["theme_light"].trigger()
    assert stage.window.palette().window().color().name() == "#f4f5f7"


@pytest.mark.qt_log_ignore("This plugin does not support")  # popups, where there is no screen
def test_every_action_can_be_triggered_without_a_model(stage: Stage) -> None:
    skipped = {"quit", "open_log"}
    for description in stage.window.actions_registry.descriptions():
        if description.id not in skipped:
            action = stage.window.actions_registry[description.id]
            assert isinstance(action, QAction)
            action.trigger()
    stage.until(lambda: not stage.window.conductor.opening.running)
    stage.until_explained()
    for child in stage.window.findChildren(QWidget, "palette") + stage.window.findChildren(QWidget, "keySheet"):
        child.close()


def test_labels_of_the_stub_are_offered(stage: Stage) -> None:
    stage.open()
    assert [box(stage, "trueBox").itemText(at) for at in range(1, 4)] == list(LABELS)
    assert isinstance(stage.window.findChild(QLineEdit, "modelPath"), QLineEdit)


@pytest.mark.parametrize("wanted", [(), (5000, 5000, 800, 600), (-400, -20, 1280, 800), (0, 0, 9000, 9000), (100, 100, 1, 1)])
def test_a_window_never_opens_beyond_the_screens(wanted: tuple[int, ...]) -> None:
    from PySide6.QtCore import QRect

    screens = [QRect(0, 0, 1440, 900), QRect(1440, 0, 1920, 1080)]
    rect = placed(wanted, screens)
    assert any(screen.contains(rect) for screen in screens)
