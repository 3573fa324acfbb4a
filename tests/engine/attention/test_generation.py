"""Writing on: the tokens a language model would write by itself, and maps that are those of one pass over all of it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.attention_maps import AttentionFile, AttentionResult
from engine.errors import UserError
from engine.jobs import run
from engine.requests import AttentionFileRequest, TextInput
from tests.engine.attention.attending import (
    DECODERS,
    ENCODER_DECODERS,
    answered,
    asked,
    assert_same,
    eager_maps,
    maps,
    opened,
    working,
)

PROMPT = "Not once does it"


@pytest.mark.parametrize("model_type", [*DECODERS, *ENCODER_DECODERS])
def test_maps_of_a_generation_are_those_of_the_whole_text(model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Sliding windows are 6 tokens here: their caches forget on the way, the maps do not."""
    model = opened(model_type, tmp_path, monkeypatch, endless=True)
    request = asked(model, PROMPT, tokens=9, temperature=1.5, seed=1)
    result = answered(model, request)
    assert len(result.generated) == 9
    assert_same(maps(model, request), eager_maps(model, request))
    own = result.input if result.decoder_input is None else result.decoder_input
    stack = result.stack("self" if result.decoder_input is None else "decoder")
    assert len(own.tokens) == result.prompt + 9
    assert stack.queries == stack.keys == own.tokens[:-1]
    assert stack.causal


