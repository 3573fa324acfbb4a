"""Train a character LSTM on Python's own standard library.

The data is the standard library of the Python that runs this; the modules in ``HELD_OUT`` are only measured on. Run from
the project's root, so that ``engine`` is found:

    PYTHONPATH=. python resources/samples/code-lstm/train.py OUT

Most steps compute in bfloat16, the last ones in float32, since that is what the model is used in. ``--checkpoint FILE``
keeps what a later start goes on from. The figures printed at the end are those of the saved half-precision files, beside
an n-gram model of the same data.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sysconfig
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.models.recurrent import RecurrentNetwork, save
from engine.models.recurrent_spec import RecurrentSpec

UNKNOWN = "<unk>"
VOCABULARY = [UNKNOWN, "\n", "\t", *map(chr, range(32, 127))]
SPEC = RecurrentSpec(
    architecture="lstm",
    task="causal_lm",
    embedding_size=64,
    hidden_size=384,
    layers=2,
    head=(len(VOCABULARY),),
    tokeniser="char",
    unknown=UNKNOWN,
    padding=None,
)
HELD_OUT = (
    "argparse.py",
    "configparser.py",
    "csv.py",
    "dataclasses.py",
    "json/decoder.py",
    "json/encoder.py",
    "json/scanner.py",
    "json/tool.py",
    "shutil.py",
    "statistics.py",
    "tarfile.py",
    "textwrap.py",
    "tokenize.py",
)
LEFT_OUT = {"site-packages", "dist-packages", "test", "tests", "pydoc_data", "encodings", "__pycache__"}  # no code of its own
NO_TARGET = -100  # padding after the end of a file


def read_files(root: Path) -> dict[str, Tensor]:
    """Character ids of every module, by its path below ``root``."""
    index = {character: i for i, character in enumerate(VOCABULARY)}
    files = {}
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root)
        if LEFT_OUT & set(inside.parts) or "lib-dynload" in inside.parts:
            continue
        text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
        if len(text) > 1:
            files[inside.as_posix()] = torch.tensor([index.get(character, 0) for character in text])
    return files


@dataclass(frozen=True, slots=True)
class Chunk:
    """The next characters of every lane: ids and targets (seq, lane); ``starts`` (lane,) where a file begins."""

    ids: Tensor
    targets: Tensor
    starts: Tensor

    @property
    def characters(self) -> int:
        return int((self.targets != NO_TARGET).sum())


def in_turn(files: Sequence[Tensor], generator: random.Random) -> Iterator[Tensor]:
    """Every file once, in random order, and again."""
    while True:
        yield from sorted(files, key=lambda _: generator.random())


def lane_of(files: Iterator[Tensor], length: int) -> Iterator[tuple[Tensor, Tensor, bool]]:
    """One lane reads whole files, one after the other; the last chunk of a file is padded."""
    for text in files:
        for start in range(0, len(text) - 1, length):
            ids, targets = text[start : start + length][: len(text) - 1 - start], text[start + 1 : start + length + 1]
            missing = length - len(targets)
            padded = nn.functional.pad(ids, (0, missing)), nn.functional.pad(targets, (0, missing), value=NO_TARGET)
            yield *padded, start == 0


def chunks(files: Sequence[Tensor], lanes: int, length: int, generator: random.Random) -> Iterator[Chunk]:
    """Chunks for ever, in which each lane goes on where it was; a lane that is through takes the next file of all."""
    queue = in_turn(files, generator)
    own = [lane_of(queue, length) for _ in range(lanes)]
    while True:
        ids, targets, starts = zip(*map(next, own), strict=True)
        yield Chunk(torch.stack(ids, 1), torch.stack(targets, 1), torch.tensor(starts))


@torch.no_grad()
def open_forget_gates(lstm: nn.LSTM) -> None:
    """Start with forget gates that remember."""
    for name, bias in lstm.named_parameters():
        if name.startswith("bias_ih"):
            bias[lstm.hidden_size : 2 * lstm.hidden_size] = 1.0  # torch's gate order: i, f, g, o


State = tuple[Tensor, Tensor]


def loss_of(network: RecurrentNetwork, chunk: Chunk, state: State | None) -> tuple[Tensor, State]:
    """Mean cross-entropy in nats, and the state after the chunk; a lane that starts a file starts from zero."""
    if state is not None:
        computed_in = torch.bfloat16 if torch.is_autocast_enabled("cpu") else torch.float32
        kept = (~chunk.starts).to(computed_in)[None, :, None]
        state = (state[0].to(computed_in) * kept, state[1].to(computed_in) * kept)
    hidden, after = network.rnn(network.embed(chunk.ids.T), state)
    logits = network.outputs(hidden).float()
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), chunk.targets.T.flatten(), ignore_index=NO_TARGET)
    return loss, (after[0].detach(), after[1].detach())


@torch.no_grad()
def bits_per_character(network: RecurrentNetwork, files: Sequence[Tensor], length: int = 1024) -> float:
    """Over whole files, each read from its beginning with one running state."""
    nats = characters = 0.0
    for file in files:
        state = None
        for start in range(0, len(file) - 1, length):
            ids, targets = file[start : start + length][: len(file) - 1 - start], file[start + 1 : start + length + 1]
            loss, state = loss_of(network, Chunk(ids[:, None], targets[:, None], torch.tensor([start == 0])), state)
            nats, characters = nats + loss.item() * len(targets), characters + len(targets)
    return nats / characters / math.log(2)


def train(network: RecurrentNetwork, files: Sequence[Tensor], held_out: Sequence[Tensor], options: argparse.Namespace) -> None:
    """Train on ``options.characters`` characters, going on from the checkpoint where there is one."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=0.01)
    done, state, start = 0, None, time.monotonic()
    if options.checkpoint and options.checkpoint.is_file():
        saved = torch.load(options.checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        done = saved["done"]
    generator, next_look = random.Random(options.seed + done), done + options.look
    network.train()
    network.rnn.dropout = options.dropout  # between the layers
    for chunk in chunks(files, options.lanes, options.length, generator):
        share = done / options.characters
        if share >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = options.learning_rate * min(1.0, (done + 1) / options.warm_up) * max(1 - share, 0.01)
        with torch.autocast("cpu", torch.bfloat16, enabled=share < options.bfloat16):
            loss, state = loss_of(network, chunk, state)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        done += chunk.characters
        if done >= next_look:
            next_look += options.look
            bits = bits_per_character(network.eval(), held_out[:3])
            network.train()
            seen, minutes = loss.item() / math.log(2), (time.monotonic() - start) / 60
            print(f"{done:,} characters, {minutes:.0f} min: training {seen:.3f}, {bits:.3f} bits", flush=True)
            if options.checkpoint:
                saved = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "done": done}
                torch.save(saved, options.checkpoint)
    network.eval()


