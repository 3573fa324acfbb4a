"""The picture under what a patch attends to, through mouse and keys."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QSlider, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from engine.attention_maps import AttentionResult
from engine.heatmaps.numerals import figures
from engine.requests import AttentionRequest, ImageInput, Target
from gui import theme
from gui.attention.choice import Choice
from gui.attention.image_page import FROM, TO
from gui.attention.view import AttentionView
from gui.heatmaps.colours import colour_map
from gui.view_actions import apply_theme
from tests.gui import made, made_attention

LEFT = Qt.MouseButton.LeftButton
COUNT = 17  # [CLS] and 4 × 4 patches


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> AttentionView:
    theme.apply(qapp, theme.LIGHT)
    view = AttentionView()
    qtbot.addWidget(view)
    view.resize(900, 640)
    view.show()
    return view


def answered(view: AttentionView, result: AttentionResult) -> None:
    """Show it; every map that is wanted comes at once."""

    def answer(choice: Choice) -> None:
        assert view.result is not None
        view.show_map(made_attention.head_map(choice.request(view.result.request, Target()), view.result))

    view.map_wanted.connect(answer)
    view.show_result(result)
    view.show_page("image")


@pytest.fixture
def shown(view: AttentionView) -> AttentionView:
    answered(view, made_attention.of_picture())
    view.choose(Choice(layer=1, head=2))
    return view


def weights() -> np.ndarray:
    return made_attention.weights(1, 2, COUNT, COUNT)


def point(view: AttentionView, row: int, column: int) -> QPoint:
    return view.image.picture.rectangle((row, column)).center().toPoint()


def click(view: AttentionView, row: int, column: int) -> None:
    QTest.mouseClick(view.image.picture, LEFT, Qt.KeyboardModifier.NoModifier, point(view, row, column))


def hover(view: AttentionView, row: int, column: int) -> None:
    QTest.mouseMove(view.image.picture, point(view, row, column))


def away(view: AttentionView) -> None:
    """Beside the picture; a move to where the mouse already is would say nothing."""
    for place in (QPoint(3, 3), QPoint(1, 1)):
        QTest.mouseMove(view.image.picture, place)


def button(view: AttentionView, name: str) -> QToolButton:
    found = view.findChild(QToolButton, name)
    assert found is not None, name
    return found


def drawn(view: AttentionView) -> np.ndarray:
    assert view.image.shown is not None
    return view.image.shown.weights.ravel()


def test_a_picture_has_a_page_of_its_own_in_place_of_lines_and_text(shown: AttentionView) -> None:
    offered = [page for page in ("heads", "matrix", "lines", "text", "image", "film", "tfidf")
               if button(shown, f"attention_{page}").isVisible()]  # fmt: skip
    assert offered == ["heads", "matrix", "image"]
    shown.show_result(made_attention.attention())
    assert shown.page == "text"
    assert not button(shown, "attention_image").isVisible()
    shown.show_result(made_attention.of_picture())
    assert shown.page == "image"
    assert shown.image.isVisible()


def test_a_click_chooses_a_patch_and_its_row_lies_on_the_picture(shown: AttentionView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(shown.token_selected) as told:
        click(shown, 2, 1)
    assert told.args == [1 + 2 * 4 + 1]
    np.testing.assert_array_equal(drawn(shown), weights()[10, 1:])
    assert shown.image._title.text() == "from “r2 c1”"
    assert button(shown, "patchToken").text() == f"[CLS] {figures(float(weights()[10, 0]))}"
    assert shown.matrix._token == shown.token == 10
    with qtbot.waitSignal(shown.token_selected) as told:
        click(shown, 2, 1)
    assert told.args == [-1]


def test_who_looks_at_a_patch(shown: AttentionView) -> None:
    click(shown, 0, 3)
    QTest.mouseClick(button(shown, "patch_by"), LEFT)
    assert shown.image.way == FROM
    np.testing.assert_array_equal(drawn(shown), weights()[1:, 4])
    assert shown.image._title.text().startswith("to “r0 c3”")
    QTest.mouseClick(button(shown, "patch_to"), LEFT)
    assert shown.image.way == TO


def test_the_token_of_the_class_has_a_button(shown: AttentionView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(shown.token_selected) as told:
        QTest.mouseClick(button(shown, "patchToken"), LEFT)
    assert told.args == [0]
    assert shown.image.picture.selected is None
    np.testing.assert_array_equal(drawn(shown), weights()[0, 1:])
    click(shown, 1, 1)
    assert not button(shown, "patchToken").isChecked()
    QTest.mouseClick(button(shown, "patchToken"), LEFT)
    with qtbot.waitSignal(shown.token_selected) as told:
        QTest.mouseClick(button(shown, "patchToken"), LEFT)
    assert told.args == [-1]


def test_several_tokens_that_lie_nowhere_are_listed(view: AttentionView, qtbot: QtBot) -> None:
    answered(view, made_attention.of_picture(specials=2))
    view.choose(Choice(layer=1, head=2))
    box = view.image.specials
    assert box.isVisible()
    assert box.currentIndex() == -1
    QTest.keyClick(box, Qt.Key.Key_Down)
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert view.token == 1
    row = made_attention.weights(1, 2, COUNT + 1, COUNT + 1)[1]
    np.testing.assert_array_equal(drawn(view), row[2:])
    assert box.currentText() == f"[DIST] {figures(float(row[1]))}"
    click(view, 0, 0)
    assert view.token == 2
    assert box.currentIndex() == -1


def test_arrows_choose_the_next_patch_and_escape_none(shown: AttentionView) -> None:
    click(shown, 1, 1)
    for key, expected in (
        (Qt.Key.Key_Right, (1, 2)),
        (Qt.Key.Key_Down, (2, 2)),
        (Qt.Key.Key_Left, (2, 1)),
        (Qt.Key.Key_Up, (1, 1)),
    ):
        QTest.keyClick(shown.image.picture, key)
        assert shown.image.picture.selected == expected
        token = 1 + expected[0] * 4 + expected[1]
        assert shown.token == token
        np.testing.assert_array_equal(drawn(shown), weights()[token, 1:])
    QTest.keyClick(shown.image.picture, Qt.Key.Key_Escape)
    assert shown.token == -1


def test_the_read_out_gives_weight_rank_and_place(shown: AttentionView) -> None:
    told: list[str] = []
    shown.read_out_changed.connect(told.append)
    click(shown, 2, 1)
    hover(shown, 3, 0)
    row = weights()[10]
    rank = int((row > row[13]).sum()) + 1
    assert told[-1] == (
        f"“r2 c1” → “r3 c0” · query 10, key 13 · weight {figures(float(row[13]), 4)} · rank {rank} of 17 in its row"
        " · x 10–20, y 30–40"
    )
    assert shown.image._bar._mark == pytest.approx(row[13])
    away(shown)
    strongest = int(row[1:].argmax())
    assert told[-1].startswith(f"“r2 c1” → “r{strongest // 4} c{strongest % 4}” · ")
    assert "rank" in told[-1]


def test_while_none_is_chosen_the_patch_under_the_pointer_is(shown: AttentionView) -> None:
    away(shown)
    np.testing.assert_allclose(drawn(shown), weights()[:, 1:].mean(0), rtol=1e-5)
    assert shown.image._title.text().startswith("received on average")
    hover(shown, 0, 2)
    np.testing.assert_array_equal(drawn(shown), weights()[3, 1:])
    assert shown.token == -1
    away(shown)
    np.testing.assert_allclose(drawn(shown), weights()[:, 1:].mean(0), rtol=1e-5)


def test_heads_merged_and_rollout_lie_on_the_picture_too(shown: AttentionView) -> None:
    click(shown, 1, 2)
    shown.choose(Choice(layer=1, head="mean"))
    mean = np.mean([made_attention.weights(1, head, COUNT, COUNT) for head in range(4)], axis=0)
    np.testing.assert_allclose(drawn(shown), mean[7, 1:], rtol=1e-5)
    shown.choose(Choice(layer=1, quantity="rollout"))
    assert shown.image._bar._scale.unit == "share"
    others = np.delete(drawn(shown), 6)
    assert shown.image._bar.limit <= others.max() * 1.001  # what stays with the patch is not what the scale is of
    assert shown.token == 7


def test_colours_are_those_of_the_matrix(shown: AttentionView) -> None:
    """The square root of a weight, on one scale; at full blend the map alone is seen."""
    click(shown, 2, 1)
    slider = shown.findChild(QSlider, "patchBlend")
    assert slider is not None
    slider.setValue(100)
    away(shown)
    image = shown.image.picture.grab().toImage()
    ratio = image.width() / shown.image.picture.width()
    table = colour_map(theme.current(), signed=False).colours
    limit = shown.image._bar.limit
    for at, weight in enumerate(weights()[10, 1:]):
        place = point(shown, at // 4, at % 4)
        seen = image.pixelColor(round(place.x() * ratio), round(place.y() * ratio))
        share = min(1.0, float(np.sqrt(weight / limit)))
        expected = table[round(share * (len(table) - 1))]
        far = max(abs(a - b) for a, b in zip(seen.getRgb()[:3], expected.getRgb()[:3], strict=True))
        assert far <= 3, (at, seen.name(), expected.name())


def test_a_new_answer_about_another_picture_keeps_the_patch(shown: AttentionView) -> None:
    click(shown, 2, 1)
    dog, bird = (AttentionRequest(made.SHA, ImageInput(f"/pictures/{name}.png", "sha")) for name in ("dog", "bird"))
    shown.show_result(made_attention.of_picture(dog))
    assert shown.token == 10
    assert shown.image.picture.selected == (2, 1)
    assert shown.image.picture.read is not None
    assert shown.image.picture.read.path == "/pictures/dog.png"
    shown.show_result(made_attention.of_picture(bird, specials=2))
    assert shown.token == -1
    assert not button(shown, "patchToken").isVisible()
    box = shown.image.specials
    assert [box.itemText(at).split()[0] for at in range(box.count())] == ["[CLS]", "[DIST]"]
    click(shown, 0, 0)
    assert shown.token == 2


def test_it_is_told_to_those_who_hear_it(shown: AttentionView) -> None:
    click(shown, 2, 1)
    picture: QWidget = shown.image.picture
    assert picture.accessibleName() == "Attention on the picture"
    assert "“r2 c1”" in picture.accessibleDescription()
    QTest.keyClick(picture, Qt.Key.Key_Escape)
    assert picture.accessibleDescription() == "No patch is chosen; arrow keys choose the strongest."
    away(shown)
    QTest.keyClick(picture, Qt.Key.Key_Down)
    assert shown.token == 1 + int(weights()[:, 1:].mean(0).argmax())


def test_nothing_is_wider_than_the_smallest_window(view: AttentionView) -> None:
    apply_theme("light")
    answered(view, made_attention.of_picture(specials=2))
    for page in ("heads", "matrix", "image"):
        view.show_page(page)
        for quantity in ("weights", "rollout"):
            view.choose(Choice(quantity=quantity))  # type: ignore[arg-type]
            QApplication.processEvents()
            assert view.minimumSizeHint().width() <= 660, (page, quantity)
