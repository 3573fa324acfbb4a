"""Curves as pixels: what is known beforehand is where it must be."""

import numpy as np
import pytest
from PySide6.QtGui import QColor

from gui import theme
from gui.cells.spark import Window, spark_pixels
from gui.theme import mix

LIGHT = theme.LIGHT
PANEL = LIGHT.panel.rgb()
ABOVE, BELOW = (mix(LIGHT.panel, colour, 0.75) for colour in (LIGHT.raises, LIGHT.lowers))


def drawn(values: list[float], width: int = 40, height: int = 21, *, signed: bool = True, limit: float = 1.0) -> np.ndarray:
    array = np.array(values, dtype=np.float32)[:, None]
    window = Window(0.0, len(values) / width, width)
    return spark_pixels(array, window, height, limit=limit, signed=signed, look=LIGHT, ratio=1.0)[0]


def near(pixel: int, colour: QColor) -> bool:
    there = QColor.fromRgb(int(pixel))
    return all(abs(a - b) < 12 for a, b in zip(there.getRgb()[:3], colour.getRgb()[:3], strict=True))


def test_positive_is_above_and_negative_below() -> None:
    plus, minus = drawn([1.0] * 10), drawn([-1.0] * 10)
    assert all(near(pixel, ABOVE) for pixel in plus[4:9].ravel())
    assert (plus[12:] == PANEL).all()
    assert all(near(pixel, BELOW) for pixel in minus[12:17].ravel())
    assert (minus[:9] == PANEL).all()


def test_zero_is_a_line_and_nothing_else() -> None:
    assert (np.delete(drawn([0.0] * 10), (9, 10, 11), axis=0) == PANEL).all()


def test_half_the_limit_reaches_half_the_way() -> None:
    pixels = drawn([0.5] * 10, height=81, limit=1.0)
    filled = [row for row in range(81) if pixels[row, 20] != PANEL]
    assert filled[0] == pytest.approx(40.5 - 0.5 * 39.5, abs=1.5)


def test_a_gate_grows_from_the_bottom() -> None:
    pixels = drawn([1.0, 1.0, 0.0, 0.0], signed=False)
    assert (pixels[5:15, :8] != PANEL).all()
    assert (pixels[:15, 32:] == PANEL).all()


def test_no_peak_is_lost_among_many() -> None:
    values = [0.0] * 10_000
    values[5678] = 1.0
    pixels = drawn(values)
    column = int(5678 / 10_000 * 40)
    assert (pixels[3, column] != PANEL).all()
    assert (np.delete(pixels[3], column) == PANEL).all()


def test_what_is_no_number_is_hatched() -> None:
    pixels = drawn([0.5] * 5 + [float("nan")] * 5)
    hatched = mix(LIGHT.panel, LIGHT.muted, 0.6).rgb()
    assert (pixels[:, 28:] == hatched).any(axis=0).all()
    assert not (pixels[:, :16] == hatched).any()
    assert not any(near(pixel, ABOVE) for pixel in pixels[:, 30:].ravel())


def test_beyond_the_text_there_is_nothing() -> None:
    values = np.ones((4, 1), dtype=np.float32)
    pixels = spark_pixels(values, Window(-4.0, 0.2, 60), 21, limit=1.0, signed=True, look=LIGHT, ratio=1.0)[0]
    assert (np.delete(pixels, (9, 10, 11), axis=0)[:, :19] == PANEL).all()
    assert (np.delete(pixels, (9, 10, 11), axis=0)[:, 41:] == PANEL).all()
    assert (pixels[5, 22:38] != PANEL).all()


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e30, 1e-30])
def test_any_number_stays_within(value: float) -> None:
    drawn([value])
    drawn([value, 0.0, value] * 1000, signed=False)
