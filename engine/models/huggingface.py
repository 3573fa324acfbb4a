"""Hugging Face text models, computed from word embeddings so that they can be attributed to."""

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.attention.probe import gives_attention
from engine.attention.stacks import is_encoder_decoder
from engine.devices import choose_device, is_out_of_memory
from engine.errors import LoadError, UserError
from engine.inputs.baselines import baselines_of
from engine.inputs.text import Piece, tokenized_text
from engine.models.files import Weights, read_json, read_weights, sha256_of
from engine.models.huggingface_folder import (
    build_config,
    check_fits,
    count_parameters,
    differences,
    has_tokenizer,
    labels_of,
    load_network,
    load_tokenizer,
    network_class,
    notices_of_labels,
    notices_of_weights,
    problem_type_of,
)
from engine.models.model import (
    LONGEST_TEXT,
    CheckpointWeights,
    Encoding,
    Model,
    RowIds,
    TextModel,
    attention_of,
    freeze,
    layers_of,
    recurrent_layers_of,
    require_text,
    shapes_of,
)
from engine.models.training import FINAL, trainer_checkpoints
from engine.requests import OpenModelRequest, TextInput
from engine.results import ModelInfo, Notice, Task, Token

_SUBSTITUTES = {"pad": "pad_token_id", "mask": "mask_token_id", "unk": "unk_token_id"}
_EXTRAS = ("attention_mask", "token_type_ids")
_NO_LIMIT = 1e9  # how the libraries say that there is none
_WITHOUT_LIMIT = 4_096  # tokens, where nothing says how many: attention costs their square
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
_RESERVED = re.compile(r"\[unused\d+\]|<unused\d+>|<\|?reserved\w*\|?>|")
_WITHOUT_EMBEDDINGS = ("encoder", "seq2seq_lm")  # tasks for which nothing is explained from word embeddings
_PROBE = TextInput("a b c")
_CHARACTERS_PER_TOKEN = 32  # far more than any text needs; where it is too few, more are read


def open_huggingface(folder: Path, request: OpenModelRequest) -> Model:
    """Open the model in ``folder``.

    Raises:
        LoadError: what is missing, damaged, hostile or no model, in one sentence.
    """
    earlier = trainer_checkpoints(folder)
    own, place = _own_of(folder, earlier)
    described = read_json(place / "config.json")
    config, notices = build_config(described)
    architecture, task, network_type = network_class(described, config)
    if task == "image_classification":
        from engine.models.huggingface_image import open_image_classifier  # Pillow, when a picture is to be read

        return open_image_classifier(folder, place, request)
    parameters = count_parameters(network_type, config)
    weights = read_weights(place)
    device = choose_device(request.device)
    check_fits(parameters, weights, device)
    tokenizer, tokenizer_files = load_tokenizer(place if has_tokenizer(place) else folder, described)
    network, mismatches = load_network(network_type, config, weights)
    files = (place / "config.json", *weights.files, *tokenizer_files)
    model = _KINDS[task](freeze(network.to(device)), tokenizer)
    model.earlier, model.own_checkpoint = {name: path for name, path in earlier.items() if path != place}, own
    model.described = described
    refusal = None if task in _WITHOUT_EMBEDDINGS else model.why_not_by_embeddings()
    attends = gives_attention(network, model.probe)
    if refusal is not None and not attends:
        raise refusal
    model.info = ModelInfo(
        path=str(folder),
        format="huggingface",
        task=task,
        labels=labels_of(config) if task == "text_classification" else (),
        problem_type=problem_type_of(config) if task == "text_classification" else "single_label",
        parameters=parameters,
        dtype_on_disk=weights.dtype,
        bytes=weights.bytes,
        forecast_bytes=4 * parameters,
        tokenizer=type(tokenizer).__name__,
        layers=layers_of(network),
        recurrent=recurrent_layers_of(network),
        attention=attention_of(config),
        can=tuple(name for name, there in _abilities(model, task, refusal, attends).items() if there),
        warnings=(*notices, *mismatches, *_notices(network, tokenizer, weights), *_only_attention(refusal)),
        sha256=sha256_of(folder, files),
        baselines=baselines_of(set(model.substitutes)),
        maximum_tokens=model.maximum_tokens,
        reads_pairs=model.reads_pairs,
        architecture=architecture,
        device=str(device),
        checkpoints=model.checkpoints,
    )
    return model


def _own_of(folder: Path, earlier: Mapping[str, Path]) -> tuple[str, Path]:
    """The weights that are opened, and their name: those in ``folder`` itself, else, of a run that left none, the last."""
    whole = [(name, path) for name, path in earlier.items() if (path / "config.json").is_file()]
    return (FINAL, folder) if not whole or (folder / "config.json").is_file() else whole[-1]


