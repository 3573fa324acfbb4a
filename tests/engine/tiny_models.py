"""Tiny random models, written as the folders a user would open. ``from tests.engine import tiny_models``.

Nothing is downloaded: the networks are built from configs, the tokenizers trained on the text below.
"""

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor

from engine.attribution.registry import METHODS
from engine.jobs import run
from engine.models.model import TextModel
from engine.models.opening import open_model
from engine.models.recurrent import RecurrentNetwork, save
from engine.models.recurrent_spec import RecurrentSpec
from engine.requests import OpenModelRequest

LABELS = ("negative", "neutral", "positive")
TEXT = "Not once does it come close to being exciting."
_WORDS = ("Not", "not", "once", "does", "it", "come", "close", "to", "being", "exciting", ".", ",", "a", "b", "c")
VOCABULARY = ("<pad>", "<unk>", *_WORDS)
CORPUS = (
    TEXT,
    "A wonderful, moving film; the acting is superb and the ending left me in tears.",
    "Dull from start to finish: nothing happens, nobody cares, and it lasts three hours.",
    "It is a film. Some people talk, others listen. Then it ends.",
)
# Field names differ by family; every model here has two layers, two heads and sixteen features.
_SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
_BERT = _SIZES | {"max_position_embeddings": 64}
_ROBERTA = _BERT | {"max_position_embeddings": 66, "type_vocab_size": 1}
_DECODER = _BERT | {"num_key_value_heads": 1, "head_dim": 8}
_GPT2 = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64, "n_inner": 24}
_CODER = {"layers": 2, "attention_heads": 2, "ffn_dim": 24}
_BART = {f"{side}_{key}": value for side in ("encoder", "decoder") for key, value in _CODER.items()} | {"d_model": 16}
_T5 = {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 1}
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {  # model type -> (kind of tokenizer, config)
    "bert": ("wordpiece", _BERT),
    "distilbert": ("wordpiece", {"dim": 16, "hidden_dim": 24, "n_layers": 2, "n_heads": 2, "max_position_embeddings": 64}),
    "electra": ("wordpiece", _BERT | {"embedding_size": 8}),
    "mpnet": ("wordpiece", _BERT | {"max_position_embeddings": 66}),
    "roberta": ("byte_bpe", _ROBERTA),
    "xlm-roberta": ("unigram", _ROBERTA),
    "albert": ("unigram", _BERT | {"embedding_size": 8}),
    "deberta-v2": (
        "unigram",
        _BERT | {"relative_attention": True, "position_buckets": 8, "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0},
    ),
    "modernbert": ("byte_bpe", _BERT | {"local_attention": 8, "global_attn_every_n_layers": 2}),
    "xlnet": ("unigram", {"d_model": 16, "n_layer": 2, "n_head": 2, "d_inner": 24}),
    "gpt2": ("byte_bpe", _GPT2),
    "llama": ("byte_bpe", _DECODER),
    "qwen2": ("byte_bpe", _DECODER),
    "gemma": ("unigram", _DECODER),
    "bart": ("byte_bpe", _BART),
    "t5": ("unigram", _T5),
}
METHODS_OF_ANY_MODEL = [
    name for name, method in METHODS.items() if "relu" not in method.description.needs and "text" in method.description.inputs
]
_DECODER_ONLY = ("gpt2", "llama", "qwen2", "gemma")


def write(
    folder: Path,
    model_type: str = "bert",
    *,
    labels: Sequence[str] | int = LABELS,
    problem_type: str | None = None,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    safetensors: bool = True,
    tokenizer: str | None = None,
    head: str = "SequenceClassification",
    **config: Any,
) -> Path:
    """A Hugging Face text model with random weights that has an opinion.

    Args:
        labels: their names, or how many unnamed ones (1: regression).
        head: as in the library's ``AutoModelFor…``; empty: a bare encoder.
        tokenizer: ``wordpiece``, ``byte_bpe`` or ``unigram``; None: what such models are trained with.
        config: fields that differ from the architecture's own tiny ones.
    """
    kind, known = ARCHITECTURES[model_type]
    fast = fast_tokenizer(tokenizer or kind, model_type)
    names: dict[str, Any] = (
        {"num_labels": labels} if isinstance(labels, int) else {"id2label": dict(enumerate(labels)), "num_labels": len(labels)}
    )
    ids = {f"{name}_token_id": getattr(fast, f"{name}_token_id") for name in ("pad", "bos", "eos", "cls", "sep")}
    described = {"vocab_size": len(fast), "problem_type": problem_type, **names, **ids, **known, **config}
    described = {key: value for key, value in described.items() if value is not None}
    network = build(model_type, described, seed, head)
    folder.mkdir(parents=True, exist_ok=True)
    network.to(dtype).save_pretrained(folder)
    fast.save_pretrained(folder)
    if not safetensors:
        (folder / "model.safetensors").unlink()
        torch.save(network.state_dict(), folder / "pytorch_model.bin")
    return folder


def build(model_type: str, described: dict[str, Any], seed: int = 0, head: str = "SequenceClassification") -> Any:
    """The network itself, its matrices drawn wide enough that the scores bend along a path."""
    config = transformers.CONFIG_MAPPING[model_type](**described)
    network = getattr(transformers, f"AutoModelFor{head}" if head else "AutoModel").from_config(config).eval()
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        if parameter.dim() > 1:
            parameter.data.normal_(0, 0.3, generator=generator)
    return network


@functools.cache
def fast_tokenizer(kind: str, model_type: str = "bert") -> Any:
    """A tokenizer as models of this type come with; do not change it."""
    made = {"wordpiece": _wordpiece, "byte_bpe": _byte_bpe, "unigram": _unigram}[kind](model_type in _DECODER_ONLY)
    named = {"wordpiece": _BERT_TOKENS, "byte_bpe": _ROBERTA_TOKENS, "unigram": _ROBERTA_TOKENS}[kind]
    if model_type in _DECODER_ONLY:
        named = {"pad_token": named["pad_token"], "unk_token": named["unk_token"]}
    given = ["input_ids", "token_type_ids", "attention_mask"] if kind != "byte_bpe" else ["input_ids", "attention_mask"]
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, model_input_names=given, **named)


