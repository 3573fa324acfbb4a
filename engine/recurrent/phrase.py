"""Where else do the cells do what they do over a phrase? After LSTMVis (Strobelt et al., arXiv:1606.07461), over all the corpus.

A cell is on while it is above the threshold, or, counted apart, below its negative. The phrase's cells are those that are on over
all of it and off at the tokens before and after. A place of the corpus is where some of them are on over the same tokens and off
around them; places rank by how many do so, then by how few others do so too.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from engine.detective import PhrasePlace, PhraseResult
from engine.errors import UserError
from engine.jobs import Partial, Steps, run
from engine.models.model import TextModel
from engine.recurrent.layout import values_of
from engine.recurrent.levels import SCALES
from engine.recurrent.network import unrolling
from engine.recurrent.recorder import STATES, recording
from engine.recurrent.session import Session, Sessions
from engine.recurrent.store import Rows, Store
from engine.requests import PhraseRequest

DOING = "Looking for places like it"
_CANDIDATES = 2_000  # places whose other cells are counted too
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Side:
    """A cell above the threshold (``sign`` 1), or below its negative."""

    row: int
    sign: int


def match_phrase(sessions: Sessions, model: TextModel, request: PhraseRequest) -> Steps[PhraseResult]:
    """The places whose cells agree best with those of the phrase.

    Raises:
        UserError: the phrase holds no token, or no cell is on over all of it and off around it.
    """
    session = yield from sessions.open(model, request.scanned)
    store = yield from session.trained()
    groups = [group for group in store.groups if group.quantity == request.quantity]
    if request.quantity not in STATES or not groups:
        raise UserError("Phrases are matched by hidden_state or cell_state, and the scan must hold it.", "no_such_quantity")
    on, first, last = _phrase(session, request, groups)
    signed = zip((1, -1), on, strict=True)
    sides = [_Side(groups[0].first + int(at), sign) for sign, rows in signed for at in np.flatnonzero(rows)]
    if not sides:
        raise UserError("No cell is on over all of this phrase and off around it; lower the threshold.", "no_cells")
    ranges = _Ranges(last - first)
    for number, side in enumerate(sides):
        ranges.add(store, side, _level(groups, request.threshold, side.sign))
        yield Partial(number + 1, len(sides) + 1, doing=DOING)
    places = _ranked(session, store, groups, request, ranges, len(sides))
    cells = tuple(dict.fromkeys(store.unit(side.row)[1] for side in sides))
    return PhraseResult(request, model.info, session.corpus, cells, tuple(places), session.warnings)


def _level(groups: list[Rows], threshold: float, sign: int) -> int:
    """The upper byte beyond which a cell is on; cell states are compared as tanh c."""
    value = math.atanh(threshold) if groups[0].quantity == "cell_state" else threshold
    return int(SCALES[groups[0].scale].levels(np.array([sign * value], np.float32))[0] >> 8)


def _is_on(levels: NDArray[np.uint8], level: int, sign: int) -> Bools:
    return levels > level if sign > 0 else levels < level


def _phrase(session: Session, request: PhraseRequest, groups: list[Rows]) -> tuple[tuple[Bools, Bools], int, int]:
    """((rows,) on over the phrase and off around it, above and below), and the phrase's tokens [first, last)."""
    model = session.model
    tokens = model.tokens_of(request.text)
    inside = np.flatnonzero((tokens.end > request.start) & (tokens.start < request.end))
    if not len(inside):
        raise UserError("Select at least one character that the model reads.", "empty_text")
    ids = torch.from_numpy(tokens.ids.astype(np.int64))[None].to(model.device)
    found = run(
        unrolling(
            model.network,
            lambda: model.run_tokens(ids),
            lambda call, _: recording(call.module, call.inputs, quantities=[request.quantity]),
            with_output=False,
        )
    )
    parts = [values_of(found.recordings, group)[0].numpy(force=True) for group in groups]
    levels = np.concatenate([_scaled(group, part) for group, part in zip(groups, parts, strict=True)], axis=1).T  # (rows, seq)
    first, last = int(inside[0]), int(inside[-1]) + 1
    both = []
    for sign in (1, -1):
        on = _is_on(levels, _level(groups, request.threshold, sign), sign)
        around = [on[:, at] for at in (first - 1, last) if 0 <= at < on.shape[1]]
        both.append(on[:, first:last].all(1) & ~np.any([np.zeros(len(on), bool), *around], axis=0))
    return (both[0], both[1]), first, last


