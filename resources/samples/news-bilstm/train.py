"""Train a bidirectional LSTM that tells World, Sports, Business and Sci/Tech news apart.

The data is a CSV file of AG News without a header: class (1 to 4), title, text. The sample was trained on the 7,600 rows
that are AG News's usual test part. Run from the project's root, so that ``engine`` is found:

    PYTHONPATH=. python resources/samples/news-bilstm/train.py ag_news.csv OUT

The epoch is chosen on a validation part; the figures printed at the end are those of the saved half-precision files on
a test part that nothing else has seen. The weights on the way, from before any training on, are kept in ``checkpoints/``.
"""

from __future__ import annotations

import argparse
import copy
import csv
import html
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.models.recurrent import RecurrentNetwork, save
from engine.models.recurrent_spec import RecurrentSpec

LABELS = ("World", "Sports", "Business", "Sci/Tech")
VOCABULARY_SIZE = 1000
CHECKPOINTS = (0, 0.25, 0.5, 1, 2, 4, 8, 16)  # epochs after which the weights are kept beside the best ones
PADDING, UNKNOWN = "<pad>", "<unk>"
TOKEN = re.compile(r"\w+|[^\w\s]")
SPEC = RecurrentSpec(
    architecture="lstm",
    task="text_classification",
    embedding_size=64,
    hidden_size=32,
    bidirectional=True,
    head=(16, len(LABELS)),
    activations=("relu",),
    labels=LABELS,
    tokeniser="word",
    lowercase=True,
    unknown=UNKNOWN,
    padding=PADDING,
)


@dataclass(frozen=True, slots=True)
class Article:
    """Title and body of one article, and the index of its label."""

    title: str
    body: str
    label: int

    @property
    def text(self) -> str:
        return f"{self.title} {self.body}"

    def excerpt(self, generator: random.Random) -> str:
        """The whole article three times in five, else its title or its body: what a reader may type is often short."""
        return generator.choice((self.text, self.text, self.text, self.title, self.body))


@dataclass(frozen=True, slots=True)
class Split:
    """The three parts of the data."""

    train: list[Article]
    validation: list[Article]
    test: list[Article]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a confusion matrix (rows: true, columns: predicted) says."""

    confusion: Tensor

    @property
    def accuracy(self) -> float:
        return float(self.confusion.diag().sum() / self.confusion.sum())

    def __str__(self) -> str:
        recall = self.confusion.diag() / self.confusion.sum(1).clamp(min=1)
        recalls = ", ".join(f"{name} {value:.3f}" for name, value in zip(LABELS, recall.tolist(), strict=True))
        return f"accuracy {self.accuracy:.3f}, recall: {recalls}"


def clean(text: str) -> str:
    """Mend what the collection broke: character references without their ampersand, tags, line ends as backslashes."""
    text = re.sub(r"\s?#(\d+);", lambda match: chr(int(match[1])), text)
    text = re.sub(r"&?\b(quot|amp|lt|gt|nbsp|hellip);", lambda match: html.unescape(f"&{match[1]};"), text)
    text = re.sub(r"<[^>]*>", " ", text).replace("\\", " ")
    return re.sub(r"\s+", " ", text).strip()


def read_articles(path: Path) -> list[Article]:
    """Read every article once."""
    articles: dict[str, Article] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for number, title, body in csv.reader(file):
            article = Article(clean(title), clean(body), int(number) - 1)
            articles.setdefault(article.text.casefold(), article)
    return list(articles.values())


def split_articles(articles: Sequence[Article], seed: int, held_out: float = 0.1) -> Split:
    """Draw validation and test parts (``held_out`` of the rows each), every label in proportion."""
    parts = Split([], [], [])
    generator = random.Random(seed)
    for label in range(len(LABELS)):
        rows = [article for article in articles if article.label == label]
        generator.shuffle(rows)
        n = round(held_out * len(rows))
        parts.validation.extend(rows[:n])
        parts.test.extend(rows[n : 2 * n])
        parts.train.extend(rows[2 * n :])
    return parts


def tokens_of(text: str) -> list[str]:
    """Lower-cased words and single punctuation marks."""
    return TOKEN.findall(text.lower())


def build_vocabulary(articles: Sequence[Article]) -> list[str]:
    """The most frequent tokens after the two reserved ones; ties in alphabetical order."""
    counts = Counter(token for article in articles for token in tokens_of(article.text))
    ranked = sorted(counts, key=lambda token: (-counts[token], token))
    return [PADDING, UNKNOWN, *ranked[: VOCABULARY_SIZE - 2]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded token ids (batch, seq), the true lengths and labels (batch,)."""

    ids: Tensor
    lengths: Tensor
    labels: Tensor


def batches(
    articles: Sequence[Article], vocabulary: Sequence[str], size: int, generator: random.Random | None
) -> Iterator[Batch]:
    """Batches of articles of like length; with a generator, of excerpts in random order."""
    index = {token: i for i, token in enumerate(vocabulary)}
    texts = [(article.excerpt(generator) if generator else article.text, article.label) for article in articles]
    rows = [(torch.tensor([index.get(token, index[UNKNOWN]) for token in tokens_of(text)]), label) for text, label in texts]
    jitter = generator.random if generator else float
    rows.sort(key=lambda row: len(row[0]) * (1 + 0.3 * jitter()))
    chunks = [rows[start : start + size] for start in range(0, len(rows), size)]
    if generator:
        generator.shuffle(chunks)
    for chunk in chunks:
        ids = nn.utils.rnn.pad_sequence([row for row, _ in chunk], batch_first=True, padding_value=index[PADDING])
        yield Batch(ids, torch.tensor([len(row) for row, _ in chunk]), torch.tensor([label for _, label in chunk]))


