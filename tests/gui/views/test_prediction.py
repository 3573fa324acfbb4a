import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QListView
from pytestqt.qtbot import QtBot

from gui import theme
from gui.views.prediction import PredictionView
from tests.gui import made

LEFT, ALT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.NoModifier
MANY = (*(f"class {n}" for n in range(19)), "a class whose name has forty characters!")


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> PredictionView:
    theme.apply(qapp, theme.LIGHT)
    widget = PredictionView()
    qtbot.addWidget(widget)
    widget.resize(700, 300)
    widget.show()
    return widget


def rows(view: PredictionView) -> QListView:
    return view.findChild(QListView, "predictionRows")


def words(view: PredictionView) -> list[str]:
    model = rows(view).model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def click(view: PredictionView, row: int, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    place = rows(view).visualRect(rows(view).model().index(row, 0)).center()
    QTest.mouseClick(rows(view).viewport(), LEFT, modifiers, place)


def test_few_classes_keep_their_places_whatever_they_score(view: PredictionView) -> None:
    view.show_result(made.prediction(logits=(-1.2, 2.1)))
    assert words(view) == ["negative · probability 0.0356 · logit −1.20", "positive · probability 0.964 · logit 2.10 · predicted"]
    view.show_result(made.prediction(logits=(3.0, 2.1)))
    assert [line.split(" ·")[0] for line in words(view)] == ["negative", "positive"]


def test_clicks_choose_target_and_versus(qtbot: QtBot, view: PredictionView) -> None:
    view.show_result(made.prediction())
    with qtbot.waitSignal(view.target_chosen) as told:
        click(view, 0)
    assert told.args == ["negative"]
    with qtbot.waitSignal(view.versus_chosen) as told:
        click(view, 1, ALT)
    assert told.args == ["positive"]


def test_the_keyboard_does_too(qtbot: QtBot, view: PredictionView) -> None:
    view.show_result(made.prediction())
    rows(view).setFocus()
    QTest.keyClick(rows(view), Qt.Key.Key_Down)
    QTest.keyClick(rows(view), Qt.Key.Key_Down)
    with qtbot.waitSignal(view.target_chosen) as told:
        QTest.keyClick(rows(view), Qt.Key.Key_Return)
    assert told.args == ["positive"]
    with qtbot.waitSignal(view.versus_chosen):
        QTest.keyClick(rows(view), Qt.Key.Key_Return, ALT)


@pytest.mark.parametrize("labels", [("1", "0"), ("predicted", "true"), ("same", "same"), (None, None), ("index:0", "label:x")])
def test_a_name_that_could_mean_something_else_goes_by_its_index(
    qtbot: QtBot, view: PredictionView, labels: tuple[str | None, str | None]
) -> None:
    view.show_result(made.prediction(labels=labels))
    with qtbot.waitSignal(view.target_chosen) as told:
        click(view, 1)
    assert told.args == ["index:1"]


def test_setters_are_silent(qtbot: QtBot, view: PredictionView) -> None:
    with qtbot.assertNotEmitted(view.target_chosen), qtbot.assertNotEmitted(view.versus_chosen):
        view.show_result(made.prediction())
        view.set_target(1, 0)
        view.set_true("positive")
        view.clear()


def test_target_versus_and_truth_are_said_in_words(view: PredictionView) -> None:
    view.show_result(made.prediction())
    view.set_target(0, 1)
    view.set_true("negative")
    assert words(view)[0].endswith("true class, missed · target")
    assert words(view)[1].endswith("predicted · versus")
    view.set_true("positive")
    assert "true class, predicted rightly" in words(view)[1]


def test_many_classes_show_the_top_five_the_target_and_the_truth(view: PredictionView) -> None:
    view.show_result(made.prediction(logits=[float(-n) for n in range(20)], labels=MANY))
    assert len(words(view)) == 5
    height = rows(view).height()
    view.set_target(12)
    view.set_true(MANY[-1])
    assert [line.split(" ·")[0] for line in words(view)][5:] == ["class 12", MANY[-1]]
    assert rows(view).height() == height


def test_the_filter_finds_classes_and_the_height_stays(view: PredictionView) -> None:
    view.show_result(made.prediction(logits=[float(-n) for n in range(20)], labels=MANY))
    height = view.sizeHint().height()
    box = view.findChild(QLineEdit, "predictionFilter")
    assert box.isVisible()
    box.setText("FORTY")
    assert len(words(view)) == 1
    box.setText("nothing like it")
    assert words(view) == []
    assert view.sizeHint().height() == height
    box.clear()
    assert len(words(view)) == 5


def test_two_classes_need_no_filter(view: PredictionView) -> None:
    view.show_result(made.prediction())
    assert not view.findChild(QLineEdit, "predictionFilter").isVisible()


def test_a_long_name_is_told_in_full(qtbot: QtBot, view: PredictionView) -> None:
    view.show_result(made.prediction(labels=("short", MANY[-1])))
    with qtbot.waitSignal(view.read_out_changed) as told:
        QTest.mouseMove(rows(view).viewport(), QPoint(30, 40))
    assert told.args[0].startswith(MANY[-1])


def test_regression_is_one_value_and_no_choice(qtbot: QtBot, view: PredictionView) -> None:
    view.show_result(made.prediction(logits=(3.25,), labels=(None,), probabilities=(None,)))
    assert words(view) == ["value · 3.250"]
    with qtbot.assertNotEmitted(view.target_chosen):
        click(view, 0)


def test_each_of_many_labels_stands_for_itself(view: PredictionView) -> None:
    view.show_result(made.prediction(probabilities=(0.7, 0.9)), "multi_label")
    assert all("predicted" in line for line in words(view))


@pytest.mark.parametrize("logit", [1e-9, 1e9, float("nan")])
def test_any_number_is_painted(view: PredictionView, logit: float) -> None:
    view.show_result(made.prediction(logits=(logit, 0.0), probabilities=(1e-9, float("nan"))))
    assert not view.grab().isNull()


def test_the_height_stays_from_run_to_run(view: PredictionView) -> None:
    view.show_result(made.prediction())
    height = view.sizeHint().height()
    view.show_result(made.prediction(logits=(5.0, -3.0)))
    view.clear()
    assert view.sizeHint().height() == height


def test_the_height_is_that_of_a_few_rows_and_the_target_is_in_sight(view: PredictionView) -> None:
    view.show_result(made.prediction())
    two = rows(view).height()
    view.show_result(made.prediction(labels=MANY, logits=tuple(float(-n) for n in range(20))))
    assert two < rows(view).height() <= 2 * two
    view.set_target(17, 12)
    place = next(row for row, line in enumerate(words(view)) if line.startswith("class 17"))
    assert rows(view).viewport().rect().contains(rows(view).visualRect(rows(view).model().index(place, 0)))
    rows(view).scrollToTop()
    view.show_result(made.prediction(labels=MANY, logits=tuple(float(-n) for n in range(20))))
    assert rows(view).verticalScrollBar().value() == 0  # whoever scrolled keeps the place while the text is typed
