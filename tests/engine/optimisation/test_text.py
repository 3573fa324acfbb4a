"""Texts made to order: closed forms, real texts scored as such, and a model that never notices."""

import contextlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.jobs import Partial, run
from engine.models.model import TextModel
from engine.optimisation import search as searching
from engine.optimisation.text import optimise_text
from engine.optimisation.vocabulary import Vocabulary
from engine.requests import OptimisationMode, OptimisationRequest, Target, TextInput
from engine.results import TextOptimisationResult
from tests.engine import tiny_models

SAMPLES = Path(__file__).resolve().parents[3] / "resources" / "samples"
MODES: tuple[OptimisationMode, ...] = ("embeddings", "tokens")
START = TextInput("it does come close.")


def asked(model: TextModel, **changes: Any) -> OptimisationRequest:
    known: dict[str, Any] = {"target": Target("positive"), "steps": 12, "tokens": 3}
    return OptimisationRequest(model.info.sha256, **(known | changes))


def found(model: TextModel, **changes: Any) -> TextOptimisationResult:
    return run(optimise_text(model, asked(model, **changes)))


@pytest.fixture(params=["bert", "lstm"])
def model(request: pytest.FixtureRequest, tiny_bert: TextModel, tiny_lstm: TextModel) -> TextModel:
    return {"bert": tiny_bert, "lstm": tiny_lstm}[request.param]


@torch.no_grad()
def score_of(model: TextModel, text: TextInput | tuple[int, ...], like: TextInput = START, output: int = 2) -> float:
    """The logit of a text as typed, or of ids in a frame like ``like``'s."""
    encoding = model.encode(text if isinstance(text, TextInput) else like)
    ids = encoding.ids if isinstance(text, TextInput) else torch.tensor([text])
    return float(model.logits(model.embed(ids), encoding)[0, output])


@pytest.fixture
def linear(tiny_lstm: TextModel, monkeypatch: pytest.MonkeyPatch) -> torch.Tensor:
    """The score is a fixed linear function of the embeddings, (3, d_model)."""
    weights = torch.randn(3, 4, generator=torch.Generator().manual_seed(5))
    monkeypatch.setattr(searching, "score_function", lambda *_: lambda points: (points * weights).sum((-2, -1)))
    return weights


def test_the_optimum_of_a_linear_score_is_the_bound_times_the_norms_of_its_weights(tiny_lstm: TextModel, linear: torch.Tensor):
    """max s(x) = Σ w·x under ‖x‖ ≤ ρ is ρ Σ ‖w‖."""
    result = found(tiny_lstm, steps=400, pull=0.0, learning_rate=0.05)
    best = Vocabulary(tiny_lstm).largest_norm * float(linear.norm(dim=-1).sum())
    assert result.score[-1] == pytest.approx(best, rel=1e-3)
    assert result.score.max() <= best * (1 + 1e-6)


def test_swaps_find_the_best_text_of_a_linear_score(tiny_lstm: TextModel, linear: torch.Tensor):
    """Position by position the token of the highest w·e."""
    result = found(tiny_lstm, mode="tokens", steps=50)
    table = tiny_lstm.embed(torch.arange(tiny_lstm.vocabulary_size)[None])[0].masked_fill(~tiny_lstm.ordinary[:, None], 0)
    values = (linear @ table.T).masked_fill(~tiny_lstm.ordinary, -torch.inf)
    assert list(result.best.ids) == values.argmax(dim=-1).tolist()
    assert result.best.score == pytest.approx(float(values.amax(dim=-1).sum()), abs=1e-5)
    assert len(result.score) == 0, "there are no embeddings between the texts"


