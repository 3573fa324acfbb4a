"""Files as textgenrnn leaves them, and its network by Keras's formulas, slowly and in float64."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CHARACTERS = (*"abcdefghij .,\"'", "<s>")
WORDS = ("the", "film", "is", "a", "good", "bad", ".", ",", "'", "s", '"', "and", "<s>")


@dataclass(frozen=True, slots=True)
class KerasModel:
    """What a file holds, in Keras's own terms: weights as float32, gates i, f, c, o side by side.

    Args:
        layers: for each LSTM, for each direction: kernel (inputs, 4 · hidden), recurrent kernel (hidden, 4 · hidden) and
            bias, (4 · hidden,) or, of a CuDNNLSTM, (8 · hidden,).
    """

    embedding: Floats
    layers: tuple[tuple[tuple[Floats, Floats, Floats], ...], ...]
    attention: Floats
    kernel: Floats
    bias: Floats

    @property
    def cudnn(self) -> bool:
        kernel, _, bias = self.layers[0][0]
        return len(bias) == 2 * kernel.shape[1]


def random_model(
    vocabulary: Sequence[str] = CHARACTERS,
    *,
    layers: int = 2,
    hidden: int = 5,
    embedding: int = 4,
    bidirectional: bool = False,
    cudnn: bool = False,
    seed: int = 0,
    dtype: Any = np.float32,
) -> KerasModel:
    """With weights large enough that every part matters."""
    generator = np.random.default_rng(seed)

    def draw(*shape: int) -> Floats:
        return generator.normal(0, 0.7, shape).astype(dtype).astype(np.float64)

    def lstm(size_in: int) -> tuple[Floats, Floats, Floats]:
        return draw(size_in, 4 * hidden), draw(hidden, 4 * hidden), draw((8 if cudnn else 4) * hidden)

    directions = 2 if bidirectional else 1
    sizes = [embedding, *[directions * hidden] * layers]
    stack = tuple(tuple(lstm(size) for _ in range(directions)) for size in sizes[:-1])
    outputs = len(vocabulary) + 1
    return KerasModel(draw(outputs, embedding), stack, draw(sum(sizes), 1), draw(sum(sizes), outputs), draw(outputs))


def weights_of(model: KerasModel, cell: str = "") -> Iterator[tuple[str, dict[str, Floats]]]:
    """Layer by layer as Keras names them; ``cell``: TensorFlow 2 puts ``lstm_cell/`` before."""
    yield "input", {}
    yield "embedding", {"embedding/embeddings:0": model.embedding}
    for number, directions in enumerate(model.layers, 1):
        found: dict[str, Floats] = {}
        for side, parts in zip(("forward_lstm/", "backward_lstm/"), directions, strict=False):
            place = f"rnn_{number}/" + (side if len(directions) == 2 else "") + cell
            found |= {f"{place}{name}:0": part for name, part in zip(("kernel", "recurrent_kernel", "bias"), parts, strict=True)}
        yield f"rnn_{number}", found
    yield "rnn_concat", {}
    yield "attention", {"attention/attention_W:0": model.attention}
    yield "output", {"output/kernel:0": model.kernel, "output/bias:0": model.bias}


def write_weights(path: Path, model: KerasModel, *, dtype: Any = np.float32, cell: str = "", whole: bool = False) -> Path:
    """As ``save_weights`` does; ``whole``: as ``save``, which puts them in a group of its own."""
    layers = dict(weights_of(model, cell))
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if whole else file
        root.attrs["layer_names"] = [name.encode() for name in layers]
        root.attrs["backend"], root.attrs["keras_version"] = b"tensorflow", b"2.1.5"
        for layer, arrays in layers.items():
            group = root.create_group(layer)
            group.attrs["weight_names"] = [name.encode() for name in arrays]
            for name, array in arrays.items():
                group.create_dataset(name, data=array.astype(dtype))
    return path


def write_model(
    folder: Path,
    model: KerasModel,
    vocabulary: Sequence[str] = CHARACTERS,
    *,
    name: str = "x_weights",
    config: Mapping[str, Any] | None = None,
    **options: Any,
) -> Path:
    """Weights, vocabulary and config; the path of the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "x_vocab.json").write_text(json.dumps({piece: number for number, piece in enumerate(vocabulary, 1)}))
    if config is not None:
        (folder / "x_config.json").write_text(json.dumps(config))
    return write_weights(folder / f"{name}.hdf5", model, **options)


