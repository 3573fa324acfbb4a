"""Corpora: found, checked, and known by what they hold."""

from pathlib import Path

import pytest

from engine.corpora.corpus import open_corpus, signature
from engine.corpora.standard_library import standard_library
from engine.errors import UserError
from engine.jobs import run


def refusal(*sources: object) -> UserError:
    with pytest.raises(UserError) as caught:
        run(open_corpus([str(source) for source in sources]))
    return caught.value


def test_folders_are_searched_for_texts_and_sorted(tmp_path: Path):
    (tmp_path / "b").mkdir()
    for name in ("z.txt", "b/a.py", "b/picture.png", "empty.txt"):
        (tmp_path / name).write_text("" if "empty" in name else name, encoding="utf-8")
    corpus = run(open_corpus([str(tmp_path)]))
    assert [file.name for file in corpus.files] == ["b/a.py", "z.txt"]
    assert corpus.characters == len("b/a.py") + len("z.txt")


def test_a_byte_order_mark_is_dropped_and_nothing_else(tmp_path: Path):
    path = tmp_path / "t.dat"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\xcc\x88")
    assert run(open_corpus([str(path)])).files[0].text() == "a\r\nb\u0308"


def test_one_file_named_twice_is_read_once(tmp_path: Path):
    (tmp_path / "t.txt").write_text("a")
    assert len(run(open_corpus([str(tmp_path / "t.txt"), str(tmp_path)])).files) == 1


def test_a_corpus_is_known_by_names_and_contents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "t.txt"
    path.write_text("a")
    before, seen = run(open_corpus([str(path)])), signature([str(path)])
    monkeypatch.chdir(tmp_path)
    for other in (path, tmp_path, Path("t.txt")):  # from the window and from a command line it is the same
        assert run(open_corpus([str(other)])).sha256 == before.sha256
    path.rename("u.txt")
    assert run(open_corpus(["u.txt"])).sha256 != before.sha256
    path.write_text("ab")
    assert run(open_corpus([str(path)])).sha256 != before.sha256
    assert signature([str(path)]) != seen
    with pytest.raises(UserError, match="changed while") as caught:
        before.files[0].text()
    assert caught.value.kind == "corpus_changed"


def test_what_is_no_text_is_refused_by_name(tmp_path: Path):
    (tmp_path / "zeros.txt").write_bytes(b"a\0b")
    (tmp_path / "latin.txt").write_bytes("é".encode("latin-1"))
    for name in ("zeros.txt", "latin.txt"):
        error = refusal(tmp_path / name)
        assert (error.kind, name in error.message) == ("binary", True)


def test_nothing_to_read_is_refused(tmp_path: Path):
    (tmp_path / "t.txt").write_text("")
    assert refusal(tmp_path / "t.txt").kind == "empty_corpus"
    assert refusal(tmp_path).kind == "empty_corpus"
    assert refusal(tmp_path / "nowhere.txt").kind == "no_such_path"
    assert refusal("x" * 5000).kind == "no_such_path"
    assert refusal("a\0b").kind == "no_such_path"


def test_the_standard_library_is_code_without_tests():
    names = [name for _, name in standard_library()]
    assert "stdlib/argparse.py" in names
    assert "stdlib/json/decoder.py" in names
    assert names == sorted(names)
    parts = {part for name in names for part in name.split("/")}
    assert not parts & {"site-packages", "test", "pydoc_data", "cp1252.py"}


def test_some_modules_of_the_standard_library():
    corpus = run(open_corpus(["stdlib:argparse, json"]))
    assert {file.name.split("/")[1] for file in corpus.files} == {"argparse.py", "json"}
    held_out = {name.split("/")[1] for _, name in standard_library(without=["json"])}
    assert "json" not in held_out
    assert "argparse.py" in held_out
    assert refusal("stdlib:nosuchmodule").kind == "no_such_path"
