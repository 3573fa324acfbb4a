"""Rows by filters and order, against a loop over all of them."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from engine.dataset_results import PredictionsResult
from engine.datasets.select import select
from engine.errors import UserError
from engine.models.model import TextModel
from engine.requests import ColumnFilter, Selection
from tests.engine.datasets.made import LABELS, predictions
from tests.engine.datasets.tables import labelled, opened, write

TAGS = ((3, "odd"), (7, "odd"), (7, "again"), (11, "fine"))


@pytest.fixture
def result(tiny_bert: TextModel, tmp_path: Path) -> PredictionsResult:
    return predictions(tiny_bert, tmp_path, 300)


def chosen(result: PredictionsResult, *filters: ColumnFilter, order: tuple[tuple[str, bool], ...] = ()) -> list[int]:
    return select(result.data, result, Selection(filters, order), TAGS).tolist()


def test_filters_of_every_kind(result: PredictionsResult):
    rows, cell = range(300), result.data.table.cell
    assert chosen(result) == list(rows)
    assert chosen(result, ColumnFilter("correct", ("no",))) == [r for r in rows if result.correct[r] == 0]
    assert chosen(result, ColumnFilter("correct", ("yes", ""))) == [r for r in rows if result.correct[r] != 0]
    assert chosen(result, ColumnFilter("label", ("neutral",))) == [r for r in rows if cell(r, "label") == "neutral"]
    assert chosen(result, ColumnFilter("predicted", ("positive",))) == [r for r in rows if result.predicted[r] == 2]
    assert chosen(result, ColumnFilter("true", ("",))) == [r for r in rows if result.true[r] == -1]
    assert chosen(result, ColumnFilter("true", pattern="^n")) == [r for r in rows if result.true[r] in (0, 1)]
    assert chosen(result, ColumnFilter("n", minimum=5, maximum=9)) == [r for r in rows if 5 <= int(cell(r, "n")) <= 9]
    assert chosen(result, ColumnFilter("loss", minimum=1.0)) == [r for r in rows if result.loss[r] >= 1]
    assert chosen(result, ColumnFilter("row", maximum=4)) == [0, 1, 2, 3, 4]
    assert chosen(result, ColumnFilter("text", pattern=r"\bIT come")) == [
        r for r in rows if re.search(r"\bit come", cell(r, "text"))
    ]
    inverted = ColumnFilter("text", pattern="wonderful", inverted=True)
    assert chosen(result, inverted) == [r for r in rows if "wonderful" not in cell(r, "text")]
    both = (ColumnFilter("correct", ("no",)), ColumnFilter("probability", minimum=0.7))
    assert chosen(result, *both) == [r for r in rows if result.correct[r] == 0 and result.probability[r] >= 0.7]


def test_tags(result: PredictionsResult):
    assert chosen(result, ColumnFilter("tag", ("odd",))) == [3, 7]
    assert chosen(result, ColumnFilter("tag", pattern="^(again|fine)")) == [7, 11]
    assert chosen(result, ColumnFilter("tag", ("",))) == [row for row in range(300) if row not in (3, 7, 11)]
    assert chosen(result, order=(("tag", False),))[:4] == [7, 11, 3, 0]


def test_orders(result: PredictionsResult):
    rows, cell = list(range(300)), result.data.table.cell
    unknown = [r for r in rows if math.isnan(result.loss[r])]
    known = [r for r in rows if not math.isnan(result.loss[r])]
    assert chosen(result, order=(("loss", True),)) == sorted(known, key=lambda r: -result.loss[r]) + unknown
    assert chosen(result, order=(("loss", False),)) == sorted(known, key=lambda r: result.loss[r]) + unknown
    assert chosen(result, order=(("text", False),)) == sorted(rows, key=lambda r: cell(r, "text"))
    assert chosen(result, order=(("label", False), ("n", True))) == sorted(
        rows, key=lambda r: (cell(r, "label"), -int(cell(r, "n")))
    )
    assert LABELS[0] in {cell(r, "label") for r in rows}


def test_a_column_of_the_data_comes_before_ours(tiny_bert: TextModel, tmp_path: Path):
    data = opened(write(tmp_path, "t.csv", "text,correct\na,no\nb,no\nc,yes\n"))
    assert select(data, None, Selection((ColumnFilter("correct", ("no",)),))).tolist() == [0, 1]


@pytest.mark.parametrize("column", ["gone", "loss", "predicted"])
def test_columns_that_are_not_there(tmp_path: Path, column: str):
    data = opened(labelled(tmp_path, 5))
    with pytest.raises(UserError) as caught:
        select(data, None, Selection(order=((column, False),)))
    assert caught.value.kind == "no_such_column"


def test_patterns_end(result: PredictionsResult, tmp_path: Path):
    with pytest.raises(UserError, match="not a regular expression"):
        chosen(result, ColumnFilter("text", pattern="(open"))
    with pytest.raises(UserError, match="give a range"):
        chosen(result, ColumnFilter("loss", pattern="1"))
    ahead = chosen(result, ColumnFilter("text", pattern=r"not(?= once)"))  # which only the slower search knows
    assert ahead == [r for r in range(300) if "not once" in result.data.table.cell(r, "text")]
    slow = opened(write(tmp_path, "slow.csv", "text,label\n" + f"{'a' * 5000}b,x\n" * 50))
    assert select(slow, None, Selection((ColumnFilter("text", pattern="(a+)+c"),))).tolist() == []  # in time linear in the text
    with pytest.raises(UserError, match="takes too long"):
        select(slow, None, Selection((ColumnFilter("text", pattern=r"(a|aa)+(?=c)\1"),)))


def test_a_hundred_thousand_rows_are_sorted_and_searched(tmp_path: Path):
    data = opened(labelled(tmp_path, 100_000))
    found = select(data, None, Selection((ColumnFilter("text", pattern="wonderful"),), (("n", True), ("text", False))))
    numbers = data.table.numbers("n")[found]
    assert (np.diff(numbers) <= 0).all()
    assert len(found) == sum("wonderful" in text for text in data.table.cells("text"))
