"""A picture with a map over it, through mouse, wheel and keys."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.heatmaps.pixel_map import PixelMap
from gui import theme
from gui.heatmaps.image_heatmap import ImageHeatmap, Zoom
from gui.heatmaps.image_painter import ImageStyle
from tests.gui import made

LEFT = Qt.MouseButton.LeftButton
PLAIN = ImageStyle("map")


@pytest.fixture
def heatmap(qtbot: QtBot, qapp: QApplication) -> ImageHeatmap:
    """60 × 40 picture pixels at ten px each, a map of 8 × 8 on x 10 … 50."""
    theme.apply(qapp, theme.LIGHT)
    shown = ImageHeatmap()
    qtbot.addWidget(shown)
    shown.resize(604, 404)
    shown.show_map(PixelMap(made.image_result()))
    shown.show()
    qtbot.waitExposed(shown)
    return shown


def at(x: float, y: float) -> QPoint:
    """Of the picture as a whole."""
    return QPoint(round(2 + 10 * x), round(2 + 10 * y))


def colour(heatmap: ImageHeatmap, point: QPoint) -> str:
    grabbed: QImage = heatmap.grab().toImage()
    ratio = grabbed.width() / heatmap.width()
    return grabbed.pixelColor(round(point.x() * ratio), round(point.y() * ratio)).name()


def turn(heatmap: ImageHeatmap, point: QPoint, notches: int) -> None:
    event = QWheelEvent(
        QPointF(point), heatmap.mapToGlobal(QPointF(point)), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(heatmap, event)


def test_the_map_lies_on_what_the_model_reads(heatmap: ImageHeatmap) -> None:
    """One pixel of the map is five of the picture: the only one that is not zero has its colour, its neighbours the panel's."""
    heatmap.set_style(PLAIN)
    assert colour(heatmap, at(37.5, 12.5)) == theme.LIGHT.raises.name()
    for x, y in ((32.5, 12.5), (42.5, 12.5), (37.5, 7.5), (37.5, 17.5)):
        assert colour(heatmap, at(x, y)) == theme.LIGHT.panel.name()
    assert colour(heatmap, at(35.3, 10.3)) == colour(heatmap, at(39.7, 14.7)) == theme.LIGHT.raises.name()


def test_outside_of_it_the_picture_is_dim(heatmap: ImageHeatmap) -> None:
    heatmap.set_style(ImageStyle("mask", top=1.0, grey=False))
    red, green, _ = made.pixels()[20, 5]
    inside = made.pixels()[20, 30]
    assert colour(heatmap, at(30.5, 20.5)) == "#" + "".join(f"{each:02x}" for each in inside)
    panel = theme.LIGHT.panel
    seen = heatmap.grab().toImage().pixelColor(at(5.5, 20.5))
    assert red < seen.red() <= panel.red()
    assert green < seen.green() <= panel.green()


def test_in_the_overlay_zero_is_clear_and_the_largest_opaque(heatmap: ImageHeatmap) -> None:
    heatmap.set_style(ImageStyle("overlay", blend=0.5, grey=False))
    assert colour(heatmap, at(30.5, 20.5)) == "#" + "".join(f"{each:02x}" for each in made.pixels()[20, 30])
    assert colour(heatmap, at(37.5, 12.5)) == theme.LIGHT.raises.name()


def test_the_blend_goes_from_the_picture_to_the_map(heatmap: ImageHeatmap) -> None:
    bare = "#" + "".join(f"{each:02x}" for each in made.pixels()[12, 37])
    heatmap.set_style(ImageStyle("overlay", blend=0.0, grey=False))
    assert colour(heatmap, at(37.5, 12.5)) == bare
    heatmap.set_style(ImageStyle("overlay", blend=1.0, grey=False))
    assert colour(heatmap, at(37.5, 12.5)) == theme.LIGHT.raises.name()
    assert colour(heatmap, at(30.5, 20.5)) == theme.LIGHT.panel.name()


def test_the_mask_leaves_only_the_highest(heatmap: ImageHeatmap) -> None:
    heatmap.set_style(ImageStyle("mask", top=1 / 64, grey=False))
    assert colour(heatmap, at(37.5, 12.5)) == "#" + "".join(f"{each:02x}" for each in made.pixels()[12, 37])
    assert colour(heatmap, at(30.5, 20.5)) == theme.LIGHT.panel.name()


def test_what_is_not_a_number_is_hatched(heatmap: ImageHeatmap) -> None:
    values = np.zeros((64, 64), dtype=np.float32)
    values[:32] = np.nan
    heatmap.show_map(PixelMap(made.image_result(values, made.read_image(shape=(64, 64)))))
    heatmap.set_style(PLAIN)
    grabbed = heatmap.grab().toImage()
    seen = {grabbed.pixelColor(at(10.3 + step * 0.625, 10.3)).name() for step in range(8)}
    assert seen == {theme.LIGHT.muted.name(), theme.LIGHT.panel.name()}
    assert grabbed.pixelColor(at(30, 30)).name() == theme.LIGHT.panel.name()


