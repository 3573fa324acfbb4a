"""The files of a textgenrnn model: weights as Keras saved them, a vocabulary and perhaps a config beside them.

textgenrnn calls them ``X_weights.hdf5``, ``X_weights_epoch_N.hdf5`` while it trains, ``X_vocab.json`` and ``X_config.json``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import LoadError
from engine.models.files import KERAS_SUFFIXES, read_json
from engine.models.keras_file import LayerWeights, read_keras_layers
from engine.models.safety import check_bounds
from engine.models.textgenrnn_network import TextgenrnnSpec

META = "<s>"
DEFAULT_WINDOW = 40
LONGEST_WINDOW = 4_096
_WEIGHTS = re.compile(r"(?P<name>.*?)(?:_?weights)?(?:_epoch_(?P<epoch>\d+))?", re.IGNORECASE)
_LAYER = re.compile(r"rnn_(\d+)")
_GATES = 4


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One file of weights: its name on the screen, and the model's name and the epoch as its own name has them."""

    path: Path
    model: str
    epoch: int | None

    @property
    def name(self) -> str:
        """``epoch N``, or ``final`` where no epoch is named: that is what textgenrnn leaves in the end."""
        return "final" if self.epoch is None else f"epoch {self.epoch}"


@dataclass(frozen=True, slots=True, eq=False)
class TextgenrnnFiles:
    """What lies where. ``checkpoints``: the first first; ``config`` None: there is none."""

    checkpoints: tuple[Checkpoint, ...]
    vocabulary: Path
    config: Path | None

    @property
    def folder(self) -> Path:
        """Where all of them lie."""
        return self.vocabulary.parent

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file that is read."""
        return (*(c.path for c in self.checkpoints), self.vocabulary, *([self.config] if self.config else ()))


def find_checkpoints(path: Path) -> tuple[Checkpoint, ...]:
    """A file of weights, or all that lie in a folder, by epoch.

    Raises:
        LoadError: they are of several models.
    """
    found = [path] if path.is_file() else [p for p in path.iterdir() if p.suffix.lower() in KERAS_SUFFIXES and p.is_file()]
    checkpoints = sorted(map(_checkpoint, found), key=lambda c: (c.epoch is None, c.epoch or 0, c.path.name))
    if not checkpoints:
        raise LoadError(f"{path.name} holds no weights of textgenrnn (.hdf5).", "no_weights")
    if len({c.model for c in checkpoints}) > 1 or len({c.name for c in checkpoints}) < len(checkpoints):
        named = f"{checkpoints[0].path.name}, {checkpoints[-1].path.name}"
        raise LoadError(f"{path.name} holds the weights of several models ({named}); open one of the files.", "several_models")
    return tuple(checkpoints)


def files_of(checkpoints: tuple[Checkpoint, ...]) -> TextgenrnnFiles:
    """With what lies beside them.

    Raises:
        LoadError: there is no vocabulary.
    """
    folder, model = checkpoints[-1].path.parent, checkpoints[-1].model
    vocabulary = _beside(folder, model, "vocab")
    if vocabulary is None:
        raise LoadError(
            f"There is no vocabulary beside {checkpoints[-1].path.name}; textgenrnn's weights need theirs, {model}_vocab.json.",
            "no_vocabulary",
        )
    return TextgenrnnFiles(checkpoints, vocabulary, _beside(folder, model, "config"))


def _checkpoint(path: Path) -> Checkpoint:
    match = _WEIGHTS.fullmatch(path.stem)
    assert match is not None  # whatever the name is
    return Checkpoint(path, match["name"] or path.stem, None if match["epoch"] is None else int(match["epoch"]))


def _beside(folder: Path, model: str, what: str) -> Path | None:
    """``X_vocab.json``, or the only file that ends so."""
    own = folder / f"{model}_{what}.json"
    others = sorted(folder.glob(f"*_{what}.json")) + sorted(folder.glob(f"{what}.json"))
    return own if own.is_file() else others[0] if len(others) == 1 else None


def read_vocabulary(path: Path) -> dict[str, int]:
    """Token -> id, from 1 on without a gap; 0 is padding.

    Raises:
        LoadError: it is anything else.
    """
    vocabulary = read_json(path)
    check_bounds(vocabulary=len(vocabulary))
    if not vocabulary or {i for i in vocabulary.values() if type(i) is int} != set(range(1, len(vocabulary) + 1)):
        raise LoadError(
            f"{path.name} should give each token a number, from 1 to {len(vocabulary):,} without a gap.", "bad_vocabulary"
        )
    return vocabulary


def read_weights(path: Path) -> tuple[dict[str, Tensor], str]:
    """A state dict for ``TextgenrnnNetwork``, and the type it has on disk.

    Raises:
        LoadError: not textgenrnn's layers, or their shapes do not fit one another.
    """
    layers = read_keras_layers(path)
    numbers = [int(match[1]) for match in map(_LAYER.fullmatch, layers) if match]
    numbers.sort()
    missing = [name for name in ("embedding", "rnn_1", "attention", "output") if name not in layers]
    if missing or numbers != list(range(1, len(numbers) + 1)):
        raise LoadError(
            f"{path.name} is a Keras file, but not of textgenrnn: it has no layer “{(missing or ['rnn_2'])[0]}”; save the "
            "weights of other models as a recurrent folder.",
            "refused_format",
        )
    check_bounds(layers=len(numbers))
    embedding = layers["embedding"]
    dtype = str(next(iter(embedding.values())).dtype).removeprefix("torch.")
    state = {"embedding.weight": _matrix(path, "embedding", _only(path, "embedding", embedding))}
    size = state["embedding.weight"].shape[1]
    features = size
    for number in numbers:
        own, size = _lstm(path, f"rnn_{number}", layers[f"rnn_{number}"], size)
        state |= {f"rnn_{number}.{name}": tensor for name, tensor in own.items()}
        features += size
    state["attention.weight"] = _matrix(path, "attention", _only(path, "attention", layers["attention"]), (features, 1)).T
    output = dict(zip(("kernel", "bias"), _parts(path, "output", layers["output"], 2), strict=True))
    outputs = state["embedding.weight"].shape[0]
    state["output.weight"] = _matrix(path, "output", output["kernel"], (features, outputs)).T
    state["output.bias"] = _vector(path, "output", output["bias"], outputs)
    return {name: tensor.float().contiguous() for name, tensor in state.items()}, dtype


def _parts(path: Path, layer: str, weights: LayerWeights, count: int) -> list[Tensor]:
    """The tensors of a layer in Keras's order, which is fixed: kernel, recurrent kernel, bias, forwards before backwards."""
    if len(weights) != count:
        raise _unfit(path, layer, f"{len(weights)} tensors, not {count}")
    return list(weights.values())