def logits_of(network: RecurrentNetwork, batch: Batch, dropout: float = 0.0) -> Tensor:
    """(batch, label). Packed, so that padding is never read; the read-out is the last state of either direction."""
    embedded = nn.functional.dropout(network.embed(batch.ids), dropout)
    packed = nn.utils.rnn.pack_padded_sequence(embedded, batch.lengths, batch_first=True, enforce_sorted=False)
    last = torch.cat(network.rnn(packed)[1][0].unbind(), dim=-1)  # (direction, batch, d_hidden) -> (batch, 2 · d_hidden)
    return network.outputs(nn.functional.dropout(last, dropout))


@torch.no_grad()
def open_forget_gates(lstm: nn.LSTM) -> None:
    """Start with forget gates that remember: otherwise the last state knows little of the first words for epochs on end."""
    for name, bias in lstm.named_parameters():
        if name.startswith("bias_ih"):
            bias[lstm.hidden_size : 2 * lstm.hidden_size] = 1.0  # torch's gate order: i, f, g, o


@torch.no_grad()
def measure(network: RecurrentNetwork, vocabulary: Sequence[str], articles: Sequence[Article]) -> Figures:
    """Confusion matrix of the network on ``articles``."""
    confusion = torch.zeros(len(LABELS), len(LABELS), dtype=torch.long)
    for batch in batches(articles, vocabulary, 128, None):
        predicted = logits_of(network, batch).argmax(-1)
        confusion.index_put_((batch.labels, predicted), torch.ones_like(predicted), accumulate=True)
    return Figures(confusion)


def hide_words(batch: Batch, unknown: int, share: float) -> Batch:
    """Turn a random share of the words into the unknown word, so that it learns to do without any one of them."""
    hidden = torch.rand(batch.ids.shape) < share
    return Batch(batch.ids.masked_fill(hidden, unknown), batch.lengths, batch.labels)


def train(
    network: RecurrentNetwork, vocabulary: Sequence[str], split: Split, options: argparse.Namespace
) -> dict[str, Mapping[str, Tensor]]:
    """Train for ``options.epochs`` and leave the weights of the epoch with the best validation accuracy in ``network``.

    Returns:
        The weights on the way, by the name of their file.
    """
    generator = random.Random(options.seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=0.01)
    steps_per_epoch = -(-len(split.train) // options.batch_size)
    n_steps = options.epochs * steps_per_epoch
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, total_iters=n_steps)
    best, best_weights = 0.0, copy.deepcopy(network.state_dict())
    names = {round(epoch * steps_per_epoch): f"epoch-{epoch}" for epoch in CHECKPOINTS}
    checkpoints, step = {names[0]: best_weights}, 0
    for epoch in range(1, options.epochs + 1):
        for batch in batches(split.train, vocabulary, options.batch_size, generator):
            logits = logits_of(network, hide_words(batch, vocabulary.index(UNKNOWN), options.hidden_share), options.dropout)
            optimizer.zero_grad()
            torch.autograd.backward(nn.functional.cross_entropy(logits, batch.labels))
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            step += 1
            if step in names:
                checkpoints[names[step]] = copy.deepcopy(network.state_dict())
        figures = measure(network, vocabulary, split.validation)
        print(f"epoch {epoch}, validation: {figures}", flush=True)
        if figures.accuracy > best:
            best, best_weights = figures.accuracy, copy.deepcopy(network.state_dict())
    network.load_state_dict(best_weights)
    return checkpoints


def open_saved(folder: Path, weights: str = "model.safetensors") -> tuple[RecurrentNetwork, list[str]]:
    """Network and vocabulary as they lie on disk, in float32."""
    vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    network = RecurrentNetwork(SPEC, len(vocabulary))
    network.load_state_dict({name: tensor.float() for name, tensor in load_file(folder / weights).items()})
    return network, vocabulary


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("articles", type=Path, help="CSV file: class, title, text")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--learning-rate", type=float, default=4e-3)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--hidden-share", type=float, default=0.1, help="share of the words hidden in training")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def main() -> None:
    """Train, save, and measure what was saved."""
    options = parse_arguments()
    torch.set_num_threads(1)  # a sum in one order, whatever the machine has
    torch.manual_seed(options.seed)
    split = split_articles(read_articles(options.articles), options.seed)
    vocabulary = build_vocabulary(split.train)
    network = RecurrentNetwork(SPEC, len(vocabulary))
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    print(f"{len(split.train)} / {len(split.validation)} / {len(split.test)} articles, {n_parameters} parameters", flush=True)
    open_forget_gates(network.rnn)
    checkpoints = train(network, vocabulary, split, options)
    save(options.out, SPEC, network.state_dict(), vocabulary, torch.float16, checkpoints)
    for name in checkpoints:
        print(f"test, {name}: {measure(*open_saved(options.out, f'checkpoints/{name}.safetensors'), split.test)}")
    figures = measure(*open_saved(options.out), split.test)
    print(f"test, from the files: {figures}\n{figures.confusion.tolist()}")


if __name__ == "__main__":
    main()
