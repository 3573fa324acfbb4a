from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui import theme
from gui.heatmaps.colour_bar import BarScale, ColourBar


def test_the_ends_and_the_unit_are_named() -> None:
    scale = BarScale(0.9, True, "logit", False, False)
    assert scale.ends() == ("−0.900", "+0.900")
    assert BarScale(0.9, False, "logit", False, False).ends() == ("0", "0.900")
    assert BarScale(0.0, True, "logit", False, False).in_words() == "all values are zero"
    assert BarScale(1e-9, True, "logit", False, False).ends() == ("−1.00×10⁻⁹", "+1.00×10⁻⁹")


def test_a_value_is_marked_at_its_place_and_never_beyond_the_ends() -> None:
    signed, unsigned = BarScale(2.0, True, "", False, False), BarScale(2.0, False, "", False, False)
    assert [signed.share(value) for value in (-2, 0, 1, 9)] == [0.0, 0.5, 0.75, 1.0]
    assert [unsigned.share(value) for value in (0, 1, 2)] == [0.0, 0.5, 1.0]


def test_a_logarithmic_scale_has_a_floor() -> None:
    scale = BarScale(1.0, False, "logit", True, False, floor=1e-4)
    assert scale.ends() == ("0.000100", "1.00")
    assert [scale.share(value) for value in (0, 1e-9, 1e-4, 1e-2, 1, 5)] == [0.0, 0.0, 0.0, 0.5, 1.0, 1.0]
    assert scale.clips_low


def test_the_middle_is_the_panel_and_a_clipped_end_has_an_arrow(qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply(qapp, theme.LIGHT)
    bar = ColourBar()
    qtbot.addWidget(bar)
    bar.resize(400, 34)
    bar.show_scale(1.0, signed=True, unit="logit")
    plain = bar.grab().toImage()
    assert plain.pixelColor(200, 10).lightness() > 245
    bar.show_scale(1.0, signed=True, unit="logit", clipped=(False, True))
    assert bar.grab().toImage() != plain
    bar.show_value(float("nan"))
    bar.show_value(0.3)
    assert bar.accessibleDescription() == "From −1.00 to +1.00 logit"
