"""What the Detective draws: histograms in bins, the scale of AUC, the effect beside random cells, both readings."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from engine.cells import AblationEffect, Cell
from engine.detective import Finding
from engine.requests import AblationRequest, DetectRequest, EffectRequest, Scanned, TextInput
from engine.verdict import CHANCE, LINE, TOKEN, UNTRAINED
from gui.detective.auc_scale import ROW_PIXELS, ROWS, AucScale
from gui.detective.both_ways import MOST, BothWays
from gui.detective.curves import BINS, CurvesPage, binned
from gui.detective.effect_plot import EffectPlot, ticks
from tests.gui import made_detective
from tests.gui.stub_engine import lstm

REQUEST = DetectRequest("sha", Scanned(("stdlib",)), ("h",))
HELD = EffectRequest("sha", Scanned(("stdlib",)), (Cell(0, 7),), ("h",))


def whole() -> Finding:
    return made_detective.detected(REQUEST, lstm()).whole


@pytest.mark.parametrize("levels", [3, 64, 65, 256])
def test_bins_keep_every_count_and_fit_the_levels_in_use(levels: int) -> None:
    edges, counts = np.linspace(-1, 1, 257), np.zeros((2, 256), np.int64)
    first = (256 - levels) // 2
    counts[:, first : first + levels] = np.random.default_rng(0).integers(1, 9, (2, levels))
    shown, summed = binned(edges, counts)
    assert summed.shape == (2, min(BINS, levels))
    assert len(shown) == summed.shape[1] + 1
    assert (shown[0], shown[-1]) == (edges[first], edges[first + levels])
    np.testing.assert_array_equal(summed.sum(axis=1), counts.sum(axis=1))
    places = np.searchsorted(edges, shown)
    for at, (start, end) in enumerate(pairwise(places)):
        np.testing.assert_array_equal(summed[:, at], counts[:, start:end].sum(axis=1))


def test_bins_of_nothing_are_empty() -> None:
    edges, summed = binned(np.linspace(0, 1, 257), np.zeros((1, 256), np.int64))
    assert summed.sum() == 0
    assert (edges[0], edges[-1]) == (0, 1)


def test_the_legend_counts_both_classes(qtbot: QtBot) -> None:
    page, unit = CurvesPage(), whole().units[0]
    qtbot.addWidget(page)
    page.show_unit(unit)
    assert unit.evidence is not None
    positive, negative = int(unit.evidence.positive.sum()), int(unit.evidence.negative.sum())
    assert page.legend.words == (f"holds ({positive:,})", f"elsewhere ({negative:,})", "threshold")


def test_the_scale_has_a_row_each_and_nothing_crosses_the_names(qtbot: QtBot) -> None:
    scale, finding = AucScale(), whole()
    qtbot.addWidget(scale)
    scale.resize(324, scale.height())
    scale.show_unit(finding.units[0], finding)
    assert [name for name, _, _ in scale.marks] == [
        "cell 0:7",
        UNTRAINED,
        TOKEN,
        CHANCE,
        LINE,
    ]
    left, right = scale.track()
    assert 100 < left < right < 324
    assert (scale.x_of(0.5), scale.x_of(1.0)) == pytest.approx((left, right))
    assert scale.x_of(0.75) == pytest.approx((left + right) / 2)
    assert scale.x_of(0.3) == left
    assert len(scale.marks) == ROWS
    assert scale.height() > ROWS * ROW_PIXELS
    assert scale.accessibleDescription().startswith(f"cell 0:7 0.980, {UNTRAINED} 0.720")
    assert not scale.grab().toImage().isNull()


def test_the_scale_before_anything_is_weighed_has_the_unit_alone(qtbot: QtBot) -> None:
    scale = AucScale()
    qtbot.addWidget(scale)
    finding = made_detective.detected(REQUEST, lstm(), weighed=False).whole
    scale.show_unit(finding.units[1], finding)
    assert [(name, own) for name, _, own in scale.marks] == [("cell 0:3", True)]


def made_effect(**changes: object) -> AblationEffect:
    return replace(made_detective.effect(HELD, lstm()).effect, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "effect",
    [
        made_effect(),
        made_effect(interval=None),
        made_effect(random_effects=np.zeros(0)),
        made_effect(random_effects=np.zeros(20)),
        made_effect(change_at_matches=1e-9, change_at_others=0.0, interval=(-1e-9, 2e-9), random_effects=np.full(3, 1e-9)),
        made_effect(change_at_matches=0.0, change_at_others=0.0, interval=(0.0, 0.0), random_effects=np.zeros(2)),
        made_effect(change_at_matches=-1e9, change_at_others=0.0, interval=(-2e9, 1.0)),
    ],
)
def test_all_of_an_effect_is_on_its_scale(effect: AblationEffect, qtbot: QtBot) -> None:
    plot = EffectPlot()
    qtbot.addWidget(plot)
    plot.resize(324, plot.height())
    plot.show_effect(effect, "0:7")
    low, high = plot.limits()
    for value in (0.0, effect.effect, *(effect.interval or ()), *effect.random_effects):
        assert low < value < high
        assert 16 <= plot.x_of(float(value)) <= 324 - 16
    assert not plot.grab().toImage().isNull()
    assert ("too few" in plot.accessibleDescription()) is (effect.interval is None)


@pytest.mark.parametrize(("low", "high"), [(-0.03, 0.5), (-1e-9, 3e-9), (-5e8, 1e9), (0.2, 0.9)])
def test_ticks_are_round_few_and_hold_zero_where_it_is_inside(low: float, high: float) -> None:
    found = ticks(low, high, 4)
    assert 1 <= len(found) <= 5
    room = 1e-9 * (high - low)
    assert all(low - room <= tick <= high + room for tick in found)
    assert (0.0 in found) is (low <= 0 <= high)
    for tick in found:
        assert float(f"{tick:.1e}") == pytest.approx(tick)


def test_both_readings_in_the_order_of_the_whole_model(qtbot: QtBot) -> None:
    view = BothWays()
    qtbot.addWidget(view)
    view.resize(324, view.height())
    room = view.height()
    request = AblationRequest("sha", TextInput("say('"), (Cell(0, 7),), generate=10)
    view.show_result(made_detective.ablated(request, lstm()))
    assert view.rows == [
        ("'", (0.7, "0.700"), (0.1, "0.100")),
        ("a", (0.2, "0.200"), (0.5, "0.500")),
        ("␣", (0.06, "0.060"), (0.3, "0.300")),
        ("e", (0.04, "0.040"), (0.1, "0.100")),
    ]
    assert view.written == ("', 1)\n", "'and so on")
    assert view.height() == room, "nothing moves when the answer is there"
    assert not view.grab().toImage().isNull()


def test_what_a_reading_does_not_list_is_below_its_last(qtbot: QtBot) -> None:
    """A language model's answer has its first outputs only."""
    view = BothWays()
    qtbot.addWidget(view)
    result = made_detective.ablated(AblationRequest("sha", TextInput("a"), (Cell(0, 7),)), lstm())
    short = replace(result, held=replace(result.held, prediction=result.held.prediction[:2]))
    view.show_result(short)
    assert len(view.rows) <= MOST
    assert {name: held for name, _, held in view.rows}["e"] == (0.0, "<0.300")
    assert view.written is None
