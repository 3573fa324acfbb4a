"""Recurrent folders: an embedding (or one-hot input), an LSTM, GRU or RNN, and linear layers, described by ``model.json``.

The tensors in ``model.safetensors`` are named as torch names them: ``embedding.weight``, ``rnn.weight_ih_l0`` …,
``head.0.weight``, ``head.0.bias``, ``head.1.weight`` …
"""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.errors import LoadError
from engine.models.files import SAFETENSORS
from engine.models.record_spec import check_pads
from engine.models.recurrent_spec import FORMAT, RecurrentSpec, check_spec, check_vocabulary
from engine.models.training import CHECKPOINTS

_LAYERS: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": nn.functional.gelu,
    "none": lambda x: x,
}


class RecurrentNetwork(nn.Module):
    """Embedding → recurrent layers → read-out → linear layers, as ``spec`` says."""

    def __init__(self, spec: RecurrentSpec, vocabulary_size: int) -> None:
        super().__init__()
        self.spec = spec
        self.vocabulary_size = vocabulary_size
        if spec.embedding_size is not None:
            self.embedding = nn.Embedding(vocabulary_size, spec.embedding_size)
        size_in = spec.embedding_size or vocabulary_size
        projected: dict[str, Any] = {"proj_size": spec.projection} if spec.projection else {}
        self.rnn = _LAYERS[spec.architecture](
            size_in,
            spec.hidden_size,
            spec.layers,
            bias=spec.bias,
            batch_first=True,
            bidirectional=spec.bidirectional,
            **projected,
        )
        sizes = ((spec.projection or spec.hidden_size) * (2 if spec.bidirectional else 1), *spec.head)
        self.head = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))

    def embed(self, ids: Tensor) -> Tensor:
        """(batch, seq) token ids -> (batch, seq, d_model); one-hot vectors where there is no embedding."""
        if self.spec.embedding_size is None:
            zeros = next(self.parameters()).new_zeros(*ids.shape, self.vocabulary_size)
            return zeros.scatter_(-1, ids[..., None], 1.0)
        embedded: Tensor = self.embedding(ids)
        return embedded

    def hidden_states(self, embeddings: Tensor) -> Tensor:
        """(batch, seq, d_model) -> (batch, seq, directions · d_hidden) of the last layer."""
        states: Tensor = self.rnn(embeddings)[0]
        return states

    def read_out(self, states: Tensor) -> Tensor:
        """(batch, seq, directions · d_hidden) -> (batch, directions · d_hidden)."""
        if self.spec.readout == "mean":
            return states.mean(dim=1)
        if self.spec.readout == "max":
            return states.amax(dim=1)
        if not self.spec.bidirectional or self.spec.readout == "last_step":
            return states[:, -1]
        forwards, backwards = states.chunk(2, dim=-1)
        return torch.cat((forwards[:, -1], backwards[:, 0]), dim=-1)

    def outputs(self, features: Tensor) -> Tensor:
        """(…, directions · d_hidden) -> (…, n_outputs): the linear layers."""
        *hidden, last = self.head
        for layer, activation in zip(hidden, self.spec.activations, strict=True):
            features = _ACTIVATIONS[activation](layer(features))
        logits: Tensor = last(features)
        return logits

    def forward(self, embeddings: Tensor) -> Tensor:
        """(batch, seq, d_model) -> (batch, n_outputs) of a classifier, (batch, seq, vocabulary) of a language model."""
        states = self.hidden_states(embeddings)
        return self.outputs(states if self.spec.task == "causal_lm" else self.read_out(states))


def save(
    folder: Path | str,
    spec: RecurrentSpec,
    weights: Mapping[str, Tensor],
    vocabulary: Sequence[str],
    dtype: torch.dtype = torch.float32,
    checkpoints: Mapping[str, Mapping[str, Tensor]] = MappingProxyType({}),
) -> None:
    """Write a recurrent folder: ``model.json``, ``vocabulary.json`` (entry i has id i) and ``model.safetensors``.

    Args:
        weights: a state dict of ``RecurrentNetwork(spec, len(vocabulary))``.
        dtype: on disk; it is computed in float32 all the same.
        checkpoints: state dicts from the way there, each under the name of its file in ``checkpoints/``. They are shown in
            the order of their names, numbers as numbers: ``epoch-0``, ``epoch-0.5``, ``epoch-10``.

    Raises:
        LoadError: the description does not hold together, or weights do not fit it.
    """
    check_spec(spec)
    check_vocabulary(spec, len(vocabulary))
    if spec.record is not None:
        check_pads(spec.record, vocabulary)
    with torch.device("meta"):
        network = RecurrentNetwork(spec, len(vocabulary))
    for state in (weights, *checkpoints.values()):
        check_weights(network, state)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    description = {"format": FORMAT, "version": 1, **asdict(spec)}
    if spec.record is None:
        del description["record"]  # of models that read text: as it was before there were records
    (folder / "model.json").write_text(json.dumps(description, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "vocabulary.json").write_text(json.dumps(list(vocabulary), ensure_ascii=False) + "\n", encoding="utf-8")
    _save_weights(folder / SAFETENSORS, weights, dtype)
    for name, state in checkpoints.items():
        (folder / CHECKPOINTS).mkdir(exist_ok=True)
        _save_weights(folder / CHECKPOINTS / f"{name}.safetensors", state, dtype)


def _save_weights(path: Path, weights: Mapping[str, Tensor], dtype: torch.dtype) -> None:
    save_file({name: tensor.detach().to(dtype, copy=True).contiguous() for name, tensor in weights.items()}, path)  # tied: apart


def check_weights(network: RecurrentNetwork, weights: Mapping[str, Tensor]) -> None:
    """Say in one sentence which tensor of ``network`` is missing, too many, or of another shape.

    Raises:
        LoadError: one is.
    """
    for name, own in network.state_dict().items():
        if name not in weights:
            raise LoadError(f"The weights hold no tensor “{name}”, which model.json calls for.", "missing_weights")
        if weights[name].shape != own.shape:
            have, want = tuple(weights[name].shape), tuple(own.shape)
            raise LoadError(f"The tensor “{name}” has the shape {have}; model.json calls for {want}.", "shape_mismatch")
    extra = sorted(set(weights) - set(network.state_dict()))
    if extra:
        raise LoadError(f"model.json has no place for the tensor “{extra[0]}”.", "unexpected_weights", ", ".join(extra))
