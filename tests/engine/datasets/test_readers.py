"""Tables as people write them: sniffed, guessed, corrected; what is no row is counted and listed, the rest is read."""

import codecs
import csv
import io
import json
import random
from pathlib import Path

import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.datasets.data import Datasets
from engine.datasets.sniff import dialect_of
from engine.errors import UserError
from engine.jobs import run
from engine.requests import DataSource
from tests.engine.datasets.tables import labelled, opened, write

PLAIN = 'text,label\n"a, ""quoted""\nline",yes\nplain,no\n,no\n'
ROWS = [('a, "quoted"\nline', "yes"), ("plain", "no"), ("", "no")]


def cells(data: object) -> list[tuple[str, ...]]:
    table = data.table  # type: ignore[attr-defined]
    return [table.row(row) for row in range(table.rows)]


def test_a_plain_table_and_what_was_guessed(tmp_path: Path):
    data = opened(write(tmp_path, "t.csv", PLAIN))
    assert cells(data) == ROWS
    assert (data.source.text, data.source.labels, data.source.pair) == ("text", ("label",), "")
    assert {"text", "labels", "delimiter", "encoding", "header"} <= set(data.guessed)
    assert data.labels == (("no", 2), ("yes", 1))
    assert data.input_of(0).text == ROWS[0][0]
    assert [notice.kind for notice in data.warnings] == ["empty_rows"]
    again = opened(data.source.path, **{name: getattr(data.source, name) for name in ("delimiter", "encoding", "text", "labels")})
    assert cells(again) == ROWS


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_delimiters_are_sniffed_whatever_the_suffix(tmp_path: Path, delimiter: str, suffix: str):
    """Texts full of every delimiter, quoted where they hold the table's own."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter)
    rows = [("id", "review", "class")] + [
        (str(i), f"well, {i}; yes | no\tperhaps", "good" if i % 3 else "bad") for i in range(40)
    ]
    writer.writerows(rows)
    data = opened(write(tmp_path, f"t{suffix}", written.getvalue()))
    assert data.source.delimiter == delimiter
    assert cells(data) == rows[1:]
    assert (data.source.text, data.source.labels) == ("review", ("class",))


def test_one_column_is_a_table_however_many_commas_it_holds(tmp_path: Path):
    data = opened(write(tmp_path, "t.csv", "text\nA film, good\nAnother\nA third, and, a fourth\n"), delimiter="\t")
    assert data.rows == 3
    assert opened(write(tmp_path, "u.csv", "text\nA film, good\nAnother\nA third, and, a fourth\n")).rows == 3


@pytest.mark.parametrize(
    ("codec", "said"),
    [("utf-8", None), ("utf-8-sig", None), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"), ("cp1252", "cp1252")],
)
def test_encodings_are_found_and_said(tmp_path: Path, codec: str, said: str | None):
    text = "text,label\n" + "The café’s “naïve” menu cost 5 pounds,no\n" * 20
    data = opened(write(tmp_path, "t.csv", text.encode(codec)))
    assert cells(data)[0] == ("The café’s “naïve” menu cost 5 pounds", "no")
    assert [n.message for n in data.warnings if n.kind == "encoding"] == (
        [f"t.csv is not UTF-8; it is read as {said}."] if said else []
    )


def test_an_encoding_can_be_corrected_or_refused(tmp_path: Path):
    path = write(tmp_path, "t.csv", "text,label\nПривет,да\n".encode("koi8-r"))
    assert cells(opened(path, encoding="koi8-r")) == [("Привет", "да")]
    for wanted in ("utf-8", "nonsense", "zlib_codec"):
        with pytest.raises(UserError) as caught:
            opened(path, encoding=wanted)
        assert caught.value.kind == "encoding"


def test_quotes_that_mean_nothing_are_ordinary_characters(tmp_path: Path):
    """As exported by tools that never quote."""
    lines = "".join(f'{i}\tthe 5" screen {"and" * (i % 3)}\tgood\n' for i in range(30))
    quoted = f'id\treview\tclass\n{lines}31\t"a film\tbad\n'
    data = opened(write(tmp_path, "t.tsv", quoted))
    assert data.source.quoted is False
    assert cells(data)[-1] == ("31", '"a film', "bad")


def test_lines_that_are_no_rows_are_listed_and_the_rest_is_read(tmp_path: Path):
    lines = ["text,label", *(f"number {i},yes" for i in range(50))]
    lines[10] = "one, two, three,yes"
    lines[20] = '"quoted"wrongly,no'
    lines[30] = "short"
    data = opened(write(tmp_path, "t.csv", "\n".join(lines) + "\n"))
    assert data.rows == 48
    assert data.left_out_count == 2
    assert data.left_out[0].reason == "Line 11 has 4 cells, the first line 2."
    assert data.left_out[1].reason.startswith("Line 21 cannot be read")
    assert {notice.kind for notice in data.warnings} == {"left_out", "short_rows"}
    assert ("short", "") in cells(data)


def test_the_wrong_delimiter_is_refused_in_a_sentence(tmp_path: Path):
    path = write(tmp_path, "t.csv", "a;b\n" + "one, two, three;yes\n" * 30)
    assert opened(path).source.delimiter == ";"
    with pytest.raises(UserError, match="does not fall into columns"):
        opened(path, delimiter=",")
    for wrong in (";;", '"', ""):
        with pytest.raises(UserError) as caught:
            opened(path, delimiter=wrong)
        assert caught.value.kind == "delimiter"


def test_no_header_and_names_twice(tmp_path: Path):
    data = opened(
        write(tmp_path, "t.csv", '"3","Fears for pension","Unions say so"\n"4","The race is on","A team has said so"\n')
    )
    assert data.source.header is False
    assert data.table.columns == ("column 1", "column 2", "column 3")
    assert data.rows == 2
    twice = opened(write(tmp_path, "u.csv", "text,text,,text (2)\na,b,c,d\n"))
    assert twice.table.columns == ("text", "text (3)", "column 3", "text (2)")
    assert "duplicate_columns" in {notice.kind for notice in twice.warnings}
    assert opened(write(tmp_path, "v.csv", "1,2\n3,4\n"), header=True).table.columns == ("1", "2")


def test_objects_lines_and_parquet(tmp_path: Path):
    written = [{"text": "a\ud800b", "label": True, "n": 1.5}, {"text": "plain", "more": [1]}, {"text": None}]
    data = opened(write(tmp_path, "t.jsonl", "\n".join([*map(json.dumps, written), "nonsense"]) + "\n"))
    assert data.table.columns == ("text", "label", "n", "more")
    assert cells(data) == [("a\ufffdb", "true", "1.5", ""), ("plain", "", "", "[1]"), ("", "", "", "")]
    assert data.left_out[0].reason == "Line 4 is not a JSON object."
    lines = opened(write(tmp_path, "t.txt", "one\r\n\n two \n"))
    assert (cells(lines), lines.source.labels) == ([("one",), (" two ",)], ())
    frame = polars.DataFrame(
        {"text": ["a", None], "label": [1, 0], "x": [0.5, None], "b": [True, None], "tags": [["p", "q"], []]}
    )
    frame.write_parquet(tmp_path / "t.parquet")
    read = opened(str(tmp_path / "t.parquet"))
    assert cells(read) == [("a", "1", "0.5", "1", '["p", "q"]'), ("", "0", "", "", "[]")]
    assert read.labels == (("0", 1), ("1", 1))


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("t.xlsx", b"x", "no_table"),
        ("t.csv", b"", "empty_data"),
        ("t.csv", b"text,label\n", "empty_data"),
        ("t.csv", b"text,label\na\0b,c\n", "binary"),
        ("t.csv", bytes(random.Random(0).randbytes(4000)).replace(b"\0", b"") + b"\0", "binary"),
        ("t.jsonl", b"[1]\nx\n", "no_table"),
        ("t.jsonl", b"[" * 100_000, "no_table"),
        ("t.parquet", b"PAR1nonsensePAR1", "no_table"),
        ("t.parquet", b"", "no_table"),
        ("t.txt", b"\n \n", "empty_data"),
        ("t.csv", codecs.BOM_UTF16_LE + b"a", "encoding"),
    ],
)
def test_what_is_no_data_is_said_in_a_sentence(tmp_path: Path, name: str, content: bytes, kind: str):
    with pytest.raises(UserError) as caught:
        opened(write(tmp_path, name, content))
    assert caught.value.kind == kind
    assert "\n" not in caught.value.message


def test_columns_can_be_corrected_but_must_be_there(tmp_path: Path):
    path = write(tmp_path, "t.csv", "text,other,label\na,b,c\nd,e,f\n")
    assert opened(path, text="other", labels=("text",)).input_of(1).text == "e"
    for how in ({"text": "gone"}, {"labels": ("gone",)}, {"pair": "gone"}, {"text": ""}):
        with pytest.raises(UserError) as caught:
            opened(path, **how)
        assert caught.value.kind == "no_such_column"
    with pytest.raises(UserError, match="at once"):
        opened(path, labels=("text",))


def test_pairs_are_recognised(tmp_path: Path):
    data = opened(write(tmp_path, "t.tsv", "premise\thypothesis\tlabel\nIt rains.\tIt is wet.\tentailment\n"))
    assert (data.source.text, data.source.pair) == ("premise", "hypothesis")
    assert data.input_of(0).pair == "It is wet."


def test_a_file_that_changes_is_noticed(tmp_path: Path):
    path = write(tmp_path, "t.csv", PLAIN)
    datasets = Datasets()
    data = run(datasets.open(DataSource(path)))
    assert run(datasets.open(data.source, data.sha256)) is data  # as it was guessed, without reading it again
    write(tmp_path, "t.csv", PLAIN.replace("plain", "other words"))
    with pytest.raises(UserError) as caught:
        run(datasets.open(data.source, data.sha256))
    assert caught.value.kind == "data_changed"
    assert cells(run(datasets.open(DataSource(path))))[1] == ("other words", "no")
    Path(path).unlink()
    with pytest.raises(UserError, match="cannot be read"):
        run(datasets.open(data.source))


def test_a_hundred_thousand_rows_are_read_as_they_were_written(tmp_path: Path):
    data = opened(labelled(tmp_path, 100_000))
    assert data.rows == 100_000
    assert data.table.is_numeric("n")
    assert not data.table.is_numeric("text")
    np.testing.assert_array_equal(data.table.numbers("n"), np.arange(100_000) * 13 % 29)


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2, max_size=2), min_size=1
    )
)
def test_whatever_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]):
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([["text", "label"], *rows])
    path = write(tmp_path_factory.mktemp("any"), "t.csv", written.getvalue())
    assert cells(opened(path, delimiter=",", quoted=True)) == [tuple(row) for row in rows]


def test_among_equals_the_usual_delimiter():
    assert dialect_of("a,b;c\nd,e;f\n", None, None, ",").delimiter == ","
    assert dialect_of("a,b;c\nd,e;f\n", None, None, ";").delimiter == ";"


def test_columns_that_come_up_later_are_empty_before(tmp_path: Path):
    """Over more lines than are read at once."""
    lines = [json.dumps({"text": f"t{i}"} | ({"late": i} if i >= 20_005 else {})) for i in range(20_010)]
    data = opened(write(tmp_path, "t.jsonl", "\n".join(lines) + "\n{}\n"))
    assert data.table.columns == ("text", "late")
    assert data.table.row(0) == ("t0", "")
    assert data.table.row(20_009) == ("t20009", "20009")
    assert data.table.row(20_010) == ("", "")


def test_a_first_line_that_cannot_be_read_is_left_out(tmp_path: Path):
    data = opened(write(tmp_path, "t.csv", '"a"b,c\ntext,label\nx,y\nz,w\n'), quoted=True)
    assert data.table.columns == ("text", "label")
    assert [each.reason[:7] for each in data.left_out] == ["Line 1 "]
    assert data.rows == 2


def test_a_quote_that_never_ends_is_said_and_costs_what_is_behind_it(tmp_path: Path):
    """Unless most lines are whole without quotes; then they are ordinary characters."""
    lines = [f"number {i},yes" for i in range(40)]
    stray = opened(write(tmp_path, "t.csv", "\n".join(["text,label", *lines, '"never ends,no', *lines]) + "\n"))
    assert stray.source.quoted is False
    assert stray.rows == 81
    quoted = [f'"number, {i}",yes' for i in range(40)]
    lost = opened(write(tmp_path, "u.csv", "\n".join(["text,label", *quoted, '"never ends,no', *lines]) + "\n"))
    assert lost.source.quoted is True
    assert lost.rows == 40
    assert "cannot be read" in lost.left_out[0].reason