def test_a_tighter_scale_gives_more_colour(heatmap: ImageHeatmap) -> None:
    values = np.zeros((8, 8), dtype=np.float32)
    values[2, 5], values[4, 4] = 1.0, -0.25
    heatmap.show_map(PixelMap(made.image_result(values)))
    heatmap.set_style(PLAIN)
    heatmap.set_limit(1.0)
    pale = colour(heatmap, at(32.5, 22.5))
    heatmap.set_limit(0.25)
    assert colour(heatmap, at(32.5, 22.5)) == theme.LIGHT.lowers.name() != pale


def test_hovering_names_the_pixel(heatmap: ImageHeatmap, qtbot: QtBot) -> None:
    with qtbot.waitSignal(heatmap.pixel_hovered) as told:
        QTest.mouseMove(heatmap, at(37.5, 12.5))
    assert told.args == [(2, 5)]
    with qtbot.waitSignal(heatmap.point_hovered) as beside:
        QTest.mouseMove(heatmap, at(5.5, 12.5))
    assert beside.args == pytest.approx([5.5, 12.5], abs=0.1)


def test_a_click_pins_and_again_lets_go(heatmap: ImageHeatmap, qtbot: QtBot) -> None:
    with qtbot.waitSignal(heatmap.pixel_selected) as told:
        QTest.mouseClick(heatmap, LEFT, pos=at(37.5, 12.5))
    assert told.args == [(2, 5)]
    assert heatmap.selected == (2, 5)
    assert "rank 1 of 64" in heatmap.accessibleDescription()
    QTest.mouseClick(heatmap, LEFT, pos=at(37.5, 12.5))
    assert heatmap.selected is None


def test_arrows_move_the_pin_and_stop_at_the_edge(heatmap: ImageHeatmap) -> None:
    heatmap.setFocus()
    QTest.keyClick(heatmap, Qt.Key.Key_Right)
    assert heatmap.selected == (2, 5)  # the strongest, where nothing was pinned
    for key, cell in ((Qt.Key.Key_Right, (2, 6)), (Qt.Key.Key_Down, (3, 6)), (Qt.Key.Key_Left, (3, 5)), (Qt.Key.Key_Up, (2, 5))):
        QTest.keyClick(heatmap, key)
        assert heatmap.selected == cell
    QTest.keyClick(heatmap, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert heatmap.selected == (0, 5)
    QTest.keyClick(heatmap, Qt.Key.Key_Home)
    assert heatmap.selected == (2, 5)
    QTest.keyClick(heatmap, Qt.Key.Key_Escape)
    assert heatmap.selected is None


def test_the_wheel_zooms_to_the_pointer(heatmap: ImageHeatmap) -> None:
    point = at(37.5, 12.5)
    turn(heatmap, point, 4)
    assert heatmap.zoom.magnification == pytest.approx(1.25**4)
    assert heatmap.point_of((2, 5)).x() == pytest.approx(point.x(), abs=1)
    assert heatmap.point_of((2, 5)).y() == pytest.approx(point.y(), abs=1)
    turn(heatmap, point, -40)
    assert heatmap.zoom.magnification == pytest.approx(0.1)  # pixel for pixel, which is less than all of it
    QTest.keyClick(heatmap, Qt.Key.Key_0)
    assert heatmap.zoom.magnification == 1.0


def test_dragging_moves_a_picture_that_is_larger_than_its_room(heatmap: ImageHeatmap) -> None:
    turn(heatmap, at(30, 20), 6)
    before = heatmap.point_of((2, 5))
    QTest.mousePress(heatmap, LEFT, pos=QPoint(300, 200))
    for step in range(1, 6):
        QTest.mouseMove(heatmap, QPoint(300 - 10 * step, 200 + 6 * step))
    QTest.mouseRelease(heatmap, LEFT, pos=QPoint(250, 230))
    moved = heatmap.point_of((2, 5)) - before
    assert (moved.x(), moved.y()) == pytest.approx((-50, 30), abs=1)
    assert heatmap.selected is None  # a drag is no click


def test_a_picture_is_never_dragged_out_of_sight(heatmap: ImageHeatmap) -> None:
    turn(heatmap, at(30, 20), 3)
    QTest.mousePress(heatmap, LEFT, pos=QPoint(300, 200))
    QTest.mouseMove(heatmap, QPoint(300, 210))
    QTest.mouseMove(heatmap, QPoint(300, 5000))
    QTest.mouseRelease(heatmap, LEFT, pos=QPoint(300, 5000))
    assert heatmap.place().top() == pytest.approx(2, abs=0.5)


def test_one_to_one_is_a_pixel_of_the_screen(heatmap: ImageHeatmap) -> None:
    heatmap.setFocus()
    QTest.keyClick(heatmap, Qt.Key.Key_1)
    assert heatmap.screen_pixels() == pytest.approx(1.0)
    QTest.keyClick(heatmap, Qt.Key.Key_Plus)
    assert heatmap.screen_pixels() == pytest.approx(1.25)


def test_maps_on_one_zoom_go_together(heatmap: ImageHeatmap, qtbot: QtBot) -> None:
    other = ImageHeatmap(heatmap.zoom)
    qtbot.addWidget(other)
    other.resize(604, 404)
    other.show_map(PixelMap(made.image_result()))
    turn(heatmap, at(37.5, 12.5), 5)
    assert other.place() == heatmap.place()


def test_a_sharper_map_keeps_pin_and_zoom(heatmap: ImageHeatmap) -> None:
    QTest.mouseClick(heatmap, LEFT, pos=at(37.5, 12.5))
    turn(heatmap, at(37.5, 12.5), 3)
    before = heatmap.place()
    heatmap.show_map(PixelMap(made.image_result(np.ones((8, 8), dtype=np.float32))))
    assert heatmap.selected == (2, 5)
    assert heatmap.place() == before
    heatmap.show_map(PixelMap(made.image_result(np.ones((4, 4), dtype=np.float32), made.read_image(shape=(4, 4)))))
    assert heatmap.selected is None


def test_nothing_to_show_takes_every_key_and_the_wheel(qtbot: QtBot) -> None:
    empty = ImageHeatmap(Zoom())
    qtbot.addWidget(empty)
    empty.show()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Plus, Qt.Key.Key_1, Qt.Key.Key_Home, Qt.Key.Key_0):
        QTest.keyClick(empty, key)
    turn(empty, QPoint(10, 10), 1)
    empty.grab()


