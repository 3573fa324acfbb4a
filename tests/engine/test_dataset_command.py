"""``dataset`` writes what the contract says, held against a plain count of the same predictions."""

import csv
import json
import shlex
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from engine.attribution.explain import predict
from engine.command_line import dataset_command, program
from engine.commands import _parser, main
from engine.commands.dataset import source_of
from engine.datasets.rewrites import RULES
from engine.export.csv_file import unguarded
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import DataSource, PredictionRequest, PredictionsRequest, TextInput
from tests.engine import tiny_models
from tests.engine.datasets.made import predictions

TEXTS = (
    "A wonderful, moving film.",
    "=Dull from start to finish.",
    "It is a film.",
    "",
    "Not once does it come close.",
    "exciting",
)
LABELS = ("positive", "negative", "neutral", "neutral", "bad", "")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("review", "gold", "id"), *((t, y, i) for i, (t, y) in enumerate(zip(TEXTS, LABELS, strict=True)))]
        )
    return tmp_path / "t.csv"


def command(*words: object) -> int:
    return main(["dataset", *map(str, words)], lambda *_: None)


def answer(capsysbinary: pytest.CaptureFixture[bytes], *words: object) -> dict[str, Any]:
    assert command(*words) == 0
    return json.loads(capsysbinary.readouterr().out)  # type: ignore[no-any-return]


def test_json_of_the_whole_set(bert_folder: Path, tiny_bert: TextModel, table: Path, capsysbinary: pytest.CaptureFixture[bytes]):
    found = answer(capsysbinary, bert_folder, table, "--errors", "--quiet")
    said = {
        row: run(predict(tiny_bert, PredictionRequest(tiny_bert.info.sha256, TextInput(text)))).predicted.index
        for row, text in enumerate(TEXTS)
        if text
    }
    true = {0: 2, 1: 0, 2: 1, 4: 0}
    confusion = [[sum(true[r] == t and said[r] == p for r in true) for p in range(3)] for t in range(3)]
    assert found["n"] == 5
    assert found["labelled"] == 4
    assert found["labels"] == list(tiny_models.LABELS)
    assert found["confusion"] == confusion
    assert found["accuracy"] == sum(confusion[i][i] for i in range(3)) / 4
    assert [one["support"] for one in found["per_class"]] == [2, 1, 1]
    assert list(found["per_class"][0]) == ["label", "precision", "recall", "f1", "support"]
    assert 0 <= found["calibration_error"] <= 1
    assert found["skipped"] == [{"row": 3, "reason": "The text is empty."}]
    assert found["data"]["text_column"] == "review"
    assert {"written": "bad", "count": 1, "label": "negative", "how": "synonym"} in found["label_matches"]
    assert any("“bad” as negative" in warning for warning in found["warnings"])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_csv_of_rows_and_of_errors(bert_folder: Path, table: Path, tmp_path: Path):
    out = tmp_path / "out.csv"
    assert command(bert_folder, table, "--out", out, "--quiet") == 0
    rows = rows_of(out)
    assert list(rows[0]) == ["row", "text", "label", "predicted", "probability", "loss", "margin", "correct"]
    assert [unguarded(row["text"]) if row["text"].startswith("'") else row["text"] for row in rows] == list(TEXTS)
    assert rows[1]["text"].startswith("'=")
    assert [row["label"] for row in rows] == ["positive", "negative", "neutral", "neutral", "negative", ""]
    assert (rows[3]["predicted"], rows[3]["probability"], rows[3]["correct"]) == ("", "", "")
    assert (rows[5]["loss"], rows[5]["margin"], rows[5]["correct"]) == ("", "", "")
    assert rows[5]["probability"]
    for row in (rows[0], rows[1], rows[2], rows[4]):
        assert row["correct"] == ("true" if row["predicted"] == row["label"] else "false")
        assert (float(row["margin"]) >= 0) == (row["correct"] == "true")
    errors = tmp_path / "errors.csv"
    assert command(bert_folder, table, "--errors", "--out", errors, "--method", "input_x_gradient", "--quiet") == 0
    wrong = rows_of(errors)
    assert [row["row"] for row in wrong] == [row["row"] for row in rows if row["correct"] == "false"]
    assert wrong
    assert list(wrong[0])[-1] == "top_tokens"
    assert all("(" in row["top_tokens"] for row in wrong)


