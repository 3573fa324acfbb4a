"""Labels of the data held against the model's, and what is said of those that are none of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.datasets.labels import match, split, true_classes, true_numbers, true_sets
from engine.models.model import TextModel
from tests.engine.datasets.tables import opened, write

LABELS = ("negative", "neutral", "positive")


def matched(written: list[str], labels: tuple[str, ...] = LABELS, **given: str) -> list[tuple[int, str]]:
    return [(each.index, each.how) for each in match([(name, 1) for name in written], labels, given)]


def test_the_ways_a_label_is_known_again():
    assert matched(["negative", "Positive ", "NEU", "pos", "meh"]) == [
        (0, "same"),
        (2, "case"),
        (1, "synonym"),
        (2, "synonym"),
        (-1, "none"),
    ]
    assert matched(["pos", "meh"], pos="neutral", meh="") == [(1, "given"), (-1, "given")]
    assert matched(["Sci-Tech"], ("World", "Sci/Tech")) == [(-1, "none")]
    assert matched(["sci tech"], ("World", "sci_tech")) == [(1, "case")]


def test_numbers_count_from_zero_or_from_one():
    assert matched(["0", "2", "1.0"]) == [(0, "index"), (2, "index"), (1, "index")]
    assert matched(["3", "1"]) == [(2, "index"), (0, "index")]
    assert matched(["2", "1"]) == [(2, "index"), (1, "index")]  # no 0 and no 3: from 0, as everywhere
    assert matched(["1", "7"]) == [(1, "index"), (-1, "none")]
    assert matched(["1", "good"]) == [(-1, "none"), (2, "synonym")]  # among words a number means nothing
    assert matched(["1", "0"], ("0", "1")) == [(1, "same"), (0, "same")]


def test_classes_of_rows_and_what_is_said(tmp_path: Path, tiny_bert: TextModel):
    path = write(tmp_path, "t.csv", "text,label\na,pos\nb,negative\nc,meh\nd,\ne,pos\n")
    classes, matches, said = true_classes(opened(path), tiny_bert.info)
    assert classes.tolist() == [2, 0, -1, -1, 2]
    assert {each.written: each.count for each in matches} == {"pos": 2, "negative": 1, "meh": 1}
    words = " ".join(notice.message for notice in said)
    assert "“meh” (1)" in words
    assert "“pos” as positive" in words
    assert "Rows without a label: 1 of 5" in words
    corrected = opened(path, names=(("meh", "neutral"),))
    assert true_classes(corrected, tiny_bert.info)[0].tolist() == [2, 0, 1, -1, 2]
    quiet = opened(path, names=(("meh", ""),))
    assert "meh" not in " ".join(notice.message for notice in true_classes(quiet, tiny_bert.info)[2])
    without, _, why = true_classes(opened(path, labels=()), tiny_bert.info)
    assert without.tolist() == [-1] * 5
    assert [notice.kind for notice in why] == ["no_labels"]


@pytest.mark.parametrize("cell", ["a; b", "a|b", "a,b", '["a", "b"]'])
def test_several_labels_in_one_cell(cell: str):
    assert split(cell) == ["a", "b"]


def test_several_labels_of_a_row(tmp_path: Path, tiny_bert: TextModel):
    info = replace(tiny_bert.info, problem_type="multi_label")
    one = opened(write(tmp_path, "t.csv", 'text,label\na,pos;neutral\nb,\nc,"[""negative""]"\n'))
    holds, known, _, _ = true_sets(one, info)
    assert holds.tolist() == [[False, True, True], [False] * 3, [True, False, False]]
    assert known.tolist() == [True, False, True]
    columns = opened(write(tmp_path, "u.csv", "text,negative,Positive\na,1,0\nb,,\nc,no,yes\n"), labels=("negative", "Positive"))
    holds, known, matches, _ = true_sets(columns, info)
    assert holds.tolist() == [[True, False, False], [False] * 3, [False, False, True]]
    assert known.tolist() == [True, False, True]
    assert [(each.written, each.index, each.count) for each in matches] == [("negative", 0, 1), ("Positive", 2, 1)]
    assert columns.label_of(2) == "Positive"


def test_numbers_of_a_regression(tmp_path: Path):
    numbers, said = true_numbers(opened(write(tmp_path, "t.csv", "text,score\na,1.5\nb,x\nc,-2\n")))
    np.testing.assert_array_equal(numbers, [1.5, np.nan, -2])
    assert "Rows without a number in “score”: 1 of 3" in said[0].message


def test_a_column_of_too_many_values_holds_no_classes(tmp_path: Path, tiny_bert: TextModel):
    path = write(tmp_path, "t.csv", "text,label\n" + "".join(f"a {i},{i}.5\n" for i in range(1_001)))
    classes, matches, said = true_classes(opened(path), tiny_bert.info)
    assert (classes == -1).all()
    assert matches == ()
    assert "1,001 different values" in said[0].message