@pytest.mark.parametrize("mode", ["overlay", "map", "contours", "mask"])
@pytest.mark.parametrize("values", [np.zeros((1, 1)), np.full((3, 3), np.nan), np.full((2, 9), 1e-30), np.full((4, 4), 1e30)])
def test_odd_maps_are_drawn(heatmap: ImageHeatmap, mode: str, values: np.ndarray) -> None:
    heatmap.set_style(ImageStyle(mode))  # type: ignore[arg-type]
    heatmap.show_map(PixelMap(made.image_result(values.astype(np.float32), made.read_image(shape=values.shape))))
    assert not heatmap.grab().isNull()


def test_contours_are_where_the_blurred_map_passes_their_level(heatmap: ImageHeatmap) -> None:
    x = np.linspace(0, 1, 40, dtype=np.float32)
    heatmap.show_map(PixelMap(made.image_result(np.tile(x, (40, 1)), made.read_image(shape=(40, 40)))))
    heatmap.set_style(ImageStyle("contours", lines=1, grey=False))
    assert heatmap.contour_levels() == pytest.approx([-0.5, 0.5], abs=0.02)
    line = heatmap.grab().toImage().pixelColor(at(30.0, 20.5))
    beside = heatmap.grab().toImage().pixelColor(at(22.0, 20.5))
    assert abs(line.red() - theme.LIGHT.raises.red()) < 60
    assert beside.name() == "#" + "".join(f"{each:02x}" for each in made.pixels()[20, 22])


def test_however_near_the_map_stays_where_it_belongs(heatmap: ImageHeatmap) -> None:
    """A picture of 24 megapixels, and one value in four for half of it, magnified to what is most."""
    values = np.zeros((2, 2), dtype=np.float32)
    values[0, 0] = 1.0
    read = replace(made.read_image(), size=(6000, 4000), crop=(0, 0, 6000, 4000), shape=(2, 2))
    heatmap.show_map(PixelMap(made.image_result(values, read)))
    heatmap.set_style(PLAIN)
    heatmap.zoom.go(600.0, QPointF(0.5, 0.5))
    middle = heatmap.rect().center()
    assert colour(heatmap, middle - QPoint(6, 6)) == theme.LIGHT.raises.name()
    assert colour(heatmap, middle + QPoint(6, 6)) == theme.LIGHT.panel.name()
    heatmap.set_style(ImageStyle("overlay", blend=0.0, grey=False))
    seen = heatmap.grab().toImage().pixelColor(middle)
    red, green, _ = made.pixels()[20, 30]
    assert (seen.red(), seen.green()) == pytest.approx((red, green), abs=6)