class _Page(HTMLParser):
    """Collects what a page would fetch, and its places and links."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.places: set[str] = set()
        self.links: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.fetched += [tag] if tag in ("script", "link", "iframe") or known.get("src") else []
        if known.get("id"):
            self.places.add(known["id"] or "")
        if tag == "a":
            self.links.add((known.get("href") or "").removeprefix("#"))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_holds_everything_and_fetches_nothing(bert_folder: Path, table: Path, tmp_path: Path):
    hostile = "<script>alert(1)</script> once"
    with table.open("a", newline="") as file:
        csv.writer(file).writerow([hostile, "positive", 7])
        csv.writer(file).writerow([hostile, "negative", 8])
    out = tmp_path / "report.html"
    assert (
        command(bert_folder, table, "--report", out, "--method", "input_x_gradient", "--quiet", "--out", tmp_path / "n.json") == 0
    )
    page = _Page()
    page.feed(out.read_text(encoding="utf-8"))
    assert page.fetched == []
    assert page.links <= page.places
    assert page.links
    for words in ("Confusion", "Calibration", "Errors", "Words of errors", "Rows without a prediction", "Precision", "<script>"):
        assert words in page.text
    assert {f"row-{row}" for row in rows_of_errors(bert_folder, table, tmp_path)} <= page.places


def rows_of_errors(model: Path, table: Path, folder: Path) -> list[str]:
    assert command(model, table, "--errors", "--out", folder / "again.csv", "--quiet") == 0
    return [row["row"] for row in rows_of(folder / "again.csv")]


def test_columns_and_labels_can_be_named(bert_folder: Path, table: Path, capsysbinary: pytest.CaptureFixture[bytes]):
    found = answer(
        capsysbinary,
        bert_folder,
        table,
        "--text-column",
        "review",
        "--label-column",
        "gold",
        "--label",
        "bad=positive",
        "--quiet",
    )
    assert [one["support"] for one in found["per_class"]] == [1, 1, 2]
    none = answer(capsysbinary, bert_folder, table, "--label-column", "id", "--quiet")
    assert none["labelled"] == 3  # 0, 1 and 2 are classes, but 3, 4 and 5 are none


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--text-column", "gone"], "no column"),
        (["--label", "bad"], "--label takes DATA=MODEL"),
        (["--out", "x.npz"], "the suffix must be .json or .csv"),
        (["--report", "x.pdf"], "the suffix must be .html"),
        (["--method", "gone", "--out", "{tmp}/x.csv"], "gone"),
        (["--encoding", "nonsense"], "no encoding"),
    ],
)
def test_mistakes_are_one_line(
    bert_folder: Path, table: Path, tmp_path: Path, words: list[str], said: str, capfd: pytest.CaptureFixture[str]
):
    assert command(bert_folder, table, "--quiet", *(word.replace("{tmp}", str(tmp_path)) for word in words)) == 2
    error = capfd.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_data_that_are_not_there(bert_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    assert command(bert_folder, tmp_path / "gone.csv") == 2
    assert "cannot be read" in capfd.readouterr().err


@pytest.mark.parametrize(
    "source",
    [
        DataSource("/d/t.csv"),
        DataSource("/d/-t.tsv", "\t", "utf-16", True, True, "text", "", ("label",), (("a=b", "positive"), ("meh", ""))),
        DataSource("/d/t.csv", ";", "cp1252", False, False, "-a", "b c", ()),
        DataSource("/d/t.csv", labels=("a", "b")),
    ],
)
def test_the_line_that_is_copied_asks_the_same(source: DataSource, tiny_bert: TextModel, tmp_path: Path):
    made_up = predictions(tiny_bert, tmp_path, 4)
    result = replace(made_up, request=PredictionsRequest(tiny_bert.info.sha256, source))
    words = shlex.split(dataset_command(result, errors=True, method="saliency"))[len(program()) :]
    options = _parser().parse_args(words)
    assert source_of(options) == source
    assert (options.model, options.errors, options.method) == (tiny_bert.info.path, True, "saliency")


def test_consistency_by_rules_and_ones_own(bert_folder: Path, table: Path, capsysbinary: pytest.CaptureFixture[bytes]):
    found = answer(capsysbinary, bert_folder, table, "--consistency", "upper_case", "--rule", "film", "movie", "--quiet")
    rules = found["consistency"]["rules"]
    assert [rule["rule"] for rule in rules] == ["upper_case", "own:film→movie"]
    assert rules[1]["changed"] == 2
    assert {case["rewritten"] for case in rules[1]["cases"]} == {"A wonderful, moving movie.", "It is a movie."}
    assert rules[1]["flips"] == sum(case["flips"] for case in rules[1]["cases"])
    everything = answer(capsysbinary, bert_folder, table, "--consistency", "--rule", "film", "movie", "--quiet")
    assert [rule["rule"] for rule in everything["consistency"]["rules"]] == [*RULES, "own:film→movie"]
    assert "consistency" not in answer(capsysbinary, bert_folder, table, "--quiet")


def test_words_in_common_and_rows_alike(bert_folder: Path, table: Path, capsysbinary: pytest.CaptureFixture[bytes]):
    words = ("--aggregate", "--method", "input_x_gradient", "--nearest", "0", "--quiet")
    found = answer(capsysbinary, bert_folder, table, *words)
    slices = {each["name"]: each["rows"] for each in found["aggregate"]["slices"]}
    assert set(slices) <= {"errors", "right"}
    assert sorted(row for rows in slices.values() for row in rows) == [0, 1, 2, 4]
    assert found["aggregate"]["slices"][0]["fields"][0]["name"] == "text"
    assert [each["row"] for each in found["neighbours"]] != []
    assert 0 not in [each["row"] for each in found["neighbours"]]
    assert command(bert_folder, table, "--nearest", "99", "--quiet") == 2


def test_counterfactuals_of_a_text(bert_folder: Path, capsysbinary: pytest.CaptureFixture[bytes]):
    words = ["counterfactual", str(bert_folder), "--text", "not once does it come close", "--quiet"]
    assert main(words, lambda *_: None) == 0
    removed = json.loads(capsysbinary.readouterr().out)
    assert (removed["kind"], removed["fill"]) == ("remove", "zero")
    assert main([*words, "--kind", "swap", "--most", "6"], lambda *_: None) == 0
    swapped = json.loads(capsysbinary.readouterr().out)
    assert swapped["prediction"][0]["label"] == removed["prediction"][0]["label"]
    for each in (*removed["suggestions"], *swapped["suggestions"]):
        assert each["flips"] == (each["prediction"][0]["label"] != removed["prediction"][0]["label"])
    assert main([*words, "--to", "gone"], lambda *_: None) == 2


def test_an_edit_of_ones_own(bert_folder: Path, capsysbinary: pytest.CaptureFixture[bytes]):
    words = ["counterfactual", str(bert_folder), "--text", "not once does it come", "--method", "input_x_gradient", "--quiet"]
    assert main([*words, "--edited", "once does it come close"], lambda *_: None) == 0
    found = json.loads(capsysbinary.readouterr().out)
    assert [(word["text"], word["kind"]) for word in found["words"] if not word["special"]] == [
        ("not", "removed"),
        ("once", "same"),
        ("does", "same"),
        ("it", "same"),
        ("come", "same"),
        ("close", "added"),
    ]
    change = sum(word["attribution"][2] for word in found["words"])
    assert change == pytest.approx(found["score"]["after"]["sum"] - found["score"]["before"]["sum"], abs=1e-5)
    assert sum(word["attention"][2] for word in found["words"]) == pytest.approx(0, abs=1e-6)
    assert found["flips"] == (found["prediction"]["before"][0]["index"] != found["prediction"]["after"][0]["index"])
    assert found["target"]["label"] == found["prediction"]["before"][0]["label"]
    assert main([*words, "--edited", "once", "--head", "0", "--layer", "0"], lambda *_: None) == 0
    assert json.loads(capsysbinary.readouterr().out)["attention"] == {"stack": "self", "layer": 0, "head": 0}
    for wrong in ("--edited once --head most", "--edited once --head 99", "--edited-pair b", "--edited="):
        assert main([*words, *wrong.split()], lambda *_: None) == 2
        assert capsysbinary.readouterr().err.count(b"\n") == 1
