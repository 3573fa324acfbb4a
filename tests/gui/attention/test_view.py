"""One selection in all pages; numbers that are read out; what happens with one token and with 4,096."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from engine.attention_maps import AttentionResult, HeadMap
from engine.attention_reading import heaviest
from engine.requests import AttentionRequest, HeadRequest, Target, TextInput
from engine.results import Notice, Token
from gui import theme
from gui.attention.choice import Choice
from gui.attention.lines import ROW
from gui.attention.text_page import FROM, TO
from gui.attention.view import PAGES, AttentionView
from gui.heatmaps.colours import missing_brush
from gui.view_actions import apply_theme
from tests.gui import made, made_attention

COUNT = 13  # tokens of the text that is made


def answered(view: AttentionView, result: AttentionResult) -> None:
    """Show it; every map that is wanted comes at once."""
    wanted: list[Choice] = []
    view.map_wanted.connect(wanted.append)
    view.map_wanted.connect(
        lambda choice: view.show_map(made_attention.head_map(choice.request(result.request, Target()), result))
    )
    view.show_result(result)


@pytest.fixture
def view(qtbot: QtBot) -> AttentionView:
    view = AttentionView()
    qtbot.addWidget(view)
    view.resize(860, 560)
    view.show()
    return view


@pytest.fixture
def shown(view: AttentionView) -> AttentionView:
    answered(view, made_attention.attention())
    return view


def click_row(view: AttentionView, row: int, qtbot: QtBot) -> None:
    lines = view.lines.lines
    place = QPoint(20, int(lines._y(row)))
    qtbot.mouseClick(lines.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_a_head_chosen_in_the_grid_is_the_one_on_every_page(shown: AttentionView, qtbot: QtBot) -> None:
    qtbot.mouseClick(shown.panel.grid.viewport(), Qt.MouseButton.LeftButton, pos=shown.panel.grid.item_rect(5).center())
    assert shown.page == "matrix"
    assert (shown.choice.layer, shown.choice.head) == (1, 1)
    assert shown.controls.layer.currentData() == 1
    assert shown.controls.head.currentData() == 1
    assert shown.map is not None
    for page in ("matrix", "lines", "text"):
        shown.show_page(page)
        assert getattr(shown, page)._map is shown.map if page != "matrix" else shown.matrix.map is shown.map
    assert (shown.map.request.layer, shown.map.request.head) == (1, 1)


def test_a_token_chosen_on_one_page_is_pinned_on_all(shown: AttentionView, qtbot: QtBot) -> None:
    shown.show_page("lines")
    with qtbot.waitSignal(shown.token_selected) as told:
        click_row(shown, 3, qtbot)
    assert told.args == [3]
    assert shown.lines.lines._token == shown.text._token == shown.matrix._token == 3
    shown.show_page("matrix")
    assert shown.matrix.plot._row.isVisible()
    with qtbot.waitSignal(shown.token_selected) as told:
        shown.matrix.plot.cell_chosen.emit(6, 2)
    shown.show_page("text")
    assert shown.lines.lines._token == shown.text.asking.selected_token == 6
    with qtbot.waitSignal(shown.token_selected) as told:
        shown.text.asking._select(-1)
    assert told.args == [-1]
    assert shown.token == -1
    assert not shown.matrix.plot._row.isVisible()


def test_the_cross_reads_out_both_tokens_weight_rank_and_sums(shown: AttentionView) -> None:
    shown.choose(Choice(layer=1, head=2))
    shown.show_page("matrix")
    told: list[str] = []
    shown.read_out_changed.connect(told.append)
    pattern = made_attention.weights(1, 2, COUNT, COUNT)
    key = int(np.argsort(-pattern[4])[1])
    shown.matrix.plot.go_to(4, key)
    words = told[-1]
    tokens = made_attention.attention().input.tokens
    assert f"“{tokens[4].text}” → " in words
    assert f"weight {pattern[4, key]:.4f}"[:12] in words
    assert "rank 2 of 13 in its row" in words
    assert "row sum 1.00" in words
    assert f"key sum {pattern[:, key].sum():.2f}" in words


def test_another_map_is_read_out_where_the_cross_is(shown: AttentionView) -> None:
    shown.show_page("matrix")
    shown.matrix.plot.go_to(4, 2)
    told: list[str] = []
    shown.read_out_changed.connect(told.append)
    shown.choose(Choice(layer=1, head=2))
    assert told[-1].startswith("“it” → ")
    assert f"weight {made_attention.weights(1, 2, COUNT, COUNT)[4, 2]:.4f}"[:10] in told[-1]


@pytest.mark.parametrize("page", ["matrix", "lines", "text"])
def test_the_read_out_is_always_of_the_map_on_screen(shown: AttentionView, page: str) -> None:
    shown.show_page(page)
    shown.choose_token(4)
    told: list[str] = []
    shown.read_out_changed.connect(told.append)
    shown.choose(Choice(quantity="value_norm"))
    assert told[-1].startswith("“it” → ")
    assert " · norm " in told[-1]


def test_arrows_move_the_cross_and_enter_pins_its_row(shown: AttentionView, qtbot: QtBot) -> None:
    shown.show_page("matrix")
    plot = shown.matrix.plot
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right):
        qtbot.keyClick(plot, key)
    assert plot.at == (1, 0) or plot.at == (2, 1) or plot.at == (1, 1)
    row = plot.at[0]
    qtbot.keyClick(plot, Qt.Key.Key_Return)
    assert shown.token == row


def test_lines_are_the_fewest_that_hold_the_share(shown: AttentionView) -> None:
    shown.choose(Choice(layer=1, head=2))
    shown.show_page("lines")
    shown.lines.share.setValue(50)
    assert shown.map is not None
    expected = {(row, int(key)) for row in range(COUNT) for key in heaviest(shown.map.pattern[row], 0.5)}
    assert {line[:2] for line in shown.lines.lines.lines()} == expected
    shown.lines.share.setValue(100)
    assert len(shown.lines.lines.lines()) == COUNT * COUNT


def test_a_token_under_the_pointer_hides_the_other_lines(shown: AttentionView) -> None:
    shown.show_page("lines")
    lines = shown.lines.lines
    lines._hover((3, -1))
    assert {line[0] for line in lines.lines()} == {3}
    lines._hover((-1, 5))
    assert {line[1] for line in lines.lines()} == {5}
    assert "receives" in shown.lines.in_words(-1, 5)
    lines._hover((-1, -1))
    shown.choose_token(2)
    assert {line[0] for line in lines.lines()} == {2}


def test_lines_of_a_long_text_are_looked_at_only_where_they_are_seen(view: AttentionView) -> None:
    answered(view, long_result(512))
    view.show_page("lines")
    view.lines.lines.grab()
    in_sight = len(view.lines.lines.rows_in_sight())
    assert in_sight <= 600 // ROW + 2
    assert len(view.lines.lines._kept) <= in_sight


def test_the_text_is_tinted_both_ways(shown: AttentionView, qtbot: QtBot) -> None:
    shown.choose(Choice(layer=1, head=2))
    shown.show_page("text")
    pattern = made_attention.weights(1, 2, COUNT, COUNT)
    page = shown.text
    np.testing.assert_allclose(page.values, pattern.mean(0), rtol=1e-6)
    shown.choose_token(4)
    np.testing.assert_array_equal(page.values, pattern[4])
    painted = page.asking.cell_values
    assert painted is not None
    np.testing.assert_allclose(painted**2, pattern[4], rtol=1e-5)  # colours by the square root, as in the matrix
    shown.findChild(QToolButton, f"attended_{FROM}").click()
    np.testing.assert_array_equal(page.values, pattern[:, 4])
    assert "attends to “it”" in page._title.text()
    assert "rank" in page.in_words(3)
    shown.findChild(QToolButton, f"attended_{TO}").click()
    assert page._title.text() == "What “it” attends to"


def test_two_texts_are_asked_about_from_either_side(view: AttentionView) -> None:
    result = made_attention.attention(seq2seq=True)
    answered(view, result)
    assert [view.controls.stack.itemData(at) for at in range(3)] == ["encoder", "decoder", "cross"]
    view.choose(replace(view.choice, stack="cross"))
    view.show_page("text")
    page = view.text
    assert page.apart
    assert page.source.isVisible()
    page.asking._select(2)
    assert view.token == 2
    assert len(page.values) == COUNT
    page.source._select(5)  # the question turned round
    assert page.way == FROM
    assert len(page.values) == len(result.stack("cross").queries)
    assert view.token == 2  # a key of another text is no query


def test_quantities_that_are_of_all_heads(shown: AttentionView) -> None:
    shown.choose(Choice(layer=2, head=3, quantity="rollout"))
    assert not shown.controls.head.isVisibleTo(shown.controls)
    assert shown.controls.residual.isVisibleTo(shown.controls)
    assert shown._title.text() == "Rollout up to layer 2"
    assert shown.panel.grid.current == -1
    assert "Rollout is the same for every target." in shown._facts.text()
    shown.choose(Choice(layer=2, quantity="relevance"))
    assert "Relevance is of predicted (logit)." in shown._facts.text()
    shown.panel.head_chosen.emit(0, 1)
    assert (shown.choice.quantity, shown.choice.head) == ("weights", 1)


def test_what_stays_with_the_token_itself_does_not_set_the_scale(shown: AttentionView) -> None:
    shown.map_wanted.disconnect()
    pattern = np.eye(COUNT, dtype=np.float32) + np.float32(0.01)
    pattern[4, 7] = 0.04
    assert shown.map is not None
    request = replace(shown.map.request, quantity="relevance")
    shown.show_map(replace(shown.map, request=request, pattern=pattern, unit="relevance"))
    shown.show_page("text")
    shown.choose_token(4)
    assert shown.text.asking.limit == pytest.approx(0.2)  # the square root of 0.04
    assert shown.text._bar._scale.clips_high
    shown.show_page("matrix")
    assert shown.matrix._bar._scale.clips_high
    assert shown.matrix.pyramid is not None
    assert shown.matrix.pyramid.limit == pytest.approx(0.04)


def test_what_cannot_change_the_answer_is_not_in_the_request() -> None:
    attention = AttentionRequest("sha", TextInput("a"))
    plain = Choice(residual=0.7).request(attention, Target("positive"))
    assert plain == Choice().request(attention, Target())
    assert plain == HeadRequest(attention)
    assert Choice(head=3, quantity="relevance").request(attention, Target("x")) == HeadRequest(
        attention, quantity="relevance", target=Target("x")
    )


def test_controls_ask_for_what_they_show(shown: AttentionView) -> None:
    wanted: list[Choice] = []
    shown.map_wanted.connect(wanted.append)
    shown.controls.sinks.click()
    shown.controls.head.setCurrentIndex(shown.controls.head.findData("mean"))
    shown.controls.head.activated.emit(0)
    assert wanted == [Choice(without_sinks=True), Choice(head="mean", without_sinks=True)]
    assert shown._title.text() == "Layer 0, mean of heads, without sinks"


def test_a_map_that_cannot_be_made_leaves_the_one_on_screen(view: AttentionView) -> None:
    answered(view, made_attention.attention())
    view.map_wanted.disconnect()
    view.choose(Choice(quantity="relevance"))
    view.show_no_map("This model has no target; choose another quantity.")
    assert view.choice == Choice()
    assert view.controls.quantity.currentData() == "weights"
    assert "no target" in view._message.text()


def test_what_goes_through_one_text_is_not_offered_across_two(view: AttentionView) -> None:
    answered(view, made_attention.attention(seq2seq=True))
    view.choose(Choice(stack="encoder", quantity="rollout"))
    view.choose(replace(view.choice, stack="cross"))
    assert view.choice.quantity == "weights"
    items = view.controls.quantity.model()
    assert [items.flags(items.index(at, 0)) & Qt.ItemFlag.ItemIsEnabled != Qt.ItemFlag(0) for at in range(4)] == [
        True,
        True,
        False,
        False,
    ]


def test_a_model_without_outputs_has_no_target_to_speak_of(view: AttentionView) -> None:
    answered(view, made_attention.attention(of=replace(made.model(), can=("attention",))))
    assert "target" not in view._facts.text()
    view.choose(Choice(quantity="relevance"))
    assert view.choice.quantity == "weights"


def test_a_warning_is_said_once(view: AttentionView) -> None:
    notice = Notice("The text was cut.", "cut")
    result = made_attention.attention(warnings=(notice,))
    view.show_result(result)
    view.show_map(replace(made_attention.head_map(HeadRequest(result.request), result), warnings=(notice,)))
    assert view._message.text() == "⚠ The text was cut."


def test_facts_and_warnings_are_said(view: AttentionView) -> None:
    answered(view, made_attention.attention(warnings=(Notice("The text was cut after 512 tokens.", "cut"),)))
    assert "agree with the model's own to 3×10⁻⁸ on 12 rows" in view._facts.text()
    assert "The text was cut" in view._message.text()


def test_a_choice_that_the_next_text_or_model_does_not_have(view: AttentionView) -> None:
    answered(view, made_attention.attention())
    view.choose(Choice(layer=2, head=3))
    view.choose_token(5)
    view.show_result(made_attention.attention(layers=2, heads=2, document=made.document("Short.")))
    assert view.choice == Choice(layer=1, head=1)
    assert view.token == -1


@pytest.mark.parametrize("page", [key for key, _, _ in PAGES])
def test_one_token(view: AttentionView, page: str) -> None:
    answered(view, made_attention.attention(document=made.spans("one", (0, 3)), layers=1, heads=1))
    view.show_page(page)
    view.choose_token(0)
    view.grab()
    view.show_page("matrix")
    assert view.matrix.pyramid is not None
    assert view.matrix.pyramid.shape == (1, 1)
    assert "rank 1 of 1" in view.matrix.in_words()


def test_heads_come_one_after_the_other(view: AttentionView) -> None:
    result = made_attention.attention(layers=4)
    wanted: list[Choice] = []
    view.map_wanted.connect(wanted.append)
    view.show_growing(replace(result, stacks=()))
    assert view._stack.currentIndex() == 0
    view.show_growing(made_attention.half(result))
    assert view.panel.grid.isVisible()
    view.grab()
    missing = missing_brush(theme.current()).color().name()
    assert view.panel.grid._images[3 * 4].pixelColor(2, 2).name() == missing
    assert view.panel.grid._images[4].pixelColor(2, 2).name() != missing
    assert not wanted
    view.show_result(result)
    assert wanted == [Choice()]


def long_result(count: int) -> AttentionResult:
    text = "word " * count
    tokens = tuple(Token("word", "word", 1, 5 * at, 5 * at + 4, False) for at in range(count))
    small = made_attention.attention(document=made.document("A film."), layers=2, heads=2)
    stack = replace(small.stacks[0], queries=tokens, keys=tokens)
    return replace(small, input=replace(small.input, text=text, tokens=tokens), stacks=(stack,), prompt=count)


def test_4096_tokens_come_in_turns_and_the_picture_before_stays(view: AttentionView, qtbot: QtBot) -> None:
    result = long_result(4096)
    view.show_page("matrix")
    view.show_result(result)
    pattern = np.zeros((4096, 4096), dtype=np.float32)
    pattern[np.arange(4096), np.arange(4096)] = 1
    shown = HeadMap(
        HeadRequest(result.request), result.input.tokens, result.input.tokens, False, pattern, "weight", None, result.cost
    )
    before = view.matrix.pyramid
    with qtbot.waitSignal(view.drawn, timeout=5000):
        view.show_map(shown)
        assert view.matrix.pyramid is before
        assert view.builder.turns == 0
    assert view.builder.turns > 30  # so many times the window had its turn
    view.matrix.plot.go_to(4000, 4000)
    assert "weight 1.00" in view.matrix.in_words()
    assert "rank 1 of 4,096" in view.matrix.in_words()
    assert len(view.matrix.plot._left._tickLevels[0]) < 60


def test_nothing_is_wider_than_the_smallest_window(view: AttentionView) -> None:
    apply_theme("light")
    answered(view, made_attention.attention(seq2seq=True, layers=6, heads=12))
    for page, _, _ in PAGES:
        view.show_page(page)
        for quantity in ("weights", "rollout"):
            view.choose(replace(view.choice, quantity=quantity))  # type: ignore[arg-type]
            QApplication.processEvents()  # so that layouts know who is hidden
            assert view.minimumSizeHint().width() <= 660, (page, quantity)
