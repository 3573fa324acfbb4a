"""The scan: every gate and state of every cell, all through a corpus, on to disk.

Files are read side by side in lanes, each whole from its beginning. What reads backwards cannot carry a state on: for layers of
two directions the files are read in windows of ``WINDOW`` tokens, each from a fresh state, and the manifest says so.
"""

import copy
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.cells import QUANTITIES
from engine.errors import UserError
from engine.jobs import Partial, Steps, T, relay
from engine.models.model import TextModel
from engine.recurrent.contexts import TopContexts
from engine.recurrent.fused import hidden_states, layers_apart
from engine.recurrent.levels import SIGNED, SOFT, UNIT
from engine.recurrent.network import Call, recurrent_modules, unrolling
from engine.recurrent.plan import Piece, Plan
from engine.recurrent.reading import Reading
from engine.recurrent.recorder import KINDS, Recording, State, recording
from engine.recurrent.store import Rows, Store

DOING = "Scanning"
VERSION = 1
CHUNK = 128  # steps taken at once: short enough to cancel, and little is lost where files end inside
WINDOW = 256
LANES = 64
_BLOCK_BYTES = 128 << 20
_MOST_POSITIONS = 1 << 16
KEPT_CONTEXTS = 32
ENDS = ("highest", "lowest")  # contexts kept; the values of the lowest with their sign turned
_BETWEEN_ZERO_AND_ONE = {"input_gate", "forget_gate", "output_gate", "reset_gate", "update_gate"}


