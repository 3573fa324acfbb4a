"""Ready hypotheses, read off small texts by eye: under each text the positions that are meant."""

import time

import numpy as np
import pytest

from engine.errors import UserError
from engine.recurrent.predicates import PREDICATES, predicate_named

CODE = '''def f(a, b=[1, (2)]):  # it's "x"
    """Doc 'in' here."""
    if a == 'don\\'t':
        return {"k": rb"v"}

        # c
    elif (b
          and x[1:2]): pass
    y = "she's" + u'é'
'''


def meant(name: str, text: str) -> list[str]:
    """The stretches that a predicate marks."""
    labels = PREDICATES[name].of(text)
    assert labels.shape == (len(text),)
    edges = np.flatnonzero(np.diff(labels.astype(bool), prepend=False, append=False)).reshape(-1, 2)
    return [text[a:b] for a, b in edges]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("inside_quotes", ['"""Doc \'in\' here."""', "'don\\'t'", '"k"', '"v"', '"she\'s"', "'é'"]),
        ("inside_single_quotes", ["'don\\'t'", "'é'"]),
        ("inside_double_quotes", ['"k"', '"v"', '"she\'s"']),
        ("inside_triple_quotes", ['"""Doc \'in\' here."""']),
        ("string", ['"""Doc \'in\' here."""', "'don\\'t'", '"k"', 'rb"v"', '"she\'s"', "u'é'"]),
        ("comment", ['# it\'s "x"', "# c"]),
        ("inside_brackets", ["(a, b=[1, (2)])", '{"k": rb"v"}', "(b\n          and x[1:2])"]),
        ("inside_parentheses", ["(a, b=[1, (2)])", "(b\n          and x[1:2])"]),
        ("inside_square_brackets", ["[1, (2)]", "[1:2]"]),
        ("inside_braces", ['{"k": rb"v"}']),
        ("if_statement", ["if a == 'don\\'t':", "elif (b\n          and x[1:2]):"]),
        ("if_body", ['\n        return {"k": rb"v"}\n', " pass\n"]),
        ("digit", ["1", "2", "1", "2"]),
        ("capital_word", ["Doc"]),
    ],
)
def test_what_is_meant_in_code(name: str, wanted: list[str]):
    assert meant(name, CODE) == wanted


def test_prose():
    text = "It's dogs' day. “Yes,\nshe said”, \"no\"; see https://a.b/c?d=1). Éva ran! And then..."
    assert meant("inside_double_quotes", text) == ["“Yes,\nshe said”", '"no"']
    assert meant("inside_single_quotes", text) == []
    assert meant("url", text) == ["https://a.b/c?d=1"]
    assert meant("capital_word", text) == ["It's"[:2], "Yes", "Éva", "And"]
    assert meant("end_of_sentence", text) == [".", ".", "!", "..."]


def test_degrees():
    text = "f(a[b])\n\tif x:\n\t\ty\n\n z"
    assert list(PREDICATES["bracket_depth"].of(text)[:7]) == [0, 1, 1, 2, 2, 2, 1]
    assert list(PREDICATES["since_newline"].of(text)[6:11]) == [6, 7, 0, 1, 2]
    assert list(PREDICATES["position_in_line"].of(text)[6:12]) == [6, 7, 0, 0, 1, 2]
    indentation = PREDICATES["indentation_depth"].of(text)
    assert [indentation[at] for at in (0, 8, 15, text.index("y"), len(text) - 1)] == [0, 8, 16, 16, 1]


def test_what_never_closes_is_no_string_and_holds_nothing():
    text = "a ( b \" c\n'd (e) [f} {"
    assert meant("inside_quotes", text) == []
    assert meant("inside_brackets", text) == ["(e)"]


@pytest.mark.parametrize("name", list(PREDICATES))
def test_any_text_will_do(name: str):
    for text in ("", "\n", "\r\n\r", '"""', "\\", ")", "\ud800", "#", "if", "if:", "\t" * 9, "a" * 50):
        labels = PREDICATES[name].of(text)
        assert labels.shape == (len(text),)
        assert labels.dtype == (np.float32 if PREDICATES[name].graded else np.bool_)


@pytest.mark.parametrize(
    "text", ['"' * 50_000, "'\\" * 25_000, '"""\\"' * 12_000, "(" * 50_000, "([{" * 9_000 + ")", "“" * 20_000]
)
def test_hostile_texts_take_no_longer_than_others(text: str):
    start = time.perf_counter()
    PREDICATES["inside_quotes"].of(text)
    PREDICATES["if_body"].of(text)
    assert time.perf_counter() - start < 20


def test_an_unknown_predicate_names_those_there_are():
    with pytest.raises(UserError, match="inside_quotes"):
        predicate_named("nonsense")
