"""What the detective found as files: every unit of every hypothesis is a row, and what is not known is empty."""

import csv
import io
import json
from dataclasses import replace

import pytest

from engine.cells import Cell
from engine.detective import DetectResult
from engine.export.detect_file import COLUMNS, detect_to_csv, detect_to_json
from engine.requests import DetectRequest, Scanned, effect_request
from tests.gui import made_detective
from tests.gui.made_cells import model


def result(*patterns: str, weighed: bool = True) -> DetectResult:
    return made_detective.detected(DetectRequest("sha", Scanned(("stdlib",)), patterns), model(), weighed=weighed)


def rows(result: DetectResult) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(detect_to_csv(result).decode(), newline="")))


def test_a_row_for_each_unit_of_each_hypothesis_in_its_order():
    found = rows(result("h|e"))
    assert tuple(found[0]) == COLUMNS
    assert [(row["hypothesis"], row["rank"]) for row in found] == [
        (name, str(n)) for name in ("h|e", "h", "e") for n in (1, 2, 3)
    ]
    assert [f"{row['layer']}:{row['index']}" for row in found[:3]] == ["0:7", "0:3", "1:2"]
    assert [f"{row['layer']}:{row['index']}" for row in found[3:6]] == ["1:2", "0:3", "0:7"]


def test_numbers_are_whole_and_truths_are_words():
    shown = result("h")
    for row, unit in zip(rows(shown), shown.whole.units, strict=True):
        assert float(row["auc"]) == unit.auc
        assert float(row["auc_holdout"]) == unit.auc_holdout
        assert (int(row["sign"]), int(row["direction"]), row["gate"]) == (unit.sign, 0, unit.quantity)
        assert row["interpretable"] == str(unit.interpretable).lower()
        assert row["holds"] == "true"


def test_what_is_not_weighed_is_empty():
    row = rows(result("h", weighed=False))[0]
    assert (row["p_value"], row["p_family"], row["interpretable"]) == ("", "", "")


@pytest.mark.parametrize("pattern", ['a,"b"', "=1+1", "@x", "é\U0001f600", "a\tb"])
def test_a_pattern_comes_back_and_starts_no_formula(pattern: str):
    written = rows(result(pattern))[0]["hypothesis"]
    assert written.lstrip("'") == pattern
    assert not written.startswith(("=", "+", "-", "@"))
    assert detect_to_csv(result(pattern)).endswith(b"\r\n")


def test_nothing_found_is_a_header():
    shown = result("h")
    empty = replace(shown, findings=(replace(shown.whole, units=()),))
    assert detect_to_csv(empty).decode() == ",".join(COLUMNS) + "\r\n"


def test_the_ablation_is_one_key_more_and_changes_no_other():
    shown = result("h")
    held = made_detective.effect(effect_request(shown.request, (Cell(0, 7), Cell(0, 3)), None, "value", -1.0), model(), files=3)
    alone, both = json.loads(detect_to_json(shown)), json.loads(detect_to_json(shown, held))
    assert set(both) - set(alone) == {"ablation"}
    assert {name: both[name] for name in alone} == alone
    found = both["ablation"]
    assert [(cell["index"], cell["held_at"]) for cell in found["cells"]] == [(7, -1.0), (3, -1.0)]
    assert (found["pattern"], found["how"], found["files"], found["interval_95"], found["used"]) == ("h", "value", 3, None, False)
    assert found["effect"] == pytest.approx(found["change"]["matches"] - found["change"]["others"])
    assert found["random"]["sets"] == len(found["random"]["effects"]) == 20