def _abilities(model: "HuggingFaceModel", task: Task, refusal: LoadError | None, attends: bool) -> dict[str, bool]:
    """What can be asked of the model, in the words of ``ModelInfo.can``."""
    return {
        "attribution": task not in _WITHOUT_EMBEDDINGS and refusal is None,
        "attention": attends,
        "cells": bool(recurrent_layers_of(model.network)),
        "generation": task in ("causal_lm", "seq2seq_lm") and "past_key_values" in model.accepts,
    }


def _only_attention(refusal: LoadError | None) -> list[Notice]:
    return [] if refusal is None else [Notice(f"{refusal.message} Its attention can be read.", "embeddings_path")]


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
    return [*notices, *notices_of_labels(network), *notices_of_weights(network, weights)]


class HuggingFaceModel(TextModel):
    """A sequence classifier of the transformers library, and what the other kinds share with it."""

    network: Any
    described: Mapping[str, Any]  # config.json as it stands

    def __init__(self, network: Any, tokenizer: Any) -> None:
        self.network = network
        self._tokenizer = tokenizer
        if network.config.pad_token_id is None:
            network.config.pad_token_id = -1  # texts in a batch are of one length: no token is padding
        self.accepts = frozenset(inspect.signature(network.forward).parameters)
        self.keeps_logits = "logits_to_keep" in self.accepts
        one_type = getattr(network.config, "type_vocab_size", 2) == 1  # RoBERTa's: there is nothing to tell apart
        self._extras = [key for key in _EXTRAS if key in self.accepts and not (one_type and key == "token_type_ids")]
        ids = {name: getattr(tokenizer, attribute) for name, attribute in _SUBSTITUTES.items()}
        self.substitutes = {name: i for name, i in ids.items() if i is not None and i < self.vocabulary_size}
        self.maximum_tokens = self._maximum_tokens()

    @property
    def vocabulary_size(self) -> int:
        """See ``TextModel``."""
        return int(self.network.get_input_embeddings().num_embeddings)

    def read_checkpoint(self, path: Path) -> CheckpointWeights:
        """See ``TextModel``: as the model is opened, but that it must be the same network, and nothing of it missing."""
        file = path / "config.json"
        described = read_json(file) if file.is_file() else self.described
        config, _ = build_config(described)
        other = differences(config, build_config(self.described)[0])
        if other:
            words = (
                f"{path.name} is of another model: its config.json says otherwise about {other[0]}; take it out of the folder."
            )
            raise LoadError(words, "checkpoint_mismatch", ", ".join(other))
        network_type = network_class(self.described, config)[2]
        weights = read_weights(path)
        check_fits(count_parameters(network_type, config), weights, self.device)
        network: Any
        network, notices = load_network(network_type, config, weights)
        blocking = next((notice for notice in notices if notice.blocking), None)
        if blocking is not None:
            raise LoadError(f"{path.name} is of another model, or half of one: {blocking.message}", "checkpoint_mismatch")
        if shapes_of(network) != shapes_of(self.network):  # as many classes as its own config.json names
            raise LoadError(f"{path.name} is of another model, with tensors of other shapes.", "checkpoint_mismatch")
        network.config.pad_token_id = self.network.config.pad_token_id
        files = (*weights.files, *([file] if file.is_file() else []))
        warnings = (*notices, *notices_of_weights(network, weights))
        return CheckpointWeights(freeze(network.to(self.device)), files, weights.dtype, warnings)

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
        if max(ids) >= self.vocabulary_size:
            raise UserError(
                f"The tokenizer uses ids up to {max(ids)}, the model knows {self.vocabulary_size}; "
                "copy the model's own tokenizer.",
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

    def encode_many(self, texts: Sequence[TextInput]) -> list[RowIds | UserError]:
        """See ``TextModel``; the tokenizer is asked once for all that are short enough to be looked at whole."""
        reach = self.maximum_tokens * _CHARACTERS_PER_TOKEN
        usual = [
            at
            for at, t in enumerate(texts)
            if t.text.strip() and max(len(t.text), len(t.pair or "")) <= reach and (t.pair is None or self.reads_pairs)
        ]
        found: list[RowIds | UserError | None] = [None] * len(texts)
        for paired in (False, True):
            here = [at for at in usual if (texts[at].pair is not None) == paired]
            for at, row in zip(here, self._rows([texts[at] for at in here], paired), strict=True):
                found[at] = row
        return [
            row if row is not None else super(HuggingFaceModel, self).encode_many([text])[0]
            for row, text in zip(found, texts, strict=True)
        ]

    def _rows(self, texts: Sequence[TextInput], paired: bool) -> list[RowIds | None]:
        """None where ``encode`` has something to say."""
        if not texts:
            return []
        first, second = (
            [_LONE_SURROGATES.sub("\ufffd", t or "") for t in column]
            for column in zip(*((t.text, t.pair) for t in texts), strict=True)
        )
        encoded = self._tokenizer(
            first, second if paired else None, truncation=True, max_length=self.maximum_tokens, return_special_tokens_mask=True
        )
        rows: list[RowIds | None] = []
        for at, ids in enumerate(encoded["input_ids"]):
            if all(encoded["special_tokens_mask"][at]) or max(ids) >= self.vocabulary_size:
                rows.append(None)
                continue
            extras = {key: encoded[key][at] for key in self._extras if key in encoded}
            rows.append(RowIds(ids, extras, bool(encoded.encodings[at].overflowing)))
        return rows

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

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """See ``TextModel``."""
        return tuple(str(piece) for piece in self._tokenizer.convert_ids_to_tokens(list(ids)))

    def text_of(self, ids: Sequence[int]) -> str:
        """See ``TextModel``; a tokenizer that comes without a decoder cuts words as BERT's does, if at all."""
        text = str(self._tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))
        return text if self._tokenizer.backend_tokenizer.decoder is not None else text.replace(" ##", "")

    def _ordinary(self) -> Tensor:
        """Rows of the table that the tokenizer does not reach are filling."""
        reached = min(self.vocabulary_size, len(self._tokenizer))
        reserved = set(self._tokenizer.all_special_ids) | set(self._tokenizer.added_tokens_decoder)
        reserved |= {i for i, piece in enumerate(self.pieces(range(reached))) if _RESERVED.fullmatch(piece)}
        ordinary = torch.arange(self.vocabulary_size) < reached
        ordinary[[i for i in reserved if i < reached]] = False
        return ordinary

    def embed(self, ids: Tensor) -> Tensor:
        """See ``TextModel``."""
        embedded: Tensor = self.network.get_input_embeddings()(ids)
        return embedded

    def logits(self, embeddings: Tensor, encoding: Encoding, position: int | None = None) -> Tensor:
        """See ``TextModel``."""
        extras: dict[str, Any] = {key: value.expand(len(embeddings), -1) for key, value in encoding.extras.items()}
        if position is not None and self.keeps_logits:  # one row of the vocabulary's logits, not one for each token
            extras["logits_to_keep"], position = torch.tensor([position], device=self.device), 0
        # A copy, since CTRL scales what it is given in place.
        return self._at(self.network(inputs_embeds=embeddings.clone(), **extras).logits, position)

    def _at(self, logits: Tensor, position: int | None) -> Tensor:
        """A classifier answers once for the whole text."""
        return logits

    @property
    def ends(self) -> frozenset[int]:
        """The tokens that end a text the model writes."""
        said = self.network.config.eos_token_id
        known = self._tokenizer.eos_token_id if said is None else said
        return frozenset(i for i in (known if isinstance(known, list) else [known]) if i is not None)

    def probe(self) -> dict[str, Any]:
        """What the network is given for a short text."""
        encoding = self.encode(_PROBE)
        return self.inputs(encoding, self.decoder_reads(encoding, None))

    def inputs(self, encoding: Encoding, decoder: Encoding | None) -> dict[str, Any]:
        """What the network is given for a text, and for its decoder's where it has one."""
        beside = {} if decoder is None else {"decoder_input_ids": decoder.ids}
        return {"input_ids": encoding.ids, **encoding.extras, **beside}

    def decoder_reads(self, encoding: Encoding, text: str | None) -> Encoding | None:
        """What the decoder of an encoder-decoder is given; None: the network has none. A classifier's reads the same text.

        Raises:
            UserError: there is no decoder that reads ``text``.
        """
        if text is not None:
            raise UserError("This model has no decoder with a text of its own; leave the decoder's text out.", "no_decoder")
        if not is_encoder_decoder(self.network):
            return None
        start = self._decoder_start()
        tokens = (Token("", self.pieces([start])[0], start, 0, 0, True), *encoding.input.tokens[:-1])
        ids = torch.cat([encoding.ids.new_tensor([[start]]), encoding.ids[:, :-1]], 1)
        special = torch.cat([encoding.special.new_ones(1), encoding.special[:-1]])
        return Encoding(replace(encoding.input, tokens=tokens), ids, special)

    def _decoder_start(self) -> int:
        known = self.network.config
        said = (known.decoder_start_token_id, known.bos_token_id, known.eos_token_id, 0)
        return next(int(i) for i in said if i is not None)

    def why_not_by_embeddings(self) -> LoadError | None:
        """Attributions go through ``inputs_embeds``: a model that cannot be asked there, or answers otherwise, has none."""
        encoding = self.encode(_PROBE)
        position = encoding.ids.shape[1] - 1
        with torch.no_grad():
            by_ids = self._at(self.network(input_ids=encoding.ids, **encoding.extras).logits, position)
        try:
            with torch.enable_grad():
                points = self.embed(encoding.ids).requires_grad_()
                by_embeddings = self.logits(points, encoding, position)
                torch.autograd.grad(by_embeddings.sum(), points)
        except Exception as error:  # every architecture says it in its own way
            if is_out_of_memory(error):
                raise
            return LoadError(
                f"{type(self.network).__name__} computes from token ids alone, so it cannot be explained yet.",
                "embeddings_path",
                f"{type(error).__name__}: {error}",
            )
        if not torch.allclose(by_ids, by_embeddings, atol=1e-4, rtol=1e-4, equal_nan=True):
            return LoadError(
                f"{type(self.network).__name__} answers differently when given embeddings, so it cannot be explained yet.",
                "embeddings_path",
            )
        return None


