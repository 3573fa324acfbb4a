"""Rows of a generation in the window and over the text, against literal loops; the difference of two branches; sentences."""

import csv
import io
import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from engine.attention_film import (
    PADDING,
    UNSEEN,
    Film,
    difference,
    difference_in_words,
    entry_in_words,
    film_of,
    floor_of,
    logit_in_words,
    padding_in_words,
    scaled,
    shown_tokens,
    step_in_words,
)
from engine.attention_maps import Alternative, AttentionResult, GeneratedToken, HeadMap, History
from engine.errors import UserError
from engine.export.film_files import FILM_KINDS
from engine.requests import AttentionRequest, Generation, HeadRequest, TextInput
from engine.results import Cost, ModelInfo, Token, TokenizedText

WINDOW, PROMPT, STEPS = 6, 3, 5
MODEL = ModelInfo(
    "/writer", "textgenrnn", "causal_lm", (), "single_label", 1, "float32", 1, 1, "word", (), (), None, ("generation",), (), "ab"
)  # fmt: skip
COST = Cost(1, 0, 0.1, "cpu")


def document(words: list[str], meta: bool) -> TokenizedText:
    tokens, text = [Token("", "<s>", 9, 0, 0, True)] if meta else [], ""
    for number, word in enumerate(words):
        start = len(text) + bool(text)
        text = f"{text} {word}".strip()
        tokens.append(Token(word, word, number, start, start + len(word), False))
    return TokenizedText(text, tuple(tokens))


def written(words: list[str], forced: frozenset[int] = frozenset()) -> tuple[GeneratedToken, ...]:
    return tuple(
        GeneratedToken(word, at, 0.5 / (at + 1), (Alternative("other", 7, 0.2),), at in forced) for at, word in enumerate(words)
    )


def request(**generation: object) -> AttentionRequest:
    return AttentionRequest("ab", TextInput("a b"), Generation(tokens=STEPS, **generation))  # type: ignore[arg-type]


def recurrent(seed: int = 0, steps: int = STEPS, **generation: object) -> AttentionResult:
    """<s> a b, and then so many words."""
    words = [f"w{at}" for at in range(steps)]
    rng, rows = np.random.default_rng(seed), PROMPT - 1 + steps  # nothing chose <s>
    patterns = rng.dirichlet(np.ones(WINDOW), rows).astype(np.float32)
    contributions = rng.normal(size=(rows, WINDOW)).astype(np.float32)
    bias = rng.normal(size=rows).astype(np.float32)
    positions = np.array([np.arange(at - WINDOW, at) for at in range(1, 1 + rows)])
    positions[positions < 0] = -1
    positions[positions == 0] = -2
    logit = contributions.astype(np.float64).sum(-1) + bias
    history = History(patterns, (("?",) * WINDOW,) * rows, positions, contributions, bias, logit.astype(np.float32), 1)
    text = document(["a", "b", *words], meta=True)
    return AttentionResult(request(**generation), MODEL, text, PROMPT, (), written(words), history, None, COST)


def transformer(seed: int = 0, steps: int = STEPS, stack: str = "self") -> tuple[AttentionResult, HeadMap]:
    words = [f"w{at}" for at in range(steps)]
    text = document(["x", "a", "b", *words], meta=False)
    queries = PROMPT + steps - 1
    rng = np.random.default_rng(seed)
    keys = text.tokens[:queries] if stack == "self" else document(["s1", "s2", "s3", "s4"], meta=False).tokens
    scores = rng.random((queries, len(keys))).astype(np.float32)
    if stack == "self":
        scores = np.tril(scores)
    pattern = scores / scores.sum(axis=1, keepdims=True)
    asked = request()
    source = document(["s1", "s2", "s3", "s4"], meta=False)
    read, decoder = (text, None) if stack == "self" else (source, text)
    result = AttentionResult(asked, MODEL, read, PROMPT, (), written(words), None, None, COST, decoder_input=decoder)
    how = HeadRequest(asked, stack, 1, 2)  # type: ignore[arg-type]
    return result, HeadMap(how, text.tokens[:queries], keys, stack == "self", pattern, "weight", None, COST)


def film(result: AttentionResult, shown: HeadMap | None = None) -> Film:
    made = film_of(result, shown)
    assert made is not None
    return made


