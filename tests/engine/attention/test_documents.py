"""What counts as one document, and in how many a word stands."""

from pathlib import Path

import pytest

from engine.attention import documents
from engine.attention.documents import count, documents_of, words_of
from engine.corpora.corpus import open_corpus
from engine.errors import UserError
from engine.jobs import run


@pytest.mark.parametrize(
    ("name", "text", "alone", "kind", "found"),
    [
        ("a.txt", "one\n\ntwo\n \n\nthree", True, "paragraphs", ["one", "two", "three"]),
        ("a.txt", "one\ntwo\nthree", True, "lines", ["one", "two", "three"]),
        ("a.txt", "one\n\ntwo", False, "files", ["one\n\ntwo"]),
        ("a.csv", 'label,text\nx,"a, b"\ny,c\nz, \n', False, "rows", ["a, b", "c"]),
        ("a.tsv", "text\tkind\nc\td\n", True, "rows", ["c"]),
        ("a.jsonl", '{"text": "a b", "label": 1}\n\n{"text": "c"}\n', True, "rows", ["a b", "c"]),
    ],
)
def test_what_a_document_is(tmp_path: Path, name: str, text: str, alone: bool, kind: str, found: list[str]):
    (tmp_path / name).write_text(text)
    (file,) = run(open_corpus([str(tmp_path / name)])).files
    made = documents_of(file, alone)
    assert (made.kind, list(made.texts)) == (kind, found)


def test_a_column_can_be_named(tmp_path: Path):
    (tmp_path / "a.csv").write_text("text,said\na,b c\nd,c\n")
    counted = run(count((str(tmp_path / "a.csv"),), "said", frozenset(("a", "b", "c"))))
    assert (counted.documents, counted.kinds, dict(counted.containing)) == (2, ("rows",), {"b": 1, "c": 2})
    with pytest.raises(UserError, match="no column “other”; there are text, said"):
        run(count((str(tmp_path / "a.csv"),), "other", frozenset("a")))


def test_words_are_compared_in_small_letters():
    assert list(words_of("Don't THE l’été 3rd — no_one!")) == ["don't", "the", "l’été", "3rd", "no_one"]


def test_tables_and_texts_go_together(tmp_path: Path):
    (tmp_path / "a.csv").write_text("text\nthe end\nthe start\n")
    (tmp_path / "b.txt").write_text("the\n\nthe")
    counted = run(count((str(tmp_path),), "", frozenset(("the", "end"))))
    assert (counted.documents, counted.kinds, dict(counted.containing)) == (3, ("rows", "files"), {"the": 3, "end": 1})


def test_a_long_document_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(documents, "_WORDS_AT_ONCE", 10)
    (tmp_path / "a.txt").write_text("word " * 35 + "end")
    seen: list[tuple[int, int | None]] = []
    counted = run(count((str(tmp_path / "a.txt"),), "", frozenset(("word", "end"))), lambda p: seen.append((p.done, p.total)))
    assert dict(counted.containing) == {"word": 1, "end": 1}
    assert len(seen) >= 4
    assert all(total is None or done <= total for done, total in seen)


def test_a_corpus_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(documents, "_kept", {})
    place, asked = tmp_path / "a.txt", ((str(tmp_path / "a.txt"),), "", frozenset(("a", "b")))
    place.write_text("a\n\nb")
    first = run(count(*asked))
    assert run(count(*asked)) is first
    place.write_text("a\n\nb\n\na b")
    assert run(count(*asked)).documents == 3


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.txt", b"", "holds no text"),
        ("binary.txt", b"\x00\xff\xfe\x81" * 50, "is not a text file"),
        ("blank.csv", b"text,label\n ,x\n", "holds no text in the column"),
        ("broken.csv", b'text\n"a', "does not fall into columns"),
    ],
)
def test_what_is_no_corpus(tmp_path: Path, name: str, content: bytes, said: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=said):
        run(count((str(tmp_path / name),), "", frozenset("a")))


def test_a_corpus_that_changes_meanwhile(tmp_path: Path):
    (tmp_path / "a.txt").write_text("a\n\nb")
    (file,) = run(open_corpus([str(tmp_path / "a.txt")])).files
    (tmp_path / "a.txt").write_text("a\n\nc")
    with pytest.raises(UserError, match="changed while it was being read; start again"):
        documents_of(file, True)