_BERT_TOKENS = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
_ROBERTA_TOKENS = {"cls_token": "<s>", "pad_token": "<pad>", "sep_token": "</s>", "unk_token": "<unk>", "mask_token": "<mask>"}
_ROBERTA_TOKENS |= {"bos_token": "<s>", "eos_token": "</s>"}


def _wordpiece(bare: bool) -> Tokenizer:
    """As BERT's uncased: accents stripped, so that a piece can be shorter than what it stands for."""
    letters = sorted(set("".join(CORPUS).lower()) - {" "})
    words = sorted({word for line in CORPUS for word in re.findall(r"\w{2,}", line.lower())} - {"exciting", "wonderful"})
    known = [*_BERT_TOKENS.values(), *letters, *(f"##{letter}" for letter in letters), *words, "##ing", "wonder", "##ful"]
    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(known)}, unk_token="[UNK]"))
    tokenizer.add_special_tokens(list(_BERT_TOKENS.values()))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ids = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    if not bare:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids
        )
    return tokenizer


def _byte_bpe(bare: bool) -> Tokenizer:
    """As RoBERTa's and GPT-2's: one emoji is several pieces of one span."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = list(dict.fromkeys(_ROBERTA_TOKENS.values()))
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=330, special_tokens=special, show_progress=False, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(CORPUS, trainer)
    if not bare:
        tokenizer.post_processor = processors.RobertaProcessing(
            ("</s>", tokenizer.token_to_id("</s>")), ("<s>", tokenizer.token_to_id("<s>")), add_prefix_space=False
        )
    return tokenizer


def _unigram(bare: bool) -> Tokenizer:
    """As SentencePiece's: NFKC and runs of spaces made one, a lower line for a space, and an unknown piece."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = list(dict.fromkeys(_ROBERTA_TOKENS.values()))
    trainer = trainers.UnigramTrainer(vocab_size=100, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    if not bare:
        ids = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=ids
        )
    return tokenizer


def recurrent_spec(**changes: Any) -> RecurrentSpec:
    """A word-level LSTM classifier of three classes, or what ``changes`` make of it."""
    known: dict[str, Any] = {"architecture": "lstm", "task": "text_classification", "embedding_size": 4, "hidden_size": 5}
    return RecurrentSpec(**(known | {"head": (3,), "labels": LABELS} | changes))


def recurrent_weights(spec: RecurrentSpec, vocabulary: Sequence[str] = VOCABULARY, seed: int = 0) -> dict[str, Tensor]:
    """A random state dict that fits ``spec``."""
    generator = torch.Generator().manual_seed(seed)
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in RecurrentNetwork(spec, len(vocabulary)).state_dict().items()}
    return {name: torch.randn(shape, generator=generator) * 0.7 for name, shape in shapes.items()}


def write_recurrent(
    folder: Path, vocabulary: Sequence[str] = VOCABULARY, *, seed: int = 0, dtype: torch.dtype = torch.float32, **changes: Any
) -> Path:
    """A recurrent folder with random weights; ``changes`` as for ``recurrent_spec``."""
    spec = recurrent_spec(**changes)
    save(folder, spec, recurrent_weights(spec, vocabulary, seed), vocabulary, dtype)
    return folder


def write_language_model(folder: Path, vocabulary: Sequence[str] = VOCABULARY, **changes: Any) -> Path:
    """A recurrent language model: one output per entry of ``vocabulary``."""
    return write_recurrent(folder, vocabulary, **({"task": "causal_lm", "head": (len(vocabulary),), "labels": ()} | changes))


def opened(folder: Path | str, **request: Any) -> TextModel:
    """The model in ``folder``."""
    return run(open_model(OpenModelRequest(str(folder), **request)))
