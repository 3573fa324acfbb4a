"""Embedding → LSTM, GRU or RNN → linear layers, told from the names and shapes of a state dict; nothing of it is run."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from engine.checkpoints import TensorUse
from engine.errors import LoadError
from engine.models.checkpoint_file import RECURRENT, Contents, is_floating
from engine.models.safety import check_bounds

Kind = Literal["lstm", "gru", "rnn"]
_KINDS: dict[int, Kind] = {4: "lstm", 3: "gru", 1: "rnn"}
_EMBEDDING_NAMES = re.compile(r"(?<!un)emb|lookup|wte|word_vec|(^|\.)encoder$", re.IGNORECASE)
_ATTENTION_NAMES = re.compile(r"att(e)?n", re.IGNORECASE)
_OF_THE_LOSS = re.compile(r"(^|\.)(criterion|loss|loss_fn|loss_func|loss_function)\.")
_MOST_MODULES = 6  # recurrent ones that are tried in every order
_MOST_LINEAR = 8


@dataclass(frozen=True, slots=True, eq=False)
class Recognised:
    """A network as ``RecurrentSpec`` and ``RecurrentNetwork`` have it, but for what only its author knows.

    Args:
        between: of each pair of linear layers, whether something without weights stands between them (True, False), or
            whether that cannot be told (None).
        weights: by the names of a recurrent folder.
        empty_rows: of the embedding, those that are all zeros, as torch makes that of the padding.
    """

    kind: Kind
    vocabulary_size: int
    embedding_size: int | None
    hidden_size: int
    layers: int
    bidirectional: bool
    projection: int
    bias: bool
    head: tuple[int, ...]
    between: tuple[bool | None, ...]
    weights: Mapping[str, Tensor]
    uses: tuple[TensorUse, ...]
    settled: tuple[str, ...]
    empty_rows: tuple[int, ...]

    @property
    def features(self) -> int:
        """What the first linear layer reads."""
        return (self.projection or self.hidden_size) * (2 if self.bidirectional else 1)


def recognise(contents: Contents) -> Recognised:
    """What the tensors are for.

    Raises:
        LoadError: tensors there is no place for, sizes that do not fit together, or several readings, named.
    """
    return _Reading(contents).read()


@dataclass(slots=True, eq=False)
class _Module:
    """The tensors under one name."""

    name: str
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def full(self, what: str) -> str:
        return f"{self.name}.{what}" if self.name else what

    @property
    def weight(self) -> Tensor:
        return self.tensors["weight"]

    @property
    def is_matrix(self) -> bool:
        """A weight of two axes, with or without a bias of its rows."""
        if not set(self.tensors) <= {"weight", "bias"} or "weight" not in self.tensors or self.weight.dim() != 2:
            return False
        bias = self.tensors.get("bias")
        return bias is None or tuple(bias.shape) == (self.weight.shape[0],)


@dataclass(frozen=True, slots=True, eq=False)
class _Stack:
    """One recurrent module: its layers' tensors by (layer, backwards)."""

    module: _Module
    kind: Kind
    size_in: int
    hidden: int
    projection: int
    layers: int
    bidirectional: bool

    @property
    def size_out(self) -> int:
        return (self.projection or self.hidden) * (2 if self.bidirectional else 1)

    @property
    def form(self) -> tuple[Kind, int, int, bool]:
        return self.kind, self.hidden, self.projection, self.bidirectional

    def tensor(self, what: str, side: str, layer: int, back: bool) -> tuple[str, Tensor] | None:
        """By its name in the file; a cell's layer has no number."""
        for suffix in (f"_l{layer}", "") if layer == 0 else (f"_l{layer}",):
            name = f"{what}_{side}{suffix}{'_reverse' if back else ''}"
            if name in self.module.tensors:
                return self.module.full(name), self.module.tensors[name]
        return None


