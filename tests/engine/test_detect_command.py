"""``detect`` asks what its options say, and the line that a ranking is copied as asks the same again."""

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest

from engine.cells import Cell
from engine.command_line import detect_command
from engine.commands import detect, main
from engine.errors import UserError
from engine.requests import DetectRequest, EffectRequest, Scanned, effect_request
from tests.gui import made_detective
from tests.gui.stub_engine import StubEngine, lstm

SHA = "sha of /models/lstm"


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> StubEngine:
    stub = StubEngine(steps=1)
    monkeypatch.setattr(detect, "open_in_workbench", lambda options: (stub, lstm(options.model)))
    return stub


def run(*words: str) -> int:
    return main(["detect", "/models/lstm", "--corpus", "stdlib", *words], lambda *_: None)


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        (["--pattern", "a"], {"patterns": ("a",)}),
        (["--pattern", "a", "b", "--pattern", "c"], {"patterns": ("a", "b", "c")}),
        (["--pattern=-a"], {"patterns": ("-a",)}),
        (["--predicate", "inside_quotes"], {"predicate": "inside_quotes"}),
        (["--pattern", "a", "--top", "3", "--holdout", "0.25"], {"patterns": ("a",), "top": 3, "holdout": 0.25}),
        (["--pattern", "a", "--shifts", "0", "--seed", "7"], {"patterns": ("a",), "shifts": 0, "seed": 7}),
    ],
)
def test_options_say_what_is_asked(words: list[str], changes: dict[str, Any], stub: StubEngine):
    assert run(*words) == 0
    assert stub.asked == [replace(DetectRequest(SHA, Scanned(("stdlib",))), **changes)]


def test_options_say_what_is_scanned(stub: StubEngine):
    assert run("--corpus", "b.txt", "--gate", "cell_state", "--gate", "forget_gate", "--limit", "500", "--pattern", "a") == 0
    assert stub.asked[0].scanned == Scanned(("stdlib", "b.txt"), ("cell_state", "forget_gate"), 500)


@pytest.mark.parametrize(
    ("words", "cells", "changes"),
    [
        ([], (Cell(0, 7),), {}),
        (["1:2", "0:3:1"], (Cell(1, 2), Cell(0, 3, 1)), {}),
        (["--hold", "mean"], (Cell(0, 7),), {"how": "mean"}),
        (["0:3", "--hold", "-1.5"], (Cell(0, 3),), {"how": "value", "value": -1.5}),
        (["--part", "h"], (Cell(1, 2),), {"part": "h"}),
    ],
)
def test_ablate_holds_the_cells_named_or_the_best(
    words: list[str],
    cells: tuple[Cell, ...],
    changes: dict[str, Any],
    stub: StubEngine,
    capsysbinary: pytest.CaptureFixture[bytes],
):
    assert run("--pattern", "h|e", "--ablate", *words) == 0
    ranked, held = stub.asked
    assert held == replace(effect_request(ranked, cells), **changes)
    assert [cell["index"] for cell in json.loads(capsysbinary.readouterr().out)["ablation"]["cells"]] == [c.index for c in cells]


@pytest.mark.parametrize(
    "words",
    [
        ["--ablate", "seven"],
        ["--ablate", "--hold", "inf"],
        ["--ablate", "--hold", "high"],
        ["--limit", "0"],
        ["--out", "found.txt"],
    ],
)
def test_what_is_no_option_is_refused_before_anything_is_asked(
    words: list[str], stub: StubEngine, capsysbinary: pytest.CaptureFixture[bytes]
):
    assert run("--pattern", "a", *words) == 2
    assert stub.asked == []
    assert len(capsysbinary.readouterr().err.splitlines()) == 1


ASKED = (
    DetectRequest(SHA, Scanned(("stdlib",)), ("a b", "-c", "'\"$x")),
    DetectRequest(SHA, Scanned(("stdlib", "/a file"), ("cell_state", "forget_gate"), 500), (), "inside_quotes"),
    DetectRequest(SHA, Scanned(("stdlib",)), ("h|e",), top=3, holdout=0.25, shifts=0, seed=7),
)


@pytest.mark.parametrize("request_", ASKED, ids=["patterns", "predicate", "numbers"])
@pytest.mark.parametrize(
    "how",
    [None, {"how": "zero"}, {"how": "mean", "part": "-c"}, {"how": "value", "value": -0.25}],
    ids=["ranked", "zero", "part", "value"],
)
def test_the_copied_line_asks_the_same_again(request_: DetectRequest, how: dict[str, Any] | None, stub: StubEngine):
    cells = (Cell(0, 7), Cell(1, 2, 1))
    held = None if how is None else replace(effect_request(request_, cells), **how)
    result = made_detective.detected(request_, lstm())
    words = shlex.split(detect_command(result, ablation=None if held is None else made_detective.effect(held, lstm())))
    assert main(words[words.index("detect") :], lambda *_: None) == 0
    assert stub.asked == [request_, *([] if held is None else [held])]


@pytest.mark.parametrize(
    "changes", [{"patterns": ("a\0",)}, {"patterns": (), "painted": (("a.txt", 0, 1),)}, {"controls": False}]
)
def test_what_fits_no_line_is_refused(changes: dict[str, Any]):
    result = made_detective.detected(ASKED[2], lstm())
    with pytest.raises(UserError, match="fit no command line"):
        detect_command(replace(result, request=replace(result.request, **changes)))


def test_a_part_that_fits_no_line_is_refused():
    held = EffectRequest(SHA, Scanned(("stdlib",)), (Cell(0, 7),), ("a",), part="a\x1b")
    with pytest.raises(UserError, match="fit no command line"):
        detect_command(made_detective.detected(ASKED[2], lstm()), ablation=made_detective.effect(held, lstm()))
