"""The cell detective from end to end, on a network whose cell 7 is known to be a quote flag."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cells import QUANTITIES, Cell
from engine.commands import main
from engine.detective import DetectResult, MarksResult, PhraseResult, ScanResult, UnitResult
from engine.errors import UserError
from engine.jobs import Partial, run
from engine.models.model import TextModel
from engine.recurrent import session
from engine.recurrent.controls import auc_of_scores
from engine.recurrent.phrase import match_phrase
from engine.recurrent.session import Sessions
from engine.requests import (
    DetectRequest,
    MarksRequest,
    OpenModelRequest,
    PhraseRequest,
    Scanned,
    ScanRequest,
    UnitRequest,
)
from engine.verdict import verdict
from engine.workbench import Workbench
from tests.engine.recurrent.planted import FLAG, inside, planted, write_planted

OPEN = r'("[^"]*+)(?:"|\Z)'  # from a quote that opens to before the one that closes: what the flag says after reading a character
FILES = 4


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TextModel:
    return planted(tmp_path_factory.mktemp("planted"))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Letters drawn alike inside and outside, so that only a memory can tell."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(FILES):
        random = np.random.default_rng(number)
        text = "".join('"' if random.random() < 0.1 else random.choice(list("abxy")) for _ in range(1_200))
        (folder / f"{number}.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path / "home"))


@pytest.fixture
def workbench(model: TextModel) -> Workbench:
    found = Workbench()
    run(found.job_for(OpenModelRequest(model.info.path)))
    return found


@pytest.fixture
def ask(workbench: Workbench, model: TextModel, corpus: Path) -> Callable[..., DetectResult]:
    """Detect in the corpus."""

    def asked(*patterns: str, gates: tuple[str, ...] = (), limit: int | None = None, **options: Any) -> DetectResult:
        scanned = Scanned((str(corpus),), gates, limit)
        return run(workbench.job_for(DetectRequest(model.info.sha256, scanned, patterns, **({"shifts": 40} | options))))

    return asked


def test_the_planted_cell_is_first(ask: Callable[..., DetectResult]):
    result = ask(OPEN, top=3)
    best = result.whole.units[0]
    assert best.cell == Cell(0, FLAG)
    assert (best.auc, best.auc_holdout, best.sign, best.f1, best.f1_holdout) == (1.0, 1.0, 1, 1.0, 1.0)
    assert best.p_value == best.p_family == pytest.approx(1 / 41)
    assert best.interpretable
    assert best.correlation is not None
    assert best.correlation > 0.99
    controls = result.whole.controls
    assert controls is not None
    assert max(controls.token_identity, controls.position_in_line) < 0.75
    assert result.corpus.positions == FILES * 1_200
    assert len(result.whole.units) == 3


def test_cells_that_switch_off_count_as_much(ask: Callable[..., DetectResult]):
    outside = ask(r'"[^"]*+("[^"]*+)', gates=("hidden_state",))
    assert outside.whole.units[0].cell == Cell(0, FLAG)
    assert outside.whole.units[0].sign == -1


def test_histograms_roc_and_places_are_of_the_part_that_tests(ask: Callable[..., DetectResult], corpus: Path):
    result = ask(OPEN, top=1, gates=("cell_state",))
    evidence = result.whole.units[0].evidence
    assert evidence is not None
    texts = {path.name: path.read_text() for path in corpus.iterdir()}
    tested = [state for text in texts.values() for state in inside(text)[600:]]
    assert evidence.positive.sum() == sum(tested)
    assert evidence.negative.sum() == len(tested) - sum(tested)
    assert np.trapezoid(evidence.true_positive_rate, evidence.false_positive_rate) == pytest.approx(1.0)
    hits = [place for place in evidence.places if place.kind == "hit"]
    assert hits
    assert [place.kind for place in evidence.places] == ["hit"] * len(hits)  # there are no misses and no false alarms
    for place in hits:
        text = texts[place.file]
        assert place.position >= 600
        assert inside(text)[place.position]
        assert text[place.start : place.end] == place.text
        assert text[: place.start].endswith(place.before)
        assert text[place.end :].startswith(place.after)
        assert place.value > result.whole.units[0].threshold


def test_pooling_hides_what_the_parts_show(ask: Callable[..., DetectResult]):
    result = ask(r'(?P<open>"[^"]*+)(?:"|\Z)|(?P<letter>a)', gates=("hidden_state",))
    names = [finding.pattern for finding in result.findings]
    assert (
        len(names) == 4
    )  # the first group marks what its alternative does, and is told once; the letter alone is found inside too
    assert result.findings[1].units[0].auc_holdout > result.whole.units[0].auc_holdout
    assert result.patterns_tried == 5


def test_an_untrained_network_bounds_what_is_called_interpretable(ask: Callable[..., DetectResult]):
    """After a quote the input alone is known to any network: an untrained one does it as well."""
    result = ask('"', gates=("hidden_state",))
    controls = result.whole.controls
    assert controls is not None
    assert controls.token_identity == 1.0
    assert result.whole.interpretable == ()


def test_the_best_of_several_untrained_networks_is_the_control(ask: Callable[..., DetectResult]):
    """Each is another draw, and the highest of what they reach counts."""
    controls = ask("x(.)").whole.controls
    assert controls is not None
    assert len(set(controls.untrained_draws)) == 5
    assert controls.untrained_best == max(controls.untrained_draws)
    quantity, cell = controls.untrained_unit.split()
    assert quantity in QUANTITIES["lstm"]
    assert Cell.read(cell).index < 8


def test_untrained_networks_read_a_sample_of_a_large_corpus(
    ask: Callable[..., DetectResult], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(session, "_LEAST_DRAWN", 1_500)
    monkeypatch.setattr(session, "_DRAWN_BYTES", 3 * 1_500 * 48)
    controls = ask(OPEN).whole.controls
    assert controls is not None
    assert len(controls.untrained_draws) == 3
    manifests = [json.loads(path.read_text()) for path in (tmp_path / "home").rglob("untrained-*/manifest.json")]
    assert [sum(known["blocks"]) for known in manifests] == [1_500] * 3


def test_where_a_sample_has_too_few_matches_one_untrained_network_reads_everything(
    ask: Callable[..., DetectResult], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(session, "_LEAST_DRAWN", 1_500)
    monkeypatch.setattr(session, "_DRAWN_BYTES", 3 * 1_500 * 48)
    controls = ask("aaa(b)").whole.controls
    assert controls is not None
    assert len(controls.untrained_draws) == 1
    (manifest,) = (tmp_path / "home").rglob("untrained-*/manifest.json")
    assert sum(json.loads(manifest.read_text())["blocks"]) == FILES * 1_200


def test_every_pattern_that_was_tried_is_counted(ask: Callable[..., DetectResult]):
    """Also those of before, on the same corpus, each once."""
    assert [ask(pattern).patterns_tried for pattern in (OPEN, "a", "a", "b|x")] == [1, 2, 2, 5]
    last = ask("y", gates=("hidden_state",))
    assert last.patterns_tried == 6
    assert "6 patterns were tried on this corpus" in verdict(last, last.whole)


def test_partial_answers_sharpen(workbench: Workbench, model: TextModel, corpus: Path):
    request = DetectRequest(model.info.sha256, Scanned((str(corpus),)), (OPEN,), shifts=20)
    partials: list[Partial] = []
    final = run(workbench.job_for(request), partials.append)
    answers = [partial.result for partial in partials if isinstance(partial.result, DetectResult)]
    assert answers[0].whole.null is None
    assert answers[0].whole.units[0].interpretable is None
    assert answers[0].whole.units[0].auc == final.whole.units[0].auc
    assert final.whole.null is not None


def test_the_same_question_has_the_same_answer(ask: Callable[..., DetectResult]):
    first, second = ask("a", seed=3), ask("a", seed=3)
    assert first.whole.null == second.whole.null
    assert first.whole.controls == second.whole.controls
    np.testing.assert_array_equal(first.whole.auc_all, second.whole.auc_all)
    assert ask("a", seed=4).whole.null != first.whole.null


def test_without_null_and_controls_nothing_is_called_interpretable(ask: Callable[..., DetectResult]):
    for options in ({"shifts": 0}, {"controls": False}):
        assert {unit.interpretable for unit in ask(OPEN, **options).whole.units} == {None}


def test_places_painted_by_hand(workbench: Workbench, model: TextModel, corpus: Path):
    path = corpus / "0.txt"
    states = inside(path.read_text())
    edges = np.flatnonzero(np.diff(states, prepend=False, append=False)).reshape(-1, 2)
    spans = tuple((str(path), int(a), int(b)) for a, b in edges)
    request = DetectRequest(model.info.sha256, Scanned((str(corpus),)), painted=spans, shifts=20)
    found = run(workbench.job_for(request)).whole
    assert found.units[0].cell == Cell(0, FLAG)
    assert found.units[0].auc_holdout == 1.0
    assert found.matches == sum(states)


def test_graded_targets_correlate(workbench: Workbench, model: TextModel, corpus: Path):
    for path in corpus.iterdir():
        text = path.read_text()
        path.write_text("\n".join(text[at : at + 40] for at in range(0, len(text), 40)))
    request = DetectRequest(model.info.sha256, Scanned((str(corpus),)), predicate="position_in_line", shifts=20)
    found = run(workbench.job_for(request)).whole
    assert found.graded
    assert found.controls is not None
    assert found.controls.position_in_line == pytest.approx(1.0)
    assert all(unit.rank_correlation is not None for unit in found.units)
    assert not found.interpretable


def test_a_changed_corpus_is_scanned_again_and_said(ask: Callable[..., DetectResult], corpus: Path):
    before = ask(OPEN)
    assert [notice.kind for notice in before.warnings] == []
    path = corpus / "1.txt"
    path.write_text(path.read_text() + '"ab"')
    after = ask(OPEN)
    assert [notice.kind for notice in after.warnings] == ["corpus_changed"]
    assert after.corpus.positions == before.corpus.positions + 4
    assert [notice.kind for notice in ask("a").warnings] == ["corpus_changed"]  # the same session


def test_a_scan_is_kept_for_the_next_session(model: TextModel, corpus: Path):
    request = ScanRequest(model.info.sha256, Scanned((str(corpus),)))
    for expected in (True, False):
        workbench, said = Workbench(), []
        run(workbench.job_for(OpenModelRequest(model.info.path)))
        result: ScanResult = run(workbench.job_for(request), lambda partial, said=said: said.append(partial.doing))
        assert ("Scanning" in said) is expected
    assert result.units == 8 * 6
    assert result.bytes > result.units * result.corpus.positions * 2


@pytest.mark.parametrize(
    ("patterns", "kind"),
    [(("zzz",), "never_matches"), (("(?s:.)",), "always_matches"), (("(",), "bad_pattern"), ((r"\A..",), "too_few_matches")],
)
def test_what_cannot_be_asked(ask: Callable[..., DetectResult], patterns: tuple[str, ...], kind: str):
    with pytest.raises(UserError) as caught:
        ask(*patterns)
    assert caught.value.kind == kind


def test_what_matches_nothing_in_a_part_is_said_of_the_part(workbench: Workbench, model: TextModel, corpus: Path):
    for limit, name in ((None, "this corpus"), (300, "the 300 positions that were read of this corpus")):
        request = DetectRequest(model.info.sha256, Scanned((str(corpus),), limit=limit), ("zzz",))
        with pytest.raises(UserError, match=f"'zzz' matches nothing in {name}; try another pattern"):
            run(workbench.job_for(request))


def test_where_the_disk_has_no_room_for_all_of_it_is_said(ask: Callable[..., DetectResult], monkeypatch: pytest.MonkeyPatch):
    free = 2 * 3 * 48 * 2_000  # two halves, three bytes for each of 48 units
    monkeypatch.setattr(session.shutil, "disk_usage", lambda _: type("Usage", (), {"free": free})())
    result = ask(OPEN)
    assert result.corpus.positions == 2_000
    assert [notice.kind for notice in result.warnings] == ["disk", "cut"]
    assert result.warnings[0].message == "Scans may take 288.0 kB of the disk: there is no room for more."


@pytest.mark.parametrize("options", [{"holdout": 0.0}, {"holdout": 1.0}, {"shifts": -1}, {"top": 0}])
def test_options_out_of_range(ask: Callable[..., DetectResult], options: dict[str, Any]):
    with pytest.raises(UserError) as caught:
        ask(OPEN, **options)
    assert caught.value.kind == "arguments"


def test_auc_of_scores_is_that_of_all_pairs():
    random = np.random.default_rng(0)
    scores, positive = random.integers(0, 9, 200), random.random(200) < 0.3
    up, down = scores[positive][:, None], scores[~positive][None]
    assert auc_of_scores(scores, positive) == pytest.approx(((up > down) + 0.5 * (up == down)).mean())


def test_one_unit_over_the_corpus(workbench: Workbench, model: TextModel, corpus: Path):
    request = UnitRequest(model.info.sha256, Scanned((str(corpus),)), "hidden_state", Cell(0, FLAG))
    result: UnitResult = run(workbench.job_for(request))
    assert result.counts.sum() == result.corpus.positions
    states = [state for path in corpus.iterdir() for state in inside(path.read_text())]
    assert result.counts[result.edges[:-1] > 0.5].sum() == sum(states)
    texts = {path.name: path.read_text() for path in corpus.iterdir()}
    assert all(inside(texts[place.file])[place.position] for place in result.highest)
    assert not any(inside(texts[place.file])[place.position] for place in result.lowest)


def test_marks_need_no_model():
    result: MarksResult = run(Workbench().job_for(MarksRequest("a 1 b 22", ("[0-9]+|b",))))
    assert result.marks[0] == ("[0-9]+|b", ((2, 3), (4, 5), (6, 8)))
    assert result.marks[1:] == (("[0-9]+", ((2, 3), (6, 8))), ("b", ((4, 5),)))


def test_a_phrase_finds_its_like(model: TextModel, corpus: Path):
    """The flag alone is on from a quote that opens to the one that closes: places are what is quoted."""
    request = PhraseRequest(model.info.sha256, Scanned((str(corpus),)), 'ab"xyx"ab', 2, 6, threshold=0.7, top=20)
    result: PhraseResult = run(match_phrase(Sessions(), model, request))
    assert Cell(0, FLAG) in result.cells
    assert result.places
    keys = [(-place.shared, place.union) for place in result.places]
    assert keys == sorted(keys)
    texts = {path.name: path.read_text() for path in corpus.iterdir()}
    for place in result.places:
        text = texts[place.file]
        assert place.text == text[place.start : place.end]
        if len(result.cells) == place.shared == 1:
            assert all(inside(text)[place.start : place.end])
            assert inside(text)[place.end : place.end + 1] != [True]


def test_a_phrase_nobody_knows(model: TextModel, corpus: Path):
    request = PhraseRequest(model.info.sha256, Scanned((str(corpus),)), "abab", 1, 3, threshold=0.999)
    with pytest.raises(UserError, match="lower the threshold"):
        run(match_phrase(Sessions(), model, request))


def test_the_command(tmp_path: Path, corpus: Path, capsysbinary: pytest.CaptureFixture[bytes]):
    folder = write_planted(tmp_path / "model")
    arguments = ["detect", folder, "--corpus", corpus, "--pattern", OPEN, "--top", "2", "--shifts", "20", "--quiet"]
    assert main([str(each) for each in arguments], lambda *_: None) == 0
    answer = json.loads(capsysbinary.readouterr().out)
    assert {"positions", "matches", "pattern", "units", "null", "controls", "patterns_tried"} <= set(answer)
    unit = answer["units"][0]
    keys = "layer index direction gate auc sign auc_holdout correlation threshold f1_holdout p_value p_family"
    assert set(keys.split()) <= set(unit)
    assert (unit["layer"], unit["index"], unit["direction"], unit["auc"]) == (0, FLAG, 0, 1.0)
    assert answer["null"]["method"] == "circular_shift"
    assert set(answer["null"]) == {"method", "shifts", "auc_max_95"}
    assert {"untrained_best", "token_identity", "position_in_line"} <= set(answer["controls"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--pattern", "("],
        [],
        ["--pattern", "a", "--predicate", "digit"],
        ["--predicate", "nonsense"],
        ["--limit", "0", "--pattern", "a"],
        ["--pattern", "zzz"],
        ["--pattern", "(?s:.)"],
        ["--column", "label"],
        ["--predicate", "digit", "--gate", "nonsense"],
        ["--predicate", "digit", "--holdout", "nan"],
    ],
)
def test_the_command_refuses_in_one_line(
    tmp_path: Path, corpus: Path, capsysbinary: pytest.CaptureFixture[bytes], arguments: list[str]
):
    folder = write_planted(tmp_path / "model")
    assert main(["detect", str(folder), "--corpus", str(corpus), *arguments], lambda *_: None) == 2
    out, err = capsysbinary.readouterr()
    assert (out, len(err.splitlines())) == (b"", 1)


@pytest.mark.parametrize("content", [b"a\0b", b"\xff\xfe", b"", None, "漢字".encode() * 50], ids=str)
def test_the_command_refuses_what_is_no_text_in_one_line(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], content: bytes | None
):
    folder, path = write_planted(tmp_path / "model"), tmp_path / "t.txt"
    if content is not None:
        path.write_bytes(content)
    assert main(["detect", str(folder), "--corpus", str(path), "--pattern", "a"], lambda *_: None) == 2
    out, err = capsysbinary.readouterr()
    assert (out, len(err.splitlines())) == (b"", 1)


def test_the_command_refuses_a_catastrophic_pattern_in_time(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("engine.recurrent.hypotheses.PATIENCE_SECONDS", 0.3)
    folder, path = write_planted(tmp_path / "model"), tmp_path / "t.txt"
    path.write_text("a" * 5_000 + "b")
    start = time.perf_counter()
    assert main(["detect", str(folder), "--corpus", str(path), "--pattern", "(?:a|a)+x"], lambda *_: None) == 2
    assert b"takes too long" in capsysbinary.readouterr().err
    assert time.perf_counter() - start < 30


def test_a_corpus_that_changes_under_way_is_said(model: TextModel, corpus: Path):
    steps = Workbench()
    run(steps.job_for(OpenModelRequest(model.info.path)))
    job = steps.job_for(DetectRequest(model.info.sha256, Scanned((str(corpus),)), ("a",), shifts=20))
    while next(job).doing != "Scanning":
        pass
    (corpus / "1.txt").write_text("ab" * 700)
    with pytest.raises(UserError, match=r"1\.txt changed while it was being read"):
        run(job)