class _Reading:
    def __init__(self, contents: Contents) -> None:
        self._file, self._contents = contents.path.name, contents
        self._uses: dict[str, str] = {}
        self._unused: list[str] = []
        self._weights: dict[str, Tensor] = {}
        self._settled: list[str] = []

    def read(self) -> Recognised:
        recurrent, others = self._modules()
        stacks = self._in_line([self._stack(module) for module in recurrent])
        first, last = stacks[0], stacks[-1]
        layers = sum(stack.layers for stack in stacks)
        embedding = self._take_embedding(others, first)
        self._take_stacks(stacks)
        head, between = self._take_head(others, last, embedding)
        if others:
            raise _no_place(others)
        self._require_floating()
        rows = embedding.shape[0] if embedding is not None else first.size_in
        check_bounds(layers=layers, hidden=max(first.hidden, *head[:-1], 0), vocabulary=max(rows, head[-1]))
        order = sorted(self._uses, key=lambda name: name in self._unused)  # as they are passed
        return Recognised(
            first.kind,
            rows,
            embedding.shape[1] if embedding is not None else None,
            first.hidden,
            layers,
            first.bidirectional,
            first.projection,
            "rnn.bias_ih_l0" in self._weights,
            head,
            between,
            self._weights,
            tuple(TensorUse(name, tuple(self._contents.tensors[name].shape), self._uses[name]) for name in order),
            tuple(self._settled),
            _empty_rows(embedding),
        )

    def _require_floating(self) -> None:
        for name in set(self._uses).difference(self._unused):
            tensor = self._contents.tensors[name]
            if not is_floating(tensor):
                kind = str(tensor.dtype).removeprefix("torch.")
                raise LoadError(f"The tensor “{name}” is stored as {kind}, which is no plain floating type.", "not_floating")

    def _modules(self) -> tuple[list[_Module], list[_Module]]:
        """The recurrent ones, and the others, in the order of the file."""
        recurrent: dict[str, _Module] = {}
        others: dict[str, _Module] = {}
        for name, tensor in self._contents.tensors.items():
            if _OF_THE_LOSS.search(name):
                self._uses[name] = "not used: it belongs to the loss"
                self._unused.append(name)
                continue
            form = RECURRENT.fullmatch(name)
            if form is not None:
                module = form["module"] or ""
                recurrent.setdefault(module, _Module(module)).tensors[name.rpartition(".")[2]] = tensor
            else:
                module, _, what = name.rpartition(".")
                others.setdefault(module, _Module(module)).tensors[what] = tensor
        return sorted(recurrent.values(), key=self._place), sorted(others.values(), key=self._place)

    def _place(self, module: _Module) -> tuple[object, ...]:
        """As the author wrote them, where the file tells; else by their names, 10 after 9."""
        return () if self._contents.definition_order else natural(module.name)

    def _stack(self, module: _Module) -> _Stack:
        """The sizes of one recurrent module, held against one another."""
        forms = [form for name in module.tensors if (form := RECURRENT.fullmatch(name))]
        layers = 1 + max(int(form["layer"] or 0) for form in forms)
        both_ways = any(form["back"] for form in forms)
        stack = _Stack(module, "rnn", 0, 0, 0, layers, both_ways)
        ih, hh = self._matrix(stack, "ih", 0, False), self._matrix(stack, "hh", 0, False)
        hr = stack.tensor("weight", "hr", 0, False)
        projection, hidden = (hh.shape[1], hr[1].shape[1]) if hr and hr[1].dim() == 2 else (0, hh.shape[1])
        gates = ih.shape[0] / hidden if hidden else 0
        if gates not in _KINDS or hh.shape[0] != ih.shape[0] or not ih.shape[1] or (hr and _KINDS[int(gates)] != "lstm"):
            raise LoadError(
                f"The sizes of “{module.name or self._file}” do not fit together: {tuple(ih.shape)} and {tuple(hh.shape)} are "
                "those of no LSTM, GRU or RNN.",
                "shape_mismatch",
            )
        kind = _KINDS[int(gates)]
        check_bounds(layers=layers, hidden=hidden, vocabulary=ih.shape[1])
        return _Stack(module, kind, ih.shape[1], hidden, projection, layers, both_ways)

    def _matrix(self, stack: _Stack, side: str, layer: int, back: bool) -> Tensor:
        found = stack.tensor("weight", side, layer, back)
        if found is None or found[1].dim() != 2:
            name = stack.module.full(f"weight_{side}_l{layer}{'_reverse' if back else ''}")
            raise LoadError(f"The recurrent layers lack the tensor “{name}”, or it is no matrix.", "missing_weights")
        return found[1]

    def _in_line(self, stacks: list[_Stack]) -> list[_Stack]:
        """One behind the other, where their sizes say so in one way only."""
        orders = [stacks] if len(stacks) == 1 or len(stacks) > _MOST_MODULES else itertools.permutations(stacks)
        line = next((list(order) for order in orders if _chained(order)), None)
        names = ", ".join(f"“{stack.module.name}”" for stack in (line or stacks)[:4])
        if line is None or len(stacks) > _MOST_MODULES:
            raise LoadError(
                f"{self._file} holds {len(stacks)} recurrent networks that do not follow one another ({names}); save the one "
                "you mean alone.",
                "several",
            )
        if len({stack.form for stack in line}) > 1:
            forms = ", ".join(f"“{s.module.name}” {s.kind.upper()} {s.hidden}" for s in line[:4])
            raise LoadError(
                f"The recurrent layers differ in kind or size ({forms}); a recurrent folder holds layers of one kind and size.",
                "mixed_layers",
            )
        if line[0].kind == "rnn":
            self._settled.append("The plain RNN is taken to use tanh, as torch's does unless it is told otherwise.")
        if len(line) > 1:
            self._settled.append(f"{names} are taken for layers, each reading the one before it.")
        return line

    def _take_stacks(self, stacks: Sequence[_Stack]) -> None:
        at = 0
        any_bias = any(what.startswith("bias") for stack in stacks for what in stack.module.tensors)
        for stack in stacks:
            for layer in range(stack.layers):
                size_in = stack.size_in if layer == 0 else stack.size_out
                for back in (False, True) if stack.bidirectional else (False,):
                    self._take_layer(stack, layer, at, back, size_in, any_bias)
                at += 1
            unused = [what for what in stack.module.tensors if stack.module.full(what) not in self._uses]
            if unused:
                raise LoadError(f"There is no place for the tensor “{stack.module.full(unused[0])}”.", "no_place")

    def _take_layer(self, stack: _Stack, layer: int, at: int, back: bool, size_in: int, any_bias: bool) -> None:
        gates = next(count for count, kind in _KINDS.items() if kind == stack.kind) * stack.hidden
        wanted: dict[tuple[str, str], tuple[int, ...]] = {
            ("weight", "ih"): (gates, size_in),
            ("weight", "hh"): (gates, stack.projection or stack.hidden),
        }
        if stack.projection:
            wanted[("weight", "hr")] = (stack.projection, stack.hidden)
        if any_bias:
            wanted |= {("bias", "ih"): (gates,), ("bias", "hh"): (gates,)}
        words = f"{stack.kind.upper()} layer {at}" + (" backwards" if back else "")
        for (what, side), shape in wanted.items():
            found = stack.tensor(what, side, layer, back)
            own = f"rnn.{what}_{side}_l{at}{'_reverse' if back else ''}"
            if found is None:
                if what == "weight":
                    self._matrix(stack, side, layer, back)
                self._weights[own] = torch.zeros(shape)
                continue
            name, tensor = found
            if tuple(tensor.shape) != shape:
                raise LoadError(
                    f"The tensor “{name}” has the shape {tuple(tensor.shape)}; beside the others it should be {shape}.",
                    "shape_mismatch",
                )
            self._weights[own] = tensor
            self._uses[name] = words + {"ih": ": input", "hh": ": recurrence", "hr": ": projection"}[side]

    def _take_embedding(self, others: list[_Module], first: _Stack) -> Tensor | None:
        """(vocabulary, size); None: the input is one-hot."""
        fitting = [m for m in others if m.is_matrix and "bias" not in m.tensors and m.weight.shape[1] == first.size_in]
        named = [m for m in fitting if _EMBEDDING_NAMES.search(m.name)]
        called = [m for m in others if _EMBEDDING_NAMES.search(m.name) and m.is_matrix and "bias" not in m.tensors]
        if called and not named:
            shape = tuple(called[0].weight.shape)
            raise LoadError(
                f"The embedding “{called[0].full('weight')}” has the shape {shape}, and the first recurrent layer reads "
                f"{first.size_in} numbers, not {shape[1]}: they do not fit together.",
                "shape_mismatch",
            )
        if len(named) > 1:
            names = ", ".join(f"“{m.name}”" for m in named)
            raise LoadError(f"{self._file} holds several embeddings ({names}); a network with one is imported.", "several")
        chosen = named[0] if named else self._likely_embedding(fitting, first)
        if chosen is None:
            return None
        others.remove(chosen)
        self._uses[chosen.full("weight")] = "embedding"
        self._weights["embedding.weight"] = chosen.weight
        return chosen.weight

    def _likely_embedding(self, fitting: list[_Module], first: _Stack) -> _Module | None:
        """Of the matrices without a bias and a name that tells, the one that stands before the recurrent layers."""
        order = list(self._contents.tensors)
        start = order.index(first.module.full(next(iter(first.module.tensors))))
        chosen = [m for m in fitting if order.index(m.full("weight")) < start]
        if not chosen and first.size_in != first.size_out:  # else it is a linear layer that reads the hidden states
            chosen = fitting[:1]
        if len(chosen) > 1:
            names = ", ".join(f"“{m.name}”" for m in chosen)
            raise LoadError(f"{self._file} holds several matrices that could be the embedding ({names}).", "several")
        return chosen[0] if chosen else None

    def _take_head(
        self, others: list[_Module], last: _Stack, embedding: Tensor | None
    ) -> tuple[tuple[int, ...], tuple[bool | None, ...]]:
        linear = [m for m in others if m.is_matrix and not _ATTENTION_NAMES.search(m.name)]
        tied = self._tied(others, embedding, linear)
        if tied is not None:
            linear.append(tied)
        chain = _chain(linear, last.size_out)
        if chain is None:
            raise self._why_no_head([m for m in others if m not in linear], linear, last)
        for at, module in enumerate(chain):
            words = f"linear layer {at + 1} of {len(chain)}" if len(chain) > 1 else "linear layer"
            rows = module.weight.shape[0]
            self._weights[f"head.{at}.weight"] = module.weight
            self._weights[f"head.{at}.bias"] = module.tensors.get("bias", torch.zeros(rows))
            if module.full("weight") in self._contents.tensors:
                self._uses[module.full("weight")] = words
            if "bias" in module.tensors:
                self._uses[module.full("bias")] = words + ", bias"
            if module in others:
                others.remove(module)
        gaps = tuple(_something_between(a.name, b.name) for a, b in itertools.pairwise(chain))
        return tuple(m.weight.shape[0] for m in chain), gaps

    def _tied(self, others: list[_Module], embedding: Tensor | None, linear: list[_Module]) -> _Module | None:
        """A bias of the vocabulary's size whose matrix is the embedding, which was saved once."""
        if embedding is None:
            return None
        rows = (embedding.shape[0],)
        lonely = [m for m in others if set(m.tensors) == {"bias"} and tuple(m.tensors["bias"].shape) == rows]
        if len(lonely) != 1 or any(m.weight.shape[0] == rows[0] for m in linear):
            return None
        others.remove(lonely[0])
        self._settled.append(f"The matrix of “{lonely[0].name}” is missing and taken to be the embedding's (tied).")
        return _Module(lonely[0].name, {"weight": embedding, "bias": lonely[0].tensors["bias"]})

    def _why_no_head(self, others: list[_Module], linear: list[_Module], last: _Stack) -> LoadError:
        if others:
            return _no_place(others)
        if not linear:
            words = f"{self._file} holds no linear layer after the recurrent ones: what the network answers cannot be told."
            return LoadError(words, "no_head")
        if not any(m.weight.shape[1] == last.size_out for m in linear):
            shapes = ", ".join(f"{m.full('weight')} {tuple(m.weight.shape)}" for m in linear[:3])
            return LoadError(
                f"No linear layer reads the {last.size_out} numbers that the recurrent layers give ({shapes}): several read-outs "
                "joined, or parts that do not fit together, which cannot be imported.",
                "shape_mismatch",
            )
        return _no_place(_outside_the_chain(linear, last.size_out))


