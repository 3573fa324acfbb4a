"""Text classifiers of many architectures, opened and explained."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from engine.attention.attend import attend
from engine.attention.captures import Captures
from engine.attribution.explain import explain
from engine.errors import UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import AttentionRequest, AttributionRequest, TextInput
from tests.engine import tiny_models
from tests.engine.tiny_models import ARCHITECTURES, LABELS, METHODS_OF_ANY_MODEL, TEXT, opened, write

FROM_IDS_ALONE = ("bart", "t5")
EXPLAINED = [model_type for model_type in ARCHITECTURES if model_type not in FROM_IDS_ALONE]


def logits(model: TextModel, text: str = TEXT, pair: str | None = None) -> np.ndarray:
    with torch.no_grad():
        encoding = model.encode(TextInput(text, pair))
        return model.logits(model.embed(encoding.ids), encoding).numpy()


@pytest.mark.parametrize("model_type", EXPLAINED)
def test_logits_are_the_librarys_own_and_every_method_explains_them(model_type: str, tmp_path: Path):
    model = opened(write(tmp_path, model_type))
    tokenizer = tiny_models.fast_tokenizer(ARCHITECTURES[model_type][0], model_type)
    own = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        expected = own(input_ids=tokenizer(TEXT, return_tensors="pt")["input_ids"]).logits
    np.testing.assert_allclose(logits(model), expected, atol=1e-5, rtol=1e-5)
    for method in METHODS_OF_ANY_MODEL:
        result = run(explain(model, AttributionRequest(model.info.sha256, TextInput(TEXT), method=method)))
        assert np.isfinite(result.values).all()
        assert len(result.values) == len(result.tokens)
        if method in ("integrated_gradients", "deeplift"):  # sampling methods promise to say so, not to converge
            assert result.completeness is not None
            assert result.completeness.converged


@pytest.mark.parametrize("model_type", FROM_IDS_ALONE)
def test_what_cannot_be_asked_by_embeddings_opens_for_its_attention_and_says_so(model_type: str, tmp_path: Path):
    model = opened(write(tmp_path, model_type))
    assert model.info.can == ("attention",)
    assert "ForSequenceClassification computes from token ids alone" in model.info.warnings[-1].message
    with pytest.raises(UserError):
        run(explain(model, AttributionRequest(model.info.sha256, TextInput(TEXT))))
    result = run(attend(model, AttentionRequest(model.info.sha256, TextInput(TEXT)), Captures()))
    assert [stack.name for stack in result.stacks] == ["encoder", "decoder", "cross"]


@pytest.mark.parametrize("model_type", ["gpt2", "llama"])
def test_a_decoder_without_a_padding_token_reads_to_the_last_token(model_type: str, tmp_path: Path):
    """Batches of one text need no padding, but the library looks for it; an end-of-text token must not become it."""
    folder = write(tmp_path, model_type, eos_token_id=5)
    described = json.loads((folder / "config.json").read_text()) | {"pad_token_id": None, "eos_token_id": [5, 6]}
    (folder / "config.json").write_text(json.dumps(described))
    own = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    model = opened(folder)
    ids = model.encode(TextInput(TEXT)).ids
    with torch.no_grad():
        expected = own(input_ids=ids).logits
        many = model.logits(model.embed(ids).expand(3, -1, -1), model.encode(TextInput(TEXT)))
    np.testing.assert_allclose(many, expected.expand(3, -1), atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("safetensors", [True, False])
def test_half_precision_is_computed_in_float32(dtype: torch.dtype, safetensors: bool, tmp_path: Path):
    model = opened(write(tmp_path, dtype=dtype, safetensors=safetensors))
    assert {parameter.dtype for parameter in model.network.parameters()} == {torch.float32}
    own = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path, dtype=torch.float32).eval()
    with torch.no_grad():
        np.testing.assert_allclose(logits(model), own(model.encode(TextInput(TEXT)).ids).logits, atol=1e-5)
    name = str(dtype).removeprefix("torch.")
    assert model.info.dtype_on_disk == name
    assert f"Stored as {name}, computed in float32." in [notice.message for notice in model.info.warnings]


def rewrite(folder: Path, change: dict[str, torch.Tensor | None]) -> None:
    """Replace tensors of the weights, or take them away."""
    path = folder / "model.safetensors"
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()} | change
    save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, path, {"format": "pt"})


@pytest.mark.parametrize(
    ("change", "kind", "named", "blocking"),
    [
        ({"classifier.weight": None}, "missing", "classifier.weight", True),
        ({"classifier.weight": torch.zeros(5, 16)}, "mismatched", "classifier.weight", True),
        ({"bert.extra.weight": torch.zeros(2)}, "unexpected", "bert.extra.weight", False),
        ({"classifier.bias": torch.tensor([0, torch.nan, 0])}, "not_finite", "classifier.bias", True),
        ({"classifier.bias": torch.tensor([0, -torch.inf, torch.inf])}, "not_finite", "classifier.bias", True),
    ],
)
def test_weights_that_do_not_fit_are_named(
    change: dict[str, torch.Tensor | None], kind: str, named: str, blocking: bool, tmp_path: Path
):
    rewrite(write(tmp_path), change)
    notices = opened(tmp_path).info.warnings
    assert [(notice.kind, notice.blocking) for notice in notices] == [(kind, blocking)]
    assert named in notices[0].message


def test_what_fits_needs_no_notice(tiny_bert: TextModel):
    assert tiny_bert.info.warnings == ()


def test_tied_weights_that_are_stored_once_are_not_missing(tmp_path: Path):
    """A classifier made from a masked language model: its head's leavings are unexpected, nothing is missing."""
    config = transformers.AlbertConfig(**tiny_models.ARCHITECTURES["albert"][1], vocab_size=73, num_labels=3)
    folder = write(tmp_path, "albert")
    masked = transformers.AlbertForMaskedLM(config)
    assert masked.predictions.decoder.weight is masked.albert.embeddings.word_embeddings.weight
    rewrite(folder, {"predictions.bias": torch.zeros(73), "predictions.decoder.bias": torch.zeros(73)})
    notices = opened(folder).info.warnings
    assert [notice.kind for notice in notices] == ["unexpected"]


