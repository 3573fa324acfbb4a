"""Tiny transformers whose attention is known from the library's own eager computation."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from engine.attention.captures import Captures
from engine.attention.layers import pattern
from engine.attention.reading import inputs_again
from engine.attention_maps import AttentionResult
from engine.jobs import run
from engine.models.huggingface import HuggingFaceModel
from engine.requests import AttentionRequest, Generation, TextInput
from engine.workbench import Workbench
from tests.engine import tiny_models
from tests.engine.tiny_models import ARCHITECTURES, TEXT

_DECODER = ARCHITECTURES["llama"][1]
_MORE: dict[str, tuple[str, dict[str, Any]]] = {
    "gemma2": ("unigram", _DECODER | {"sliding_window": 6, "query_pre_attn_scalar": 8, "attn_logit_softcapping": 2.0}),
    "mistral": ("byte_bpe", _DECODER | {"sliding_window": 6}),
    "gpt_oss": ("byte_bpe", _DECODER | {"sliding_window": 6, "num_local_experts": 2, "num_experts_per_tok": 1}),
    "bloom": ("byte_bpe", {"hidden_size": 16, "n_layer": 2, "n_head": 2}),
}
DECODERS = ("gpt2", "llama", "qwen2", "gemma", *_MORE)
ENCODER_DECODERS = ("bart", "t5")
ENCODERS = tuple(name for name in ARCHITECTURES if name not in (*DECODERS, *ENCODER_DECODERS))
OWN_WAY = ("mpnet", "deberta-v2", "xlnet", "bloom")  # not through the library's interface
OUTPUTS = {
    "self": "attentions",
    "encoder": "encoder_attentions",
    "decoder": "decoder_attentions",
    "cross": "cross_attentions",
}


def opened(
    model_type: str, folder: Path, monkeypatch: pytest.MonkeyPatch, endless: bool = False, **config: Any
) -> HuggingFaceModel:
    """A bare encoder, or a language model where the family writes; ``endless``: no token ends what it writes."""
    if endless:
        monkeypatch.setattr(HuggingFaceModel, "ends", frozenset())
    for name, made in _MORE.items():
        monkeypatch.setitem(ARCHITECTURES, name, made)
    monkeypatch.setattr(tiny_models, "_DECODER_ONLY", DECODERS)
    head = "CausalLM" if model_type in DECODERS else "Seq2SeqLM" if model_type in ENCODER_DECODERS else ""
    model = tiny_models.opened(tiny_models.write(folder, model_type, head=head, **config))
    assert isinstance(model, HuggingFaceModel)
    return model


def asked(model: HuggingFaceModel, text: str = TEXT, decoder_text: str | None = None, **generation: Any) -> AttentionRequest:
    return AttentionRequest(model.info.sha256, TextInput(text), Generation(**generation), decoder_text)


def working(model: HuggingFaceModel) -> Workbench:
    """A workbench in which ``model`` is open."""
    workbench = Workbench()
    workbench._model = model
    return workbench


def maps(model: HuggingFaceModel, request: AttentionRequest) -> dict[str, list[torch.Tensor]]:
    """Ours: of each stack, (head, query, key) of each layer."""
    capture = run(Captures().of(model, request))
    return {
        name: [torch.stack([pattern(layer, head) for head in range(layer.shape[0])]) for layer in stack.layers]
        for name, stack in capture.stacks.items()
    }


def eager_maps(model: HuggingFaceModel, request: AttentionRequest) -> dict[str, list[torch.Tensor]]:
    """The library's: of all that was read, in one pass."""
    capture = run(Captures().of(model, request))
    own = getattr(transformers, type(model.network).__name__).from_pretrained(model.info.path, attn_implementation="eager").eval()
    with torch.no_grad():
        output = own.base_model(**inputs_again(model, capture), output_attentions=True)
    found = {stack: getattr(output, name, None) for stack, name in OUTPUTS.items()}
    return {stack: [layer[0] for layer in layers] for stack, layers in found.items() if layers}


def assert_same(ours: dict[str, list[torch.Tensor]], theirs: dict[str, list[torch.Tensor]]) -> None:
    assert ours.keys() == theirs.keys()
    for stack, layers in ours.items():
        assert len(layers) == len(theirs[stack])
        for one, other in zip(layers, theirs[stack], strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5, rtol=0)


def answered(model: HuggingFaceModel, request: AttentionRequest) -> AttentionResult:
    result = run(working(model).job_for(request))
    assert isinstance(result, AttentionResult)
    return result
