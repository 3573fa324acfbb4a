"""What is typed means what it says; a slice that was kept comes back as it was."""

import numpy as np
import pytest

from engine.requests import ColumnFilter
from gui.data.row_filter import RowFilter, from_selection

COLUMNS = ("text", "kind", "a column", "margin", "loss", "probability", "true", "predicted", "correct", "tag", "row")
NUMBERS = {"margin", "loss", "probability", "row"}


def filters(search: str) -> tuple[ColumnFilter, ...]:
    return RowFilter(search).selection("text", COLUMNS, NUMBERS.__contains__).filters


@pytest.mark.parametrize(
    ("search", "wanted"),
    [
        ("", ()),
        ("not bad", (ColumnFilter("text", pattern="not bad"),)),
        ("what?", (ColumnFilter("text", pattern=r"what\?"),)),
        ("/^not|bad$/", (ColumnFilter("text", pattern="^not|bad$"),)),
        ("margin:<=-0.5", (ColumnFilter("margin", maximum=-0.5),)),
        ("loss:1..2.5 dull", (ColumnFilter("loss", minimum=1.0, maximum=2.5), ColumnFilter("text", pattern="dull"))),
        ("kind:sarcasm", (ColumnFilter("kind", pattern="sarcasm"),)),
        ('"a column":"two words"', (ColumnFilter("a column", pattern="two words"),)),
        ("kind:/^s|x y$/ z", (ColumnFilter("kind", pattern="^s|x y$"), ColumnFilter("text", pattern="z"))),
        ("KIND:a", (ColumnFilter("kind", pattern="a"),)),
        ("no: such column", (ColumnFilter("text", pattern="no: such column"),)),
        ("row:7", (ColumnFilter("row", minimum=7.0, maximum=7.0),)),
        ("margin:", (ColumnFilter("text", pattern="margin:"),)),
    ],
)
def test_a_search(search: str, wanted: tuple[ColumnFilter, ...]) -> None:
    assert filters(search) == wanted


def test_below_is_not_at() -> None:
    (below,), (above,) = filters("margin:<0.5"), filters("margin:>0.5")
    assert (below.maximum, above.minimum) == (np.nextafter(0.5, 0), np.nextafter(0.5, 1))


@pytest.mark.parametrize(
    "known",
    [
        RowFilter(),
        RowFilter("margin:<-0.2 kind:/a|b/ not once", "errors", "negative", "positive", "sarcasm", (("margin", False),)),
        RowFilter("probability:0.8..0.9 loss:>=2.0", "correct", order=(("loss", True), ("row", False))),
        RowFilter('"a column":"x y" /^(no|so)/', true=""),
    ],
)
def test_a_slice_comes_back(known: RowFilter) -> None:
    selection = known.selection("text", COLUMNS, NUMBERS.__contains__)
    assert from_selection(selection, "text") == known


def test_a_term_takes_the_place_of_another_on_the_same_column() -> None:
    known = RowFilter("probability:0.1..0.2 kind:a dull")
    assert known.with_term("probability", "0.9..1").search == "probability:0.9..1 kind:a dull"
    assert RowFilter("errors").of_every_class().is_open is False
    assert RowFilter(outcome="errors", true="x", order=(("row", True),)).of_every_class().is_open