def _scaled(group: Rows, values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return (SCALES[group.scale].levels(values) >> 8).astype(np.uint8)


class _Ranges:
    """How many of the phrase's cells are on over each range of positions, and off around it."""

    def __init__(self, tokens: int) -> None:
        self._shortest, self._longest = max(1, (tokens + 1) // 2), 2 * tokens
        self.keys: NDArray[np.int64] = np.zeros(0, np.int64)  # start · (longest + 1) + length
        self.shared: NDArray[np.int64] = np.zeros(0, np.int64)

    def add(self, store: Store, side: _Side, level: int) -> None:
        on = _is_on((store.track(side.row) >> 8).astype(np.uint8), level, side.sign)
        edge = np.zeros(len(on) + 1, bool)  # where a file begins or ends, whatever is on ends
        edge[[file.first for file in store.reading.files]] = True
        edge[-1] = True
        before = np.concatenate(([False], on[:-1]))
        starts = np.flatnonzero(on & (~before | edge[:-1]))
        after = np.concatenate((on[1:], [False]))
        lengths = np.flatnonzero(on & (~after | edge[1:])) + 1 - starts
        fits = (lengths >= self._shortest) & (lengths <= self._longest)
        keys = np.concatenate((self.keys, starts[fits] * (self._longest + 1) + lengths[fits]))
        counts = np.concatenate((self.shared, np.ones(int(fits.sum()), np.int64)))
        self.keys, which = np.unique(keys, return_inverse=True)
        self.shared = np.bincount(which, counts, minlength=len(self.keys)).astype(np.int64)

    def best(self) -> list[tuple[int, int, int]]:
        """(shared, start, length), most shared first."""
        order = np.lexsort((self.keys, -self.shared))[:_CANDIDATES]
        return [(int(self.shared[at]), *divmod(int(self.keys[at]), self._longest + 1)) for at in order]


def _ranked(
    session: Session, store: Store, groups: list[Rows], request: PhraseRequest, ranges: _Ranges, wanted: int
) -> list[PhrasePlace]:
    levels = [_level(groups, request.threshold, sign) for sign in (1, -1)]
    window = _Window(store, slice(groups[0].first, groups[-1].first + groups[-1].cells))
    ranked = []
    for shared, start, length in ranges.best():
        file, at = session.reading.place(start)
        around = window.levels(start - (at > 0), start + length + (at + length < file.tokens))
        count = 0
        for level, sign in zip(levels, (1, -1), strict=True):
            on = _is_on(around, level, sign)
            own = on[:, int(at > 0) : int(at > 0) + length]
            count += int((own.all(1) & (on.sum(1) == length)).sum())
        ranked.append((-shared, count + wanted - shared, start, length))
    places = []
    for shared, union, start, length in sorted(ranked)[: request.top]:
        name = session.reading.place(start)[0].file.name
        places.append(PhrasePlace(name, *session.context(start, start + length), -shared, union))
    return places


class _Window:
    """Levels of a few positions, wherever they lie."""

    def __init__(self, store: Store, rows: slice) -> None:
        self._store, self._rows = store, rows
        runs = [(store.reading.files[r.file].first + r.start, r, n) for n, own in enumerate(store.runs) for r in own]
        self._runs = sorted(runs, key=lambda known: known[0])
        self._firsts = np.array([first for first, _, _ in self._runs])

    def levels(self, start: int, end: int) -> NDArray[np.uint8]:
        """(rows, end − start) upper bytes."""
        parts = []
        while start < end:
            first, run, number = self._runs[int(np.searchsorted(self._firsts, start, side="right")) - 1]
            inner, length = run.offset + start - first, min(end, first + run.length) - start
            parts.append(self._store.coarse(number)[self._rows, inner : inner + length])
            start += length
        return np.concatenate(parts, axis=1)
