"""What each rule does to a text, and what it leaves alone."""

import pytest

from engine.datasets.rewrites import RULES, own_rule, rules_of
from engine.errors import UserError

CHANGES = [
    ("pronoun_gender", "He loves her work, and she saw him.", "She loves his work, and he saw her."),
    ("pronoun_gender", "Her film; the prize was HIS.", "His film; the prize was HERS."),
    ("pronoun_gender", "I saw her in it. He's himself.", "I saw him in it. She's herself."),
    ("names", "Emma and John met in Will's house.", "William and Charlotte met in Will's house."),
    ("tense", "It is dull, and it doesn't make sense: he PLAYS.", "It was dull, and it didn't make sense: he PLAYED."),
    (
        "tense",
        "It has to have wit; they have none, and would have more.",
        "It had to have wit; they had none, and would have more.",
    ),
    ("negation", "It is not dull.", "It is dull."),
    ("negation", "It isn’t dull, it can't be.", "It is dull, it can't be."),
    ("negation", "I won't go.", "I will go."),
    ("negation", "Never dull.", "Dull."),
    ("negation", "This film is dull and was long.", "This film is not dull and was long."),
    ("contraction", "It's dull and I don't care.", "It is dull and I do not care."),
    ("contraction", "I am sure it is not good.", "I'm sure it's not good."),
    ("lower_case", "A FILM of Note", "a film of note"),
    ("upper_case", "A film", "A FILM"),
    ("punctuation", "Well, 3.5 stars! “Good” – or so.", "Well 3.5 stars Good or so"),
]
UNCHANGED = [
    ("pronoun_gender", "This is the theme of others, nothing here shelters."),
    ("names", "nothing of the kind, John's sister aside."[:24]),
    ("negation", "Dull."),
    ("negation", "A knot, a notion."),
    ("contraction", "Dull."),
    ("punctuation", "no marks 3.5 here"),
    ("typos", "So it is all"),
    ("tense", "A gripping film."),
]


@pytest.mark.parametrize(("rule", "before", "after"), CHANGES)
def test_changes(rule: str, before: str, after: str):
    assert RULES[rule].rewrite(before, 0) == after


@pytest.mark.parametrize(("rule", "text"), UNCHANGED)
def test_what_is_left_alone(rule: str, text: str):
    assert RULES[rule].rewrite(text, 0) == text


def test_typos_are_few_and_the_same_again():
    text = "Nothing happens while everybody waits for something better"
    typed = RULES["typos"].rewrite(text, 0)
    wrong = [(a, b) for a, b in zip(text.split(), typed.split(), strict=True) if a != b]
    assert len(wrong) == 2
    for before, after in wrong:
        assert sorted(before) == sorted(after)
        assert (before[0], before[-1]) == (after[0], after[-1])
        assert sum(a != b for a, b in zip(before, after, strict=True)) == 2
    assert RULES["typos"].rewrite(text, 0) == typed
    assert RULES["typos"].rewrite(text, 1) != typed


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("text", ["", " ", "\ud800", "ẞß İı Ǆ", "…" * 100, "a" * 10_000, "שלום, עולם! 3.5"])
def test_no_text_breaks_a_rule(rule: object, text: str):
    assert isinstance(rule.rewrite(text, 0), str)  # type: ignore[attr-defined]


def test_rules_of_ones_own():
    assert own_rule(r"\b(\w+) film\b", r"film \1").rewrite("a good film", 0) == "a film good"
    assert [rule.id for rule in rules_of((), ())] == list(RULES)
    assert [rule.label for rule in rules_of((), (("a", "b"),))] == ["a → b"]
    assert [rule.id for rule in rules_of(("typos",), (("a", "b"),))] == ["typos", "own:a→b"]
    for bad in (("(", ""), ("a", r"\2")):
        with pytest.raises(UserError) as caught:
            rules_of((), (bad,))
        assert caught.value.kind == "pattern"
    with pytest.raises(UserError, match="no rule"):
        rules_of(("gone",), ())
    with pytest.raises(UserError, match="takes too long"):
        own_rule(r"(a|aa)+$", "").rewrite("a" * 5000 + "b", 0)