def test_a_full_pull_ends_at_real_tokens(tiny_lstm: TextModel):
    result = found(tiny_lstm, pull=1.0)
    assert all(near[0].similarity == pytest.approx(1, abs=1e-5) for near in result.near)
    assert all(near[0].distance == pytest.approx(0, abs=1e-4) for near in result.near)
    assert result.score[-1] == pytest.approx(result.text_score[-1], abs=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_the_best_text_has_the_score_that_the_model_gives_it(model: TextModel, mode: OptimisationMode):
    result = found(model, mode=mode, start=START)
    assert result.best.score == pytest.approx(score_of(model, result.best.ids), abs=1e-5)
    assert result.best.typed_score == pytest.approx(score_of(model, result.best.input), abs=1e-5)
    assert (result.best.typed_score == result.best.score) == result.best.reads_back
    said = {one.label: one.logit for one in result.best.prediction}
    assert said["positive"] == pytest.approx(result.best.score, abs=1e-5)
    assert result.start.score == pytest.approx(score_of(model, START), abs=1e-5)
    assert result.start.reads_back
    assert result.text_score.max() == pytest.approx(result.best.score)
    assert result.best.score >= result.start.score
    assert (result.target.label, result.target.index, result.unit) == ("positive", 2, "logit")


@pytest.mark.parametrize("mode", MODES)
def test_the_best_so_far_never_falls(model: TextModel, mode: OptimisationMode):
    bests, fractions = [], []

    def note(partial: Partial) -> None:
        if isinstance(partial.result, TextOptimisationResult):
            bests.append(partial.result.best.score)
            fractions.append(partial.result.progress)
            assert partial.result.progress < 1

    result = run(optimise_text(model, asked(model, mode=mode)), note)
    assert bests == sorted(bests)
    assert result.best.score >= bests[-1]
    assert fractions == sorted(fractions)
    assert result.progress == 1


def test_special_tokens_stay(tiny_bert: TextModel):
    for start in (None, START):
        result = found(tiny_bert, start=start, learning_rate=5.0)
        pieces = tiny_bert.pieces(result.best.ids)
        assert (pieces[0], pieces[-1]) == ("[CLS]", "[SEP]")
        assert result.positions == tuple(range(1, len(pieces) - 1))
        assert len(result.near) == len(result.positions)
        assert result.texts[-1] != result.texts[0]


@pytest.mark.parametrize("mode", MODES)
def test_same_seed_same_result_whatever_ran_before(model: TextModel, mode: OptimisationMode):
    first = found(model, mode=mode, seed=3)
    torch.manual_seed(0)
    model.batch_size_for(len(first.best.ids)).size = 1
    second = found(model, mode=mode, seed=3)
    assert first.best == second.best
    np.testing.assert_array_equal(first.score, second.score)
    assert found(model, mode=mode, seed=4).start.ids != first.start.ids


@pytest.mark.parametrize("mode", MODES)
def test_the_model_is_as_it_came_at_every_step(model: TextModel, mode: OptimisationMode):
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}

    def unchanged() -> None:
        assert torch.is_grad_enabled()
        assert not any(module._forward_hooks for module in model.network.modules())
        assert all(parameter.grad is None for parameter in model.network.parameters())
        for name, tensor in model.network.state_dict().items():
            assert torch.equal(tensor, before[name]), name

    layer = "classifier" if model.info.format == "huggingface" else "rnn"
    target = Target(f"unit:{layer}:1")
    for stop in range(6):
        with closing(optimise_text(model, asked(model, mode=mode, target=target))) as steps:
            for _ in range(stop):
                with contextlib.suppress(StopIteration):
                    next(steps)
                unchanged()
        unchanged()


def test_partial_results_are_copies(tiny_lstm: TextModel):
    partials: list[Partial] = []
    result = run(optimise_text(tiny_lstm, asked(tiny_lstm)), partials.append)
    curves = [partial.result.score for partial in partials if isinstance(partial.result, TextOptimisationResult)]
    assert [len(curve) for curve in curves] == list(range(1, 13))
    assert len(result.score) == 13
    curves[-1][:] = 0
    assert result.score.any()


def test_any_unit_can_be_made_to_fire(tiny_bert: TextModel):
    layer = "bert.encoder.layer.1"
    result = found(tiny_bert, target=Target(f"unit:{layer}:5@2"), mode="tokens", start=START)
    assert (result.target.layer, result.target.index, result.target.position) == (layer, 5, 2)
    assert result.unit == "activation"
    assert result.best.score > result.start.score
    assert {one.label for one in result.best.prediction} == set(tiny_models.LABELS)


def test_versus_probability_and_predicted(tiny_lstm: TextModel):
    difference = found(tiny_lstm, target=Target("positive", versus="negative"), start=START)
    expected = score_of(tiny_lstm, START) - score_of(tiny_lstm, START, output=0)
    assert difference.start.score == pytest.approx(expected, abs=1e-5)
    chance = found(tiny_lstm, target=Target("positive", score="probability"), mode="tokens")
    assert 0 < chance.start.score < chance.best.score <= 1
    predicted = found(tiny_lstm, target=Target(), start=START)
    assert predicted.target.label == predicted.start.prediction[0].label