@dataclass(frozen=True, slots=True)
class Layout:
    """What a model's cells are, in the order of the rows of a block, and how they are read.

    Args:
        modules: names of the recurrent modules in the order they run.
        windows: files are read in windows, since something reads backwards.
    """

    rows: tuple[Rows, ...]
    modules: tuple[str, ...]
    quantities: tuple[str, ...]
    windows: bool

    @property
    def units(self) -> int:
        """How many rows."""
        return sum(group.cells for group in self.rows)

    def plan(self, lengths: Sequence[int]) -> Plan:
        """How to read files of these lengths."""
        positions = max(1, min(_MOST_POSITIONS, _BLOCK_BYTES // (2 * self.units)))
        lanes = LANES if self.units <= 8192 else LANES // 2
        return Plan(lengths, lanes, WINDOW if self.windows else CHUNK, positions)


def layout_of(model: TextModel, quantities: Sequence[str]) -> Layout:
    """What there will be to scan.

    Args:
        quantities: names of gates and states; empty: all.

    Raises:
        UserError: the model has no recurrent layers, or none with such a quantity.
    """
    modules = recurrent_modules(model.network)
    kinds = {KINDS[type(module)] for module in modules.values()}
    known = tuple(dict.fromkeys(name for kind, own in QUANTITIES.items() if kind in kinds for name in own))
    if not modules:
        raise UserError("This model has no recurrent layers (LSTM, GRU or RNN), so it has no cells.", "unavailable")
    for name in quantities:
        if name not in known:
            raise UserError(f"This model's cells have {', '.join(known)}; there is no “{name}”.", "no_such_quantity")
    wanted = tuple(name for name in known if not quantities or name in quantities)
    rows: list[Rows] = []
    for quantity in wanted:
        layer = 0
        for module in modules.values():
            if quantity in QUANTITIES[KINDS[type(module)]]:
                rows += _rows(module, quantity, layer, sum(group.cells for group in rows))
            layer += module.num_layers
    return Layout(tuple(rows), tuple(modules), wanted, any(module.bidirectional for module in modules.values()))


def _rows(module: nn.RNNBase, quantity: str, layer: int, first: int) -> list[Rows]:
    cells = (module.proj_size or module.hidden_size) if quantity == "hidden_state" else module.hidden_size
    unbounded = quantity == "cell_state" or module.mode == "RNN_RELU" or (quantity == "hidden_state" and module.proj_size)
    scale = SOFT if unbounded else UNIT if quantity in _BETWEEN_ZERO_AND_ONE else SIGNED
    places = [(layer + number, direction) for number in range(module.num_layers) for direction in _directions(module)]
    return [Rows(quantity, layer, d, cells, scale.name, first + at * cells) for at, (layer, d) in enumerate(places)]


def _directions(module: nn.RNNBase) -> range:
    return range(2 if module.bidirectional else 1)


def reinitialised(model: TextModel, seed: int) -> TextModel:
    """The same network untrained: weights drawn as torch draws them, from a generator of its own."""
    untrained = copy.copy(model)
    untrained.network = copy.deepcopy(model.network)
    generator = torch.Generator().manual_seed(seed)
    for module in untrained.network.modules():
        fan = module.hidden_size if isinstance(module, nn.RNNBase) else module.in_features if isinstance(module, nn.Linear) else 0
        for parameter in module.parameters(recurse=False):
            drawn = torch.empty(parameter.shape)
            if isinstance(module, nn.Embedding):
                drawn.normal_(generator=generator)
            elif fan:
                drawn.uniform_(-(fan**-0.5), fan**-0.5, generator=generator)
            else:
                continue
            parameter.data.copy_(drawn)
    return untrained


def scan(
    model: TextModel, reading: Reading, layout: Layout, folder: Path, *, untrained: int | None = None, doing: str = DOING
) -> Steps[Store]:
    """Read the whole corpus, or what is still missing of it in ``folder``.

    Args:
        untrained: the seed of new weights; those scans keep the upper bytes alone, and no contexts.

    Yields:
        How many positions are done. The scan can be closed at any time and taken up again with the same answer, bit for bit.

    Raises:
        UserError: the disk is full, or too full to begin.
    """
    plan = layout.plan([read.tokens for read in reading.files])
    store = Store(folder, reading, plan, layout.rows, _header(model, reading, layout, plan, untrained), untrained is None)
    if store.complete:
        return store
    _check_room(store)
    work = _Scan(model if untrained is None else reinitialised(model, untrained), store, layout)
    done = sum(block.positions for block in plan.blocks[: store.finished])
    yield Partial(done, reading.positions, doing=doing)
    with ThreadPoolExecutor(1, "scan") as beside:  # puts away what was read while the next chunk is read
        busy: Future[None] = beside.submit(_nothing)
        for block in plan.blocks[store.finished :]:
            levels = np.empty((store.rows, block.positions), np.uint16)
            offsets = _Offsets(store, block.number)
            for chunk in range(block.first, block.end):
                pieces = plan.pieces(chunk)
                recordings = yield from _standing(work.read(pieces), Partial(done, reading.positions, doing=doing))
                busy.result()
                busy = beside.submit(work.keep, pieces, recordings, levels, offsets)
                done += sum(piece.length for piece in pieces)
                yield Partial(done, reading.positions, doing=doing)
            busy.result()
            busy = beside.submit(store.append, levels, work.state())
        busy.result()
    return store


def _nothing() -> None:
    """To begin with."""


def _standing(steps: Steps[T], partial: Partial) -> Steps[T]:
    """What a chunk does on the way is too little to show; but it can be stopped there."""
    return relay(steps, lambda _: partial)


def _header(model: TextModel, reading: Reading, layout: Layout, plan: Plan, untrained: int | None) -> dict[str, Any]:
    return {
        "version": VERSION,
        "model": model.info.sha256,
        "corpus": reading.corpus.sha256,
        "positions": reading.positions,
        "chunk": plan.chunk,
        "lanes": plan.lanes,
        "windows": layout.windows,
        "dtype": "uint16, upper and lower bytes apart",
        "device": model.device.type,
        "untrained": untrained,
    }


def _check_room(store: Store) -> None:
    missing = sum(block.positions for block in store.plan.blocks[store.finished :])
    needed = missing * store.rows * (2 if store.fine else 1)
    free = shutil.disk_usage(store.folder).free
    if needed > free:
        raise UserError(
            f"The scan needs {1e-9 * needed:.1f} GB on the disk and {1e-9 * free:.1f} GB are free; free some space, or scan less "
            "(fewer gates, a smaller corpus).",
            "disk_full",
        )


class _Offsets:
    """Where in a block a piece goes."""

    def __init__(self, store: Store, number: int) -> None:
        self._runs = {(run.file, run.start): run for run in store.runs[number]}
        self._starts: dict[int, list[int]] = {}
        for run in store.runs[number]:
            self._starts.setdefault(run.file, []).append(run.start)

    def of(self, piece: Piece) -> int:
        start = max(start for start in self._starts[piece.file] if start <= piece.start)
        return self._runs[piece.file, start].offset + piece.start - start


class _Scan:
    """What goes on from chunk to chunk: the state of every lane, and the best contexts so far."""

    def __init__(self, model: TextModel, store: Store, layout: Layout) -> None:
        self._model, self._store, self._layout = model, store, layout
        self._modules = recurrent_modules(model.network)
        self._apart = {name: layers_apart(module) for name, module in self._modules.items()}
        self._states: dict[str, State] = {name: self._fresh(module) for name, module in self._modules.items()}
        self._contexts = [[TopContexts(group.cells, KEPT_CONTEXTS) for _ in ENDS] for group in store.groups]
        self._firsts = np.array([read.first for read in store.reading.files])
        if store.finished:
            self._take_up(store.state())

    def _fresh(self, module: nn.RNNBase) -> State:
        places, zeros = module.num_layers * len(_directions(module)), next(module.parameters()).new_zeros
        hidden = zeros(places, self._store.plan.lanes, module.proj_size or module.hidden_size)
        cells = zeros(places, self._store.plan.lanes, module.hidden_size)
        return (hidden, cells) if isinstance(module, nn.LSTM) else (hidden,)

    def state(self) -> dict[str, NDArray[Any]]:
        """All that is needed to go on later; copies."""
        found: dict[str, NDArray[Any]] = {}
        for number, name in enumerate(self._layout.modules):
            own = enumerate(self._states[name])
            found |= {f"state_{number}_{at}": part.float().numpy(force=True).copy() for at, part in own}
        for at, end in enumerate(ENDS if self._store.fine else ()):
            found[f"{end}_values"] = np.concatenate([both[at].values for both in self._contexts])
            found[f"{end}_positions"] = np.concatenate([both[at].positions for both in self._contexts])
        return found

    def _take_up(self, known: Mapping[str, NDArray[Any]]) -> None:
        for number, name in enumerate(self._layout.modules):
            own = self._states[name]
            self._states[name] = tuple(torch.from_numpy(known[f"state_{number}_{at}"]).to(part) for at, part in enumerate(own))
        for at, end in enumerate(ENDS if self._store.fine else ()):
            for group, both in zip(self._store.groups, self._contexts, strict=True):
                rows = slice(group.first, group.first + group.cells)
                both[at].restore(known[f"{end}_values"][rows], known[f"{end}_positions"][rows])

    def read(self, pieces: list[Piece]) -> Steps[Sequence[Recording]]:
        """Read one chunk of every lane that has one."""
        lanes = torch.tensor([piece.lane for piece in pieces])
        fresh = torch.tensor([piece.start == 0 or self._layout.windows for piece in pieces])
        ids, lengths = self._ids(pieces)

        def record(call: Call, _: Sequence[Call]) -> Steps[Recording]:
            initial = tuple(part[:, lanes].masked_fill(fresh[:, None].to(part.device), 0.0) for part in self._states[call.name])
            own = [name for name in self._layout.quantities if name in QUANTITIES[KINDS[type(call.module)]]]
            fused = lengths is None or not self._layout.windows  # what comes after an end is read only by who reads backwards
            if own == ["hidden_state"] and fused and not call.module.proj_size:  # of which torch warns that it has no fast kernel
                batch_first = call.inputs if call.module.batch_first else call.inputs.transpose(0, 1)
                return hidden_states(self._apart[call.name], batch_first, initial)
            return recording(call.module, call.inputs, lengths=lengths, initial=initial, quantities=own)

        found = yield from unrolling(self._model.network, lambda: self._model.run_tokens(ids), record, with_output=False)
        if [call.name for call in found.calls] != list(self._layout.modules):
            raise UserError("The recurrent layers of this model do not run in the order they are listed in.", "unavailable")
        for call, recorded in zip(found.calls, found.recordings, strict=True):
            for part, after in zip(self._states[call.name], recorded.state, strict=True):
                part[:, lanes] = after
        return found.recordings

    def _ids(self, pieces: list[Piece]) -> tuple[Tensor, Tensor | None]:
        """(lanes, chunk) token ids, and the lengths where some lanes end inside."""
        longest = max(piece.length for piece in pieces)
        ids = np.zeros((len(pieces), longest), np.int64)
        for row, piece in enumerate(pieces):
            first = self._firsts[piece.file] + piece.start
            ids[row, : piece.length] = self._store.reading.ids[first : first + piece.length]
        lengths = torch.tensor([piece.length for piece in pieces])
        return torch.from_numpy(ids).to(self._model.device), None if bool((lengths == longest).all()) else lengths

    def keep(self, pieces: list[Piece], recordings: Sequence[Recording], levels: NDArray[np.uint16], offsets: _Offsets) -> None:
        """Put what was read into the block, and sift it for the best contexts."""
        firsts = [self._firsts[piece.file] + piece.start for piece in pieces]
        positions = np.concatenate([np.arange(f, f + p.length) for f, p in zip(firsts, pieces, strict=True)])
        ends = np.cumsum([piece.length for piece in pieces])
        for group, (highest, lowest) in zip(self._store.groups, self._contexts, strict=True):
            lanes = values_of(recordings, group)
            whole = len(positions) == lanes.shape[0] * lanes.shape[1]
            parts = () if whole else [lanes[row, : piece.length] for row, piece in enumerate(pieces)]
            values = lanes.flatten(0, 1) if whole else torch.cat(parts)  # (positions, cells)
            scaled = self._store.scale(group.first).levels(values.numpy(force=True))
            own = levels[group.first : group.first + group.cells]
            for piece, end in zip(pieces, ends, strict=True):
                offset = offsets.of(piece)
                own[:, offset : offset + piece.length] = scaled[end - piece.length : end].T
            if self._store.fine:
                highest.update(values, positions)
                lowest.update(values.neg(), positions)


def values_of(recordings: Sequence[Recording], group: Rows) -> Tensor:
    """(batch, seq, cells) of one quantity, layer and direction; layers count through all modules."""
    layer = group.layer
    for recorded in recordings:
        layers = len(next(iter(recorded.quantities.values())))
        if layer < layers:
            return recorded.quantities[group.quantity][layer, group.direction].float()
        layer -= layers
    raise AssertionError("a layer that no module has")
