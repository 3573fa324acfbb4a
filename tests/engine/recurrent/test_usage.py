"""Used, redundant, or not shown to be used: asked from end to end of networks whose flags are known."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cells import AblationEffect, AblationResult, Cell
from engine.commands import main
from engine.detective import EffectResult
from engine.errors import UserError
from engine.jobs import Partial, run
from engine.recurrent.hypotheses import hypotheses
from engine.recurrent.labels import Split, label
from engine.recurrent.session import Session, Sessions
from engine.recurrent.usage import WARM_UP, stretches, usage
from engine.requests import AblationRequest, DetectRequest, EffectRequest, OpenModelRequest, Scanned, TextInput, effect_request
from engine.usage_verdict import is_used, use_of
from engine.workbench import Workbench
from tests.engine.recurrent.planted import CELLS, FLAG, TWIN, inside, planted, write_planted
from tests.engine.tiny_models import opened, write_recurrent

OPEN = r'("[^"]*+)(?:"|\Z)'  # from a quote that opens to before the one that closes: what the flag says after reading a character
FILES = 6
Ask = Callable[..., EffectResult]


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As the planted model expects it: x and y inside quotes, a and b outside."""
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(FILES):
        random = np.random.default_rng(number)
        parts = [f'{"".join(random.choice(list(letters), 5))}"' for letters in ("ab", "xy") * 40]
        (folder / f"{number}.txt").write_text("".join(parts), encoding="utf-8")
    return folder