def test_a_history_begins_where_writing_does() -> None:
    result = recurrent()
    assert result.history is not None
    made = film(result)
    np.testing.assert_array_equal(made.weights, result.history.patterns[PROMPT - 1 :])
    for step in range(STEPS):
        for place in range(WINDOW):
            at = PROMPT + step - WINDOW + place
            assert made.positions[step, place] == (at if at >= 0 else PADDING)


def test_over_the_text_every_weight_stands_at_its_token() -> None:
    made = film(recurrent())
    over = made.in_text(made.weights)
    assert made.names() == ["<pad>", "<s>", "“a”".strip("“”"), "b", "w0", "w1", "w2", "w3"]
    for step in range(STEPS):
        padding = 0.0
        for place in range(WINDOW):
            position = int(made.positions[step, place])
            if position == PADDING:
                padding += float(made.weights[step, place])
            else:
                assert over[step, 1 + position] == made.weights[step, place]
                assert made.place(1 + position, step) == place
                assert made.column(place, step) == 1 + position
        if (made.positions[step] == PADDING).any():
            assert over[step, 0] == pytest.approx(padding, abs=1e-6)
        else:
            assert np.isnan(over[step, 0])
        assert np.nansum(over[step]) == pytest.approx(1.0, abs=1e-5)
    assert np.isnan(over[0, 1 + PROMPT :]).all()  # not written yet
    assert made.place(1 + PROMPT + 2, 0) == -1


def test_a_heads_rows_are_those_of_the_last_query_before_each_step() -> None:
    result, shown = transformer()
    made = film(result, shown)
    assert not made.padded
    over = made.in_text(made.weights)
    for step in range(STEPS):
        seen = PROMPT + step
        np.testing.assert_array_equal(over[step, :seen], shown.pattern[seen - 1, :seen])
        np.testing.assert_array_equal(made.weights[step, -seen:], shown.pattern[seen - 1, :seen])
        assert np.isnan(over[step, seen:]).all()
        assert np.isnan(made.weights[step, :-seen]).all()
        assert made.positions[step, -1] == seen - 1
        assert (made.positions[step, :-seen] == UNSEEN).all()
    assert [token.text for token in shown_tokens(made, 1)] == ["x", "a", "b", "w0", "w1"]


def test_what_is_written_looks_at_a_source_that_stands_still() -> None:
    result, shown = transformer(stack="cross")
    made = film(result, shown)
    assert not made.moves
    np.testing.assert_array_equal(made.weights, shown.pattern[PROMPT - 1 :])
    np.testing.assert_array_equal(made.in_text(made.weights), made.weights)
    assert made.names() == ["s1", "s2", "s3", "s4"]
    assert "back" not in entry_in_words(made, 1, 2)


def test_nothing_written_or_no_map_yet() -> None:
    result, _ = transformer()
    assert film_of(result) is None
    assert film_of(replace(result, generated=())) is None
    assert film_of(replace(recurrent(), generated=())) is None


def test_one_token_written() -> None:
    result, shown = transformer(steps=1)
    assert film(result, shown).weights.shape == (1, PROMPT)
    assert film(recurrent(steps=1)).weights.shape == (1, WINDOW)


@pytest.mark.parametrize("steps", [STEPS, 3])
def test_the_difference_of_two_branches_is_aligned_by_step_and_token(steps: int) -> None:
    first, second = film(*transformer(0)), film(*transformer(1, steps))
    both = difference(first, second, "weights")
    here, there, over = first.in_text(first.weights), second.in_text(second.weights), both.in_text()
    for step in range(steps):
        for key in range(PROMPT + step):
            assert over[step, key] == here[step, key] - there[step, key]
    assert over.shape == (steps, PROMPT + steps - 1)


def test_the_difference_of_two_histories() -> None:
    first, second = film(recurrent(0)), film(recurrent(1, 4))
    both = difference(first, second, "contributions")
    assert first.history is not None
    assert second.history is not None
    np.testing.assert_array_equal(both.values, first.history.contributions[:4] - second.history.contributions[:4])
    words = difference_in_words(both, 2, 5, "weights")
    assert words.startswith("Step 3 · trunk “w2” → “w1”, branch “w2” → “w1” · ")


