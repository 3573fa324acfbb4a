"""A recurrent folder opened as a model that can be asked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.devices import choose_device
from engine.errors import LoadError, UserError
from engine.inputs.baselines import baselines_of
from engine.inputs.text import Piece, tokenized_text
from engine.inputs.tokenise import Tokeniser, Tokens
from engine.models.files import SAFETENSORS, Weights, read_json, read_json_value, read_safetensors, sha256_of
from engine.models.model import (
    LONGEST_TEXT,
    CheckpointWeights,
    Encoding,
    RowIds,
    TextModel,
    fill,
    layers_of,
    not_finite,
    recurrent_layers_of,
    require_text,
)
from engine.models.record_spec import check_pads
from engine.models.recurrent import RecurrentNetwork, check_weights
from engine.models.recurrent_spec import RecurrentSpec, check_vocabulary, read_spec
from engine.models.training import recurrent_checkpoints
from engine.requests import Device, OpenModelRequest, TextInput
from engine.results import ModelInfo, Notice


def open_recurrent(folder: Path, request: OpenModelRequest) -> "RecurrentModel":
    """Open a recurrent folder.

    Raises:
        LoadError: a file is missing or damaged, or the weights do not fit their description.
    """
    spec = read_spec(read_json(folder / "model.json"))
    vocabulary = _read_vocabulary(folder / "vocabulary.json")
    check_vocabulary(spec, len(vocabulary))
    if spec.record is not None:
        check_pads(spec.record, vocabulary)
    if not (folder / SAFETENSORS).is_file():
        raise LoadError(f"The folder has no weights: {SAFETENSORS} is missing.", "no_weights")
    weights = Weights(read_safetensors(folder / SAFETENSORS), (folder / SAFETENSORS,))
    sha256 = sha256_of(folder, (folder / "model.json", folder / "vocabulary.json", *weights.files))
    model = recurrent_model(spec, vocabulary, weights, folder, sha256, request.device)
    model.earlier = recurrent_checkpoints(folder)
    model.info = replace(model.info, checkpoints=model.checkpoints)
    return model


def recurrent_model(
    spec: RecurrentSpec, vocabulary: list[str], weights: Weights, path: Path, sha256: str, device: Device = "auto"
) -> "RecurrentModel":
    """A model from its parts, which come from ``path``.

    Raises:
        LoadError: the weights do not fit their description.
    """
    place = choose_device(device)
    network = _build(spec, len(vocabulary), weights.tensors, place)
    model = _model_class(spec)(network, spec, vocabulary)
    parameters = sum(p.numel() for p in network.parameters())
    model.info = ModelInfo(
        path=str(path),
        format="recurrent",
        task=spec.task,
        labels=spec.labels,
        problem_type=spec.problem_type,
        parameters=parameters,
        dtype_on_disk=weights.dtype,
        bytes=weights.bytes,
        forecast_bytes=4 * parameters,
        tokenizer=spec.tokeniser,
        layers=layers_of(network),
        recurrent=recurrent_layers_of(network),
        attention=None,
        can=("attribution", "cells"),
        warnings=tuple(_notices(network, vocabulary, weights)),
        sha256=sha256,
        baselines=model.own_baselines,
        maximum_tokens=spec.maximum_tokens or LONGEST_TEXT,
        architecture=architecture_of(spec),
        device=str(place),
        input_kind="text" if spec.record is None else "record",
        fields=() if spec.record is None else spec.record.fields,
        value_unit="" if spec.record is None else spec.record.unit,
    )
    return model


def _model_class(spec: RecurrentSpec) -> "type[RecurrentModel]":
    """By what it reads."""
    if spec.record is None:
        return RecurrentModel
    from engine.models.record_model import RecordModel  # which is one of these

    return RecordModel


def architecture_of(spec: RecurrentSpec) -> str:
    """In a few words."""
    return f"{spec.architecture.upper()} {spec.layers} × {spec.hidden_size}" + (" bidirectional" if spec.bidirectional else "")


def _read_vocabulary(path: Path) -> list[str]:
    vocabulary = read_json_value(path)
    if not isinstance(vocabulary, list) or not vocabulary or not all(isinstance(entry, str) for entry in vocabulary):
        raise LoadError(f"{path.name} should be a list of texts; entry i has the id i.", "bad_vocabulary")
    return vocabulary


def _build(spec: RecurrentSpec, entries: int, tensors: Mapping[str, Tensor], device: torch.device) -> RecurrentNetwork:
    """The network with its weights; on the meta device first, so that a hostile description costs nothing."""
    with torch.device("meta"):
        network = RecurrentNetwork(spec, entries)
    check_weights(network, tensors)
    fill(network, tensors, device)
    return network


def _notices(network: RecurrentNetwork, vocabulary: list[str], weights: Weights) -> list[Notice]:
    notices = []
    if len(set(vocabulary)) < len(vocabulary):
        twice = next(entry for i, entry in enumerate(vocabulary) if vocabulary.index(entry) < i)
        notices.append(Notice(f"The vocabulary holds “{twice}” twice; the first of them is used.", "vocabulary"))
    return notices + _notices_of_weights(network, weights)


def _notices_of_weights(network: RecurrentNetwork, weights: Weights) -> list[Notice]:
    notices = []
    broken = not_finite(network)
    if broken:
        notices.append(
            Notice(f"The tensor {broken[0]} is not finite (NaN or infinity): the file is damaged.", "not_finite", True)
        )
    if weights.dtype not in ("float32", "float64"):
        notices.append(Notice(f"Stored as {weights.dtype}, computed in float32.", "dtype"))
    return notices


class RecurrentModel(TextModel):
    """A recurrent classifier or language model."""

    network: Any
    own_baselines: tuple[str, ...]

    def __init__(self, network: RecurrentNetwork, spec: RecurrentSpec, vocabulary: list[str]) -> None:
        self.network, self.spec, self.vocabulary = network, spec, vocabulary
        self._ids = {entry: i for i, entry in reversed(list(enumerate(vocabulary)))}
        named = {"pad": spec.padding, "unk": spec.unknown}
        self.substitutes = {name: self._ids[entry] for name, entry in named.items() if entry in self._ids}
        self.own_baselines = baselines_of(set(self.substitutes))
        self._tokeniser = Tokeniser(spec.tokeniser, self._ids, self.substitutes.get("unk"), spec.lowercase)

    def read_checkpoint(self, path: Path) -> CheckpointWeights:
        """See ``TextModel``."""
        weights = Weights(read_safetensors(path), (path,))
        network = _build(self.spec, len(self.vocabulary), weights.tensors, self.device)
        return CheckpointWeights(network, weights.files, weights.dtype, tuple(_notices_of_weights(network, weights)))

    def encode(self, text: TextInput) -> Encoding:
        """See ``TextModel``."""
        require_text(text)
        pieces, overflowed = self._pieces(text.text)
        if not pieces:
            raise UserError("There is nothing in this text that the model's tokeniser reads; type a word.", "empty_text")
        return Encoding(
            input=tokenized_text(text.text, None, pieces, overflowed),
            ids=torch.tensor([[p.id for p in pieces]], device=self.device),
            special=torch.zeros(len(pieces), dtype=torch.bool, device=self.device),
        )

    def encode_many(self, texts: Sequence[TextInput]) -> list[RowIds | UserError]:
        """See ``TextModel``; where every word has an id, offsets are not looked for."""
        if "unk" not in self.substitutes:
            return super().encode_many(texts)
        limit = self.spec.maximum_tokens or LONGEST_TEXT
        found: list[RowIds | UserError] = []
        for text in texts:
            ids = self._tokeniser.ids(text.text) if text.text.strip() and text.pair is None else []
            if ids:
                found.append(RowIds(ids[:limit], {}, len(ids) > limit))
            else:
                found += super().encode_many([text])  # which says why
        return found

    def _pieces(self, text: str) -> tuple[list[Piece], bool]:
        """As many pieces as the model reads, and whether there would have been more."""
        limit = self.spec.maximum_tokens or LONGEST_TEXT
        pieces: list[Piece] = []
        for piece, known, start, end in self._tokeniser.pieces(text):
            if len(pieces) == limit:
                return pieces, True
            if known is None:
                raise UserError(
                    f"{piece!r} is not in the model's vocabulary, which has no entry for the unknown; leave it out.",
                    "unknown_piece",
                )
            pieces.append(Piece(self.vocabulary[known], known, start, end, 0))
        return pieces, False

    def tokens_of(self, text: str) -> Tokens:
        """See ``TextModel``."""
        return self._tokeniser.tokens(text)

    def run_tokens(self, ids: Tensor) -> Tensor:
        """See ``TextModel``."""
        states: Tensor = self.network.hidden_states(self.network.embed(ids))
        return states

    @property
    def vocabulary_size(self) -> int:
        """See ``TextModel``."""
        return len(self.vocabulary)

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """See ``TextModel``."""
        return tuple(self.vocabulary[i] for i in ids)

    def text_of(self, ids: Sequence[int]) -> str:
        """Without spaces where the tokeniser reads it so, else with one between two pieces."""
        joined = "".join(self.pieces(ids))
        reads_back = [known for _, known, _, _ in self._tokeniser.pieces(joined)] == list(ids)
        return joined if reads_back else " ".join(self.pieces(ids))

    def _ordinary(self) -> Tensor:
        ordinary = torch.ones(self.vocabulary_size, dtype=torch.bool)
        ordinary[list(self.substitutes.values())] = False
        return ordinary

    def embed(self, ids: Tensor) -> Tensor:
        """See ``TextModel``."""
        embedded: Tensor = self.network.embed(ids)
        return embedded

    def logits(self, embeddings: Tensor, encoding: Encoding, position: int | None = None) -> Tensor:
        """See ``TextModel``."""
        if self.spec.task == "causal_lm" and position is not None:
            embeddings = embeddings[:, : position + 1]  # what comes later is not read, whichever way a layer runs
        outputs: Tensor = self.network(embeddings)
        return outputs[:, -1] if self.spec.task == "causal_lm" else outputs

    def logits_of_states(self, states: Tensor) -> Tensor | None:
        """See ``TextModel``."""
        return self.network.outputs(states) if self.spec.task == "causal_lm" else None

    def output_label(self, index: int) -> str | None:
        """See ``TextModel``."""
        return self.vocabulary[index] if self.spec.task == "causal_lm" else super().output_label(index)

    def output_index(self, text: str) -> int | None:
        """See ``TextModel``."""
        return self._ids.get(text) if self.spec.task == "causal_lm" else super().output_index(text)
