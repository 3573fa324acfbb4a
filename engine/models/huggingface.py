"""Hugging Face text classifiers, computed from word embeddings so that they can be attributed to."""

import inspect
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.devices import choose_device
from engine.errors import LoadError, UserError
from engine.inputs.baselines import baselines_of
from engine.inputs.text import Piece, tokenized_text
from engine.models.files import Weights, read_json, read_weights, sha256_of
from engine.models.huggingface_folder import (
    build_config,
    check_fits,
    count_parameters,
    load_network,
    load_tokenizer,
    named,
    network_class,
)
from engine.models.model import (
    Encoding,
    TextModel,
    attention_of,
    freeze,
    layers_of,
    not_finite,
    recurrent_layers_of,
    require_text,
)
from engine.requests import OpenModelRequest, TextInput
from engine.results import ModelInfo, Notice, ProblemType

_SUBSTITUTES = {"pad": "pad_token_id", "mask": "mask_token_id", "unk": "unk_token_id"}
_CHARACTERS_PER_TOKEN = 32  # far more than any text needs; where it is too few, more are read


def open_huggingface(folder: Path, request: OpenModelRequest) -> "HuggingFaceModel":
    """Open the classifier in ``folder``.

    Raises:
        LoadError: what is missing, damaged, hostile or not a text classifier, in one sentence.
    """
    described = read_json(folder / "config.json")
    config, notices = build_config(described)
    architecture, network_type = network_class(described, config)
    parameters = count_parameters(network_type, config)
    weights = read_weights(folder)
    device = choose_device(request.device)
    check_fits(parameters, weights, device)
    tokenizer, tokenizer_files = load_tokenizer(folder, described)
    network, mismatches = load_network(network_type, config, weights)
    files = (folder / "config.json", *weights.files, *tokenizer_files)
    model = HuggingFaceModel(freeze(network.to(device)), tokenizer)
    model.info = ModelInfo(
        path=str(folder),
        format="huggingface",
        task="text_classification",
        labels=_labels(config),
        problem_type=_problem_type(config),
        parameters=parameters,
        dtype_on_disk=weights.dtype,
        bytes=weights.bytes,
        forecast_bytes=4 * parameters,
        tokenizer=type(tokenizer).__name__,
        layers=layers_of(network),
        recurrent=recurrent_layers_of(network),
        attention=attention_of(config),
        can=("attribution",),
        warnings=(*notices, *mismatches, *_notices(network, tokenizer, weights)),
        sha256=sha256_of(folder, files),
        baselines=baselines_of(set(model.substitutes)),
        maximum_tokens=model.maximum_tokens,
        reads_pairs=model.reads_pairs,
        architecture=architecture,
        device=str(device),
    )
    model.check_embeddings_path()
    return model


def _labels(config: Any) -> tuple[str, ...]:
    return () if _problem_type(config) == "regression" else tuple(str(config.id2label[i]) for i in range(config.num_labels))


def _problem_type(config: Any) -> ProblemType:
    known: dict[str, ProblemType] = {"multi_label_classification": "multi_label", "regression": "regression"}
    return known.get(config.problem_type or "", "regression" if config.num_labels == 1 else "single_label")


def _notices(network: Any, tokenizer: Any, weights: Weights) -> list[Notice]:
    """What else the user should know before trusting a number."""
    notices = []
    rows = network.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        notices.append(
            Notice(
                f"The tokenizer knows {len(tokenizer):,} tokens, the model {rows:,}: it may belong to another model.", "tokenizer"
            )
        )
    broken = not_finite(network)
    if broken:
        notices.append(Notice(f"{named(broken)} not finite (NaN or infinity): the file is damaged.", "not_finite", True))
    labels = [str(label) for label in network.config.id2label.values()]
    if len(set(labels)) < len(labels):
        notices.append(Notice("Two classes have the same label; name them by index:N.", "labels"))
    if weights.dtype not in ("float32", "float64"):
        notices.append(Notice(f"Stored as {weights.dtype}, computed in float32.", "dtype"))
    return notices


