"""Heads in a grid: places, order, numbers, keys."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.attention_maps import HEAD_SCORES
from gui.attention.grid_panel import AGREEMENT, LAYERS, GridPanel
from gui.attention.head_grid import LEAST, LEAST_IN_ROWS, MOST
from tests.gui import made, made_attention


@pytest.fixture
def panel(qtbot: QtBot) -> GridPanel:
    panel = GridPanel()
    qtbot.addWidget(panel)
    qtbot.addWidget(panel.sort)
    panel.resize(700, 500)
    panel.show()
    return panel


def choose(panel: GridPanel, score: str) -> None:
    box = panel.sort.box
    box.setCurrentIndex(box.findData(score))
    box.activated.emit(box.currentIndex())


@pytest.mark.parametrize(("layers", "heads", "width"), [(6, 12, 860), (12, 12, 700), (24, 16, 860), (24, 16, 300), (2, 7, 180)])
def test_a_layer_begins_a_line_and_thumbnails_keep_their_size(panel: GridPanel, layers: int, heads: int, width: int) -> None:
    panel.resize(width, 500)
    stack = made_attention.attention(layers=layers, heads=heads, document=made.document("A film.")).stacks[0]
    panel.show_stack(stack)
    grid = panel.grid
    per = grid._per_line()
    assert heads % per == 0 or per < heads
    rects = [grid.item_rect(item) for item in range(layers * heads)]
    assert min(LEAST_IN_ROWS, LEAST) <= rects[0].width() <= MOST
    assert len({rect.width() for rect in rects}) == 1
    assert max(rect.right() for rect in rects) < grid.viewport().width()
    if per in (heads, heads // 2):
        assert rects[heads].left() == rects[0].left()
    assert [grid.head(item) for item in (0, heads, layers * heads - 1)] == [(0, 0), (1, 0), (layers - 1, heads - 1)]


def test_every_score_sorts_the_largest_first(panel: GridPanel) -> None:
    stack = made_attention.attention().stacks[0]
    panel.show_stack(stack)
    for score in HEAD_SCORES:
        choose(panel, score.name)
        heads = [panel.grid.head(item) for item in range(12)]
        values = [float(stack.scores[score.name][head]) for head in heads if head is not None]
        assert values == sorted(values, reverse=True), score.name
    panel.sort.sorted.click()
    assert panel.grid.head(1) == (0, 1)
    assert panel.grid.number_text(0) == "0.00"
    choose(panel, LAYERS)
    assert panel.grid.number_text(0) == ""
    assert not panel.sort.sorted.isEnabled()


def test_the_chosen_head_stays_chosen_when_sorted(panel: GridPanel) -> None:
    panel.show_stack(made_attention.attention().stacks[0])
    panel.show_head(2, 3)
    choose(panel, "entropy")
    assert panel.grid.head(panel.grid.current) == (2, 3)


def test_sorting_anew_shows_those_that_come_first(panel: GridPanel) -> None:
    panel.resize(200, 200)
    panel.show_stack(made_attention.attention(layers=6, heads=12).stacks[0])
    panel.show_head(5, 11)
    assert panel.grid.verticalScrollBar().value() > 0
    choose(panel, "distance")
    assert panel.grid.verticalScrollBar().value() == 0
    panel.resize(200, 190)
    assert panel.grid.verticalScrollBar().value() == 0
    assert panel.grid.head(panel.grid.current) == (5, 11)


def test_agreement_is_asked_for_once_and_shown_with_its_sign(panel: GridPanel, qtbot: QtBot) -> None:
    result = made_attention.attention()
    panel.show_stack(result.stacks[0])
    with qtbot.waitSignal(panel.agreement_wanted):
        choose(panel, AGREEMENT)
    assert panel.grid.number_text(0) == "–"
    panel.show_agreement(made_attention.agreement(None, result))  # type: ignore[arg-type]
    assert [panel.grid.number_text(item) for item in (0, 1, 10, 11)] == ["+1.00", "+0.82", "−0.82", "–"]
    assert panel.grid.head(11) == (2, 3)  # what is not known comes last
    assert "agreement with attribution +1.00" in panel.in_words(0)


def test_keys_move_and_enter_opens(panel: GridPanel, qtbot: QtBot) -> None:
    panel.show_stack(made_attention.attention().stacks[0])
    panel.show_head(0, 0)
    told: list[tuple[int, int]] = []
    panel.head_chosen.connect(lambda layer, head: told.append((layer, head)))
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_End):
        qtbot.keyClick(panel.grid, key)
    assert told == [(0, 1), (1, 1), (2, 3)]
    assert panel.grid.accessibleDescription().startswith("Layer 2, head 3")
    with qtbot.waitSignal(panel.opened):
        qtbot.keyClick(panel.grid, Qt.Key.Key_Return)


def test_a_click_chooses_and_opens(panel: GridPanel, qtbot: QtBot) -> None:
    panel.show_stack(made_attention.attention().stacks[0])
    with qtbot.waitSignals([panel.head_chosen, panel.opened]):
        qtbot.mouseClick(panel.grid.viewport(), Qt.MouseButton.LeftButton, pos=panel.grid.item_rect(5).center())
    assert panel.grid.current == 5


def test_the_diagonal_head_looks_like_a_diagonal(panel: GridPanel) -> None:
    panel.show_stack(made_attention.attention().stacks[0])
    panel.grab()
    picture = panel.grid._images[0]
    levels = np.array([[picture.pixelColor(x, y).lightness() for x in range(picture.width())] for y in range(picture.height())])
    darkest = levels.argmin(axis=1)
    assert darkest.tolist() == [max(row - 1, 0) for row in range(len(levels))]