def test_scales_keep_sign_and_order() -> None:
    values = np.array([-1.0, -0.04, -1e-9, 0.0, 1e-9, 0.04, 1.0, 3.0, np.nan])
    np.testing.assert_allclose(scaled(values, 2.0, "linear")[[0, 6, 7]], [-0.5, 0.5, 1.0])
    np.testing.assert_allclose(scaled(values, 1.0, "root")[[1, 5]], [-0.2, 0.2])
    assert scaled(np.array([floor_of(2.0)]), 2.0, "log")[0] == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(scaled(np.array([2.0, 0.2, 0.02]), 2.0, "log"), [1.0, 0.75, 0.5])
    for scale in ("linear", "root", "log"):
        found = scaled(values, 1.0, scale)  # type: ignore[arg-type]
        assert np.isnan(found[-1])
        assert (np.diff(found[:-1]) >= 0).all()
        assert found[3] == 0.0
    np.testing.assert_array_equal(scaled(np.array([0.0, np.nan]), 0.0, "root"), [0.0, np.nan])


def test_what_is_read_out() -> None:
    made = film(recurrent())
    row = made.weights[1]
    rank = 1 + int((row > row[5]).sum())
    words = entry_in_words(made, 1, 5)
    assert words.startswith("Step 2, “w1” → “w0”, 1 back · weight 0.")
    assert f" · rank {rank} of 6 · adds " in words
    assert words.endswith(" to its logit")
    assert entry_in_words(made, 0, 0).startswith("Step 1, “w0” → <pad>, 6 back")
    assert entry_in_words(made, 0, 3).startswith("Step 1, “w0” → <s>, 3 back")
    assert entry_in_words(made, STEPS, 0) == ""
    assert padding_in_words(made, 0, "weights").startswith("3 places of <pad> · weight 0.")
    assert padding_in_words(made, STEPS - 1, "weights") == ""
    head = film(*transformer())
    assert entry_in_words(head, 0, 0) == entry_in_words(head, 0, -1) == "Step 1, “w0” · out of its sight"
    assert step_in_words(written(["a", "b"], frozenset({1})), 1) == "Step 2 of 2: “b” · probability 0.250 · forced"


def test_the_logit_and_its_parts_add_up_as_they_are_written() -> None:
    made = film(recurrent())
    words = logit_in_words(made, 2).replace("−", "-")
    logit = float(words.split(" = ")[0].split()[-1])
    bias, total = (float(part.split()[0].removeprefix("bias ")) for part in words.split("bias ")[1].split(" + "))
    assert logit == pytest.approx(bias + total, abs=0.002)
    assert logit_in_words(film(*transformer()), 0) == ""


def test_as_files() -> None:
    result = recurrent()
    rows = list(csv.DictReader(io.StringIO(FILM_KINDS[".csv"][1](result, None).decode())))
    made = film(result)
    assert len(rows) == STEPS * WINDOW
    last = rows[-1]
    assert (last["step"], last["written"], last["back"], last["text"]) == ("4", "w4", "1", "w3")
    assert np.float32(last["weight"]) == made.weights[-1, -1]
    with np.load(io.BytesIO(FILM_KINDS[".npz"][1](result, None))) as arrays:
        assert result.history is not None
        np.testing.assert_array_equal(arrays["history_patterns"], result.history.patterns[-STEPS:])
    of_head, shown = transformer()
    over = film(of_head, shown).in_text(film(of_head, shown).weights)
    with np.load(io.BytesIO(FILM_KINDS[".npz"][1](of_head, shown))) as arrays:
        assert arrays["generated_patterns"].shape == (STEPS, 1, 1, PROMPT + STEPS - 1)
        np.testing.assert_array_equal(arrays["generated_patterns"][:, 0, 0], over)
        assert json.loads(arrays["meta"].tobytes())["layer"] == 1
    assert len(FILM_KINDS[".csv"][1](of_head, shown).decode().splitlines()) == 1 + sum(PROMPT + step for step in range(STEPS))
    for saved in (FILM_KINDS[".svg"][1](result, None), FILM_KINDS[".svg"][1](of_head, shown)):
        picture = ElementTree.fromstring(saved)
        texts = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
        assert "w4" in texts
        assert any(text is not None and text.startswith("writer · ") for text in texts)
    merged = replace(shown, request=replace(shown.request, head="mean"))
    with pytest.raises(UserError, match="single head"):
        FILM_KINDS[".npz"][1](of_head, merged)
    assert len(FILM_KINDS[".csv"][1](replace(result, generated=()), None).splitlines()) == 1