def config_of(model: KerasModel, **changes: Any) -> dict[str, Any]:
    """What textgenrnn writes beside."""
    return {
        "rnn_layers": len(model.layers),
        "rnn_size": model.layers[0][0][1].shape[0],
        "rnn_bidirectional": len(model.layers[0]) == 2,
        "max_length": 6,
        "max_words": 10000,
        "dim_embeddings": model.embedding.shape[1],
        "word_level": False,
        "single_text": False,
        "name": "x",
    } | changes


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def lstm_of(inputs: Floats, kernel: Floats, recurrent: Floats, bias: Floats, held: Mapping[int, float] | None = None) -> Floats:
    """(seq, inputs) -> (seq, hidden), gate by gate and step by step; the cells in ``held`` stay at their values."""
    hidden = recurrent.shape[0]
    gate = [slice(k * hidden, (k + 1) * hidden) for k in range(4)]
    if len(bias) == 8 * hidden:  # cuDNN: every gate's numbers, as they lie, are a matrix of (hidden, inputs)
        w = [kernel[:, g].flatten().reshape(hidden, -1) for g in gate]
        u = [recurrent[:, g].flatten().reshape(hidden, -1) for g in gate]
        b = [bias[: 4 * hidden][g] + bias[4 * hidden :][g] for g in gate]
    else:
        w, u, b = [kernel[:, g].T for g in gate], [recurrent[:, g].T for g in gate], [bias[g] for g in gate]
    h = c = np.zeros(hidden)
    said = []
    for x in inputs:
        i, f, o = (sigmoid(w[k] @ x + u[k] @ h + b[k]) for k in (0, 1, 3))
        c = f * c + i * np.tanh(w[2] @ x + u[2] @ h + b[2])
        for index, value in (held or {}).items():
            c[index] = value
        h = o * np.tanh(c)
        said.append(h)
    return np.array(said)


def features_of(model: KerasModel, window: Sequence[int], held: Mapping[int, Mapping[int, float]] | None = None) -> list[Floats]:
    """Of every layer from the embedding on, (seq, size) each; ``held``: by LSTM, cells of its forward direction."""
    parts = [model.embedding[list(window)]]
    for number, directions in enumerate(model.layers):
        forwards = lstm_of(parts[-1], *directions[0], (held or {}).get(number))
        both = [forwards, lstm_of(parts[-1][::-1], *directions[1])[::-1]] if len(directions) == 2 else [forwards]
        parts.append(np.concatenate(both, axis=1))
    return parts


def answer_of(
    model: KerasModel, window: Sequence[int], held: Mapping[int, Mapping[int, float]] | None = None
) -> tuple[Floats, Floats]:
    """(outputs,) probabilities of the next token, and (seq,) attention, as the original layer computes it."""
    x = np.concatenate(features_of(model, window, held), axis=1)
    logits = (x @ model.attention)[:, 0]
    weights = np.exp(logits - logits.max())
    attention = weights / (weights.sum() + 1e-7)
    z = (x * attention[:, None]).sum(0) @ model.kernel + model.bias
    probabilities = np.exp(z - z.max())
    return probabilities / probabilities.sum(), attention


def padded(ids: Sequence[int], length: int) -> list[int]:
    """The last ``length``, zeros before them."""
    return [0] * max(0, length - len(ids)) + list(ids)[-length:]
