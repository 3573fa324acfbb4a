"""Hugging Face text classifiers, computed from word embeddings so that they can be attributed to."""

import inspect
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.devices import choose_device, is_out_of_memory
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
    LONGEST_TEXT,
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
_EXTRAS = ("attention_mask", "token_type_ids")
_NO_LIMIT = 1e9  # how the libraries say that there is none
_WITHOUT_LIMIT = 4_096  # tokens, where nothing says how many: attention costs their square
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
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
    if _problem_type(config) == "regression":
        return ()
    return tuple(str(config.id2label.get(i, f"LABEL_{i}")) for i in range(config.num_labels))


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
            network.config.pad_token_id = -1  # texts in a batch are of one length: no token is padding
        accepted = inspect.signature(network.forward).parameters
        one_type = getattr(network.config, "type_vocab_size", 2) == 1  # RoBERTa's: there is nothing to tell apart
        self._extras = [key for key in _EXTRAS if key in accepted and not (one_type and key == "token_type_ids")]
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

    def _maximum_tokens(self) -> int:
        """The least of what tokenizer, config and table of positions hold."""
        limits = [self._tokenizer.model_max_length, getattr(self.network.config, "max_position_embeddings", None)]
        for name, module in self.network.named_modules():
            if name.endswith(("position_embeddings", "wpe")) and isinstance(module, nn.Embedding):
                limits.append(module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1))
        known = [int(limit) for limit in limits if isinstance(limit, (int, float)) and 0 < limit < _NO_LIMIT]
        return min(LONGEST_TEXT, min(known, default=_WITHOUT_LIMIT))

    def encode(self, text: TextInput) -> Encoding:
        """See ``TextModel``."""
        require_text(text, self.reads_pairs)
        encoded = self._tokenise(text)
        ids = encoded["input_ids"]
        if all(encoded["special_tokens_mask"]):
            raise UserError("There is nothing in this text that the model's tokenizer reads; type a word.", "empty_text")
        if max(ids) >= self._rows:
            raise UserError(
                f"The tokenizer uses ids up to {max(ids)}, the model knows {self._rows}; copy the model's own tokenizer.",
                "tokenizer",
            )
        segments = (
            None if special else s for special, s in zip(encoded["special_tokens_mask"], encoded.sequence_ids(), strict=True)
        )
        rows = zip(encoded.tokens(), ids, encoded["offset_mapping"], segments, strict=True)
        pieces = [Piece(piece, i, start, end, segment) for piece, i, (start, end), segment in rows]
        extras = {key: encoded[key] for key in self._extras if key in encoded}
        return Encoding(
            input=tokenized_text(text.text, text.pair, pieces, bool(encoded.encodings[0].overflowing)),
            ids=torch.tensor([ids], device=self.device),
            special=torch.tensor(encoded["special_tokens_mask"], dtype=torch.bool, device=self.device),
            extras={key: torch.tensor([value], device=self.device) for key, value in extras.items()},
        )

    def _tokenise(self, text: TextInput) -> Any:
        """Only as much of a long text as can fit is looked at, so that a hundred thousand words cost no more than a page."""
        options: dict[str, Any] = {"return_offsets_mapping": True, "return_special_tokens_mask": True}
        reach = self.maximum_tokens * _CHARACTERS_PER_TOKEN
        while True:
            first, second = (None if t is None else _LONE_SURROGATES.sub("\ufffd", t[:reach]) for t in (text.text, text.pair))
            encoded = self._tokenizer(first, second, truncation=True, max_length=self.maximum_tokens, **options)
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
        logits: Tensor = self.network(inputs_embeds=embeddings.clone(), **extras).logits  # CTRL scales what it is given in place
        return logits

    def check_embeddings_path(self) -> None:
        """Attributions go through ``inputs_embeds``: refuse a model that cannot be asked there, or answers otherwise.

        Raises:
            LoadError: it does.
        """
        encoding = self.encode(TextInput("a b c"))
        with torch.no_grad():
            by_ids = self.network(input_ids=encoding.ids, **encoding.extras).logits
        try:
            with torch.enable_grad():
                points = self.embed(encoding.ids).requires_grad_()
                by_embeddings = self.logits(points, encoding)
                torch.autograd.grad(by_embeddings.sum(), points)
        except Exception as error:  # every architecture says it in its own way
            if is_out_of_memory(error):
                raise
            raise LoadError(
                f"{type(self.network).__name__} computes from token ids alone, so it cannot be explained yet.",
                "embeddings_path",
                f"{type(error).__name__}: {error}",
            ) from None
        if not torch.allclose(by_ids, by_embeddings, atol=1e-4, rtol=1e-4, equal_nan=True):
            raise LoadError(
                f"{type(self.network).__name__} answers differently when given embeddings, so it cannot be explained yet.",
                "embeddings_path",
            )
