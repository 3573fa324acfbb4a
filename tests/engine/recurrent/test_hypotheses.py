"""Regular expressions and their parts; bounded in time, whatever they are."""

import time

import numpy as np
import pytest

from engine.corpora.corpus import CorpusFile
from engine.errors import UserError
from engine.recurrent import hypotheses as module
from engine.recurrent.hypotheses import hypotheses

TEXT = """a b | "a|b" 'x' "q" x"""


def named(name: str) -> CorpusFile:
    return CorpusFile(name, name, "", 0)


def parts(*patterns: str, text: str = TEXT) -> dict[str, list[str]]:
    """Name -> the stretches it marks."""
    found = {}
    for hypothesis in hypotheses(patterns):
        labels = hypothesis.of(named("f"), text)
        assert labels is not None
        edges = np.flatnonzero(np.diff(labels, prepend=False, append=False)).reshape(-1, 2)
        found[hypothesis.name] = [text[a:b] for a, b in edges]
    return found


def test_group_one_marks_or_the_whole_match():
    assert parts('"q"') == {'"q"': ['"q"']}
    assert parts('"(q)"') == {'"(q)"': ["q"]}
    assert parts('"(?:q)"') == {'"(?:q)"': ['"q"']}
    assert next(iter(parts('"(q)(")').values())) == ["q"]


def test_alternatives_are_scored_by_themselves():
    found = parts("\"[^\"]*\"|'[^']*'")
    assert found == {"\"[^\"]*\"|'[^']*'": ['"a|b"', "'x'", '"q"'], '"[^"]*"': ['"a|b"', '"q"'], "'[^']*'": ["'x'"]}


def test_what_looks_like_an_alternative_inside_something_is_none():
    for pattern in ("[|]", r"\|", "(?:a|b)x", "[]|]", "[^]|]x"):
        assert len(hypotheses([pattern])) == 1


def test_flags_stay_with_every_alternative():
    assert parts("(?i)A|X")["A"] == ["a", "a"]


def test_named_groups_are_scored_by_themselves():
    found = parts('"(?P<letter>\\w)(?P<close>")')
    assert list(found.values()) == [["q"], ["q"], ['"']]


def test_a_group_of_the_branch_that_matched_marks():
    assert next(iter(parts("\"(q)\"|'(x)'").values())) == ["x", "q"]


def test_branches_that_cannot_stand_alone_are_left_together():
    assert len(hypotheses([r"(a)|b\1"])) == 1


def test_several_patterns_and_each():
    assert parts("a", "q") == {"a | q": ["a", "a", "q"], "a": ["a", "a"], "q": ["q"]}


def test_painted_by_hand_asks_about_painted_files_alone():
    (painted,) = hypotheses(spans=[("f", 1, 3)])
    assert painted.of(named("other"), "abcd") is None
    labels = painted.of(named("f"), "abcd")
    assert labels is not None
    assert list(labels) == [False, True, True, False]


@pytest.mark.parametrize("pattern", ["(", "[", "(?P<a>x)(?P<a", "*", "a{99999999999999999999}", "(?<=a+)b("])
def test_what_is_no_expression_is_refused(pattern: str):
    with pytest.raises(UserError, match="not a regular expression") as caught:
        hypotheses([pattern])
    assert caught.value.kind == "bad_pattern"


def test_a_catastrophic_expression_is_stopped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.3)
    start = time.perf_counter()
    with pytest.raises(UserError, match="takes too long in notes") as caught:
        hypotheses([r"(?:(?:a|a)+)+c|(x+x+)+y"])[0].of(named("notes.txt"), "a" * 40 + "b" + "x" * 4000)
    assert caught.value.kind == "slow_pattern"
    assert time.perf_counter() - start < 10


def test_one_kind_of_hypothesis_at_a_time():
    for asked in ({}, {"patterns": ["a"], "predicate": "digit"}, {"predicate": "digit", "spans": [("f", 0, 1)]}):
        with pytest.raises(UserError, match="either"):
            hypotheses(**asked)