def ngram_bits(files: Sequence[Tensor], held_out: Sequence[Tensor], order: int) -> float:
    """Bits per character of an interpolated n-gram model that sees ``order`` − 1 characters.

    Source: Witten & Bell, "The zero-frequency problem", IEEE Transactions on Information Theory 37(4), 1991.
    """
    probability: NDArray[np.float64] = np.full(sum(len(file) - order for file in held_out), 1 / len(VOCABULARY))
    for n in range(1, order + 1):
        grams, counts = np.unique(np.concatenate([keys(file, n, n) for file in files]), return_counts=True)
        contexts, kinds = np.unique(grams // len(VOCABULARY), return_counts=True)
        totals = np.add.reduceat(counts, np.searchsorted(grams // len(VOCABULARY), contexts))
        asked = np.concatenate([keys(file, n, order + 1) for file in held_out])
        seen = look_up(grams, counts, asked)
        total, kind = (look_up(contexts, values, asked // len(VOCABULARY)) for values in (totals, kinds))
        known = total > 0
        probability[known] = (seen[known] + kind[known] * probability[known]) / (total[known] + kind[known])
    return float(-np.log2(probability).mean())


def keys(file: Tensor, n: int, first: int) -> NDArray[np.int64]:
    """The ``n`` characters that end at each position from ``first`` on, as one number each."""
    ids, count = file.numpy(), len(file) - first + 1
    total = np.zeros(max(count, 0), dtype=np.int64)
    for i in range(n):
        total = total * len(VOCABULARY) + ids[first - n + i : first - n + i + len(total)]
    return total


def look_up(known: NDArray[np.int64], values: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.int64]:
    """The value of each asked key, 0 where it is not known."""
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[at] == asked, values[at], 0)


def open_saved(folder: Path) -> RecurrentNetwork:
    """The network as it lies on disk, in float32."""
    network = RecurrentNetwork(SPEC, len(json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))))
    network.load_state_dict({name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()})
    return network.eval()


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--characters", type=int, default=42_000_000)
    parser.add_argument("--bfloat16", type=float, default=0.88, help="share of the training computed in bfloat16")
    parser.add_argument("--learning-rate", type=float, default=4e-3)
    parser.add_argument("--warm-up", type=int, default=2_000_000, help="characters")
    parser.add_argument("--lanes", type=int, default=64)
    parser.add_argument("--length", type=int, default=128, help="characters the gradient reaches back")
    parser.add_argument("--dropout", type=float, default=0.05)
    parser.add_argument("--look", type=int, default=4_000_000, help="characters between two measurements")
    parser.add_argument("--ngram", type=int, default=6, help="order of the n-gram model to compare with")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def main() -> None:
    """Train, save, and measure what was saved."""
    options = parse_arguments()
    torch.manual_seed(options.seed)
    files = read_files(Path(sysconfig.get_paths()["stdlib"]))
    held_out = [files.pop(name) for name in HELD_OUT]
    network = RecurrentNetwork(SPEC, len(VOCABULARY))
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    read, kept = (sum(map(len, part)) for part in (files.values(), held_out))
    print(f"{len(files)} modules, {read:,} characters; held out {kept:,}; {n_parameters:,} parameters", flush=True)
    open_forget_gates(network.rnn)
    train(network, list(files.values()), held_out, options)
    save(options.out, SPEC, network.state_dict(), VOCABULARY, dtype=torch.float16)
    print(f"from the files: {bits_per_character(open_saved(options.out), held_out):.3f} bits per character", flush=True)
    print(f"{options.ngram}-grams: {ngram_bits(list(files.values()), held_out, options.ngram):.3f} bits per character")


if __name__ == "__main__":
    main()
