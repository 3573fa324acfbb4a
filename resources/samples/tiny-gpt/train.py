"""Train a small language model and its tokenizer on the text of Shakespeare's plays, then measure what its heads do.

TEXT is "tinyshakespeare": 40,000 lines of the plays, 1.1 MB. Run from anywhere:

    python resources/samples/tiny-gpt/train.py TEXT OUT

The first nine tenths of the text are trained on, the next twentieth chooses when to stop, the last twentieth is only
measured on. ``--checkpoint FILE`` keeps what a later start goes on from, with the same outcome as if it had never stopped.
Most steps compute in bfloat16, the last ones in float32. All figures printed at the end are those of the saved
half-precision files, computed in float32.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

NO_TARGET = -100
LAYERS, HEADS, D_MODEL, D_INNER, CONTEXT = 4, 6, 192, 512, 256
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """The text in three parts, in its own order."""

    train: str
    validation: str
    test: str


def split_text(text: str) -> Split:
    """Cut after nine tenths and halfway through the rest, each time between two speeches."""
    first, second = (text.index("\n\n", int(share * len(text))) + 2 for share in (0.9, 0.95))
    return Split(text[:first], text[first:second], text[second:])


def train_tokenizer(text: str, size: int) -> Tokenizer:
    """Byte-level byte-pair encoding, learnt from ``text``: whatever is typed can be spelt, and there are no special tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        [text], trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, special_tokens=[], show_progress=False)
    )
    return tokenizer


def build_model(vocabulary: int) -> LlamaForCausalLM:
    """A decoder with random weights; its input and output embeddings are one table."""
    config = LlamaConfig(
        vocab_size=vocabulary,
        max_position_embeddings=CONTEXT,
        hidden_size=D_MODEL,
        intermediate_size=D_INNER,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
    )
    return LlamaForCausalLM(config)


def repeated_rows(options: argparse.Namespace, step: int) -> int:
    """How many rows of a step are noise that repeats itself."""
    at_first, then = options.repeated_rows
    return int(at_first if step < options.at_first * options.steps else then)


def batch_of(tokens: Ids, options: argparse.Namespace, step: int) -> tuple[Tensor, Tensor]:
    """Token ids and targets (row, seq) of one step; they depend on seed and step alone.

    Most rows are windows of the text. The others are noise that repeats itself: a block of random tokens of the text, over
    and over. Only what can be known there is a target: everything after the first block.
    """
    generator = np.random.default_rng((options.seed, step))
    length, kinds, rows = CONTEXT + 1, np.unique(tokens), []
    for row in range(options.rows):
        if row < repeated_rows(options, step):
            block = generator.choice(kinds, int(8 * 16 ** generator.random()))  # 8 to 127 tokens, most of them short
            ids = np.resize(block, length)
            targets = ids.copy()
            targets[: len(block)] = NO_TARGET
        else:
            start = int(generator.integers(len(tokens) - length))
            ids = targets = tokens[start : start + length]
        rows.append((ids[:-1], targets[1:]))
    inputs, wanted = (torch.from_numpy(np.stack(part)) for part in zip(*rows, strict=True))
    return inputs, wanted