@pytest.fixture(params=[False, True], ids=["alone", "twins"])
def twins(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def workbench(tmp_path: Path, twins: bool) -> Workbench:
    found = Workbench()
    run(found.job_for(OpenModelRequest(str(write_planted(tmp_path / "model", twins)))))
    return found


@pytest.fixture
def ask(workbench: Workbench, tmp_path: Path, corpus: Path, twins: bool) -> Ask:
    sha256 = planted(tmp_path / "same", twins).info.sha256

    def asked(*cells: int, on_partial: Callable[[Partial], None] = lambda _: None, **options: Any) -> EffectResult:
        request = {"patterns": (OPEN,), "positions": 2000} | options
        held = tuple(Cell(0, index) for index in cells)
        return run(workbench.job_for(EffectRequest(sha256, Scanned((str(corpus),)), held, **request)), on_partial)

    return asked


@pytest.mark.parametrize("twins", [False], indirect=True)
def test_the_flag_is_used_and_a_bystander_is_not_shown_to_be(ask: Ask):
    found = ask(FLAG).effect
    assert found.files == FILES
    assert found.effect > 0.3
    assert found.interval is not None
    assert found.interval[0] > 0
    assert len(found.random_effects) == CELLS - 1
    assert is_used(found)
    assert not is_used(ask(2).effect)


@pytest.mark.parametrize("twins", [True], indirect=True)
def test_twins_are_redundant_alone_and_used_together(ask: Ask):
    alone, together = ask(FLAG).effect, ask(FLAG, TWIN).effect
    assert abs(alone.effect) < 1e-3
    assert use_of(alone) == "not_shown"
    assert use_of(together) == "used"
    assert use_of(alone, together) == "redundant"


def test_holding_flips_the_prediction_unless_a_twin_stands_in(workbench: Workbench, ask: Ask, twins: bool):
    """Inside quotes x is likely, outside a; each is written on greedily."""
    sha256 = ask(FLAG).model.sha256

    def held(*cells: int) -> AblationResult:
        own = tuple(Cell(0, index) for index in cells)
        return run(workbench.job_for(AblationRequest(sha256, TextInput('ab"xy'), own, generate=3)))

    flipped = held(FLAG, TWIN) if twins else held(FLAG)
    assert (flipped.intact.prediction[0].label, flipped.held.prediction[0].label) == ("x", "a")
    assert (flipped.intact.generated, flipped.held.generated) == ("xxx", "aaa")
    if twins:
        assert held(FLAG).held.prediction[0].label == "x"


@pytest.mark.parametrize("twins", [False], indirect=True)
def test_one_file_gives_no_interval_and_proves_nothing(ask: Ask, corpus: Path):
    for path in sorted(corpus.iterdir())[1:]:
        path.unlink()
    found = ask(FLAG).effect
    assert (found.files, found.interval) == (1, None)
    assert found.effect > 0.3
    assert not is_used(found)


@pytest.mark.parametrize("twins", [False], indirect=True)
def test_the_effect_so_far_is_told_and_the_job_can_be_closed(ask: Ask):
    seen: list[Partial] = []
    answer = ask(FLAG, on_partial=seen.append)
    shown = [partial.result for partial in seen if isinstance(partial.result, EffectResult)]
    assert not any(isinstance(partial.result, AblationEffect) for partial in seen)
    assert len(shown) == FILES
    assert shown[-1].effect.effect == answer.effect.effect
    assert {partial.doing for partial in seen} >= {"Matching", "Holding cells"}


@pytest.mark.parametrize("twins", [False], indirect=True)
def test_a_part_of_the_hypothesis_by_itself(ask: Ask):
    parts = (OPEN, "a")
    whole, part = ask(FLAG, patterns=parts), ask(FLAG, patterns=parts, part="a")
    assert (whole.pattern, part.pattern) == (f"{OPEN} | a", "a")
    assert part.effect.matches < whole.effect.matches
    with pytest.raises(UserError, match="no part “b”"):
        ask(FLAG, patterns=parts, part="b")


@pytest.mark.parametrize("twins", [False], indirect=True)
def test_places_painted_by_hand_leave_the_other_files_out(ask: Ask, corpus: Path):
    painted = tuple((str(path), 300, 340) for path in sorted(corpus.iterdir())[:2])
    found = ask(FLAG, patterns=(), painted=painted).effect
    assert (found.files, found.matches) == (2, 80)


@pytest.mark.parametrize("positions", [40, 600, 10_000])
def test_stretches_are_held_out_scored_as_told_and_labelled_as_the_corpus(tmp_path: Path, corpus: Path, positions: int):
    model = planted(tmp_path / "model")
    session: Session = run(Sessions().open(model, Scanned((str(corpus),))))
    (labelled,) = run(label(session.reading, hypotheses((OPEN,)), 0.4))
    split = Split.of(session.reading, 0.4, labelled.asked)
    segments = list(stretches(session, labelled, split, positions, 0))
    assert len({segment.file for segment in segments}) == len(segments)
    scored = 0
    for segment in segments:
        assert segment.scored is not None
        file = session.reading.files[segment.file]
        text = file.file.text()
        read = "".join(model.text_of([int(each)]) for each in segment.ids)
        at = text.index(read)
        assert inside(text)[at : at + len(read)] == list(segment.matches)
        held_out = file.tokens - split.tests[segment.file]
        counted = np.flatnonzero(segment.scored)
        assert counted[0] + at >= held_out
        assert counted[0] == min(WARM_UP, counted[0] + at)
        assert (np.diff(counted) == 1).all()
        assert segment.matches[counted].any()
        scored += len(counted)
    everything = sum(split.tests)
    assert scored == everything if positions > everything else scored >= positions


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cells": ()}, "Name the cells"),
        ({"how": "value", "value": float("nan")}, "finite"),
        ({"holdout": 0.01}, "held out must be between"),
        ({"random_sets": -1}, "no more than 1,000"),
        ({"patterns": ("zz",)}, "matches nothing"),
        ({"cells": (Cell(3, 0),)}, "there is no 3"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, corpus: Path, options: dict[str, Any], words: str):
    model = planted(tmp_path / "model")
    known = {"cells": (Cell(0, FLAG),), "patterns": (OPEN,)} | options
    with pytest.raises(UserError, match=words):
        run(usage(Sessions(), model, EffectRequest(model.info.sha256, Scanned((str(corpus),)), **known)))


def test_a_classifier_has_no_loss_at_a_position(tmp_path: Path, corpus: Path):
    model = opened(write_recurrent(tmp_path / "model"))
    with pytest.raises(UserError, match="no language model"):
        run(usage(Sessions(), model, EffectRequest(model.info.sha256, Scanned((str(corpus),)), (Cell(0, 1),), ("a",))))


@pytest.mark.parametrize(
    ("arguments", "cells", "how", "used"),
    [
        ([], [FLAG], "zero", True),
        (["0:2"], [2], "zero", False),
        (["0:2", "0:7", "--hold", "mean"], [2, FLAG], "mean", True),
        (["0:7", "--hold", "-1"], [FLAG], "value", True),
    ],
)
def test_the_command_carries_it(
    tmp_path: Path,
    corpus: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
    arguments: list[str],
    cells: list[int],
    how: str,
    used: bool,
):
    folder = str(write_planted(tmp_path / "model"))
    words = ["detect", folder, "--corpus", str(corpus), "--pattern", OPEN, "--top", "2", "--shifts", "20", "--quiet"]
    assert main([*words, "--ablate", *arguments], lambda *_: None) == 0
    answer = json.loads(capsysbinary.readouterr().out)
    assert answer["units"][0]["index"] == FLAG
    ablation = answer["ablation"]
    assert [cell["index"] for cell in ablation["cells"]] == cells
    assert (ablation["how"], ablation["used"], ablation["files"]) == (how, used, FILES)
    assert ablation["effect"] == pytest.approx(ablation["change"]["matches"] - ablation["change"]["others"])
    assert len(ablation["interval_95"]) == 2


@pytest.mark.parametrize("arguments", [["--hold", "nowhere"], ["7"], ["--part", "b"]])
def test_the_command_refuses_in_one_line(
    tmp_path: Path, corpus: Path, capsysbinary: pytest.CaptureFixture[bytes], arguments: list[str]
):
    words = ["detect", str(write_planted(tmp_path / "model")), "--corpus", str(corpus), "--pattern", OPEN, "--shifts", "5"]
    assert main([*words, "--ablate", *arguments], lambda *_: None) == 2
    out, err = capsysbinary.readouterr()
    assert (out, len(err.splitlines())) == (b"", 1)


def test_what_is_asked_about_a_ranking_is_all_it_was_ranked_by():
    ranked = DetectRequest("sha", Scanned(("a",), ("cell_state",), 9), ("x",), None, holdout=0.3, seed=4)
    asked = effect_request(ranked, (Cell(0, 1),), "x", "value", 2.0)
    for name in ("model_sha256", "scanned", "patterns", "predicate", "painted", "holdout", "seed"):
        assert getattr(asked, name) == getattr(ranked, name)
    assert (asked.cells, asked.part, asked.how, asked.value) == ((Cell(0, 1),), "x", "value", 2.0)