def test_old_names_of_layer_norm_are_understood(tmp_path: Path):
    """TensorFlow's gamma and beta, as in the first BERTs."""
    folder = write(tmp_path)
    expected = logits(opened(folder))
    tensors = load_file(folder / "model.safetensors")
    old = {n: n.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta") for n in tensors}
    save_file({old[name]: tensor for name, tensor in tensors.items()}, folder / "model.safetensors", {"format": "pt"})
    model = opened(folder)
    assert model.info.warnings == ()
    np.testing.assert_array_equal(logits(model), expected)


def test_shards_open_as_one_model(tmp_path: Path):
    folder = write(tmp_path / "whole")
    network = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    network.save_pretrained(tmp_path / "sharded", max_shard_size="5KB")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "sharded" / name).write_bytes((folder / name).read_bytes())
    assert len(list((tmp_path / "sharded").glob("*.safetensors"))) > 2
    np.testing.assert_array_equal(logits(opened(tmp_path / "sharded")), logits(opened(folder)))


@pytest.mark.parametrize(
    ("labels", "problem_type", "expected", "understood"),
    [
        (LABELS, None, LABELS, "single_label"),
        (LABELS, "single_label_classification", LABELS, "single_label"),
        (LABELS, "multi_label_classification", LABELS, "multi_label"),
        (3, None, ("LABEL_0", "LABEL_1", "LABEL_2"), "single_label"),
        (1, None, (), "regression"),
        (1, "regression", (), "regression"),
        (2, "regression", (), "regression"),
    ],
)
def test_what_the_outputs_mean(labels, problem_type, expected, understood, tmp_path: Path):
    info = opened(write(tmp_path, labels=labels, problem_type=problem_type)).info
    assert (info.labels, info.problem_type) == (expected, understood)


