"""Attention received beside TF-IDF: every number against its formula, for transformers and a model that looks back."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.attention.captures import Captures
from engine.attention.ranks import spearman
from engine.attention.sight import seen_by
from engine.attention.tfidf import from_history, standing_out
from engine.attention_maps import AttentionResult, History, TfidfResult
from engine.errors import UserError
from engine.jobs import run
from engine.models.huggingface import HuggingFaceModel
from engine.models.model import TextModel
from engine.requests import AttentionRequest, Generation, TextInput, TfidfRequest
from engine.results import FloatArray, Token
from engine.workbench import Workbench
from tests.engine.attention.attending import asked, eager_maps, maps, opened, working
from tests.engine.models.keras_files import WORDS, config_of, random_model, write_model
from tests.engine.tiny_models import opened as opened_at

TEXT = "It is a film. Some people talk, others listen. It ends."
DOCUMENTS = ("a film, a film", "People talk. It is so.", "it ends")


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number, text in enumerate(DOCUMENTS):
        (folder / f"{number}.txt").write_text(text)
    return str(folder)


def literal_tfidf(text: str, documents: Sequence[str]) -> list[float]:
    """TF × IDF of every word of ``text``, as the docstring has it."""
    words = re.findall(r"[a-z']+", text.lower())
    holding = [sum(word in re.findall(r"[a-z']+", each.lower()) for each in documents) for word in words]
    return [
        words.count(word) / len(words) * (math.log((1 + len(documents)) / (1 + held)) + 1)
        for word, held in zip(words, holding, strict=True)
    ]


def answered(model: TextModel, request: TfidfRequest) -> TfidfResult:
    workbench = Workbench()
    workbench._model = model
    result = run(workbench.job_for(request))
    assert isinstance(result, TfidfResult)
    return result


def literal_points(text: str, tokens: Sequence[Token], received: FloatArray, seen: FloatArray) -> list[tuple[str, float, int]]:
    """(word, attention, age) by looking at every token for every word."""
    found = []
    for match in re.finditer(r"[A-Za-z']+", text):
        own = [
            at
            for at, token in enumerate(tokens)
            if not token.special and token.start < match.end() and token.end > match.start() and at < len(seen) and seen[at]
        ]
        if own:
            found.append((match.group(), sum(float(received[at]) for at in own), int(max(seen[at] for at in own))))
    return found


def assert_points(result: TfidfResult, expected: list[tuple[str, float, int]]) -> None:
    assert [point.word for point in result.occurrences] == [word for word, _, _ in expected]
    assert [point.age for point in result.occurrences] == [age for _, _, age in expected]
    np.testing.assert_allclose([point.attention for point in result.occurrences], [a for _, a, _ in expected], rtol=1e-5)


def test_a_transformer_that_reads_forwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corpus: str):
    model = opened("gpt2", tmp_path / "model", monkeypatch)
    result = answered(model, TfidfRequest(asked(model, TEXT), (corpus,), layer=1, head=1))
    assert (result.documents, result.kinds, result.ages_differ) == (3, ("files",), True)
    np.testing.assert_allclose([point.tfidf for point in result.occurrences], literal_tfidf(TEXT, DOCUMENTS))
    weights = maps(model, asked(model, TEXT))["self"][1][1].numpy()
    tokens = model.encode(asked(model, TEXT).input).input.tokens
    received = np.array([weights[at:, at].mean() for at in range(len(tokens))])  # the queries from its own on see a token
    assert_points(result, literal_points(TEXT, tokens, received, len(tokens) - np.arange(len(tokens))))
    attention, tfidf, left = (
        np.array([getattr(point, name) for point in result.occurrences]) for name in ("attention", "tfidf", "without_age")
    )
    assert result.correlation == pytest.approx(spearman(attention, tfidf))
    assert result.correlation_without_age == pytest.approx(spearman(left, tfidf))
    np.testing.assert_allclose(left, attention / np.array([point.expected for point in result.occurrences]))
    first = result.occurrences[0]
    assert (first.count, first.documents) == (2, 2)  # “It”: twice in the text, in two of three documents
    assert result.chance == pytest.approx(1.96 / math.sqrt(10))
    assert [notice.message for notice in result.warnings] == [
        "3 of the text's 10 different words are in no document and count as rarest."
    ]


def test_what_is_written_counts_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corpus: str):
    model = opened("gpt2", tmp_path / "model", monkeypatch, endless=True)
    request = asked(model, TEXT, tokens=6)
    result = answered(model, TfidfRequest(request, (corpus,), layer=0, head="maximum"))
    capture = run(Captures().of(model, request))
    weights = maps(model, request)["self"][0].amax(0).numpy()
    keys = len(capture.stacks["self"].keys)
    assert keys == capture.prompt + 5  # the last one was never read
    assert result.text == capture.input.text
    received = np.array([weights[at:, at].mean() for at in range(keys)])
    points = literal_points(result.text, capture.stacks["self"].keys, received, keys - np.arange(keys))
    assert len(result.occurrences) >= 11
    np.testing.assert_allclose([p.attention for p in result.occurrences][:11], [a for _, a, _ in points][:11], rtol=1e-5)
    assert result.occurrences[0].age == keys


def test_a_bare_encoder_has_no_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corpus: str):
    model = opened("bert", tmp_path / "model", monkeypatch)
    result = answered(model, TfidfRequest(asked(model, TEXT), (corpus,), layer=1))
    weights = maps(model, asked(model, TEXT))["self"][1].mean(0).numpy()
    tokens = model.encode(asked(model, TEXT).input).input.tokens
    assert_points(result, literal_points(TEXT, tokens, weights.mean(0), np.full(len(tokens), len(tokens))))
    assert not result.ages_differ
    assert result.correlation_without_age == result.correlation
    assert np.median([point.without_age for point in result.occurrences]) == pytest.approx(1)


def test_a_sliding_window_sees_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corpus: str):
    model = opened("mistral", tmp_path / "model", monkeypatch)
    request = asked(model, TEXT)
    stack = run(Captures().of(model, request)).stacks["self"]
    seen = seen_by(stack.layers[0], stack.causal)
    literal = (eager_maps(model, request)["self"][0] > 0).any(0).sum(0)
    np.testing.assert_array_equal(seen, literal)
    assert seen.max() == 6
    assert max(point.age for point in answered(model, TfidfRequest(request, (corpus,))).occurrences) == 6


@pytest.mark.parametrize("stack", ["self", "encoder", "decoder", "cross"])
def test_every_stack_of_an_encoder_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corpus: str, stack: str):
    model = opened("t5", tmp_path / "model", monkeypatch)
    request = asked(model, TEXT, "it is a film of people")
    result = answered(model, TfidfRequest(request, (corpus,), 1, 0, stack=stack))  # type: ignore[arg-type]
    of, text = ("encoder" if stack == "self" else stack), "it is a film of people" if stack == "decoder" else TEXT
    assert result.text == text
    weights = maps(model, request)[of][1][0].numpy()
    queries, keys = weights.shape
    seen = queries - np.arange(keys) if stack == "decoder" else np.full(keys, queries)
    tokens = run(Captures().of(model, request)).stacks[of].keys  # type: ignore[index]
    assert_points(result, literal_points(text, tokens, weights.sum(0) / seen, seen))
    assert result.ages_differ == (stack == "decoder")


def test_sinks_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corpus: str):
    model = opened("gpt2", tmp_path / "model", monkeypatch)
    result = answered(model, TfidfRequest(asked(model, TEXT), (corpus,), 0, 0, without_sinks=True))
    weights = maps(model, asked(model, TEXT))["self"][0][0].numpy().copy()
    weights[:, 0] = 0
    weights[1:] /= weights[1:].sum(1, keepdims=True)
    tokens = model.encode(asked(model, TEXT).input).input.tokens
    seen = len(tokens) - np.arange(len(tokens))
    seen[0] = 0
    assert_points(result, literal_points(TEXT, tokens, weights.sum(0) / np.maximum(seen, 1), seen))


@pytest.mark.parametrize(("tokens", "without_sinks"), [(0, False), (12, False), (12, True)])
def test_a_model_that_looks_back(tmp_path: Path, tokens: int, without_sinks: bool):
    """Step by step: what each step's window gave to each token of the whole text."""
    made = random_model(WORDS)
    model = opened_at(write_model(tmp_path / "words", made, WORDS, config=config_of(made, word_level=True)))
    known = [word for word in WORDS if word.isalpha()]
    text = " ".join((known * 6)[:14])
    (tmp_path / "corpus.txt").write_text("\n\n".join([known[0], " ".join(known), known[0]]))
    attention = AttentionRequest(model.info.sha256, TextInput(text), Generation(tokens=tokens, temperature=1.0, seed=3))
    result = answered(model, TfidfRequest(attention, (str(tmp_path / "corpus.txt"),), without_sinks=without_sinks))
    workbench = Workbench()
    workbench._model = model
    read = run(workbench.job_for(attention))
    assert isinstance(read, AttentionResult)
    assert read.history is not None
    count = len(read.input.tokens)
    total, seen = np.zeros(count), np.zeros(count)
    sink = [without_sinks and (at == 0 or token.special) for at, token in enumerate(read.input.tokens)]
    for weights, places in zip(read.history.patterns, read.history.positions, strict=True):
        held = [(place, float(weight)) for place, weight in zip(places, weights, strict=True) if place >= 0 and not sink[place]]
        whole = sum(weight for _, weight in held) if without_sinks else 1.0
        for place, weight in held:
            total[place] += weight / whole
            seen[place] += 1
    assert result.text == read.input.text
    assert_points(result, literal_points(result.text, read.input.tokens, total / np.maximum(seen, 1), seen))
    assert len(result.occurrences) >= 12