def _only(path: Path, layer: str, weights: LayerWeights) -> Tensor:
    return _parts(path, layer, weights, 1)[0]


def _matrix(path: Path, layer: str, tensor: Tensor, shape: tuple[int, int] | None = None) -> Tensor:
    if tensor.dim() != 2 or 0 in tensor.shape or shape not in (None, tuple(tensor.shape)):
        raise _unfit(path, layer, f"the shape {tuple(tensor.shape)}" + (f", not {shape}" if shape else ""))
    return tensor


def _vector(path: Path, layer: str, tensor: Tensor, size: int) -> Tensor:
    if tuple(tensor.shape) != (size,):
        raise _unfit(path, layer, f"the shape {tuple(tensor.shape)}, not {(size,)}")
    return tensor


def _unfit(path: Path, layer: str, what: str) -> LoadError:
    return LoadError(
        f"The layer {layer} in {path.name} has {what}: it does not fit the others as textgenrnn's would.", "shape_mismatch"
    )


def _lstm(path: Path, layer: str, weights: LayerWeights, size_in: int) -> tuple[dict[str, Tensor], int]:
    """A layer's tensors as torch names them, and the size of what it says; both directions where it has two."""
    bidirectional = len(weights) == 6
    parts = _parts(path, layer, weights, 6 if bidirectional else 3)
    state: dict[str, Tensor] = {}
    hidden = parts[1].shape[0] if parts[1].dim() == 2 else 0
    check_bounds(hidden=max(hidden, size_in))
    for direction, suffix in enumerate(("l0", "l0_reverse")[: len(parts) // 3]):
        kernel, recurrent, bias = parts[3 * direction : 3 * direction + 3]
        _matrix(path, layer, kernel, (size_in, _GATES * hidden))
        _matrix(path, layer, recurrent, (hidden, _GATES * hidden))
        fused = tuple(bias.shape) == (2 * _GATES * hidden,)
        _vector(path, layer, bias, (2 if fused else 1) * _GATES * hidden)
        own = _from_cudnn(kernel, recurrent, bias) if fused else (kernel.T, recurrent.T, bias, torch.zeros_like(bias))
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        state |= {f"{name}_{suffix}": tensor for name, tensor in zip(names, own, strict=True)}
    return state, hidden * (2 if bidirectional else 1)


def _from_cudnn(kernel: Tensor, recurrent: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """CuDNNLSTM hands each gate's numbers to cuDNN as they lie, which reads them as (hidden, inputs); two biases, not one.

    The order of the gates, i f c o, is torch's.
    """
    hidden = recurrent.shape[0]
    weights = [torch.cat([gate.reshape(hidden, -1) for gate in matrix.chunk(_GATES, dim=1)]) for matrix in (kernel, recurrent)]
    inputs, recurrence = bias.chunk(2)
    return weights[0], weights[1], inputs, recurrence


def spec_of(state: Mapping[str, Tensor], vocabulary: Mapping[str, int], files: TextgenrnnFiles) -> TextgenrnnSpec:
    """The sizes as the weights have them; what they do not say, the config does, or textgenrnn's defaults.

    Raises:
        LoadError: weights, vocabulary and config do not belong together.
    """
    outputs, embedding_size = state["embedding.weight"].shape
    if outputs != len(vocabulary) + 1:
        raise LoadError(
            f"{files.vocabulary.name} has {len(vocabulary):,} tokens and the weights have {outputs - 1:,}: they do not belong "
            "together; take the vocabulary that was saved with them.",
            "vocabulary_mismatch",
        )
    config = read_json(files.config) if files.config else {}
    layers = sum(name.endswith("weight_ih_l0") for name in state)
    spec = TextgenrnnSpec(
        outputs=outputs,
        embedding_size=embedding_size,
        hidden_size=state["rnn_1.weight_hh_l0"].shape[1],
        layers=layers,
        bidirectional="rnn_1.weight_ih_l0_reverse" in state,
        max_length=_told(config, "max_length", DEFAULT_WINDOW, files),
        word_level=_told(config, "word_level", any(len(token) > 1 for token in vocabulary if token != META), files),
        single_text=_told(config, "single_text", META not in vocabulary, files) or META not in vocabulary,
    )
    if not 1 <= spec.max_length <= LONGEST_WINDOW:
        raise LoadError(
            f"A window of {spec.max_length:,} tokens (max_length) is not believed; it may have up to {LONGEST_WINDOW:,}.",
            "bounds",
        )
    own: Sequence[tuple[str, object]] = (
        ("rnn_layers", spec.layers),
        ("rnn_size", spec.hidden_size),
        ("rnn_bidirectional", spec.bidirectional),
        ("dim_embeddings", spec.embedding_size),
    )
    for name, value in own:
        if files.config and config.get(name, value) != value:
            raise LoadError(
                f"{files.config.name} says {name} is {config[name]!r}, and in the weights it is {value!r}: they do not belong "
                "together.",
                "config_mismatch",
            )
    return spec


def _told(config: Mapping[str, Any], name: str, default: Any, files: TextgenrnnFiles) -> Any:
    value = config.get(name, default)
    if type(value) is not type(default):
        kind = "true or false" if isinstance(default, bool) else "a whole number"
        raise LoadError(f"{files.config.name if files.config else ''}: {name} must be {kind}.", "bad_description")
    return value
