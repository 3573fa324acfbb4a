"""How a cell is named on the command line, and what is no name."""

import pytest

from engine.cell_names import Cell
from engine.errors import UserError


@pytest.mark.parametrize(("text", "cell"), [("0:7", Cell(0, 7)), ("2:511:1", Cell(2, 511, 1)), ("1:0:0", Cell(1, 0))])
def test_a_cell_is_read_and_written_alike(text: str, cell: Cell):
    assert Cell.read(text) == cell
    assert Cell.read(str(cell)) == cell


@pytest.mark.parametrize("text", ["", "7", "0:", ":7", "0:7:2", "0:7:1:0", "-1:7", "0:7 ", "0:x", "0:1234567890"])
def test_other_forms_are_refused(text: str):
    with pytest.raises(UserError, match="LAYER:INDEX"):
        Cell.read(text)