def test_a_history_is_averaged_over_the_steps_that_hold_a_token():
    history = History(
        patterns=np.array([[0.2, 0.8], [0.6, 0.4], [0.1, 0.9]], np.float32),
        tokens=(("<pad>", "a"), ("a", "b"), ("b", "c")),
        positions=np.array([[-1, 0], [0, 1], [1, 2]]),
        contributions=np.zeros((3, 2)),
        bias=np.zeros(3),
        logit=np.zeros(3),
    )
    received, seen = from_history(history, np.zeros(4, dtype=bool))
    np.testing.assert_allclose(received, [0.7, 0.25, 0.9, 0.0], atol=1e-6)
    np.testing.assert_array_equal(seen, [2, 2, 1, 0])
    received, seen = from_history(history, np.array([True, False, False, False]))
    np.testing.assert_allclose(received, [0.0, 0.55, 0.9, 0.0], atol=1e-6)  # (1 + 0.1) / 2: its row holds nothing else
    np.testing.assert_array_equal(seen, [0, 2, 1, 0])


def test_what_stands_out():
    """As factors: twice as much is as far off as half as much."""
    assert standing_out(np.array([1.0, 8.0, 1.0, 1.0, 4.0, 1.0])) == (1, 4)
    assert standing_out(np.array([1.0, 1 / 8, 1.0, 1.0])) == ()
    assert standing_out(np.ones(5)) == standing_out(np.zeros(3)) == standing_out(np.zeros(0)) == ()
    assert len(standing_out(np.array([1.0] * 200 + [9.0] * 20))) == 10


