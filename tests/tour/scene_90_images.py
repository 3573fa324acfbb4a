"""A picture instead of a text: chosen, explained, looked at in every way, compared."""

import tempfile
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter, QPolygonF, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QWidget

from stage import Stage, scene, wait


def landscape(path: Path) -> Path:
    """Drawn, so that nobody owns it: a house under a sun."""
    image = QImage(1200, 800, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    sky = QLinearGradient(0, 0, 0, 520)
    sky.setColorAt(0, QColor("#3C78B4"))
    sky.setColorAt(1, QColor("#D8E8F2"))
    painter.fillRect(image.rect(), sky)
    painter.setPen(Qt.PenStyle.NoPen)
    for colour, shape in (
        ("#F5C542", QRectF(880, 90, 130, 130)),
        ("#FFFFFF", QRectF(160, 120, 260, 70)),
        ("#FFFFFF", QRectF(260, 90, 180, 90)),
    ):
        painter.setBrush(QColor(colour))
        painter.drawEllipse(shape)
    hills = [QPointF(0, 560), QPointF(300, 430), QPointF(620, 540), QPointF(960, 420), QPointF(1200, 520)]
    painter.setBrush(QColor("#5E8C4A"))
    painter.drawPolygon(QPolygonF([*hills, QPointF(1200, 800), QPointF(0, 800)]))
    painter.fillRect(QRectF(430, 420, 260, 220), QColor("#B9543A"))
    painter.setBrush(QColor("#4A2C2A"))
    painter.drawPolygon(QPolygonF([QPointF(400, 420), QPointF(560, 300), QPointF(720, 420)]))
    for left in (470, 590):
        painter.fillRect(QRectF(left, 470, 60, 60), QColor("#F2E3B6"))
    painter.fillRect(QRectF(530, 550, 60, 90), QColor("#5A3A2E"))
    painter.end()
    image.save(str(path))
    return path


def reads_pictures(stage: Stage) -> bool:
    model = stage.window.conductor.model
    return model is not None and model.input_kind == "image"


def explained(stage: Stage) -> bool:
    conductor = stage.window.conductor
    return conductor.map is not None and conductor.map.progress == 1 and not conductor.explanation.running


def choose(stage: Stage, method: str) -> None:
    box = stage.find("methodBox")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(method))
    stage.wait_for(lambda: explained(stage) and stage.window.conductor.map.method.id == method, timeout=120)


def wheel(widget: QWidget, at: QPoint, notches: int) -> None:
    """QTest has no wheel."""
    turn = QPoint(0, 120 * notches)
    event = QWheelEvent(
        QPointF(at), widget.mapToGlobal(QPointF(at)), QPoint(), turn, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)
    wait(60)


@scene
def picture_sample(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    stage.key("Alt+Home")
    stage.wait_for(lambda: stage.window.welcome.isVisible())
    stage.shot("welcome", note="samples of pictures beside those of texts")
    stage.click("sample_shapes-cnn")
    stage.wait_for(lambda: explained(stage) and reads_pictures(stage), timeout=180)
    stage.shot(note="a picture, what the model reads of it, and why it says so")
    choose(stage, "grad_cam")
    stage.shot("grad-cam", note="Grad-CAM: coarse, and a layer of its own")


@scene
def every_way_to_look(stage: Stage) -> None:
    choose(stage, "integrated_gradients")
    heatmap = stage.find("mainImage_image")
    stage.hover(heatmap, (heatmap.width() // 2, heatmap.height() // 2))
    stage.click(heatmap, (heatmap.width() // 2 - 20, heatmap.height() // 2 - 10))
    stage.shot(note="a pixel is pinned: where, its colour, value, rank")
    for mode in ("map", "contours", "mask"):
        stage.click(f"imageMode_{mode}")
        stage.shot(mode, note=f"the same as {mode}")
    stage.click("imageMode_overlay")
    wheel(heatmap, QPoint(heatmap.width() // 2, heatmap.height() // 2), 8)
    stage.shot("near", note="zoomed to the pointer")
    stage.key("0")
    bar = next(each for each in stage.find("attributionView").findChildren(QWidget) if each.accessibleName() == "Colour scale")
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(bar.width() // 2 + 40, 10))
    QTest.mouseMove(bar, QPoint(bar.width() // 2 + 120, 10))
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(bar.width() // 2 + 120, 10))
    stage.shot("scale", note="the scale's end dragged: more colour, and what lies beyond it is said")


@scene
def pictures_compared(stage: Stage) -> None:
    stage.click("pinMap")
    choose(stage, "saliency")
    stage.shot(note="two methods side by side; each on its own scale, and why")
    stage.window.workspace.attribution_view.method_added.emit("input_x_gradient")
    stage.wait_for(lambda: not stage.window.jobs.runs(1) and explained(stage), timeout=120)
    wait(300)
    stage.shot("three", note="a third method beside them")
    stage.window.actions_registry["unpin_map"].trigger()
    stage.window.workspace.attribution_view.method_removed.emit(1)
    choose(stage, "integrated_gradients")
    stage.key("Ctrl+K")
    stage.key("Ctrl+Shift+F")
    stage.shot("finding", note="kept as a finding")
    stage.key("Ctrl+Shift+F")


@scene
def own_picture(stage: Stage) -> None:
    stage.window.pictures.open(str(landscape(Path(tempfile.mkdtemp()) / "house under a sun.png")))
    stage.wait_for(lambda: explained(stage) and stage.window.conductor.map.prediction.input.size == (1200, 800), timeout=180)
    stage.shot(note="a picture of another shape: what the model does not read is dim")
    tree = stage.find("layerTree")
    stage.click(tree.viewport(), (60, 80), Qt.MouseButton.RightButton)
    tree.customContextMenuRequested.emit(QPoint(60, 80))
    stage.wait_for(lambda: stage.window.workspace.model_panel.menu.isVisible())
    stage.shot("layer", note="a layer for the method, from the tree")
    stage.window.workspace.model_panel.menu.hide()


@scene
def rooms_of_texts(stage: Stage) -> None:
    stage.window.actions_registry["view_flow"].trigger()
    stage.shot(note="a room that has nothing to say about pictures says so")
    stage.window.workspace.tabs.setCurrentIndex(0)
