"""Attention over the window, token by token: against Keras's formulas, and what cannot be asked."""

import io
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.attention.history import attend_history
from engine.attention_maps import AttentionFile, AttentionResult
from engine.errors import UserError
from engine.export.attention_files import attention_to_json, attention_to_npz
from engine.jobs import Partial, run
from engine.models.model import TextModel
from engine.models.textgenrnn import TextgenrnnModel
from engine.requests import AttentionFileRequest, AttentionRequest, Generation, TextInput
from tests.engine.models.keras_files import (
    CHARACTERS,
    WORDS,
    KerasModel,
    answer_of,
    config_of,
    features_of,
    padded,
    random_model,
    write_model,
)
from tests.engine.tiny_models import opened

WINDOW = 6
META = CHARACTERS.index("<s>") + 1


@pytest.fixture(scope="module")
def literal() -> KerasModel:
    return random_model(cudnn=True, seed=5)


@pytest.fixture(scope="module")
def model(literal: KerasModel, tmp_path_factory: pytest.TempPathFactory) -> TextgenrnnModel:
    """One that hardly ever ends by itself."""
    literal.bias[META] -= 8.0
    return textgenrnn(write_model(tmp_path_factory.mktemp("chars"), literal, config=config_of(literal)))


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> TextgenrnnModel:
    made = random_model(WORDS)
    return textgenrnn(write_model(tmp_path_factory.mktemp("words"), made, WORDS, config=config_of(made, word_level=True)))


def textgenrnn(path: Path) -> TextgenrnnModel:
    found = opened(path)
    assert isinstance(found, TextgenrnnModel)
    return found


def attended(model: TextModel, text: str, **generation: Any) -> AttentionResult:
    return run(attend_history(model, AttentionRequest(model.info.sha256, TextInput(text), Generation(**generation))))


@pytest.mark.parametrize("text", ["a", "bad", "abcde", "jig, fade a bag."])
def test_every_token_is_read_from_its_window(text: str, model: TextgenrnnModel, literal: KerasModel):
    """Attention, the token's logit, and what each step of the window adds to it."""
    result = attended(model, text)
    history = result.history
    assert history is not None
    ids = [META, *(CHARACTERS.index(c) + 1 for c in text)]
    assert [token.id for token in result.input.tokens] == ids
    assert (result.prompt, history.start, len(history.patterns)) == (len(ids), 1, len(text))
    for step, chosen in enumerate(ids[1:]):
        window = padded(ids[: step + 1], WINDOW)
        x = np.concatenate(features_of(literal, window), axis=1)
        attention = answer_of(literal, window)[1]
        np.testing.assert_allclose(history.patterns[step], attention, atol=1e-5)
        np.testing.assert_allclose(history.contributions[step], attention * (x @ literal.kernel[:, chosen]), atol=1e-5)
        logit = attention @ x @ literal.kernel[:, chosen] + literal.bias[chosen]
        assert history.logit[step] == pytest.approx(logit, abs=1e-5)
        assert history.contributions[step].sum() + history.bias[step] == pytest.approx(history.logit[step], abs=1e-5)
    np.testing.assert_allclose(history.patterns.sum(1), 1.0, atol=1e-6)


def test_the_window_says_what_stands_in_it(model: TextgenrnnModel):
    history = attended(model, "abcdefg").history
    assert history is not None
    assert history.tokens[0] == ("<pad>",) * 5 + ("<s>",)
    assert history.positions[0].tolist() == [-1, -1, -1, -1, -1, -2]
    assert history.tokens[2] == ("<pad>",) * 3 + ("<s>", "a", "b")
    assert history.positions[2].tolist() == [-1, -1, -1, -2, 1, 2]
    assert history.tokens[6] == ("a", "b", "c", "d", "e", "f")
    assert history.positions[6].tolist() == [1, 2, 3, 4, 5, 6]


def test_greedy_generation_is_keras_s(model: TextgenrnnModel, literal: KerasModel):
    """Step by step the likeliest token that is not padding, from the last six."""
    result = attended(model, "bad", tokens=12, alternatives=3)
    ids = [META, *(CHARACTERS.index(c) + 1 for c in "bad")]
    for token in result.generated:
        probabilities, _ = answer_of(literal, padded(ids, WINDOW))
        order = [int(i) for i in probabilities.argsort()[::-1] if i != 0]
        assert token.index == order[0]
        assert token.text == CHARACTERS[token.index - 1]
        assert token.probability == pytest.approx(probabilities[token.index], abs=1e-5)
        assert [a.index for a in token.alternatives] == order[:3]
        assert [a.probability for a in token.alternatives] == pytest.approx(probabilities[order[:3]].tolist(), abs=1e-5)
        ids.append(token.index)
    assert len(result.generated) == 12
    assert (result.cost.forward, result.cost.backward) == (3 + 12, 0)
    history = result.history
    assert history is not None
    assert len(history.patterns) == 3 + 12
    np.testing.assert_allclose(history.patterns[-1], answer_of(literal, padded(ids[:-1], WINDOW))[1], atol=1e-5)