def test_few_words_have_no_correlation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "one.txt").write_text("it ends")
    model = opened("bert", tmp_path / "model", monkeypatch)
    result = answered(model, TfidfRequest(asked(model, "it ends"), (str(tmp_path / "one.txt"),)))
    assert result.correlation is result.correlation_without_age is None
    assert [notice.kind for notice in result.warnings] == ["one_document"]


@pytest.mark.parametrize(
    ("text", "corpus", "said"),
    [
        (". , !", "it ends", "There are no words in this text"),
        ("it ends", "vita brevis\n\nars longa", "None of the text's words is in the corpus"),
        ("it ends", "", "holds no text"),
        ("it ends", None, "There is no file or folder"),
    ],
)
def test_what_cannot_be_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, corpus: str | None, said: str):
    if corpus is not None:
        (tmp_path / "corpus.txt").write_text(corpus)
    model = opened("bert", tmp_path / "model", monkeypatch)
    with pytest.raises(UserError, match=said):
        answered(model, TfidfRequest(asked(model, text), (str(tmp_path / "corpus.txt"),)))


def test_what_the_model_does_not_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corpus: str):
    model = opened("bert", tmp_path / "model", monkeypatch)
    for wrong, said in (({"layer": 9}, "no layer 9"), ({"head": 9}, "no head 9"), ({"stack": "cross"}, "no cross attention")):
        with pytest.raises(UserError, match=said):
            answered(model, TfidfRequest(asked(model, TEXT), (corpus,), **wrong))  # type: ignore[arg-type]


def test_the_model_is_as_it_came_at_every_yield(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corpus: str):
    model = opened("gpt2", tmp_path / "model", monkeypatch)
    assert isinstance(model, HuggingFaceModel)
    for partial in working(model).job_for(TfidfRequest(asked(model, TEXT), (corpus,))):
        assert partial.result is None
        assert torch.is_grad_enabled()
        assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.network.modules())


def test_spearman_is_the_correlation_of_ranks():
    assert spearman(np.array([1.0, 5.0, 9.0]), np.array([2.0, 3.0, 40.0])) == pytest.approx(1)
    assert spearman(np.array([1.0, 2.0, 2.0, 3.0]), np.array([4.0, 3.0, 2.0, 1.0])) == pytest.approx(-0.9486832980505138)
    assert math.isnan(spearman(np.array([1.0, 1.0]), np.array([2.0, 3.0])))
    assert math.isnan(spearman(np.zeros(1), np.zeros(1)))
