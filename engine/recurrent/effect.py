"""Does the model use these cells where a pattern matches? The change of its loss there and elsewhere, beside other cells'."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.cells import AblationEffect, Cell, check_cells
from engine.errors import UserError
from engine.jobs import Partial, Steps, relay
from engine.models.model import Encoding, TextModel
from engine.recurrent.ablation import (
    Held,
    hold_and_read,
    logits_after,
    losses,
    reads_forwards,
    states_by_layer,
)
from engine.recurrent.recorder import STATES, State
from engine.requests import How
from engine.results import TokenizedText

DOING = "Holding cells"
_PIECE = 512  # tokens of a segment that are read at once, the state carried on
_MOMENTS_TOKENS = 50_000  # are enough to know a cell's mean and variance
_RESAMPLES = 2_000
LEAST_FILES = 5  # below that a bootstrap over files says nothing
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A stretch of a file, read from the zero state.

    Args:
        ids: (seq,) token ids.
        matches: (seq,) bool. What is scored at t is the prediction of token t + 1, made after reading token t.
        file: segments of one file are resampled together.
        scored: (seq,) bool, which positions count; None: all. Others are read for the state's sake.
    """

    ids: NDArray[np.integer]
    matches: NDArray[np.bool_]
    file: int = 0
    scored: NDArray[np.bool_] | None = None

    def of_kind(self, kind: bool) -> NDArray[np.bool_]:
        """(seq − 1,): scored positions that match, or the others."""
        own: NDArray[np.bool_] = np.asarray(self.matches[:-1], dtype=bool) == kind
        return own if self.scored is None else own & self.scored[:-1]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Mean and variance of what can be held (c or h), (direction, cell) of each layer."""

    mean: tuple[Floats, ...]
    variance: tuple[Floats, ...]


def ablation_effect(
    model: TextModel,
    segments: Sequence[Segment],
    cells: Sequence[Cell],
    *,
    how: How = "zero",
    value: float = 0.0,
    n_random: int = 20,
    seed: int = 0,
    known: Moments | None = None,
) -> Steps[AblationEffect]:
    """Hold ``cells`` while all of ``segments`` are read, and ``n_random`` sets of others beside them.

    Args:
        how, value: as in ``AblationRequest``; means are those over ``segments``.
        known: of these or like segments, where somebody has measured them; None: they are measured first.

    Yields:
        The effect so far, after each segment.

    Raises:
        UserError: no such cell, no position of one of the two kinds, or no language model that reads forwards.
    """
    if not cells or not any(len(s.ids) > 1 for s in segments):
        raise UserError("Name at least one cell, and a text of at least two tokens.", "empty_text")
    moments = known if known is not None else (yield from measure(model, segments))
    check_cells(cells, [variance.shape for variance in moments.variance])
    sets = [tuple(cells), *random_sets(cells, moments, n_random, seed)]
    held = [{cell: _value(cell, how, value, moments) for cell in own} for own in sets]
    files = sorted({segment.file for segment in segments})
    sums = np.zeros((len(files), 2, len(sets) + 1))  # of the losses: others and matches, the intact model first
    counts = np.zeros((len(files), 2))
    total = sum(len(s.ids) for s in segments)
    done = 0
    for segment in segments:
        found = yield from relay(_losses(model, segment.ids, [{}, *held]), _standing_at(done, total, DOING))
        file, done = files.index(segment.file), done + len(segment.ids)
        for kind in (0, 1):
            own = segment.of_kind(bool(kind))
            sums[file, kind] += found[:, own].sum(axis=1)
            counts[file, kind] += own.sum()
        enough = bool(counts.sum(axis=0).all())
        yield Partial(done, total, _effect(held[0], sums, counts, seed) if enough else None, DOING)
    if not counts.sum(axis=0).all():
        said = "no position matches" if not counts[:, 1].sum() else "every position matches"
        raise UserError(f"In this text {said}, so there is nothing to compare; choose another pattern or text.", "no_contrast")
    return _effect(held[0], sums, counts, seed)


def measure(model: TextModel, segments: Sequence[Segment]) -> Steps[Moments]:
    """Over the first tokens of ``segments``, as many as are needed."""
    sums: list[Floats] = []
    squares: list[Floats] = []
    seen = 0
    total = min(_MOMENTS_TOKENS, sum(len(s.ids) for s in segments))
    for segment in segments:
        states: Sequence[State] | None = None
        for ids in np.split(segment.ids, range(_PIECE, len(segment.ids), _PIECE)):
            job = hold_and_read(model, _encoding(model, ids), [{}], STATES, states)
            found = yield from relay(job, _standing_at(seen, total, "Measuring cells"))
            states = [recorded.state for recorded in found.recordings]
            parts = [layer.double().numpy(force=True) for layer in states_by_layer(found)]
            sums = sums or [np.zeros((len(part), part.shape[-1])) for part in parts]
            squares = squares or [np.zeros_like(each) for each in sums]
            for total_of, square_of, part in zip(sums, squares, parts, strict=True):
                total_of += part.sum(axis=1)
                square_of += (part**2).sum(axis=1)
            seen += len(ids)
            if seen >= total:
                break
        if seen >= total:
            break
    mean = tuple(each / seen for each in sums)
    return Moments(mean, tuple(each / seen - m**2 for each, m in zip(squares, mean, strict=True)))


def random_sets(cells: Sequence[Cell], moments: Moments, count: int, seed: int) -> list[tuple[Cell, ...]]:
    """``count`` sets of other cells, each in the place of one of ``cells``, among those nearest to it in variance.

    Fewer, or none, where the model has not enough other cells.
    """
    shapes = [variance.shape for variance in moments.variance]
    everything = [Cell(n, i, d) for n, (directions, size) in enumerate(shapes) for d in range(directions) for i in range(size)]
    others = [cell for cell in everything if cell not in set(cells)]
    random = np.random.default_rng(seed)

    def spread(cell: Cell) -> float:
        return float(np.log(max(moments.variance[cell.layer][cell.direction, cell.index], 1e-12)))

    pools = []
    for cell in cells:
        nearest = sorted(others, key=lambda other: abs(spread(other) - spread(cell)))[: max(count, 2 * len(cells))]
        pools.append([nearest[i] for i in random.permutation(len(nearest))])
    sets: list[tuple[Cell, ...]] = []
    for turn in range(count):
        chosen: list[Cell] = []
        for pool in pools:
            chosen += next(([other] for other in _from(pool, turn) if other not in chosen), [])
        if len(chosen) == len(cells) and set(chosen) not in map(set, sets):
            sets.append(tuple(chosen))
    return sets


def _from(pool: Sequence[Cell], first: int) -> Iterator[Cell]:
    return (pool[(first + i) % len(pool)] for i in range(len(pool)))


def _value(cell: Cell, how: How, value: float, moments: Moments) -> float:
    if how != "mean":
        return value if how == "value" else 0.0
    return float(moments.mean[cell.layer][cell.direction, cell.index])


def _losses(model: TextModel, ids: NDArray[np.integer], sets: Sequence[Held]) -> Steps[Floats]:
    """(seq,) tokens -> (set, seq − 1)."""
    parts = [np.zeros((len(sets), 0))]
    states: Sequence[State] | None = None
    for first in range(0, len(ids) - 1, _PIECE):
        read = ids[first : first + _PIECE + 1]
        encoding = _encoding(model, read[:-1])
        found = yield from hold_and_read(model, encoding, sets, states=states)
        if not reads_forwards(found):
            raise UserError("A layer of this model reads backwards, so its loss at a position means nothing.", "unavailable")
        states = [recorded.state for recorded in found.recordings]
        with torch.no_grad():
            logits = logits_after(model, found.recordings[-1].output)
            parts.append(losses(logits, _tensor(model, read)).double().numpy(force=True))
    return np.concatenate(parts, axis=1)


def _standing_at(done: int, total: int, doing: str) -> Callable[[Partial], Partial]:
    return lambda _: Partial(done, total, doing=doing)


def _encoding(model: TextModel, ids: NDArray[np.integer]) -> Encoding:
    tensor = _tensor(model, ids)
    return Encoding(TokenizedText("", ()), tensor[None], torch.zeros_like(tensor, dtype=torch.bool))


def _tensor(model: TextModel, ids: NDArray[np.integer]) -> Tensor:
    return torch.from_numpy(np.asarray(ids, dtype=np.int64)).to(model.device)


def _effect(held: Mapping[Cell, float], sums: Floats, counts: Floats, seed: int) -> AblationEffect:
    """From the losses of each file that was read; sums (file, kind, set), counts (file, kind)."""
    read = counts.any(axis=1)
    sums, counts = sums[read], counts[read]
    loss = sums.sum(axis=0) / counts.sum(axis=0)[:, None]  # (kind, set)
    change = loss[:, 1:] - loss[:, :1]
    effects = change[1] - change[0]  # of these cells, then of the random sets
    interval = None
    if len(counts) >= LEAST_FILES:
        weights = np.random.default_rng(seed).multinomial(len(counts), np.full(len(counts), 1 / len(counts)), _RESAMPLES)
        with np.errstate(invalid="ignore"):
            resampled = (weights @ (sums[:, :, 1] - sums[:, :, 0])) / (weights @ counts)  # (resample, kind)
        low, high = np.nanpercentile(resampled[:, 1] - resampled[:, 0], (2.5, 97.5))
        interval = (float(low), float(high))
    others = effects[1:]
    return AblationEffect(
        cells=tuple(held),
        held_at=tuple(held.values()),
        files=len(counts),
        matches=int(counts[:, 1].sum()),
        others=int(counts[:, 0].sum()),
        loss_at_matches=float(loss[1, 0]),
        loss_at_others=float(loss[0, 0]),
        change_at_matches=float(change[1, 0]),
        change_at_others=float(change[0, 0]),
        interval=interval,
        random_effects=others,
        p_value=float((1 + (others >= effects[0]).sum()) / (1 + len(others))) if len(others) else None,
    )