def test_generated_tokens_count_on(model: TextgenrnnModel, words: TextgenrnnModel):
    for each, typed in ((model, "bad a"), (words, 'The "film')):
        result = attended(each, typed, tokens=8, temperature=2.0, seed=3)
        text = result.input.text
        assert text.startswith(typed)
        assert all(text[t.start : t.end] == t.text for t in result.input.tokens)
        assert len(result.input.tokens) == result.prompt + len(result.generated)
        assert [t.id for t in result.input.tokens[result.prompt :]] == [g.index for g in result.generated]
        assert result.history is not None
        assert result.history.positions[-1][-1] == len(result.input.tokens) - 2


def test_padding_is_never_written(literal: KerasModel, tmp_path: Path):
    bias = literal.bias.copy()
    bias[0] += 50.0
    certain = replace(literal, bias=bias)
    model = textgenrnn(write_model(tmp_path, certain, config=config_of(certain)))
    for temperature in (None, 1.0):
        result = attended(model, "a", tokens=5, temperature=temperature)
        assert all(token.index != 0 for token in result.generated)
        assert all(a.index != 0 for token in result.generated for a in token.alternatives)


def test_a_sample_follows_the_probabilities(model: TextgenrnnModel, literal: KerasModel):
    """300 seeds, temperature 1: the shares of the first token."""
    expected, _ = answer_of(literal, padded([META, 1], WINDOW))
    drawn = Counter(attended(model, "a", tokens=1, temperature=1.0, seed=seed).generated[0].index for seed in range(300))
    shares = np.array([drawn[i] / 300 for i in range(len(expected))])
    assert np.abs(shares - expected).max() < 0.1
    likeliest = sorted(range(1, len(expected)), key=lambda i: -expected[i])[:2]
    kept = {attended(model, "a", tokens=1, temperature=3.0, top_k=2, seed=seed).generated[0].index for seed in range(40)}
    assert kept == set(likeliest)


def test_the_same_seed_writes_the_same(model: TextgenrnnModel):
    one, same, other = (attended(model, "a", tokens=20, temperature=1.5, seed=seed).input.text for seed in (1, 1, 2))
    assert one == same != other


def test_a_forced_token_changes_what_follows_and_not_what_is_drawn(model: TextgenrnnModel):
    free = attended(model, "bad", tokens=6, temperature=1.0)
    instead = next(c for c in "abcdefghij" if c != free.generated[2].text)
    forced = attended(model, "bad", tokens=6, temperature=1.0, forced=((2, instead),))
    assert [t.index for t in forced.generated[:2]] == [t.index for t in free.generated[:2]]
    assert (forced.generated[2].text, forced.generated[2].forced) == (instead, True)
    assert forced.generated[2].alternatives == free.generated[2].alternatives
    assert not forced.generated[3].forced
    same = attended(model, "bad", tokens=6, temperature=1.0, forced=((2, free.generated[2].text),))
    assert [t.index for t in same.generated] == [t.index for t in free.generated]


def test_a_forced_word_is_read_as_a_word_is(words: TextgenrnnModel):
    assert attended(words, "a", tokens=1, forced=((0, " Film"),)).generated[0].text == "film"


def test_every_checkpoint_can_be_asked(tmp_path: Path):
    literals = [random_model(seed=n) for n in range(2)]
    for n, made in enumerate(literals):
        write_model(tmp_path, made, name=f"x_weights_epoch_{n}", config=config_of(made))
    model = textgenrnn(tmp_path)
    for name, made in (("epoch 0", literals[0]), ("epoch 1", literals[1]), (None, literals[1])):
        result = attended(model, "a", checkpoint=name)
        assert result.checkpoints == ("epoch 0", "epoch 1")
        assert result.history is not None
        np.testing.assert_allclose(result.history.patterns[0], answer_of(made, padded([META], WINDOW))[1], atol=1e-5)
    with pytest.raises(UserError, match="no checkpoint “epoch 7”"):
        attended(model, "a", checkpoint="epoch 7")


