"""The ranking as a table: sorted by any column, its selection kept; narrow, it keeps what matters."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.cells import Cell
from engine.requests import DetectRequest, Scanned
from gui.detective.unit_table import COLUMNS, LEAST_PIXELS, UnitTable
from tests.gui import made_detective
from tests.gui.stub_engine import lstm

REQUEST = DetectRequest("sha", Scanned(("stdlib",)), ("h",))


@pytest.fixture
def table(qtbot: QtBot) -> UnitTable:
    table = UnitTable()
    qtbot.addWidget(table)
    table.resize(900, 200)
    table.show()
    table.show_finding(made_detective.detected(REQUEST, lstm()).whole, None)
    return table


def column(table: UnitTable, name: str) -> list[str]:
    at, model = COLUMNS.index(name), table.model()
    return [model.index(row, at).data() for row in range(model.rowCount())]


def sort(table: UnitTable, name: str, order: Qt.SortOrder) -> None:
    table.sortByColumn(COLUMNS.index(name), order)


def test_as_ranked_until_a_column_is_clicked(table: UnitTable) -> None:
    assert column(table, "Cell") == ["0:7", "0:3", "1:2"]
    assert table.horizontalHeader().sortIndicatorSection() == -1


@pytest.mark.parametrize(
    ("name", "rising", "falling"),
    [
        ("Cell", ["0:3", "0:7", "1:2"], ["1:2", "0:7", "0:3"]),
        ("Quantity", ["0:7", "1:2", "0:3"], ["0:3", "1:2", "0:7"]),
        ("AUC", ["0:3", "1:2", "0:7"], ["0:7", "1:2", "0:3"]),
        ("Held out", ["1:2", "0:3", "0:7"], ["0:7", "0:3", "1:2"]),
        ("Sign", ["0:3", "0:7", "1:2"], ["0:7", "1:2", "0:3"]),
        ("F1", ["0:7", "0:3", "1:2"], ["0:7", "0:3", "1:2"]),
        ("p family", ["0:7", "0:3", "1:2"], ["1:2", "0:7", "0:3"]),
        ("Verdict", ["1:2", "0:3", "0:7"], ["0:7", "0:3", "1:2"]),
    ],
)
def test_a_column_sorts_both_ways(table: UnitTable, name: str, rising: list[str], falling: list[str]) -> None:
    """Equals keep the order of the ranking."""
    sort(table, name, Qt.SortOrder.AscendingOrder)
    assert column(table, "Cell") == rising
    sort(table, name, Qt.SortOrder.DescendingOrder)
    assert column(table, "Cell") == falling


def test_the_selection_goes_with_its_row(table: UnitTable) -> None:
    table.selectRow(1)
    assert table.selected().cell == Cell(0, 3)  # type: ignore[union-attr]
    sort(table, "Held out", Qt.SortOrder.AscendingOrder)
    assert table.selected().cell == Cell(0, 3)  # type: ignore[union-attr]
    chosen = table.selected()
    table.show_finding(made_detective.detected(REQUEST, lstm(), weighed=False).whole, chosen)
    assert column(table, "Cell") == ["1:2", "0:3", "0:7"], "still sorted"
    assert table.selected().cell == Cell(0, 3)  # type: ignore[union-attr]


def test_what_is_not_weighed_sorts_behind(table: UnitTable) -> None:
    table.show_finding(made_detective.detected(REQUEST, lstm(), weighed=False).whole, None)
    sort(table, "p", Qt.SortOrder.AscendingOrder)
    assert column(table, "p") == ["–"] * 3
    assert set(column(table, "Verdict")) == {"not weighed"}


@pytest.mark.parametrize(
    ("width", "gone"),
    [(LEAST_PIXELS, set(COLUMNS) - {"Cell", "Quantity", "Held out", "Verdict"}), (900, {"Reads"})],
)
def test_narrow_it_keeps_cell_quantity_score_and_verdict(table: UnitTable, width: int, gone: set[str]) -> None:
    table.resize(width, 200)
    assert {name for at, name in enumerate(COLUMNS) if table.isColumnHidden(at)} == gone
    assert sum(table.columnWidth(at) for at in range(len(COLUMNS))) <= table.viewport().width()
