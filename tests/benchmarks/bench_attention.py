"""Attention of every head, beside a plain forward pass and the library's own way, which keeps every map."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from bench import Row, benchmark, seconds
from engine.attention.generation import Writing
from engine.attention.hearing import hear
from engine.attention.interface import computing_eagerly
from engine.attention.layers import of_call, pattern
from engine.devices import leave_a_core_free
from engine.requests import Generation

LENGTHS = (512, 2048)
LAYERS, HEADS, WIDTH, WORDS = 8, 8, 512, 1000
REPEATS = 5
WRITTEN = 64


def made() -> Any:
    """Random: what is measured does not depend on what it knows."""
    sizes = {"hidden_size": WIDTH, "intermediate_size": 4 * WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=WORDS, max_position_embeddings=8192, eos_token_id=None, **sizes)
    return LlamaForCausalLM(config).eval().requires_grad_(False)


def ways(network: Any, tokens: int) -> dict[str, Callable[[], object]]:
    """Each gives what it would keep."""
    body, ids = network.base_model, torch.randint(WORDS, (1, tokens))

    def plain() -> object:
        with torch.no_grad():
            return body(input_ids=ids, use_cache=False)

    def captured() -> object:
        _, heard = hear(body, {"input_ids": ids, "use_cache": False})
        return [of_call(name, call) for name, call in heard["self"]]

    def eager() -> object:
        with torch.no_grad(), computing_eagerly(network):
            return body(input_ids=ids, use_cache=False, output_attentions=True).attentions

    return {"plain": plain, "captured": captured, "eager": eager}


@benchmark
def all_heads_of_a_text() -> Iterator[Row]:
    leave_a_core_free()
    network = made()
    for tokens in LENGTHS:
        plain, captured, eager = seconds(*ways(network, tokens).values(), repeats=REPEATS)
        figures = f"{1000 * captured:.0f} ms; plain {1000 * plain:.0f}, eager {1000 * eager:.0f}"
        yield Row(f"attention captured, {tokens} tokens ÷ plain SDPA", captured / plain, at_most=1.1, figures=figures)
        long = tokens > WIDTH  # queries and keys grow with the tokens, maps with their square
        yield Row(f"attention captured, {tokens} tokens ÷ eager", captured / eager, at_most=0.55 if long else None)
        peaks = {way: _peak(way, tokens) for way in ("plain", "captured", "eager")}
        ours, theirs = peaks["captured"] - peaks["plain"], peaks["eager"] - peaks["plain"]
        what = f"extra memory, {tokens} tokens ÷ eager's"
        yield Row(what, ours / theirs, at_most=0.15 if long else None, figures=f"{ours:.0f} MB, {theirs:.0f} MB")


def _peak(way: str, tokens: int) -> float:
    """MB, in a process of its own, since a process never forgets its peak."""
    line = [sys.executable, __file__, way, str(tokens)]
    said = subprocess.run(line, check=True, capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)})
    return float(said.stdout)


@benchmark
def a_head_of_a_long_text() -> Iterator[Row]:
    leave_a_core_free()
    network = made()
    _, heard = hear(network.base_model, {"input_ids": torch.randint(WORDS, (1, 4096)), "use_cache": False})
    layer = of_call(*heard["self"][0])
    whole, row = seconds(lambda: pattern(layer, 3), lambda: layer.rows(3, 4000, 4001), repeats=REPEATS)
    yield Row("one head's map at 4,096 tokens", 1000 * whole, at_most=150, unit="ms", figures=f"one row {1000 * row:.2f} ms")


@benchmark
def generation() -> Iterator[Row]:
    leave_a_core_free()
    network = made()
    prompt = {"input_ids": torch.randint(WORDS, (1, 256))}

    def written() -> object:
        writing = Writing(_Model(network), Generation(WRITTEN), frozenset(), 10_000)
        for _ in writing.steps(prompt):
            pass
        return writing.layers()

    def library() -> object:
        return network.generate(**prompt, max_new_tokens=WRITTEN, do_sample=False, pad_token_id=0)

    ours, theirs = seconds(written, library, repeats=REPEATS)
    figures = f"{1000 * ours / WRITTEN:.1f} ms a token; {1000 * theirs / WRITTEN:.1f}"
    yield Row("generation with attention ÷ the library's without", ours / theirs, at_most=1.1, figures=figures)


class _Model:
    """As much of a model as writing asks for."""

    keeps_logits, device, vocabulary_size = True, torch.device("cpu"), WORDS

    def __init__(self, network: Any) -> None:
        self.network = network

    def output_label(self, index: int) -> str:
        return str(index)


if __name__ == "__main__":
    chosen = ways(made(), int(sys.argv[2]))[sys.argv[1]]
    kept = chosen()

    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(int(status["VmHWM"].split()[0]) / 1024)  # what getrusage says is inherited from the parent