class HuggingFaceModel(TextModel):
    """A sequence classifier of the transformers library."""

    network: Any

    def __init__(self, network: Any, tokenizer: Any) -> None:
        self.network = network
        self._tokenizer = tokenizer
        if network.config.pad_token_id is None:
            network.config.pad_token_id = network.config.eos_token_id or 0  # texts in a batch are of one length: never used
        self._accepted = set(inspect.signature(network.forward).parameters)
        ids = {name: getattr(tokenizer, attribute) for name, attribute in _SUBSTITUTES.items()}
        self.substitutes = {name: i for name, i in ids.items() if i is not None and i < self._rows}
        self.maximum_tokens = self._maximum_tokens()

    @property
    def _rows(self) -> int:
        return int(self.network.get_input_embeddings().num_embeddings)

    @property
    def reads_pairs(self) -> bool:
        """Whether the tokenizer's template tells two texts apart."""
        return bool(self._tokenizer.num_special_tokens_to_add(pair=True) > self._tokenizer.num_special_tokens_to_add(pair=False))

    def _maximum_tokens(self) -> int | None:
        """The least of what tokenizer, config and table of positions hold."""
        limits = [self._tokenizer.model_max_length, getattr(self.network.config, "max_position_embeddings", None) or math.inf]
        for name, module in self.network.named_modules():
            if name.endswith(("position_embeddings", "wpe")) and isinstance(module, nn.Embedding):
                limits.append(module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1))
        least = min(limits)
        return None if least > 10_000_000 else int(least)

    def encode(self, text: TextInput) -> Encoding:
        """See ``TextModel``."""
        require_text(text, self.reads_pairs)
        encoded = self._tokenise(text)
        ids = encoded["input_ids"]
        if max(ids) >= self._rows:
            raise UserError(
                f"The tokenizer uses ids up to {max(ids)}, the model knows {self._rows}; it is another model's tokenizer.",
                "tokenizer",
            )
        segments = (
            None if special else s for special, s in zip(encoded["special_tokens_mask"], encoded.sequence_ids(), strict=True)
        )
        rows = zip(encoded.tokens(), ids, encoded["offset_mapping"], segments, strict=True)
        pieces = [Piece(piece, i, start, end, segment) for piece, i, (start, end), segment in rows]
        extras = {key: encoded[key] for key in ("attention_mask", "token_type_ids") if key in encoded and key in self._accepted}
        return Encoding(
            input=tokenized_text(text.text, text.pair, pieces, bool(encoded.encodings[0].overflowing)),
            ids=torch.tensor([ids], device=self.device),
            special=torch.tensor(encoded["special_tokens_mask"], dtype=torch.bool, device=self.device),
            extras={key: torch.tensor([value], device=self.device) for key, value in extras.items()},
        )

    def _tokenise(self, text: TextInput) -> Any:
        """Only as much of a long text as can fit is looked at, so that a hundred thousand words cost no more than a page."""
        options: dict[str, Any] = {"return_offsets_mapping": True, "return_special_tokens_mask": True}
        if self.maximum_tokens is None:
            return self._tokenizer(text.text, text.pair, **options)
        reach = self.maximum_tokens * _CHARACTERS_PER_TOKEN
        while True:
            pair = None if text.pair is None else text.pair[:reach]
            encoded = self._tokenizer(text.text[:reach], pair, truncation=True, max_length=self.maximum_tokens, **options)
            if encoded.encodings[0].overflowing or reach >= max(len(text.text), len(text.pair or "")):
                return encoded
            reach *= 4

    def embed(self, ids: Tensor) -> Tensor:
        """See ``TextModel``."""
        embedded: Tensor = self.network.get_input_embeddings()(ids)
        return embedded

    def logits(self, embeddings: Tensor, encoding: Encoding, position: int | None = None) -> Tensor:
        """See ``TextModel``."""
        extras = {key: value.expand(len(embeddings), -1) for key, value in encoding.extras.items()}
        logits: Tensor = self.network(inputs_embeds=embeddings, **extras).logits
        return logits

    @torch.no_grad()
    def check_embeddings_path(self) -> None:
        """Attributions go through ``inputs_embeds``; refuse a model that answers otherwise there than from token ids.

        Raises:
            LoadError: it does.
        """
        encoding = self.encode(TextInput("a b c"))
        by_ids = self.network(input_ids=encoding.ids, **encoding.extras).logits
        by_embeddings = self.logits(self.embed(encoding.ids), encoding)
        if not torch.allclose(by_ids, by_embeddings, atol=1e-4, rtol=1e-4, equal_nan=True):
            raise LoadError(
                "This architecture answers differently when given embeddings, so it cannot be explained yet.", "embeddings_path"
            )