def test_labels_with_gaps_and_of_other_types_are_texts(tmp_path: Path):
    folder = write(tmp_path)
    described = json.loads((folder / "config.json").read_text()) | {"id2label": {"0": None, "1": 5, "7": ["x"]}, "label2id": {}}
    (folder / "config.json").write_text(json.dumps(described))
    assert opened(folder).info.labels == ("None", "5", "LABEL_2")


def test_two_classes_of_one_name_are_noticed(tmp_path: Path):
    model = opened(write(tmp_path, labels=("same", "same", "other")))
    assert [notice.kind for notice in model.info.warnings] == ["labels"]


def test_the_convolution_of_convbert_keeps_its_kernel_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``kernel`` in a config is a size more often than code from the hub."""
    changes = {"embedding_size": 16, "conv_kernel_size": 3}
    monkeypatch.setitem(ARCHITECTURES, "convbert", ("wordpiece", ARCHITECTURES["bert"][1] | changes))
    assert opened(write(tmp_path, "convbert")).info.warnings == ()


def test_ctrl_which_scales_its_input_in_place_leaves_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    config = {"n_embd": 16, "n_layer": 2, "n_head": 2, "dff": 24, "n_positions": 64}
    monkeypatch.setitem(ARCHITECTURES, "ctrl", ("byte_bpe", config))
    model = opened(write(tmp_path, "ctrl"))
    np.testing.assert_array_equal(logits(model), logits(model))
    assert run(explain(model, AttributionRequest(model.info.sha256, TextInput(TEXT)))).completeness.converged


@pytest.mark.parametrize("model_type", ["bert", "distilbert", "roberta", "deberta-v2", "electra", "xlm-roberta", "modernbert"])
def test_pairs_are_read_as_the_library_reads_them(model_type: str, tmp_path: Path):
    model = opened(write(tmp_path, model_type))
    assert model.info.reads_pairs
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    own = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    encoded = tokenizer("a film", "it ends", return_tensors="pt")
    kept = {"input_ids", "attention_mask"} | ({"token_type_ids"} if getattr(own.config, "type_vocab_size", 0) > 1 else set())
    if model_type in ("distilbert", "modernbert"):
        kept.discard("token_type_ids")
    with torch.no_grad():
        expected = own(**{key: value for key, value in encoded.items() if key in kept}).logits
    np.testing.assert_allclose(logits(model, "a film", "it ends"), expected, atol=1e-5)


def test_a_decoder_without_a_template_reads_no_pairs(tmp_path: Path):
    model = opened(write(tmp_path, "gpt2"))
    assert not model.info.reads_pairs
    with pytest.raises(UserError, match="leave the second text out"):
        model.encode(TextInput("a", "b"))


@pytest.mark.parametrize(
    ("model_type", "limit"),
    [("bert", 64), ("roberta", 64), ("mpnet", 64), ("distilbert", 64), ("gpt2", 64), ("xlnet", 4096), ("llama", 64)],
)
def test_the_longest_text_is_what_the_positions_hold(model_type: str, limit: int, tmp_path: Path):
    """RoBERTa's table of 66 positions begins behind the padding's."""
    model = opened(write(tmp_path, model_type))
    assert model.info.maximum_tokens == limit
    long = model.encode(TextInput("film " * 5000))
    assert long.ids.shape[1] == limit
    if limit < 100:
        model.logits(model.embed(long.ids), long)


def test_the_layers_and_their_parameters_add_up(tiny_bert: TextModel):
    info = tiny_bert.info
    outer = [layer for layer in info.layers if "." not in layer.name]
    assert sum(layer.parameters for layer in outer) == info.parameters == sum(p.numel() for p in tiny_bert.network.parameters())
    assert info.attention is not None
    assert (info.attention.layers, info.attention.heads) == (2, 2)
    assert not tiny_bert.network.training
    assert not any(p.requires_grad for p in tiny_bert.network.parameters())
