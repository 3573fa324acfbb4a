"""All heads at a glance: thumbnails in which nothing bright is lost, and numbers that sum a head up."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.attention.agreement import head_agreement
from engine.attention.capture import CapturedStack
from engine.attention.captures import Captures
from engine.attention.overview import OverviewOfStack, pooled
from engine.attention.ranks import spearman
from engine.attention_maps import HEAD_SCORES, AttentionResult, HeadAgreement
from engine.errors import UserError
from engine.jobs import run
from engine.models.huggingface import HuggingFaceModel
from engine.requests import AttributionRequest, HeadAgreementRequest, Stack, Target, TextInput
from engine.results import Token
from tests.engine.attention.attending import asked, maps, opened, working
from tests.engine.tiny_models import TEXT


class Given:
    """A layer of one head that has this map."""

    name, bytes = "given", 0

    def __init__(self, weights: Tensor) -> None:
        self._weights = weights
        self.shape = (1, *weights.shape)

    def rows(self, _head: int, first: int, last: int) -> Tensor:
        return self._weights[first:last]


def tokens(*ids: int, special: tuple[int, ...] = ()) -> tuple[Token, ...]:
    return tuple(Token("", str(i), i, 0, 0, at in special) for at, i in enumerate(ids))


def looked_at(weights: Any, keys: tuple[Token, ...], *, causal: bool = True, name: Stack = "self") -> OverviewOfStack:
    given = torch.tensor(weights, dtype=torch.float32)
    queries = keys if name != "cross" else keys[: len(given)]
    found = OverviewOfStack(CapturedStack(name, queries, keys, causal, ("full",), (Given(given),)))
    assert list(found.heads()) == [(0, 0)]
    return found


def scores(*args: Any, **kwargs: Any) -> dict[str, float]:
    return {name: float(values[0, 0]) for name, values in looked_at(*args, **kwargs).scores.items()}


def test_scores_of_a_known_causal_map():
    weights = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.25, 0.25, 0.5]]
    found = scores(weights, tokens(7, 8, 7, special=(1,)))
    assert found["entropy"] == pytest.approx((np.log(2) + 0.5 * np.log(4) + 0.5 * np.log(2)) / 2)  # the first has no choice
    assert found["distance"] == pytest.approx((0 + 0.5 + 0.75) / 3)
    assert found["maximum"] == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert found["previous"] == pytest.approx((0.5 + 0.25) / 2)
    assert found["first"] == pytest.approx((1 + 0.5 + 0.25) / 3)
    assert found["same"] == pytest.approx((1 + 0.5 + 0.75) / 3)  # the third is equal to the first
    assert found["sinks"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert set(found) == {score.name for score in HEAD_SCORES}


def test_distance_and_previous_mean_nothing_between_two_texts():
    found = scores([[0.25, 0.75, 0.0]], tokens(7, 8, 9), causal=False, name="cross")
    assert np.isnan(found["distance"])
    assert np.isnan(found["previous"])
    assert found["same"] == pytest.approx(0.25)
    assert found["entropy"] == pytest.approx(-(0.25 * np.log(0.25) + 0.75 * np.log(0.75)))


def test_what_a_key_receives_is_the_mean_over_those_who_see_it():
    found = looked_at([[1.0, 0.0], [0.5, 0.5]], tokens(1, 2)).received
    np.testing.assert_allclose(found[0, 0], [0.75, 0.5])


def test_no_single_bright_cell_is_lost():
    noise = torch.Generator().manual_seed(0)
    for length in (1, 47, 48, 49, 131, 512):
        values = torch.zeros(length, length)
        places = torch.randint(length, (20, 2), generator=noise)
        for at, (row, column) in enumerate(places.tolist()):
            values[row, column] = at + 1
        found = pooled(values, 48)
        side = min(length, 48)
        assert found.shape == (side, side)
        for row, column in places.tolist():
            assert found[row * side // length, column * side // length] >= values[row, column]


def test_heads_appear_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.attention.attend.STEP_SECONDS", -1.0)
    model = opened("bert", tmp_path, monkeypatch)
    known = [
        int(np.isfinite(partial.result.stacks[0].scores["maximum"]).sum())
        for partial in working(model).job_for(asked(model))
        if isinstance(partial.result, AttentionResult)
    ]
    assert known == [1, 2, 3, 4]


def test_a_cut_text_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("bert", tmp_path, monkeypatch)
    result = run(working(model).job_for(asked(model, TEXT * 20)))
    assert len(result.input.tokens) == model.maximum_tokens == result.prompt
    assert [notice.kind for notice in result.warnings] == ["cut"]


@pytest.mark.parametrize("model_type", ["gpt2", "bert"])
def test_agreement_is_the_rank_correlation_over_the_words(
    model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_bert: HuggingFaceModel
):
    model = opened("gpt2", tmp_path, monkeypatch) if model_type == "gpt2" else tiny_bert
    position = 9 if model_type == "gpt2" else None
    target = Target(position=position)
    attribution = AttributionRequest(model.info.sha256, TextInput(TEXT), target, method="saliency")
    request = HeadAgreementRequest(asked(model), attribution)
    found = run(head_agreement(model, request, Captures()))
    assert isinstance(found, HeadAgreement)
    assert found.query == position
    values = np.abs(run(working(model).job_for(attribution)).values)
    kept = np.arange(10) if position is not None else np.arange(1, len(values) - 1)  # without [CLS] and [SEP]
    for layer, weights in enumerate(maps(model, asked(model))["self"]):
        for head in range(2):
            row = weights[head, position] if position is not None else weights[head].mean(0)
            assert found.correlations["self"][layer, head] == pytest.approx(spearman(row.numpy()[kept], values[kept]), abs=1e-5)


def test_agreement_of_two_texts_is_refused(tiny_bert: HuggingFaceModel):
    attribution = AttributionRequest(tiny_bert.info.sha256, TextInput("another"))
    with pytest.raises(UserError, match="different texts"):
        run(head_agreement(tiny_bert, HeadAgreementRequest(asked(tiny_bert), attribution), Captures()))