def test_the_next_token_of_a_language_model(tiny_language_model: TextModel):
    result = found(tiny_language_model, target=Target("close"), mode="tokens", tokens=4)
    assert (result.target.label, result.target.position) == ("close", 3)
    assert result.best.score > result.start.score


def test_a_masked_word_stays_masked(tmp_path: Path):
    model = tiny_models.opened(tiny_models.write(tmp_path, head="MaskedLM"))
    result = found(model, target=Target("close"), start=TextInput("it does come [MASK]."), mode="tokens")
    assert result.positions == (1, 2, 3, 5)
    assert model.pieces(result.best.ids)[4] == "[MASK]"
    assert "[MASK]" in result.best.input.text
    with pytest.raises(UserError, match="MASK"):
        found(model, target=Target("close"))


@pytest.mark.parametrize("mode", MODES)
def test_characters_and_one_hot_input(tmp_path: Path, mode: OptimisationMode):
    letters = ("<pad>", "<unk>", *"abcdef")
    folder = tiny_models.write_recurrent(tmp_path, letters, tokeniser="char", embedding_size=None)
    result = found(tiny_models.opened(folder), mode=mode, tokens=6, steps=30)
    assert set(result.best.input.text) <= set("abcdef")
    assert len(result.best.input.text) == 6
    assert result.best.reads_back
    assert result.best.score > result.start.score


@pytest.mark.parametrize("kind", ["roberta", "xlm-roberta", "gpt2"])
def test_other_tokenizers(tmp_path: Path, kind: str):
    model = tiny_models.opened(tiny_models.write(tmp_path, kind))
    result = found(model, tokens=5, mode="tokens")
    typed = model.encode(result.best.input)
    assert (tuple(typed.ids[0].tolist()) == result.best.ids) == result.best.reads_back
    if not result.best.reads_back:
        assert any("Typed" in notice.message for notice in result.warnings)


def test_both_texts_of_a_pair_are_free(tiny_bert: TextModel):
    result = found(tiny_bert, start=TextInput("it does", "come close"), steps=20, learning_rate=5.0)
    assert result.best.input.pair is not None
    assert len(result.positions) == 4
    assert tiny_bert.pieces(result.best.ids)[3] == "[SEP]"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tokens": 0}, "tokens must lie between 1 and 512"),
        ({"tokens": 100}, "reads 62 tokens at most"),
        ({"steps": 0}, "steps must lie"),
        ({"pull": 1.5}, "pull must lie"),
        ({"learning_rate": float("nan")}, "learning_rate must lie"),
        ({"target": Target("splendid")}, "no class “splendid”"),
        ({"target": Target("unit:nowhere:3")}, "no layer “nowhere”"),
        ({"start": TextInput(" ")}, "no text yet"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(tiny_bert: TextModel, changes: dict[str, Any], words: str):
    with pytest.raises(UserError, match=words):
        found(tiny_bert, **changes)


def test_a_continuous_optimum_that_is_no_text_is_called_so(tiny_lstm: TextModel):
    result = found(tiny_lstm, steps=1, learning_rate=3.0, pull=0.0)
    far = replace(result, score=np.array([result.start.score, result.best.score + 10.0]))
    assert [notice.kind for notice in searching._warnings(far)] == ["no_text"]
    assert not searching._warnings(replace(result, score=np.array([result.start.score, result.best.score])))


def test_an_optimised_review_beats_a_thousand_random_ones():
    """Of both searches; the embeddings' score also lies above all texts', and their nearest tokens above all but a few."""
    model = tiny_models.opened(SAMPLES / "movie-sentiment")
    encoding = model.encode(TextInput("a b c d e f"))
    ordinary = model.ordinary.nonzero().flatten()
    ids = encoding.ids.repeat(1000, 1)
    ids[:, 1:-1] = ordinary[torch.randint(len(ordinary), (1000, 6), generator=torch.Generator().manual_seed(0))]
    with torch.no_grad():
        logits = torch.cat([model.logits(model.embed(part), encoding)[:, 2] for part in ids.split(100)])
    swapped = found(model, mode="tokens", tokens=6, steps=30, seed=1)
    assert swapped.best.score > float(logits.max())
    assert swapped.best.prediction[0].label == "positive"
    climbed = found(model, tokens=6, steps=80, seed=1)
    assert climbed.score[-1] > float(logits.max())
    assert climbed.best.score > float(logits.quantile(0.98))
    assert climbed.best.prediction[0].label == "positive"