@pytest.mark.parametrize("model_type", [*DECODERS, *ENCODER_DECODERS])
def test_greedily_it_writes_what_the_library_writes(model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened(model_type, tmp_path, monkeypatch, endless=True)
    encoding = model.encode(TextInput(PROMPT))
    inputs = model.inputs(encoding, model.decoder_reads(encoding, None))
    forced = {"forced_eos_token_id": None} if model_type == "bart" else {}
    expected = model.network.generate(**inputs, max_new_tokens=8, do_sample=False, eos_token_id=None, pad_token_id=0, **forced)
    result = answered(model, asked(model, PROMPT, tokens=8))
    assert [token.index for token in result.generated] == expected[0, -8:].tolist()
    assert [token.index for token in result.generated] == [token.alternatives[0].index for token in result.generated]


def test_probabilities_are_before_temperature_and_sum_to_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("gpt2", tmp_path, monkeypatch)
    everything = model.vocabulary_size
    result = answered(model, asked(model, PROMPT, tokens=3, temperature=3.0, alternatives=everything))
    with torch.no_grad():
        ids = torch.tensor([[token.id for token in result.input.tokens]])
        chances = model.network(ids).logits[0].double().softmax(-1)
    for step, token in enumerate(result.generated):
        row = chances[result.prompt - 1 + step]
        assert token.probability == pytest.approx(float(row[token.index]), rel=1e-4)
        assert [other.index for other in token.alternatives[:5]] == row.topk(5).indices.tolist()
        assert sum(other.probability for other in token.alternatives) == pytest.approx(1)


def test_the_seed_decides_and_a_forced_token_does_not_shift_what_is_drawn_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("gpt2", tmp_path, monkeypatch)

    def written(**how: object) -> list[int]:
        return [token.index for token in answered(model, asked(model, PROMPT, tokens=6, **how)).generated]

    first = written(temperature=2.0, seed=4)
    assert first == written(temperature=2.0, seed=4)
    assert first != written(temperature=2.0, seed=5)
    again = answered(model, asked(model, PROMPT, tokens=6, temperature=2.0, seed=4, forced=((2, f"index:{first[2]}"),)))
    assert [token.index for token in again.generated] == first
    assert [token.forced for token in again.generated] == [False, False, True, False, False, False]
    assert written(temperature=9.0, top_k=1) == written()
    assert written(temperature=9.0, top_p=1e-9) == written()


def test_a_token_is_forced_by_its_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("gpt2", tmp_path, monkeypatch)
    result = answered(model, asked(model, PROMPT, tokens=2, forced=((1, " a"),)))
    assert result.generated[1].text == " a"
    assert result.generated[1].forced
    assert result.input.tokens[-1].text == " a"


@pytest.mark.parametrize("model_type", ["gpt2", "gemma", "t5"])
def test_written_tokens_count_on_in_the_text(model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened(model_type, tmp_path, monkeypatch, endless=True)
    result = answered(model, asked(model, PROMPT, tokens=12, temperature=4.0, seed=2))
    own = result.decoder_input or result.input
    assert own.text.startswith(PROMPT if result.decoder_input is None else "")
    end = own.tokens[result.prompt - 1].end
    for token in own.tokens[result.prompt :]:
        assert own.text[token.start : token.end] == token.text
        assert token.start in (end, own.tokens[result.prompt - 1].end) or token.end == end
        end = token.end
    assert end == len(own.text)


def test_tokens_of_one_character_share_its_span(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("gpt2", tmp_path, monkeypatch)
    ids = model.encode(TextInput("é")).ids[0].tolist()
    assert len(ids) == 2
    result = answered(model, asked(model, PROMPT, tokens=2, forced=tuple((at, f"index:{i}") for at, i in enumerate(ids))))
    assert result.input.text == f"{PROMPT}é"
    assert [(token.start, token.text) for token in result.input.tokens[-2:]] == [(len(PROMPT), "é")] * 2


def test_it_ends_where_the_model_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("gpt2", tmp_path / "free", monkeypatch)
    free = [token.index for token in answered(model, asked(model, PROMPT, tokens=6, temperature=2.0, seed=4)).generated]
    assert free[3] not in free[:3]
    model = opened("gpt2", tmp_path / "ending", monkeypatch, eos_token_id=free[3])
    result = answered(model, asked(model, PROMPT, tokens=6, temperature=2.0, seed=4))
    assert [token.index for token in result.generated] == free[:3]
    assert [notice.message for notice in result.warnings] == ["The model ended the text after 3 tokens."]
    assert_same(maps(model, result.request), eager_maps(model, result.request))


@pytest.mark.parametrize("model_type", ["gpt2", "bloom"])
def test_it_may_end_at_once(model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened(model_type, tmp_path / "free", monkeypatch)
    first = answered(model, asked(model, PROMPT, tokens=1)).generated[0].index
    model = opened(model_type, tmp_path / "ending", monkeypatch, eos_token_id=first)
    file = run(working(model).job_for(AttentionFileRequest(asked(model, PROMPT, tokens=4))))
    assert isinstance(file, AttentionFile)
    assert file.attention.generated == ()
    assert [n.message for n in file.attention.warnings] == ["The model ended the text at once: nothing was written."]
    assert file.generated is not None
    assert file.generated.shape[0] == 0
    assert file.patterns["self"].shape[2] == len(file.attention.input.tokens)


def test_it_stops_where_the_model_reads_no_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("gpt2", tmp_path, monkeypatch, endless=True, n_positions=16)
    prompt = len(model.encode(TextInput(PROMPT)).input.tokens)
    result = answered(model, asked(model, PROMPT, tokens=50))
    assert len(result.generated) == 16 - prompt
    assert result.warnings[-1].kind == "limit"
    with pytest.raises(UserError, match="fills all 16 tokens"):
        answered(model, asked(model, PROMPT * 9, tokens=1))


def test_one_token_is_enough_to_go_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("llama", tmp_path, monkeypatch)
    request = asked(model, "a", tokens=3)
    assert_same(maps(model, request), eager_maps(model, request))
    alone = answered(model, asked(model, "a"))
    assert alone.stacks[0].thumbnails.shape[2:] == (1, 1)
    assert np.isnan(alone.stacks[0].scores["entropy"]).all()


def test_every_token_is_shown_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("gpt2", tmp_path, monkeypatch)
    partials = list(working(model).job_for(asked(model, PROMPT, tokens=5)))
    shown = [partial.result for partial in partials if isinstance(partial.result, AttentionResult) and not partial.result.stacks]
    assert [len(result.generated) for result in shown] == [1, 2, 3, 4, 5]
    assert [len(result.input.tokens) for result in shown] == [shown[0].prompt + n for n in range(1, 6)]


def test_the_file_has_the_last_query_of_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("llama", tmp_path, monkeypatch)
    request = asked(model, PROMPT, tokens=4)
    file = run(working(model).job_for(AttentionFileRequest(request, layer=1)))
    assert isinstance(file, AttentionFile)
    assert file.generated is not None
    (whole,) = (layers[1] for layers in maps(model, request).values())
    prompt = file.attention.prompt
    assert file.generated.shape == (4, 1, 2, prompt + 3)
    for step in range(4):
        known, beyond = file.generated[step, 0, :, : prompt + step], file.generated[step, 0, :, prompt + step :]
        np.testing.assert_array_equal(known, whole[:, prompt - 1 + step, : prompt + step])
        assert np.isnan(beyond).all()


@pytest.mark.parametrize(
    ("generation", "words"),
    [
        ({"tokens": -1}, "cannot be negative"),
        ({"tokens": 2, "temperature": 0.0}, "temperature must be above 0"),
        ({"tokens": 2, "temperature": float("nan")}, "temperature must be above 0"),
        ({"tokens": 2, "temperature": 1.0, "top_k": 0}, "at least 1"),
        ({"tokens": 2, "temperature": 1.0, "top_p": 1.5}, "above 0, at most 1"),
        ({"tokens": 2, "forced": ((2, "a"),)}, "the steps are 0 to 1"),
        ({"tokens": 2, "forced": ((1, "a"), (1, "b"))}, "each is forced once"),
        ({"forced": ((0, "a"),)}, "nothing is to be generated"),
        ({"tokens": 2, "forced": ((0, "zzzz"),)}, "“zzzz” is 4 tokens to this model"),
        ({"tokens": 2, "forced": ((0, "index:99999"),)}, "and no index:99999"),
        ({"tokens": 2, "checkpoint": "first"}, "leave the checkpoint out"),
    ],
)
def test_what_cannot_be_generated_is_refused_in_a_sentence(
    generation: dict[str, object], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    model = opened("gpt2", tmp_path, monkeypatch)
    with pytest.raises(UserError, match=words):
        answered(model, asked(model, PROMPT, **generation))


def test_an_encoder_does_not_write_and_a_decoder_reads_no_second_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = opened("bert", tmp_path, monkeypatch)
    with pytest.raises(UserError, match="does not write"):
        answered(model, asked(model, tokens=2))
    with pytest.raises(UserError, match="no decoder"):
        answered(model, asked(model, decoder_text="it"))