def test_what_is_written_is_told_while_it_is(model: TextgenrnnModel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.attention.history.STEP_SECONDS", 0.0)
    seen: list[Partial] = []
    request = AttentionRequest(model.info.sha256, TextInput("bad"), Generation(tokens=4))
    result = run(attend_history(model, request), seen.append)
    told = [partial.result for partial in seen if partial.doing == "Writing"]
    assert result.history is not None
    for count, so_far in enumerate(told, 1):
        assert isinstance(so_far, AttentionResult)
        assert so_far.history is not None
        assert so_far.generated == result.generated[:count]
        assert so_far.input.tokens == result.input.tokens[: result.prompt + count]
        np.testing.assert_array_equal(so_far.history.patterns, result.history.patterns[: len(so_far.history.patterns)])
    assert len(told) == 4


def test_a_long_text_is_read_in_batches(model: TextgenrnnModel, literal: KerasModel):
    text = "bad jig, " * 150
    result = attended(model, text)
    assert result.history is not None
    assert len(result.history.patterns) == len(text)
    step = 1_000
    ids = [CHARACTERS.index(c) + 1 for c in text]
    np.testing.assert_allclose(result.history.patterns[step], answer_of(literal, ids[step - WINDOW : step])[1], atol=1e-5)


def test_a_generation_that_ends_at_once(words: TextgenrnnModel, model: TextgenrnnModel):
    result = attended(words, "a", tokens=5, forced=((0, "<s>"),))
    (token,) = result.generated
    assert (token.text, result.input.tokens[-1].special, result.input.text) == ("<s>", True, "a")
    assert "ended at once" in result.warnings[-1].message
    later = attended(words, "a", tokens=5, forced=((0, "film"), (1, "is"), (2, "<s>")))
    assert "after 3 of 5 tokens" in later.warnings[-1].message
    assert not [w for w in attended(model, "a", tokens=3).warnings if w.kind == "ended"]


@pytest.mark.parametrize(
    ("generation", "said"),
    [
        ({"tokens": -1}, "negative"),
        ({"tokens": 1, "alternatives": -1}, "negative"),
        ({"tokens": 1, "temperature": 0.0}, "above zero"),
        ({"tokens": 1, "temperature": float("nan")}, "above zero"),
        ({"tokens": 1, "top_k": 0}, "At least one"),
        ({"tokens": 1, "top_p": 0.0}, "above 0"),
        ({"tokens": 1, "top_p": 1.5}, "above 0"),
        ({"tokens": 2, "forced": ((2, "film"),)}, "step 2"),
        ({"tokens": 2, "forced": ((0, "zebra"),)}, "“zebra” is not in the model's vocabulary"),
        ({"tokens": 2, "forced": ((0, "<pad>"),)}, "“<pad>” is not in the model's vocabulary"),
        ({"tokens": 30_000_000}, "more than can be shown"),
    ],
)
def test_what_cannot_be_written(generation: dict[str, Any], said: str, words: TextgenrnnModel):
    with pytest.raises(UserError) as caught:
        attended(words, "a film", **generation)
    assert said in caught.value.message
    assert len(caught.value.message.splitlines()) == 1


def test_an_empty_text(words: TextgenrnnModel):
    with pytest.raises(UserError, match="no text yet"):
        attended(words, "  ")


def test_a_model_without_a_window(tiny_language_model: TextModel):
    with pytest.raises(UserError, match="no attention layer"):
        attended(tiny_language_model, "a b")


def test_a_text_for_a_decoder(model: TextgenrnnModel):
    request = AttentionRequest(model.info.sha256, TextInput("bad"), decoder_text="a")
    with pytest.raises(UserError, match="leave the decoder's text out"):
        run(attend_history(model, request))


def test_the_model_is_as_it_came_at_every_yield(model: TextgenrnnModel):
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}

    def check(_: Partial) -> None:
        assert torch.is_grad_enabled()
        assert not model.network.training
        assert not any(m._forward_hooks or m._forward_pre_hooks or "forward" in vars(m) for m in model.network.modules())
        assert all(p.grad is None and not p.requires_grad for p in model.network.parameters())

    run(attend_history(model, AttentionRequest(model.info.sha256, TextInput("bad jig"), Generation(tokens=3))), check)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.network.state_dict().items())


def test_what_goes_into_a_file(model: TextgenrnnModel):
    read = attended(model, "bad")
    arrays, meta = filed(read)
    assert read.history is not None
    np.testing.assert_array_equal(arrays["history_patterns"], read.history.patterns)
    assert meta["history_tokens"][0] == ["<pad>"] * 5 + ["<s>"]
    result = attended(model, "bad", tokens=4)
    arrays, meta = filed(result)
    assert result.history is not None
    for name in ("patterns", "positions", "contributions", "bias", "logit"):  # step s is the s-th token that was generated
        np.testing.assert_array_equal(arrays[f"history_{name}"], getattr(result.history, name)[3:])
        np.testing.assert_array_equal(arrays[f"prompt_history_{name}"], getattr(result.history, name)[:3])
    assert arrays["history_patterns"].shape == (4, WINDOW)
    assert meta["history_tokens"][0] == ["<pad>", "<pad>", "<s>", "b", "a", "d"]
    assert meta["prompt_history_tokens"][0] == ["<pad>"] * 5 + ["<s>"]
    written = json.loads(attention_to_json(AttentionFile(AttentionFileRequest(result.request), result, {}, None)))
    assert np.shape(written["history_tokens"]) == np.shape(written["history_patterns"]) == (4, WINDOW)


def filed(result: AttentionResult) -> tuple[dict[str, np.ndarray], dict[str, list[list[str]]]]:
    content = attention_to_npz(AttentionFile(AttentionFileRequest(result.request), result, {}, None))
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays), json.loads(arrays["meta"].tobytes())
