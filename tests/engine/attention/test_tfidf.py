"""Attention received beside TF-IDF, with what age explains taken out."""

import math
from pathlib import Path

import numpy as np
import pytest

from engine.attention.documents import documents_of
from engine.attention.ranks import spearman
from engine.attention.tfidf import from_history, without_age
from engine.attention_maps import History, TfidfResult
from engine.errors import UserError
from engine.jobs import run
from engine.requests import TfidfRequest
from tests.engine.attention.attending import asked, maps, opened, working

TEXT = "It is a film. Some people talk, others listen. It ends."


def test_every_word_has_its_tfidf_age_and_attention(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, text in (("one", "a film, a film"), ("two", "People talk. It is so."), ("three", "it ends")):
        (corpus / f"{name}.txt").write_text(text)
    model = opened("gpt2", tmp_path / "model", monkeypatch)
    result = run(working(model).job_for(TfidfRequest(asked(model, TEXT), (str(corpus),), layer=1, head=1)))
    assert isinstance(result, TfidfResult)
    assert result.documents == 3
    words = " ".join(point.word for point in result.occurrences)
    assert words == "It is a film Some people talk others listen It ends"
    first, film = result.occurrences[0], result.occurrences[3]
    assert first.tfidf == pytest.approx(2 / 11 * (math.log(4 / 3) + 1))
    assert film.tfidf == pytest.approx(1 / 11 * (math.log(4 / 2) + 1))
    tokens = model.encode(asked(model, TEXT).input).input.tokens
    own = [at for at, token in enumerate(tokens) if token.start < film.end and token.end > film.start]
    weights = maps(model, asked(model, TEXT))["self"][1][1].numpy()
    assert film.age == len(tokens) - own[0]
    expected = sum(weights[at:, at].mean() for at in own)  # the queries from its own on see a token
    assert film.attention == pytest.approx(expected, rel=1e-5)
    attention, tfidf = ([getattr(point, name) for point in result.occurrences] for name in ("attention", "tfidf"))
    assert result.correlation == pytest.approx(spearman(np.array(attention), np.array(tfidf)))
    assert result.correlation_without_age is not None
    assert np.mean([point.without_age for point in result.occurrences]) == pytest.approx(0, abs=1e-9)
    left = [point.without_age for point in result.occurrences]
    assert list(result.standouts) == sorted((at for at in range(11) if left[at] > np.std(left)), key=lambda at: -left[at])


def test_what_age_explains_is_taken_out():
    """Attention that is a parabola in ln(age) leaves nothing; a word that gets more stands out by as much."""
    age = np.arange(1, 40)
    smooth = 0.3 - 0.1 * np.log(age) + 0.02 * np.log(age) ** 2
    np.testing.assert_allclose(without_age(smooth, age), 0, atol=1e-12)
    more = smooth.copy()
    more[20] += 1
    assert int(without_age(more, age).argmax()) == 20
    np.testing.assert_allclose(without_age(np.array([1.0, 2.0, 6.0]), np.array([5, 5, 5])), [-2, -1, 3])
    assert np.abs(without_age(np.array([1.0, 2.0, 6.0]), np.array([1, 2, 3]))).max() > 1


def test_a_history_is_averaged_over_the_steps_that_hold_a_token():
    history = History(
        patterns=np.array([[0.2, 0.8], [0.6, 0.4], [0.1, 0.9]], np.float32),
        tokens=(("<pad>", "a"), ("a", "b"), ("b", "c")),
        positions=np.array([[-1, 0], [0, 1], [1, 2]]),
        contributions=np.zeros((3, 2)),
        bias=np.zeros(3),
        logit=np.zeros(3),
    )
    received, seen = from_history(history, 4)
    np.testing.assert_allclose(received, [0.7, 0.25, 0.9, 0.0], atol=1e-6)
    np.testing.assert_array_equal(seen, [2, 2, 1, 0])


@pytest.mark.parametrize(
    ("name", "text", "alone", "documents"),
    [
        ("a.txt", "one\n\ntwo\n \n\nthree", True, ["one", "two", "three"]),
        ("a.txt", "one\n\ntwo", False, ["one\n\ntwo"]),
        ("a.csv", 'text,label\n"a, b",x\nc,y\n', False, ["a, b x", "c y"]),
        ("a.tsv", "text\tlabel\nc\td\n", True, ["c d"]),
        ("a.jsonl", '{"a": 1}\n\n{"a": 2}\n', True, ['{"a": 1}', '{"a": 2}']),
    ],
)
def test_what_a_document_is(name: str, text: str, alone: bool, documents: list[str]):
    assert list(documents_of(name, text, alone)) == documents


def test_few_words_have_no_correlation_and_one_document_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "one.txt").write_text("it ends")
    model = opened("bert", tmp_path / "model", monkeypatch)
    request = TfidfRequest(asked(model, "it ends"), (str(tmp_path / "one.txt"),))
    result = run(working(model).job_for(request))
    assert isinstance(result, TfidfResult)
    assert result.correlation is result.correlation_without_age is None
    assert [notice.kind for notice in result.warnings] == ["one_document"]
    with pytest.raises(UserError, match="no words"):
        run(working(model).job_for(TfidfRequest(asked(model, ". , !"), (str(tmp_path / "one.txt"),))))
    with pytest.raises(UserError, match="There is no file or folder"):
        run(working(model).job_for(TfidfRequest(asked(model, "it ends"), (str(tmp_path / "none.txt"),))))


def test_spearman_is_the_correlation_of_ranks():
    assert spearman(np.array([1.0, 5.0, 9.0]), np.array([2.0, 3.0, 40.0])) == pytest.approx(1)
    assert spearman(np.array([1.0, 2.0, 2.0, 3.0]), np.array([4.0, 3.0, 2.0, 1.0])) == pytest.approx(-0.9486832980505138)
    assert math.isnan(spearman(np.array([1.0, 1.0]), np.array([2.0, 3.0])))
    assert math.isnan(spearman(np.zeros(1), np.zeros(1)))
