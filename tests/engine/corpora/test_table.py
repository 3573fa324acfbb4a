"""Tables read row by row: what their cells say, and one sentence about what is no table."""

from pathlib import Path

import pytest

from engine.corpora.corpus import open_corpus
from engine.corpora.table import columns_of, read_table
from engine.datasets.table import Table
from engine.errors import UserError
from engine.jobs import run

CSV = 'text,label\r\n"a, ""quoted""\nline",yes\r\nplain,no\r\n,no\r\nshort\r\n'
JSONL = '{"text": "a\\ud800b", "label": true, "n": 1.5}\n\n{"text": "plain", "more": [1]}\n{"text": null}\n'


def write(folder: Path, name: str, content: str) -> str:
    path = folder / name
    path.write_bytes(content.encode())
    return str(path)


def rows_of(table: Table) -> list[tuple[str, ...]]:
    return [table.row(row) for row in range(table.rows)]


def test_cells_as_they_are_written(tmp_path: Path):
    table = read_table(write(tmp_path, "t.csv", CSV), "t.csv")
    assert table.columns == ("text", "label")
    assert rows_of(table) == [('a, "quoted"\nline', "yes"), ("plain", "no"), ("", "no"), ("short", "")]
    assert rows_of(read_table(write(tmp_path, "t.tsv", "text\tlabel\na\tb\n"), "t.tsv")) == [("a", "b")]


def test_a_json_object_a_line(tmp_path: Path):
    table = read_table(write(tmp_path, "t.jsonl", JSONL), "t.jsonl")
    assert table.columns == ("text", "label", "n", "more")
    assert rows_of(table) == [("a\ufffdb", "true", "1.5", ""), ("plain", "", "", "[1]"), ("", "", "", "")]


def test_rows_are_a_corpus_and_empty_ones_are_left_out(tmp_path: Path):
    path = write(tmp_path, "t.csv", CSV)
    corpus = run(open_corpus([path], "text"))
    assert corpus.by_rows
    assert [file.row for file in corpus.files] == [0, 1, 3]
    assert [file.text() for file in corpus.files] == ['a, "quoted"\nline', "plain", "short"]
    assert corpus.files[2].name.endswith("t.csv row 4")
    assert [notice.message for notice in corpus.warnings] == ["1 of 4 rows hold no text and were left out."]
    assert [file.row for file in run(open_corpus([path])).files] == [None]  # as it stands


def test_the_column_of_texts_is_named_like_one_or_longest(tmp_path: Path):
    named = run(open_corpus([write(tmp_path, "a.csv", "id,review\nlonger than that,short\n")], ""))
    assert named.files[0].text() == "short"
    assert not named.warnings
    longest = run(open_corpus([write(tmp_path, "b.csv", "id,words\n1,a longer one\n")], ""))
    assert longest.files[0].text() == "a longer one"
    assert "“words”" in longest.warnings[0].message


def test_a_row_that_changed_is_said(tmp_path: Path):
    path = write(tmp_path, "t.csv", CSV)
    file = run(open_corpus([path], "text")).files[1]
    write(tmp_path, "t.csv", CSV.replace("plain", "other words"))
    with pytest.raises(UserError, match="changed while") as caught:
        file.text()
    assert caught.value.kind == "corpus_changed"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("t.txt", "text,label\na,b\n", "no_table"),
        ("t.csv", "text,label\na,b,c\n", "no_table"),
        ("t.csv", 'text,label\n"a,b\n', "no_table"),
        ("t.csv", "text,label\n", "empty_corpus"),
        ("t.csv", "", "empty_corpus"),
        ("t.csv", "text,label\n,b\n", "empty_corpus"),
        ("t.csv", "words,label\na,b\n", "no_such_column"),
        ("t.csv", "text\0,label\na,b\n", "binary"),
        ("t.jsonl", '{"text": "a"}\nnonsense\n', "no_table"),
        ("t.jsonl", "[1]\n", "no_table"),
        ("t.jsonl", "[" * 100_000, "no_table"),
    ],
)
def test_what_is_no_table_is_said_in_a_sentence(tmp_path: Path, name: str, content: str, kind: str):
    with pytest.raises(UserError) as caught:
        run(open_corpus([write(tmp_path, name, content)], "text"))
    assert caught.value.kind == kind
    assert "\n" not in caught.value.message


def test_columns_are_known_from_the_first_line(tmp_path: Path):
    assert columns_of(write(tmp_path, "t.csv", 'a,"b c"\n1,2,3,4\n')) == ("a", "b c")
    assert columns_of(write(tmp_path, "u.tsv", "review\ttext\tlabel\n")) == ("review", "text", "label")
    assert columns_of(write(tmp_path, "t.jsonl", JSONL)) == ("text", "label", "n")
    for name, content in (("t.txt", "a,b\n"), ("t.csv", "a\0\n"), ("t.jsonl", "x\n"), ("e.csv", "")):
        assert columns_of(write(tmp_path, name, content)) == ()
    assert columns_of(str(tmp_path / "gone.csv")) == ()
