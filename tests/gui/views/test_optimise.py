"""What a search found, as lines, columns and words."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QSignalSpy, QTest
from pytestqt.qtbot import QtBot

from engine.requests import OptimisationRequest
from gui.views.near_tokens import NearTokens
from gui.views.optimise import OptimiseView
from gui.views.optimise_curve import OptimiseCurve
from tests.gui.stub_engine import optimisation

REQUEST = OptimisationRequest("sha", tokens=14, steps=40)


def test_columns_break_into_lines_and_their_cells_hold_their_tokens(qtbot: QtBot) -> None:
    view = NearTokens()
    qtbot.addWidget(view)
    view.resize(500, 100)
    view.show_result(optimisation(REQUEST))
    assert view.cell(5, 0).left() == view.cell(0, 0).left()
    assert view.cell(5, -1).top() > view.cell(0, 4).bottom()
    assert view.height() > view.cell(13, 4).bottom()
    told = QSignalSpy(view.read_out_changed)
    view.show()
    QTest.mouseMove(view, view.cell(6, 1).center().toPoint())
    qtbot.waitUntil(lambda: told.count() > 0)
    assert told.at(told.count() - 1) == ["position 7 · number 2: “superb” · cosine 0.700 · distance 2.00"]


def test_arrows_move_between_tokens(qtbot: QtBot) -> None:
    view = NearTokens()
    qtbot.addWidget(view)
    view.show_result(optimisation(REQUEST))
    told = QSignalSpy(view.read_out_changed)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down):
        QTest.keyClick(view, key)
    assert told.at(told.count() - 1)[0].startswith("position 2 · number 2")
    view.show_result(optimisation(replace(REQUEST, tokens=1)))
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert told.at(told.count() - 1)[0].startswith("position 1")


def test_the_curve_names_both_lines_and_says_their_values_at_a_step(qtbot: QtBot) -> None:
    curve = OptimiseCurve()
    qtbot.addWidget(curve)
    curve.show_result(optimisation(REQUEST))
    assert curve.accessibleDescription() == "score by step · embeddings 0 · text of their nearest tokens −0.300"
    curve._on_pointed(12)
    assert curve.accessibleDescription() == "step 12 · embeddings −0.700 · text of their nearest tokens −0.825"
    curve.show_result(optimisation(replace(REQUEST, mode="tokens")))
    assert curve.accessibleDescription() == "score by step · text −0.300"


def test_hardly_anything_and_extremes_are_drawn(qtbot: QtBot) -> None:
    view = OptimiseView()
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.show()
    result = optimisation(REQUEST, 0.0)
    view.show_result(replace(result, near=(), score=np.array([]), text_steps=np.array([]), text_score=np.array([]), texts=()))
    for scale in (0.0, 1e-9, 1e9):
        view.show_result(replace(result, score=result.score * scale, text_score=result.text_score * scale))
        assert not view.picture().isNull()


def test_a_text_that_is_read_otherwise_says_so(qtbot: QtBot) -> None:
    view = OptimiseView()
    qtbot.addWidget(view)
    view.show_result(optimisation(replace(REQUEST, seed=13)))
    assert view._numbers.text().endswith("typed −1.30")
    assert "read as other tokens" in view._notes.text()
    view.show_result(optimisation(REQUEST))
    assert view._notes.isHidden()
    assert view.childAt(QPoint(10, 10)) is not None