class HuggingFaceLanguageModel(HuggingFaceModel):
    """A causal or masked language model: its outputs are the tokens of the vocabulary, at one position."""

    def _at(self, logits: Tensor, position: int | None) -> Tensor:
        return logits[:, -1 if position is None else position]

    def default_position(self, encoding: Encoding) -> int:
        """See ``TextModel``."""
        if self.info.task == "causal_lm":
            return super().default_position(encoding)
        masks = (encoding.ids[0] == self.substitutes.get("mask", -1)).nonzero().flatten().tolist()
        if not masks:
            mask = self._tokenizer.mask_token or "the mask token"
            raise UserError(f"Put {mask} where a word is to be guessed, or name a position.", "no_mask")
        return int(masks[0])

    def output_label(self, index: int) -> str | None:
        """The token as it would stand in a text, with its leading space; the piece itself where it is no text alone."""
        piece = str(self._tokenizer.convert_ids_to_tokens(index))
        decoder = self._tokenizer.backend_tokenizer.decoder
        text = decoder.decode([piece]) if decoder is not None and not piece.startswith("##") else piece
        if piece.startswith("\u2581") and not text.startswith(" "):
            text = f" {text}"
        return piece if not text or "\ufffd" in text else text

    def output_index(self, text: str) -> int | None:
        """The one token that stands for exactly ``text``, a leading space counted."""
        candidates = [self._tokenizer.convert_tokens_to_ids(text)]
        for spelling in (text, text.lstrip()):
            ids = self._tokenizer(spelling, add_special_tokens=False)["input_ids"] if spelling else []
            candidates += ids if len(ids) == 1 else []
        return next((i for i in candidates if i is not None and self.output_label(i) == text), None)

    def no_such_output(self, name: str, outputs: int) -> str:
        """See ``TextModel``."""
        pieces = self._tokenizer(name, add_special_tokens=False).tokens()
        if len(pieces) > 1:
            return f"“{name}” is {len(pieces)} tokens to this model ({', '.join(pieces[:4])}); name one of them."
        return f"“{name}” is not a token of this model; try it with a leading space, or name it by index:N."