@torch.no_grad()
def bits_per_character(model: LlamaForCausalLM, ids: Ids, characters: int) -> float:
    """Over a whole text: every token is predicted once, from at least half a window of what stands before it."""
    model.train(False)
    length, nats = CONTEXT, 0.0
    for start in range(0, len(ids) - 1, length // 2):
        window = torch.from_numpy(ids[start : start + length + 1])
        targets = window[1:].clone()
        if start:
            targets[: length // 2] = NO_TARGET  # predicted by the window before
        if bool((targets != NO_TARGET).any()):
            logits = model(input_ids=window[None, :-1]).logits[0]
            nats += float(nn.functional.cross_entropy(logits, targets, ignore_index=NO_TARGET, reduction="sum"))
    return nats / characters / math.log(2)


def optimizers_of(model: nn.Module, options: argparse.Namespace) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside, AdamW for the embeddings and norms."""
    parts: tuple[list[Tensor], list[Tensor]] = ([], [])
    for name, parameter in model.named_parameters():
        parts[parameter.ndim == 2 and ".layers." in name].append(parameter)
    groups = {"params": parts[True], "peak": options.muon_rate}, {"params": parts[False], "peak": options.adam_rate}
    muon = torch.optim.Muon([groups[0]], weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW([groups[1]], betas=(0.9, 0.95), weight_decay=0.0)]


def train(model: LlamaForCausalLM, tokens: Ids, validation: tuple[Ids, int], options: argparse.Namespace) -> None:
    """Train, and leave the weights of the look with the least validation loss in ``model``."""
    optimizers = optimizers_of(model, options)
    done, best, best_weights, start = 0, math.inf, model.state_dict(), time.monotonic()
    if options.checkpoint and options.checkpoint.is_file():
        saved = torch.load(options.checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        for optimizer, state in zip(optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        done, best, best_weights = saved["done"], saved["best"], saved["best_weights"]
    seen = []
    for step in range(done, options.steps):
        model.train()
        ids, targets = batch_of(tokens, options, step)
        with torch.autocast("cpu", torch.bfloat16, enabled=step < options.bfloat16 * options.steps):
            logits = model(input_ids=ids).logits
        logits, text = logits.float(), slice(repeated_rows(options, step), None)
        seen.append(float(nn.functional.cross_entropy(logits[text].detach().flatten(0, 1), targets[text].flatten())))
        torch.autograd.backward(nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=NO_TARGET))
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * min(1.0, (step + 1) / options.warm_up) * (1 - step / options.steps)
            optimizer.step()
            optimizer.zero_grad()
        if (step + 1) % options.look and step + 1 < options.steps:
            continue
        bits = bits_per_character(model, *validation)
        if bits < best:
            best, best_weights = bits, {name: tensor.clone() for name, tensor in model.state_dict().items()}
        strongest = max(heads_of(model, validation[0]), key=lambda head: head.induction)
        print(
            f"step {step + 1}, {(time.monotonic() - start) / 60:.1f} min: training {np.mean(seen):.3f} nats per token, "
            f"validation {bits:.3f} bits per character, best induction {strongest.induction:.2f} ({strongest.name})",
            flush=True,
        )
        seen = []
        if options.checkpoint:
            kept = {"model": model.state_dict(), "optimizers": [optimizer.state_dict() for optimizer in optimizers]}
            torch.save({**kept, "done": step + 1, "best": best, "best_weights": best_weights}, options.checkpoint)
    model.load_state_dict(best_weights)


@dataclass(frozen=True, slots=True)
class Head:
    """What one head's attention goes to, as the mean over query positions.

    ``previous``, ``first``: the token before, and the text's first token, on the text. ``induction``: the token after the
    earlier occurrence of the query's token, on random tokens that come twice; ``control``: the same key where nothing
    comes twice. ``same``: the earlier occurrence itself.
    """

    name: str
    previous: float
    first: float
    induction: float
    control: float
    same: float


@torch.no_grad()
def heads_of(model: LlamaForCausalLM, ids: Ids, block: int = 50, texts: int = 16, seed: int = 0) -> list[Head]:
    """Every head, measured on ``texts`` windows of ``ids`` and on as many rows of ``block`` of its tokens, drawn at random,
    said twice.

    Source: Olsson et al., "In-context Learning and Induction Heads", 2022, arXiv:2209.11895.
    """
    model.train(False)
    implementation, length = model.config._attn_implementation, CONTEXT
    model.set_attn_implementation("eager")  # the others do not tell their attention
    starts = np.linspace(0, len(ids) - length, texts).astype(int)
    windows = torch.from_numpy(np.stack([ids[start : start + length] for start in starts]))
    once = random_tokens(ids, texts, 2 * block, seed)
    on_text, on_once, on_twice = (
        torch.stack(model(input_ids=each, output_attentions=True).attentions).mean(1)  # (layer, head, query, key)
        for each in (windows, once, once[:, :block].repeat(1, 2))
    )
    model.set_attn_implementation(implementation)
    measured = (
        on_text.diagonal(-1, -2, -1).mean(-1),
        on_text[..., 16:, 0].mean(-1),
        *(pattern.diagonal(1 - block, -2, -1)[..., 1:].mean(-1) for pattern in (on_twice, on_once)),
        on_twice.diagonal(-block, -2, -1).mean(-1),
    )
    return [
        Head(f"{layer}:{head}", *(float(part[layer, head]) for part in measured))
        for layer in range(LAYERS)
        for head in range(HEADS)
    ]


def random_tokens(ids: Ids, rows: int, length: int, seed: int) -> Tensor:
    """Tokens (row, seq) drawn evenly from those that ``ids`` uses; the vocabulary has bytes that no play uses."""
    return torch.from_numpy(np.random.default_rng(seed).choice(np.unique(ids), (rows, length)))


@torch.no_grad()
def nats_said_twice(model: LlamaForCausalLM, ids: Ids, block: int = 50, texts: int = 64, seed: int = 1) -> tuple[float, float]:
    """Mean loss per token on random tokens, the first time and the second."""
    twice = random_tokens(ids, texts, block, seed).repeat(1, 2)
    logits = model(input_ids=twice).logits[:, :-1]
    losses = nn.functional.cross_entropy(logits.transpose(1, 2), twice[:, 1:], reduction="none")
    return float(losses[:, : block - 1].mean()), float(losses[:, block:].mean())


def ngram_bits(known: Ids, asked: Ids, kinds: int, order: int) -> float:
    """Mean bits per item of an interpolated n-gram model that sees ``order`` − 1 items.

    Source: Witten & Bell, "The zero-frequency problem", IEEE Transactions on Information Theory 37(4), 1991.
    """
    probability: NDArray[np.float64] = np.full(len(asked) - order + 1, 1 / kinds)
    for n in range(1, order + 1):
        grams, counts = np.unique(keys(known, kinds, n), return_counts=True)
        contexts, first, followers = np.unique(grams // kinds, return_index=True, return_counts=True)
        totals = np.add.reduceat(counts, first)
        wanted = keys(asked, kinds, n)[order - n :]
        total, follower = (look_up(contexts, values, wanted // kinds) for values in (totals, followers))
        mixed = (look_up(grams, counts, wanted) + follower * probability) / np.maximum(total + follower, 1)
        probability = np.where(total > 0, mixed, probability)
    return float(-np.log2(probability).mean())


def keys(ids: Ids, kinds: int, n: int) -> Ids:
    """Every run of ``n`` items, as one number each."""
    return sum((ids[i : len(ids) - n + 1 + i] * kinds ** (n - 1 - i) for i in range(n)), np.zeros(len(ids) - n + 1, np.int64))


def look_up(known: Ids, values: Ids, asked: Ids) -> Ids:
    """The value of each asked key, 0 where it is not known."""
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[at] == asked, values[at], 0)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write readable JSON."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def save(model: LlamaForCausalLM, tokenizer: Tokenizer, out: Path) -> None:
    """Write a plain Hugging Face folder with half-precision weights; the shared table is written once."""
    out.mkdir(parents=True, exist_ok=True)
    config = model.config.to_diff_dict()
    config.update(architectures=["LlamaForCausalLM"], model_type="llama", dtype="float16")
    write_json(out / "config.json", config)
    weights = {name: tensor.half().contiguous() for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    write_json(out / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": CONTEXT})


def report(out: Path, split: Split, tokenizer: Tokenizer) -> None:
    """Print every figure of the card, measured on the saved files."""
    model = LlamaForCausalLM.from_pretrained(out, local_files_only=True, dtype=torch.float32)
    parts = {"train": split.train[: len(split.test)], "validation": split.validation, "test": split.test}
    ids = {name: ids_of(tokenizer, text) for name, text in parts.items()}
    for name, text in parts.items():
        print(f"{name}: {len(text):,} characters, {bits_per_character(model, ids[name], len(text)):.3f} bits per character")
    letters, asked = (np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) for text in (split.train, split.test))
    for order in (5, 6, 7):
        print(f"interpolated {order}-grams of characters: {ngram_bits(letters, asked, 128, order):.3f} bits per character")
    for order in (2, 3):
        bits = ngram_bits(ids_of(tokenizer, split.train), ids["test"], tokenizer.get_vocab_size(), order)
        print(f"interpolated {order}-grams of tokens: {bits * len(ids['test']) / len(split.test):.3f} bits per character")
    print("head   previous  first  induction  control  same")
    for head in heads_of(model, ids["test"], texts=32):
        print(f"{head.name}  {head.previous:.3f}  {head.first:.3f}  {head.induction:.3f}  {head.control:.3f}  {head.same:.3f}")
    print("random tokens, nats the first and the second time: {:.2f}, {:.2f}".format(*nats_said_twice(model, ids["test"])))


def ids_of(tokenizer: Tokenizer, text: str) -> Ids:
    """The text's token ids."""
    return np.array(tokenizer.encode(text).ids, dtype=np.int64)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("text", type=Path, help="tinyshakespeare.txt")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--vocabulary", type=int, default=1024)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--bfloat16", type=float, default=0.9, help="share of the training computed in bfloat16")
    parser.add_argument("--rows", type=int, default=6, help="rows of a step")
    parser.add_argument(
        "--repeated-rows", type=int, nargs=2, default=(3, 1), help="of them, noise that repeats itself: at first, then"
    )
    parser.add_argument("--at-first", type=float, default=0.4, help="share of the training with as much noise as at first")
    parser.add_argument("--muon-rate", type=float, default=6e-3)
    parser.add_argument("--adam-rate", type=float, default=3e-3)
    parser.add_argument("--warm-up", type=int, default=50, help="steps")
    parser.add_argument("--look", type=int, default=150, help="steps between two measurements")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def main() -> None:
    """Train, save, and measure what was saved."""
    options = parse_arguments()
    torch.manual_seed(options.seed)
    split = split_text(options.text.read_text(encoding="utf-8"))
    tokenizer = train_tokenizer(split.train, options.vocabulary)
    tokens = ids_of(tokenizer, split.train)
    model = build_model(tokenizer.get_vocab_size())
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"{len(split.train):,} characters, {len(tokens):,} tokens to train on; {n_parameters:,} parameters", flush=True)
    train(model, tokens, (ids_of(tokenizer, split.validation), len(split.validation)), options)
    save(model, tokenizer, options.out)
    report(options.out, split, tokenizer)


if __name__ == "__main__":
    main()
