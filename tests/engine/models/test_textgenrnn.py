"""textgenrnn's weights: the numbers of a slow copy of Keras's formulas, in every layout they are saved in."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import LoadError, UserError
from engine.jobs import run
from engine.models.textgenrnn import TextgenrnnModel
from engine.requests import AttributionRequest, GradientFlowRequest, OpenModelRequest, PredictionRequest, Target, TextInput
from engine.workbench import Workbench
from tests.engine.models.keras_files import (
    CHARACTERS,
    WORDS,
    KerasModel,
    answer_of,
    config_of,
    padded,
    random_model,
    write_model,
    write_weights,
)
from tests.engine.tiny_models import opened

LAYOUTS = list(itertools.product((False, True), (False, True), (1, 2, 3)))


def textgenrnn(path: Path) -> TextgenrnnModel:
    model = opened(path)
    assert isinstance(model, TextgenrnnModel)
    return model


def refused(path: Path) -> LoadError:
    with pytest.raises(LoadError) as caught:
        opened(path)
    message = caught.value.message
    assert len(message.splitlines()) == 1
    assert message.endswith(".")
    return caught.value


@torch.no_grad()
def probabilities(model: TextgenrnnModel, text: str, position: int | None = None) -> Any:
    encoding = model.encode(TextInput(text))
    return model.logits(model.embed(encoding.ids), encoding, position)[0].softmax(-1).numpy()


@pytest.mark.parametrize(("cudnn", "bidirectional", "layers"), LAYOUTS)
def test_the_next_character_is_keras_s(cudnn: bool, bidirectional: bool, layers: int, tmp_path: Path):
    """Shorter than the window, as long, and longer; before and behind the end."""
    literal = random_model(layers=layers, bidirectional=bidirectional, cudnn=cudnn)
    model = textgenrnn(write_model(tmp_path, literal, config=config_of(literal)))
    for text in ("a", "bad j", "jig, fade a bag."):
        ids = [CHARACTERS.index("<s>") + 1, *(CHARACTERS.index(c) + 1 for c in text)]
        for position in {0, len(ids) - 1}:
            expected, _ = answer_of(literal, padded(ids[: position + 1], 6))
            np.testing.assert_allclose(probabilities(model, text, position), expected, atol=1e-5)
    info = model.info
    assert (info.format, info.task, info.tokenizer) == ("textgenrnn", "causal_lm", "char")
    assert [r.name for r in info.recurrent] == [f"rnn_{n}" for n in range(1, layers + 1)]
    assert {r.directions for r in info.recurrent} == {2 if bidirectional else 1}


@pytest.mark.parametrize(("cudnn", "bidirectional", "layers"), LAYOUTS[::5])
def test_the_attention_is_keras_s(cudnn: bool, bidirectional: bool, layers: int, tmp_path: Path):
    """Padding is attended to, since the original masks nothing."""
    literal = random_model(WORDS, layers=layers, bidirectional=bidirectional, cudnn=cudnn, seed=3)
    model = textgenrnn(write_model(tmp_path, literal, WORDS, config=config_of(literal, word_level=True)))
    window = padded([13, 1, 2], 6)
    with torch.no_grad():
        pattern = model.network.pattern(model.network.features(model.embed(torch.tensor([window]))))
    np.testing.assert_allclose(pattern[0].numpy(), answer_of(literal, window)[1], atol=1e-5)
    assert pattern[0, :3].sum() > 0.01


def test_the_layouts_are_told_apart(tmp_path: Path):
    """The same numbers in the other layout are another model."""
    fused = random_model(cudnn=True)
    halves = tuple(tuple((k, r, b.reshape(2, -1).sum(0)) for k, r, b in directions) for directions in fused.layers)
    plain = KerasModel(fused.embedding, halves, fused.attention, fused.kernel, fused.bias)
    found = [
        probabilities(textgenrnn(write_model(tmp_path / str(n), model, config=config_of(model))), "abc")
        for n, model in enumerate((fused, plain))
    ]
    assert np.abs(found[0] - found[1]).max() > 1e-3


@pytest.mark.parametrize("options", [{"cell": "lstm_cell/"}, {"whole": True}, {"dtype": np.float64}])
def test_other_ways_keras_saves(options: dict[str, Any], tmp_path: Path):
    literal = random_model()
    usual = textgenrnn(write_model(tmp_path / "a", literal, config=config_of(literal)))
    other = textgenrnn(write_model(tmp_path / "b", literal, config=config_of(literal), **options))
    np.testing.assert_array_equal(probabilities(usual, "bad"), probabilities(other, "bad"))


def test_half_precision_is_told(tmp_path: Path):
    literal = random_model(dtype=np.float16)
    model = textgenrnn(write_model(tmp_path, literal, config=config_of(literal), dtype=np.float16))
    assert model.info.dtype_on_disk == "float16"
    assert "float16" in model.info.warnings[-1].message
    np.testing.assert_allclose(probabilities(model, "a"), answer_of(literal, padded([16, 1], 6))[0], atol=1e-5)


def test_without_a_config_sizes_come_from_the_weights(tmp_path: Path):
    literal = random_model(layers=3, hidden=7, embedding=3)
    model = textgenrnn(write_model(tmp_path, literal))
    assert (model.spec.max_length, model.spec.word_level, model.spec.layers) == (40, False, 3)
    words = textgenrnn(write_model(tmp_path / "words", random_model(WORDS), WORDS))
    assert words.spec.word_level


def word_model(folder: Path, **changes: Any) -> TextgenrnnModel:
    literal = random_model(WORDS)
    return textgenrnn(write_model(folder, literal, WORDS, config=config_of(literal, word_level=True, **changes)))


def test_words_are_cut_as_textgenrnn_cuts_them(tmp_path: Path):
    """Lower case, punctuation by itself, offsets into what was typed; the unknown is padding."""
    model = word_model(tmp_path)
    text = "The film's GOOD, x-rated.\n"
    tokens = model.encode(TextInput(text)).input.tokens
    assert [t.piece for t in tokens] == ["<s>", "the", "film", "'", "s", "good", ",", "<pad>", "<pad>", "<pad>", "."]
    assert [t.text for t in tokens] == ["", "The", "film", "'", "s", "GOOD", ",", "x", "-", "rated", "."]
    assert all(text[t.start : t.end] == t.text for t in tokens)
    assert [t.special for t in tokens] == [True] + [False] * 10


def test_a_text_is_written_with_spaces_where_they_belong(tmp_path: Path):
    model = word_model(tmp_path)
    ids = [model.output_index(piece) or 0 for piece in ("the", "film", "'", "s", '"', "good", '"', ",", "and", "bad", ".", "<s>")]
    assert model.text_of(ids) == 'the film\'s "good", and bad.'


def test_a_model_of_one_long_text_has_no_beginning(tmp_path: Path):
    literal = random_model(CHARACTERS)
    model = textgenrnn(write_model(tmp_path, literal, config=config_of(literal, single_text=True)))
    assert [t.piece for t in model.encode(TextInput("ab")).input.tokens] == ["a", "b"]
    np.testing.assert_allclose(probabilities(model, "ab"), answer_of(literal, padded([1, 2], 6))[0], atol=1e-5)


def test_what_left_the_window_has_no_effect(tmp_path: Path):
    """And integrated gradients say so, completely."""
    literal = random_model()
    path = write_model(tmp_path, literal, config=config_of(literal))
    workbench = Workbench()
    info = run(workbench.job_for(OpenModelRequest(str(path)))).info
    found = run(workbench.job_for(AttributionRequest(info.sha256, TextInput("abcdefghij"))))
    assert found.completeness is not None
    assert found.completeness.converged
    assert np.abs(found.values[:5]).max() == 0.0  # <s> and the first four of ten
    assert np.abs(found.values[5:]).min() > 0.0
    asked = PredictionRequest(info.sha256, TextInput("abcdefghij"), position=2)
    expected, _ = answer_of(literal, padded([16, 1, 2], 6))
    predicted = run(workbench.job_for(asked)).predicted
    assert predicted.index == expected.argmax()
    assert predicted.probability == pytest.approx(expected.max(), abs=1e-5)


@pytest.mark.parametrize(("text", "position"), [("abc", None), ("abcde", 2), ("abcdefghij", 7)])
def test_gradient_flow_stands_beside_the_tokens(text: str, position: int | None, tmp_path: Path):
    literal = random_model()
    workbench = Workbench()
    info = run(workbench.job_for(OpenModelRequest(str(write_model(tmp_path, literal, config=config_of(literal)))))).info
    flow = run(workbench.job_for(GradientFlowRequest(info.sha256, TextInput(text), Target(position=position))))
    assert {step.module for step in flow.recurrent} == {"rnn_1", "rnn_2"}
    last = len(text) if position is None else position
    read = range(max(0, last - 5), last + 1)
    for step in flow.recurrent:
        assert len(step.hidden_state) == len(text) + 1
        assert {int(i) for i in np.flatnonzero(step.hidden_state)} == set(read)


def test_checkpoints_of_a_folder_are_in_the_order_of_training(tmp_path: Path):
    literals = {name: random_model(seed=n) for n, name in enumerate(("x_weights_epoch_10", "x_weights_epoch_2", "x_weights"))}
    for name, literal in literals.items():
        write_model(tmp_path, literal, name=name, config=config_of(literal))
    model = textgenrnn(tmp_path)
    assert model.checkpoints == ("epoch 2", "epoch 10", "final")
    expected, _ = answer_of(literals["x_weights"], padded([16, 1], 6))
    np.testing.assert_allclose(probabilities(model, "a"), expected, atol=1e-5)
    network = model.at_checkpoint("epoch 2").network
    with torch.no_grad():
        logits = network(network.embedding(torch.tensor([padded([16, 1], 6)])))
    np.testing.assert_allclose(
        logits[0].softmax(-1).numpy(), answer_of(literals["x_weights_epoch_2"], padded([16, 1], 6))[0], atol=1e-5
    )
    with pytest.raises(UserError, match="epoch 2, epoch 10, final"):
        model.at_checkpoint("epoch 3")
    write_weights(tmp_path / "x_weights_epoch_4.hdf5", random_model(hidden=3))
    with pytest.raises(UserError, match="another network"):
        textgenrnn(tmp_path).at_checkpoint("epoch 4")


def test_the_hash_covers_every_file_that_is_read(tmp_path: Path):
    literal = random_model()
    path = write_model(tmp_path, literal, config=config_of(literal))
    first = textgenrnn(path).info.sha256
    (tmp_path / "x_config.json").write_text(json.dumps(config_of(literal, max_words=3)))
    assert textgenrnn(path).info.sha256 != first


def test_a_vocabulary_that_does_not_fit(tmp_path: Path):
    path = write_model(tmp_path, random_model(), [*CHARACTERS, "k"])
    error = refused(path)
    assert error.kind == "vocabulary_mismatch"
    assert "17 tokens and the weights have 16" in error.message


@pytest.mark.parametrize(
    "vocabulary", ["[]", "{}", '{"a": 0}', '{"a": 1, "b": 1}', '{"a": 1, "b": 3}', '{"a": true}', '{"a": "1"}']
)
def test_a_vocabulary_that_is_none(vocabulary: str, tmp_path: Path):
    path = write_model(tmp_path, random_model())
    (tmp_path / "x_vocab.json").write_text(vocabulary)
    assert refused(path).kind in ("bad_json", "bad_vocabulary")


def test_a_vocabulary_that_is_not_there(tmp_path: Path):
    path = write_model(tmp_path, random_model())
    (tmp_path / "x_vocab.json").rename(tmp_path / "another_vocab.json")
    textgenrnn(path)  # the only one there is
    (tmp_path / "third_vocab.json").write_text("{}")
    assert "x_vocab.json" in refused(path).message


def test_several_models_in_one_folder(tmp_path: Path):
    literal = random_model()
    write_model(tmp_path, literal)
    path = write_model(tmp_path, literal, name="y_weights")
    assert refused(tmp_path).kind == "several_models"
    textgenrnn(path)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"rnn_size": 6}, "config_mismatch"),
        ({"rnn_layers": 3}, "config_mismatch"),
        ({"rnn_bidirectional": True}, "config_mismatch"),
        ({"max_length": 0}, "bounds"),
        ({"max_length": 10**9}, "bounds"),
        ({"max_length": "40"}, "bad_description"),
        ({"word_level": 1}, "bad_description"),
    ],
)
def test_a_config_that_does_not_fit(changes: dict[str, Any], kind: str, tmp_path: Path):
    literal = random_model()
    assert refused(write_model(tmp_path, literal, config=config_of(literal, **changes))).kind == kind


def test_what_is_outside_the_vocabulary_cannot_be_a_target(tmp_path: Path):
    workbench = Workbench()
    model = word_model(tmp_path)
    info = run(workbench.job_for(OpenModelRequest(model.info.path))).info
    with pytest.raises(UserError, match="not in the model's vocabulary"):
        run(workbench.job_for(AttributionRequest(info.sha256, TextInput("a film"), Target("zebra"))))


@pytest.mark.parametrize("text", ["", " \n", "\t"])
def test_nothing_to_read(text: str, tmp_path: Path):
    with pytest.raises(UserError) as caught:
        word_model(tmp_path).encode(TextInput(text))
    assert caught.value.kind == "empty_text"