class HuggingFaceEncoderDecoder(HuggingFaceLanguageModel):
    """A language model that reads with one stack and writes with another; its attention is read, and what it writes."""

    def decoder_reads(self, encoding: Encoding, text: str | None) -> Encoding:
        """See ``HuggingFaceModel``: the token it starts with, and ``text``."""
        first, written = self._decoder_start(), _LONE_SURROGATES.sub("\ufffd", text or "")
        encoded = self._tokenizer(
            written, add_special_tokens=False, return_offsets_mapping=True, truncation=True, max_length=self.maximum_tokens - 1
        )
        rows = zip(encoded.tokens(), encoded["input_ids"], encoded["offset_mapping"], strict=True)
        pieces = [
            Piece(self.pieces([first])[0], first, 0, 0, None),
            *(Piece(piece, i, start, end, 0) for piece, i, (start, end) in rows),
        ]
        return Encoding(
            input=tokenized_text(written, None, pieces, bool(encoded.encodings and encoded.encodings[0].overflowing)),
            ids=torch.tensor([[piece.id for piece in pieces]], device=self.device),
            special=torch.tensor([piece.segment is None for piece in pieces], device=self.device),
        )

    def logits(self, embeddings: Tensor, encoding: Encoding, position: int | None = None) -> Tensor:
        """See ``TextModel``."""
        raise UserError("An encoder-decoder cannot be explained yet; its attention can be read.", "unavailable")


_KINDS: dict[Task, type[HuggingFaceModel]] = {
    "text_classification": HuggingFaceModel,
    "causal_lm": HuggingFaceLanguageModel,
    "masked_lm": HuggingFaceLanguageModel,
    "encoder": HuggingFaceModel,
    "seq2seq_lm": HuggingFaceEncoderDecoder,
}
