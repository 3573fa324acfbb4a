import pytest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from engine.results import Completeness, Cost, ResolvedTarget
from gui import theme
from gui.views.completeness_strip import CompletenessStrip
from tests.gui import made


@pytest.fixture
def strip(qtbot: QtBot, qapp: QApplication) -> CompletenessStrip:
    theme.apply(qapp, theme.LIGHT)
    widget = CompletenessStrip()
    qtbot.addWidget(widget)
    widget.resize(700, 80)
    widget.show()
    return widget


def offered(strip: CompletenessStrip) -> list[str]:
    return [button.text() for button in strip.findChildren(QPushButton) if button.isVisible()]


def test_it_reads_as_a_sentence_of_arithmetic(strip: CompletenessStrip) -> None:
    strip.show_result(made.result())
    assert strip.text() == (
        "f(input) 2.14 − f(baseline) −0.31 = 2.45 · attributions sum to 2.44 · off by 0.4 % of Σ|values| ✓"
        " · on the zero baseline: negative 0.580 · 24 forward + 22 backward passes · 0.31 s · cpu"
    )
    assert offered(strip) == []


def test_a_sum_that_is_off_is_said_and_offers_remedies(qtbot: QtBot, strip: CompletenessStrip) -> None:
    probability = ResolvedTarget("positive", 1, None, None, "probability")
    strip.show_result(made.result(sums=made.completeness(converged=False), target=probability))
    assert "off by 13 % of Σ|values| ✗ not converged" in strip.text()
    assert theme.LIGHT.error.name() in strip.findChild(QLabel, "completenessSum").text()
    assert offered(strip) == ["More steps", "Explain the logit", "Other baseline"]
    for name in ("more_steps", "use_logit", "other_baseline"):
        with qtbot.waitSignal(strip.remedy_chosen) as told:
            strip.findChild(QPushButton, f"remedy_{name}").click()
        assert told.args == [name]


def test_the_logit_is_not_offered_to_who_has_it(strip: CompletenessStrip) -> None:
    strip.show_result(made.result(sums=made.completeness(converged=False)))
    assert offered(strip) == ["More steps", "Other baseline"]


def test_a_method_that_promises_nothing_says_so(strip: CompletenessStrip) -> None:
    strip.show_result(made.result(complete=False, signed=False, cost=Cost(1, 0, 0.02, "cpu")))
    assert strip.text() == "Saliency makes no promise about the sum · 1 pass · 0.02 s · cpu"


def test_what_conserves_the_score_says_what_stays_where_no_token_is(strip: CompletenessStrip) -> None:
    strip.show_result(made.result(sums=Completeness(2.14, 0.0, 1.9, -0.24, 0.1, 0.11, False, 0.01, conservation=True)))
    assert strip.text().startswith(
        "f(input) 2.14 · attributions sum to 1.90 · 0.24 stays with biases, positions and softmax, which are no tokens · "
    )
    assert "not converged" not in strip.text()
    assert theme.LIGHT.error.name() not in strip.findChild(QLabel, "completenessSum").text()
    strip.show_result(made.result(sums=Completeness(2.14, 0.0, 2.13, -0.01, 0.004, 0.005, True, 0.01, conservation=True)))
    assert strip.text().startswith("f(input) 2.14 · attributions sum to 2.13 · off by 0.4 % of Σ|values| ✓")


def test_a_partial_map_is_tagged_and_a_stopped_one_too(strip: CompletenessStrip) -> None:
    strip.show_result(made.result(progress=0.62))
    assert strip.text().startswith("62 % · ")
    strip.show_stopped()
    assert strip.text().startswith("stopped at 62 % · ")
    strip.show_result(made.result())
    assert "%" not in strip.text().split("·")[0]
    strip.show_stopped()
    assert "stopped" not in strip.text()


def test_a_confident_baseline_is_a_warning(strip: CompletenessStrip) -> None:
    strip.show_result(made.result(baseline_probability=0.97))
    assert "negative 0.970 ⚠ confident" in strip.text()
    strip.show_result(made.result(baseline_probability=0.6))
    assert "confident" not in strip.text()


@pytest.mark.parametrize(("size", "words"), [(1e-9, "×10⁻⁹"), (1e9, "×10⁹")])
def test_any_size_of_score_is_legible(strip: CompletenessStrip, size: float, words: str) -> None:
    strip.show_result(made.result(sums=Completeness(2 * size, -size, 3 * size, 0.0, 0.0, 0.0, True, 0.01)))
    assert f"f(input) 2.00{words} − f(baseline) −1.00{words} = 3.00{words}" in strip.text()
    assert "off by 0 %" in strip.text()


def test_a_new_theme_and_clearing(qapp: QApplication, strip: CompletenessStrip) -> None:
    strip.show_result(made.result())
    theme.apply(qapp, theme.DARK)
    assert theme.DARK.good.name() in strip.findChild(QLabel, "completenessSum").text()
    theme.apply(qapp, theme.LIGHT)
    strip.clear()
    assert strip.text() == ""


def test_names_cannot_smuggle_markup_in(strip: CompletenessStrip) -> None:
    result = made.result(cost=Cost(1, 0, 0.1, "<b>cpu</b>"))
    strip.show_result(result)
    assert "&lt;b&gt;cpu" in strip.findChild(QLabel, "completenessCost").text()


def test_what_lies_below_stays_where_it_is(qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply(qapp, theme.LIGHT)
    page = QWidget()
    qtbot.addWidget(page)
    column, strip, below = QVBoxLayout(page), CompletenessStrip(), QLabel("below")
    for widget in (strip, below):
        column.addWidget(widget)
    column.addStretch()
    page.resize(900, 300)
    page.show()
    places = set()
    for result in (made.result(progress=0.3), made.result(), made.result(sums=made.completeness(converged=False))):
        strip.show_result(result)
        QApplication.processEvents()
        places.add(below.y())
    assert len(places) == 1
