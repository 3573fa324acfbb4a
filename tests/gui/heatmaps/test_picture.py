import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from engine.heatmaps.wording import completeness_words, title_of
from gui import theme
from gui.heatmaps.picture import attribution_picture
from tests.gui import made


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> None:
    theme.apply(qapp, theme.LIGHT)


@pytest.mark.parametrize("look", [theme.LIGHT, theme.DARK])
def test_a_picture_has_its_width_its_scale_and_its_ground(look: theme.Theme) -> None:
    image = attribution_picture(made.result(), 600, 2.0, look)
    assert image.width() == 1200
    assert image.pixelColor(3, 3) == look.panel
    colours = {image.pixelColor(x, y).name() for x in range(0, 1200, 3) for y in range(0, image.height(), 3)}
    assert {look.raises.name(), look.lowers.name()} <= colours


def test_a_longer_text_makes_a_taller_picture_until_it_could_not_be_saved() -> None:
    short, long = (attribution_picture(made.result(made.document("word " * n)), 600, 1.0, theme.LIGHT) for n in (10, 400))
    assert long.height() > short.height() + 100
    endless = attribution_picture(made.result(made.document("word\n" * 3000)), 600, 2.0, theme.LIGHT)
    assert endless.height() <= 32000


def test_nothing_unusual_stops_a_picture() -> None:
    document = made.document("")
    for values in (np.zeros(2), np.full(2, np.nan), np.full(2, 1e9), np.array([1e-9, -1e-9])):
        assert not attribution_picture(made.result(document, values), 300, 1.0, theme.DARK).isNull()
    pair = made.document("One.", pair="Two.", cut=(3, 4))
    assert not attribution_picture(made.result(pair, warnings=("Something.",), progress=0.4), 300, 1.0, theme.DARK).isNull()


def test_the_words_say_what_was_asked_and_whether_it_adds_up() -> None:
    assert title_of(made.result()) == "Integrated Gradients: what speaks for positive"
    assert title_of(made.result(signed=False, complete=False)) == "Saliency: what matters for positive"
    words = completeness_words(made.result())
    assert words.startswith("f(input) 2.14 − f(baseline) −0.31 = 2.45 · attributions sum to 2.44 · off by 0.4 % of Σ|values| ✓")
    assert completeness_words(made.result(progress=0.62)).startswith("stopped at 62 %")