def _no_place(modules: list[_Module]) -> LoadError:
    """What is left over, and what it looks like."""
    left = [module.full(what) for module in modules for what in module.tensors]
    kinds = ", ".join(dict.fromkeys(_looks_like(module) for module in modules))
    names = ", ".join(left[:4]) + (f" and {len(left) - 4} more" if len(left) > 4 else "")
    return LoadError(
        f"There is no place for {names} ({kinds}): an embedding, recurrent layers and linear layers behind them are imported, "
        "nothing else.",
        "no_place",
        "\n".join(left),
    )


def _chained(stacks: Sequence[_Stack]) -> bool:
    return all(before.size_out == after.size_in for before, after in itertools.pairwise(stacks))


def _chain(linear: list[_Module], size: int) -> list[_Module] | None:
    """All of them in an order in which each reads what the one before gives; of several orders the file's own."""
    if not linear or len(linear) > _MOST_LINEAR:
        return None

    def follow(left: list[_Module], reads: int) -> list[_Module] | None:
        if not left:
            return []
        for module in left:
            if module.weight.shape[1] == reads:
                rest = follow([m for m in left if m is not module], module.weight.shape[0])
                if rest is not None:
                    return [module, *rest]
        return None

    return follow(linear, size)


def _outside_the_chain(linear: list[_Module], size: int) -> list[_Module]:
    """Those that do not follow when each next one is taken as it comes."""
    left, reads = list(linear), size
    while (found := next((m for m in reversed(left) if m.weight.shape[1] == reads), None)) is not None:
        left.remove(found)
        reads = found.weight.shape[0]
    return left or linear[:1]


