"""A picture on the desk, from its file to its map, in the whole window."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu, QSlider, QTableView, QToolButton, QTreeWidget, QWidget

from engine.requests import AttributionRequest, ImageInput
from engine.results import ReadImage
from gui.controls.layer_edit import LayerEdit
from tests.gui.conftest import Stage

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path / "home"))


@pytest.fixture
def picture(tmp_path: Path) -> str:
    return painted(tmp_path / "cat.png", "#804020")


def painted(path: Path, colour: str) -> str:
    image = QImage(60, 40, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    assert image.save(str(path))
    return str(path)


def shown(stage: Stage, path: str) -> bool:
    conductor = stage.window.conductor
    given = None if conductor.map is None else conductor.map.request.input
    return isinstance(given, ImageInput) and given.path == path and conductor.map is not None and conductor.map.progress == 1


def with_picture(stage: Stage, path: str) -> Stage:
    stage.open("/models/shapes")
    stage.window.pictures.open(path)
    stage.until(lambda: shown(stage, path) and not stage.window.conductor.explanation.running)
    return stage


def find(stage: Stage, name: str) -> QWidget:
    found = stage.window.findChild(QWidget, name)
    assert found is not None, name
    return found


def words(stage: Stage, name: str) -> str:
    label = find(stage, name)
    assert isinstance(label, QLabel)
    return label.text()


def warning(stage: Stage) -> str:
    return " ".join(label.text() for label in find(stage, "warningBar").findChildren(QLabel))


def test_an_image_model_is_given_a_picture_instead_of_a_text(stage: Stage, picture: str) -> None:
    stage.open().type("A text of mine.")
    stage.open("/models/shapes")
    assert not find(stage, "inputText").isVisible()
    assert find(stage, "inputPicture").isVisible()
    assert words(stage, "pictureName") == "No picture yet"
    stage.window.pictures.open(picture)
    stage.until(lambda: shown(stage, picture))
    assert words(stage, "pictureName") == "cat.png"
    assert "centre 8 × 8" in words(stage, "pictureSteps")
    assert find(stage, "mainImage_image").isVisible()
    assert not find(stage, "grain_token").isVisible()
    stage.open("/models/film-mood")
    stage.until_explained("A text of mine.")
    assert find(stage, "inputText").isVisible()
    assert find(stage, "grain_token").isVisible()
    assert not find(stage, "mainImage_image").isVisible()


def test_by_the_dialog(stage: Stage, picture: str) -> None:
    stage.open("/models/shapes")
    stage.dialogs.file = picture
    QTest.keyClick(stage.window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    stage.until(lambda: shown(stage, picture))
    assert stage.memory.settings.picture_folder == str(Path(picture).parent)


def test_by_a_drop(stage: Stage, picture: str) -> None:
    stage.open("/models/shapes")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(picture)])
    drop = QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    stage.window.dropEvent(drop)
    stage.until(lambda: shown(stage, picture))


def test_pasted_it_becomes_a_file_of_ours(stage: Stage, tmp_path: Path) -> None:
    stage.open("/models/shapes")
    image = QImage(30, 20, QImage.Format.Format_RGB32)
    image.fill(QColor("#123456"))
    QGuiApplication.clipboard().setImage(image)
    editor = find(stage, "inputPicture")
    editor.setFocus()
    QTest.keyClick(editor, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    stage.until(lambda: stage.window.conductor.map is not None and stage.window.conductor.map.progress == 1)
    assert stage.window.conductor.map is not None
    given = stage.window.conductor.map.request.input
    assert isinstance(given, ImageInput)
    assert Path(given.path).parent == tmp_path / "home" / "data" / "pictures"
    kept = QImage(given.path)
    assert (kept.width(), kept.height(), kept.pixelColor(3, 3).name()) == (30, 20, "#123456")


def test_it_is_pasted_wherever_the_keyboard_is(stage: Stage, picture: str) -> None:
    with_picture(stage, picture)
    image = QImage(30, 20, QImage.Format.Format_RGB32)
    image.fill(QColor("#654321"))
    QGuiApplication.clipboard().setImage(image)
    heatmap = find(stage, "mainImage_image")
    heatmap.setFocus()
    QTest.keyClick(heatmap, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    stage.until(lambda: words(stage, "pictureName").startswith("pasted-"))


def test_with_nothing_to_paste_it_says_so(stage: Stage) -> None:
    stage.open("/models/shapes")
    QGuiApplication.clipboard().setText("no picture")
    stage.window.actions_registry["paste_picture"].trigger()
    assert "no picture on the clipboard" in warning(stage)


def test_what_is_no_picture_is_refused_in_a_sentence(stage: Stage, tmp_path: Path) -> None:
    stage.open("/models/shapes")
    (tmp_path / "bad.png").write_bytes(b"not at all")
    stage.window.pictures.open(str(tmp_path / "bad.png"))
    stage.until(lambda: "bad.png" in warning(stage))
    assert not any(isinstance(each, AttributionRequest) for each in stage.stub.asked)
    assert words(stage, "pictureName") == "No picture yet"


def test_it_waits_for_a_model_that_reads_pictures(stage: Stage, picture: str) -> None:
    stage.open().type("A text of mine.")
    stage.window.pictures.open(picture)
    stage.until(lambda: "waits on the desk" in warning(stage))
    stage.open("/models/shapes")
    stage.until(lambda: shown(stage, picture))


def test_a_swap_is_undone_and_redone(stage: Stage, picture: str, tmp_path: Path) -> None:
    other = painted(tmp_path / "dog.png", "#204080")
    with_picture(stage, picture)
    stage.window.pictures.open(other)
    stage.until(lambda: shown(stage, other))
    QTest.keyClick(stage.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    stage.until(lambda: shown(stage, picture))
    QTest.keyClick(stage.window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    stage.until(lambda: shown(stage, other))


def test_pictures_that_ran_are_offered_again(stage: Stage, picture: str, tmp_path: Path) -> None:
    other = painted(tmp_path / "dog.png", "#204080")
    with_picture(stage, picture)
    stage.window.pictures.open(other)
    stage.until(lambda: shown(stage, other))
    button = find(stage, "picturesButton")
    assert isinstance(button, QToolButton)
    menu = button.menu()
    assert isinstance(menu, QMenu)
    menu.aboutToShow.emit()
    recent = next(action for action in menu.actions() if action.text() == "cat.png")
    recent.trigger()
    stage.until(lambda: shown(stage, picture))


def test_the_last_picture_is_there_at_the_next_start(make_stage: Callable[[], Stage], picture: str) -> None:
    stage = with_picture(make_stage().start(), picture)
    stage.close()
    again = make_stage().start().open("/models/shapes")
    again.until(lambda: shown(again, picture))


def test_run_reads_a_file_that_has_changed(stage: Stage, picture: str) -> None:
    with_picture(stage, picture)
    before = stage.window.conductor.map
    assert before is not None
    painted(Path(picture), "#00ff00")
    stage.window.actions_registry["run"].trigger()
    stage.until(lambda: stage.window.conductor.map is not None and stage.window.conductor.map.request != before.request)
    assert stage.window.conductor.map is not None
    assert stage.window.conductor.map.request.input != before.request.input


def test_rooms_of_texts_say_what_they_are_for(stage: Stage, picture: str) -> None:
    with_picture(stage, picture)
    asked = len(stage.stub.asked)
    for room in stage.window.rooms:
        if room.key == "training":
            continue
        room.enter()
        said = " ".join(label.text() for label in room.view.findChildren(QLabel) if label.isVisible())
        if room.key != "data":
            words = "no attention that spans a whole picture" if room.key == "attention" else "this one reads pictures"
            assert words in said, room.key
        assert room.seen() is None
    assert len(stage.stub.asked) == asked


def test_every_way_to_look_is_chosen_and_remembered(make_stage: Callable[[], Stage], picture: str) -> None:
    stage = with_picture(make_stage().start(), picture)
    view = stage.window.workspace.attribution_view
    for mode in ("map", "contours", "mask", "overlay", "mask"):
        QTest.mouseClick(find(stage, f"imageMode_{mode}"), LEFT)
        assert view.images.main.heatmap.style_shown.mode == mode
    slider = find(stage, "imageTop")
    assert isinstance(slider, QSlider)
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Home)
    assert view.images.main.heatmap.style_shown.top == 0.001
    stage.close()
    again = with_picture(make_stage().start(), picture)
    style = again.window.workspace.attribution_view.images.main.heatmap.style_shown
    assert (style.mode, style.top) == ("mask", 0.001)


def test_the_scale_is_dragged(stage: Stage, picture: str) -> None:
    with_picture(stage, picture)
    view = stage.window.workspace.attribution_view
    before, bar = view.images.limit, view._bar
    middle = bar.width() // 2
    QTest.mousePress(bar, LEFT, pos=QPoint(middle + 40, 10))
    QTest.mouseMove(bar, QPoint(middle + 80, 10))
    QTest.mouseRelease(bar, LEFT, pos=QPoint(middle + 80, 10))
    assert view.images.limit == pytest.approx(before / 2, rel=0.02)
    assert "beyond" in view._scale_note.text()


def test_a_coarse_grid_is_listed_and_a_part_of_it_pins_its_middle(stage: Stage, picture: str) -> None:
    with_picture(stage, picture)
    view = stage.window.workspace.attribution_view
    QTest.keyClick(stage.window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    table = find(stage, "valueTable")
    assert isinstance(table, QTableView)
    assert table.model().rowCount() == 64
    table.setFocus()
    table.selectRow(9)
    stage.until(lambda: view.images.selected == (1, 1))


def test_another_method_stands_beside_it(stage: Stage, picture: str) -> None:
    with_picture(stage, picture)
    view = stage.window.workspace.attribution_view
    view.method_added.emit("random")
    stage.until(lambda: len(view.images.rows()) == 2 and view.images.rows()[1].map is not None)
    stage.open("/models/film-mood").type("A text of mine.")
    stage.until_explained("A text of mine.")
    stage.until(lambda: len(view.board.rows()) == 2 and view.board.rows()[1].map is not None)
    assert len(view.images.rows()) == 1


def test_every_channel_where_there_is_no_reduction(stage: Stage, picture: str) -> None:
    with_picture(stage, picture)
    panel, view = stage.window.workspace.method_panel, stage.window.workspace.attribution_view
    panel._reduction.setCurrentIndex(panel._reduction.findData("none"))
    stage.until(lambda: view.images.map is not None and view.images.map.channels == 3)
    assert find(stage, "imageChannel").isVisible()
    view.image_controls._channel.setCurrentIndex(2)
    assert view.images.map is not None
    assert view.images.map.channel == 1


def test_an_image_model_has_baselines_of_its_own(stage: Stage, picture: str) -> None:
    with_picture(stage, picture)
    controls = stage.window.workspace.method_panel.baseline_controls
    assert controls.baselines() == ("black",)
    stage.dialogs.file = picture
    controls.list.set_baselines(("image:",))
    controls._show_needs()
    assert controls.baselines() == ("black",)  # as long as no picture is chosen
    QTest.mouseClick(find(stage, "chooseBaselinePicture"), LEFT)
    assert controls.baselines() == (f"image:{picture}",)


def test_a_finding_comes_back_with_its_picture(stage: Stage, picture: str, tmp_path: Path) -> None:
    with_picture(stage, picture)
    was = stage.window.conductor.map
    assert was is not None
    stage.window.findings.pin()
    other = painted(tmp_path / "dog.png", "#204080")
    stage.window.pictures.open(other)
    stage.until(lambda: shown(stage, other))
    stage.window.findings.open(stage.window.findings.store.findings[0].id)
    assert stage.window.conductor.map is not None
    assert stage.window.conductor.map.request == was.request
    assert isinstance(stage.window.conductor.map.prediction.input, ReadImage)
    assert words(stage, "pictureName") == "cat.png"


def test_the_map_is_saved_and_its_command_copied(stage: Stage, picture: str, tmp_path: Path) -> None:
    with_picture(stage, picture)
    for suffix in (".png", ".json", ".csv", ".npz", ".svg", ".html", ".pdf"):
        stage.window.keeping.save_as(tmp_path / f"map{suffix}")
        assert (tmp_path / f"map{suffix}").stat().st_size > 100
    stage.window.keeping.copy_command()
    assert f"--image {picture}" in QGuiApplication.clipboard().text().replace("'", "")


def choose_method(stage: Stage, method: str) -> None:
    box = stage.window.workspace.method_panel.method_box
    box.setCurrentIndex(box.findData(method))


def layer_asked(stage: Stage) -> object:
    asked = [each for each in stage.stub.asked if isinstance(each, AttributionRequest)]
    return dict(asked[-1].parameters).get("layer")


def test_a_layer_is_typed_with_completion(stage: Stage, picture: str) -> None:
    with_picture(stage, picture)
    choose_method(stage, "grad_cam")
    stage.until(lambda: stage.stub.asked[-1].method == "grad_cam")
    edit = find(stage, "param_layer")
    assert isinstance(edit, LayerEdit)
    stage.until(lambda: edit.placeholderText() == "auto: encoder")  # found by the method itself
    asked = len(stage.stub.asked)
    edit.setText("layer.3.attention")  # its list of layers would ask more of the platform than there is here
    completer = edit.completer()
    completer.setCompletionPrefix(edit.text())
    assert completer.completionCount() == 2  # the layer and its query
    assert len(stage.stub.asked) == asked  # half a name is no question
    edit.setText("bert.encoder.layer.3.attention")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    stage.until(lambda: layer_asked(stage) == "bert.encoder.layer.3.attention")
    edit.clear()
    stage.until(lambda: stage.window.conductor.map is not None and not stage.window.conductor.map.request.parameters)


def test_a_layer_is_taken_from_the_tree(stage: Stage, picture: str) -> None:
    with_picture(stage, picture)
    panel = stage.window.workspace.model_panel
    tree = find(stage, "layerTree")
    assert isinstance(tree, QTreeWidget)
    tree.setCurrentItem(tree.topLevelItem(1))
    take = next(action for action in panel.menu.actions() if action.text() == "Use as the method's layer")
    take.trigger()
    assert "looks at no single layer" in warning(stage)
    choose_method(stage, "grad_cam")
    take.trigger()
    stage.until(lambda: layer_asked(stage) == "classifier")
    edit = find(stage, "param_layer")
    assert isinstance(edit, LayerEdit)
    assert edit.text() == "classifier"
