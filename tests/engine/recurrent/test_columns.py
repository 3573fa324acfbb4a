"""A column of a table as hypothesis: what is asked, which rows rank and which test, and what is found with a planted cell."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.cells import Cell
from engine.command_line import detect_command
from engine.commands import main
from engine.detective import DetectResult
from engine.errors import UserError
from engine.jobs import run
from engine.recurrent.columns import hypotheses_of
from engine.requests import DetectRequest, OpenModelRequest, Scanned
from engine.verdict import verdict
from engine.workbench import Workbench
from tests.engine.recurrent.planted import FLAG, write_planted

ROWS = 120


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path / "home"))


def table(folder: Path, rows: list[tuple[object, ...]], header: str = "text,label") -> str:
    path = folder / "rows.csv"
    path.write_text("\n".join([header, *(",".join(f'"{cell}"' for cell in row) for row in rows)]) + "\n", encoding="utf-8")
    return str(path)


def asked(path: str, column: str = "label", text_column: str | None = "text") -> dict[str, list[object]]:
    """Name -> the label of each row, None where it is not asked about."""
    from engine.corpora.corpus import open_corpus

    scanned = Scanned((path,), text_column=text_column)
    files = run(open_corpus(scanned.corpus, text_column)).files
    found: dict[str, list[object]] = {}
    for hypothesis in hypotheses_of(DetectRequest("", scanned, column=column)):
        labels = [hypothesis.of(file, file.text()) for file in files]
        for each, file in zip(labels, files, strict=True):
            assert each is None or (len(each) == file.characters and len(set(each)) == 1)
        found[hypothesis.name] = [None if each is None else each[0].item() for each in labels]
    return found


def test_of_two_values_the_later_is_asked_about(tmp_path: Path):
    for values, later in (
        ("no yes", "yes"),
        ("1 0", "1"),
        ("9 10", "10"),
        ("positive negative", "positive"),
        ("True false", "True"),
    ):
        one, other = values.split()
        found = asked(table(tmp_path, [("a", one), ("b", other), ("c", one), ("d", "")]))
        assert found == {f"label = {later}": [one == later, other == later, one == later, None]}


def test_several_values_each_by_itself_the_commonest_first(tmp_path: Path):
    found = asked(table(tmp_path, [("a", "x"), ("b", "y"), ("c", "y"), ("d", "z"), ("e", " z ")]))
    assert list(found) == ["label = y", "label = z", "label = x"]
    assert found["label = z"] == [False, False, False, True, True]


def test_numbers_are_graded_and_close_ones_stay_apart(tmp_path: Path):
    values = [1.7e9, 1.7e9 + 1, "", 1.7e9 + 2, "nan"]
    (name, found), *rest = asked(table(tmp_path, [("a", value) for value in values])).items()
    assert (name, rest) == ("label", [])
    assert found[2] is None
    assert found[4] is None
    np.testing.assert_allclose([found[0], found[1], found[3]], [-1, 0, 1], atol=1e-6)


@pytest.mark.parametrize(
    ("rows", "column", "text_column", "kind"),
    [
        ([("a", "x"), ("b", "x")], "label", "text", "always_matches"),
        ([("a", ""), ("b", "")], "label", "text", "always_matches"),
        ([("a", f"v{n}") for n in range(21)], "label", "text", "too_many_values"),
        ([("a", "x"), ("b", "y")], "nonsense", "text", "no_such_column"),
        ([("a", "x"), ("b", "y")], "text", "text", "arguments"),
        ([("a", "x"), ("b", "y")], "label", None, "arguments"),
    ],
)
def test_what_cannot_be_asked(tmp_path: Path, rows: list[tuple[object, ...]], column: str, text_column: str | None, kind: str):
    with pytest.raises(UserError) as caught:
        asked(table(tmp_path, rows), column, text_column)
    assert caught.value.kind == kind


def test_a_column_or_a_pattern(tmp_path: Path):
    scanned = Scanned((table(tmp_path, [("a", "x"), ("b", "y")]),), text_column="")
    with pytest.raises(UserError, match="either a column"):
        hypotheses_of(DetectRequest("", scanned, ("a",), column="label"))


def planted_rows() -> list[tuple[str, str, float]]:
    """A row that is said to be quoted begins with a quote: from its first character to its last the flag says so."""
    random = np.random.default_rng(0)
    found = []
    for number in range(ROWS):
        quoted = random.random() < 0.4
        letters = "".join(random.choice(list("abxy")) for _ in range(random.integers(20, 60)))
        found.append((('""' if quoted else "a") + letters, "yes" if quoted else "no", number % 5 + 10 * quoted))
    return found


def detect(tmp_path: Path, path: str, **options: object) -> DetectResult:
    workbench = Workbench()
    info = run(workbench.job_for(OpenModelRequest(str(write_planted(tmp_path / "model"))))).info
    known = {"column": "label", "shifts": 40} | options
    limit = known.pop("limit", None)
    request = DetectRequest(info.sha256, Scanned((path,), limit=limit, text_column=""), **known)  # type: ignore[arg-type]
    return run(workbench.job_for(request))


def test_the_planted_cell_knows_the_column(tmp_path: Path):
    result = detect(tmp_path, table(tmp_path, planted_rows(), "text,label,grade"))
    best = result.whole.units[0]
    assert (result.whole.pattern, best.cell, best.auc, best.auc_holdout) == ("label = yes", Cell(0, FLAG), 1.0, 1.0)
    assert best.interpretable
    assert best.p_family == pytest.approx(1 / 41)
    assert result.rows == (60, 60)
    assert result.whole.null is not None
    assert result.whole.null.method == "row_permutation"
    texts = [text.replace('""', '"') for text, _, _ in planted_rows()]
    assert result.whole.matches == sum(len(text) for text in texts if text.startswith('"'))
    assert result.corpus.files == ROWS
    assert best.evidence is not None
    rows = [int(place.file.rsplit(" ", 1)[1]) for place in best.evidence.places]
    assert rows
    assert min(rows) > 60  # of the rows that test
    assert all(
        texts[row - 1][place.start : place.end] == place.text for row, place in zip(rows, best.evidence.places, strict=True)
    )
    said = verdict(result, result.whole)
    assert "switches on for label = yes: AUC 1.000 on held-out rows" in said
    assert "The first 60 rows of the table rank, the last 60 test." in said
    assert "--column label" in detect_command(result)


def test_the_first_rows_of_the_table_rank_whatever_the_order_of_reading(tmp_path: Path):
    """Cut to a limit, rows are read in an order drawn from their contents."""
    result = detect(tmp_path, table(tmp_path, planted_rows(), "text,label,grade"), limit=2_000, holdout=0.25, shifts=0)
    assert any(notice.kind == "cut" for notice in result.warnings)
    assert result.rows is not None
    assert result.rows[1] == sum(result.rows) - round(0.75 * sum(result.rows))
    evidence = result.whole.units[0].evidence
    assert evidence is not None
    assert min(int(place.file.rsplit(" ", 1)[1]) for place in evidence.places) > 0.6 * ROWS


def test_a_column_of_numbers_correlates(tmp_path: Path):
    result = detect(tmp_path, table(tmp_path, planted_rows(), "text,label,grade"), column="grade")
    assert result.whole.graded
    flag = next(unit for unit in result.whole.units if (unit.cell, unit.quantity) == (Cell(0, FLAG), "cell_state"))
    assert flag.correlation is not None
    assert flag.correlation > 0.9


def test_a_table_in_order_of_its_labels_is_refused(tmp_path: Path):
    rows = sorted(planted_rows(), key=lambda row: row[1])
    with pytest.raises(UserError, match="random order"):
        detect(tmp_path, table(tmp_path, rows, "text,label,grade"), holdout=0.3)


def test_another_label_needs_no_other_scan(tmp_path: Path):
    path = table(tmp_path, planted_rows(), "text,label,grade")
    detect(tmp_path, path)
    scanned = {found: found.stat().st_mtime_ns for found in (tmp_path / "home").rglob("*-coarse.npy")}
    rows = [(text, "no" if label == "yes" else "yes", grade) for text, label, grade in planted_rows()]
    result = detect(tmp_path, table(tmp_path, rows, "text,label,grade"))
    assert result.whole.units[0].sign == -1
    assert {found: found.stat().st_mtime_ns for found in scanned} == scanned


def test_the_command(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]):
    path = table(tmp_path, planted_rows(), "words,label,grade")
    words = ["detect", write_planted(tmp_path / "model"), "--corpus", path, "--column", "label", "--shifts", "20", "--quiet"]
    assert main([str(each) for each in words], lambda *_: None) == 0
    answer = json.loads(capsysbinary.readouterr().out)
    assert answer["pattern"] == "label = yes"
    assert answer["rows"] == {"ranking": 60, "testing": 60}
    assert answer["null"]["method"] == "row_permutation"
    assert any("“words”" in warning for warning in answer["warnings"])
    assert main([str(each) for each in [*words, "--text-column", "nonsense"]], lambda *_: None) == 2
    assert b"no column" in capsysbinary.readouterr().err