def _something_between(first: str, second: str) -> bool | None:
    """Two entries of one ``nn.Sequential``: a number left out had no weights, such as an activation."""
    before, after = re.fullmatch(r"(.*?)(\d{1,6})", first), re.fullmatch(r"(.*?)(\d{1,6})", second)
    if before is None or after is None or before[1] != after[1] or not (before[1] == "" or before[1].endswith(".")):
        return None
    return int(after[2]) - int(before[2]) != 1


def _looks_like(module: _Module) -> str:
    weight = module.tensors.get("weight")
    if "running_mean" in module.tensors:
        return "batch norm"
    if _ATTENTION_NAMES.search(module.name) or "in_proj_weight" in module.tensors:
        return "attention"
    if weight is not None and weight.dim() > 2:
        return "a convolution"
    if weight is not None and weight.dim() == 1:
        return "a norm"
    return "a matrix" if weight is not None else "something else"


def _empty_rows(embedding: Tensor | None) -> tuple[int, ...]:
    if embedding is None:
        return ()
    rows: list[int] = (embedding == 0).all(dim=1).nonzero().flatten().tolist()
    return tuple(rows) if len(rows) < embedding.shape[0] else ()


def natural(name: str) -> tuple[object, ...]:
    """Sorts ``layer.10`` after ``layer.9``."""
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in re.split(r"(\d{1,9})", name))
