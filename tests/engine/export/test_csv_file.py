"""Tables that read back exactly and in which nothing is alive."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from engine.export.csv_file import COLUMNS, guarded, to_csv, unguarded
from engine.models.model import TextModel
from tests.engine.export.hostile import explained

SPREADSHEETS_READ = "=+-@\t\r＝＋－＠"


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_it_reads_back_as_it_was(tiny_bert: TextModel):
    result = explained(tiny_bert)
    content = to_csv(result)
    assert content.startswith(",".join(COLUMNS).encode() + b"\r\n")
    read = rows(content)
    assert [row["index"] for row in read] == [str(at) for at in range(len(result.tokens))]
    for row, token, value in zip(read, result.tokens, result.values, strict=True):
        assert unguarded(row["text"]) == token.text.encode("utf-8", "backslashreplace").decode()
        assert unguarded(row["piece"]) == token.piece
        known = (int(row["id"]), int(row["start"]), int(row["end"]), row["special"] == "true", int(row["segment"]))
        assert known == (token.id, token.start, token.end, token.special, token.segment)
        assert np.float32(row["value"]) == value
    assert sorted(int(row["rank"]) for row in read) == list(range(1, len(read) + 1))
    assert sum(float(row["share"]) for row in read) == pytest.approx(1, abs=1e-4)


def test_no_cell_is_a_formula(tiny_bert: TextModel):
    result = explained(tiny_bert, "=cmd +1 -1 @sum 'quoted")
    for row in rows(to_csv(result)):
        assert not row["text"].startswith(tuple(SPREADSHEETS_READ))
        assert not row["piece"].startswith(tuple(SPREADSHEETS_READ))


@pytest.mark.parametrize("text", ["=1+1", "'=1", "''", "plain", "", "\tx", "＝x", 'a "quote", and\nbreak'])
def test_a_guard_can_be_taken_off(text: str):
    assert unguarded(guarded(text)) == text


def test_what_is_not_a_number_is_empty(tiny_bert: TextModel):
    result = explained(tiny_bert, "a film")
    broken = result.values.copy()
    broken[1] = np.nan
    row = rows(to_csv(replace(result, values=broken)))[1]
    assert (row["value"], row["rank"], row["share"]) == ("", "", "")
