"""Scans in use: a corpus opened, read and scanned once, asked many times."""

import functools
import hashlib
import json
import shutil
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cache_folder import cache_folder
from engine.corpora.corpus import Corpus, CorpusFile, open_corpus, signature
from engine.detective import CorpusFileText, CorpusInfo, Place, PlaceKind
from engine.jobs import Steps
from engine.models.model import TextModel
from engine.recurrent.disk import forget_until, in_bytes, refusing_a_full_disk, touch
from engine.recurrent.labels import Split
from engine.recurrent.layout import WINDOW, Layout, layout_of
from engine.recurrent.reading import Reading, read_corpus
from engine.recurrent.scan import scan
from engine.recurrent.scanner import since_line_break
from engine.recurrent.statistics import Counts, chosen_in_blocks, histograms
from engine.recurrent.store import Store
from engine.requests import Scanned
from engine.results import Notice, TokenizedText

MOST_BYTES = 12_000_000_000  # of all scans together
_BYTES_A_UNIT = 3  # two of the model itself, one of an untrained network, where it must read everything
DRAWS = 5  # untrained networks
_DRAWN_BYTES, _LEAST_DRAWN = 1_000_000_000, 20_000  # of all draws together; positions that each must read to be worth it
_AROUND = 60  # code points shown on either side of a place


@dataclass(slots=True, eq=False)
class Session:
    """One corpus read by one model. Totals and columns are worked out when they are first asked for."""

    model: TextModel
    layout: Layout
    reading: Reading
    folder: Path
    warnings: tuple[Notice, ...]
    _totals: dict[tuple[str, tuple[int, ...]], Counts] = field(default_factory=dict)
    _columns: NDArray[np.int32] | None = None
    _sample: Reading | None = None
    _untrained: dict[str, Store] = field(default_factory=dict)
    text: tuple[TokenizedText, tuple[CorpusFileText, ...]] | None = None  # laid out, once it was asked for

    @property
    def corpus(self) -> CorpusInfo:
        """In numbers."""
        corpus = self.reading.corpus
        return CorpusInfo(corpus.sha256, len(self.reading.files), self.reading.positions, corpus.characters)

    def trained(self) -> Steps[Store]:
        """The model's own scan."""
        return scan(self.model, self.reading, self.layout, self.folder / "trained")

    @property
    def draws(self) -> int:
        """How many untrained networks can be afforded."""
        return max(1, min(DRAWS, _DRAWN_BYTES // (_LEAST_DRAWN * self.layout.units)))

    def sample(self) -> Reading:
        """What each of several untrained networks reads: all of it, or as much as keeps the scans of all of them small."""
        if self._sample is None:
            self._sample = self.reading.sample(max(_LEAST_DRAWN, _DRAWN_BYTES // (self.draws * self.layout.units)))
        return self._sample

    def untrained(self, seed: int, reading: Reading, doing: str) -> Steps[Store]:
        """That of the same network with new weights."""
        name = f"untrained-{seed}" + ("-all" if reading is self.reading and reading is not self.sample() else "")
        if name not in self._untrained:
            scanned = scan(self.model, reading, self.layout, self.folder / name, untrained=seed, doing=doing)
            self._untrained[name] = yield from scanned
        return self._untrained[name]

    def totals(self, store: Store, split: Split) -> Steps[Counts]:
        """Histograms of the ranking part, whatever the labels."""
        key = (store.folder.name, split.ranks)
        if key not in self._totals:
            self._totals[key] = yield from histograms(store, chosen_in_blocks(store, split, testing=False))
        return self._totals[key]

    def columns(self) -> NDArray[np.int32]:
        """(positions,): code points since the line began."""
        if self._columns is None:
            parts = []
            for file in self.reading.files:
                start = self.reading.start[file.first : file.first + file.tokens]
                parts.append(since_line_break(file.file.text())[start].astype(np.int32))
            self._columns = np.concatenate(parts)
        return self._columns

    def context(self, first: int, end: int) -> tuple[int, int, str, str, str]:
        """Of positions [first, end) of one file: their code points [start, stop), the text before, theirs, and after."""
        text = _text(self.reading.place(first)[0].file)
        start, stop = int(self.reading.start[first]), int(self.reading.end[end - 1])
        return start, stop, text[max(0, start - _AROUND) : start], text[start:stop], text[stop : stop + _AROUND]

    def places(self, kind: PlaceKind, positions: NDArray[np.int64], values: NDArray[np.floating]) -> list[Place]:
        """Positions in their context."""
        found = []
        for position, value in zip(positions.tolist(), values.tolist(), strict=True):
            file, at = self.reading.place(position)
            found.append(Place(kind, file.file.name, at, *self.context(position, position + 1), value))
        return found


@functools.lru_cache(maxsize=32)
def _text(file: CorpusFile) -> str:
    return file.text()


class Sessions:
    """The last sessions, good as long as their files do not change."""

    def __init__(self, most: int = 2) -> None:
        self._open: dict[tuple[object, ...], Session] = {}
        self._tried: dict[tuple[str, tuple[str, ...]], set[Hashable]] = {}
        self._most = most

    def count_tried(self, model: TextModel, corpus: tuple[str, ...], asked: Iterable[Hashable]) -> int:
        """How many different hypotheses were put to this model on this corpus, these included, for as long as it is open."""
        tried = self._tried.setdefault((model.info.sha256, corpus), set())
        tried.update(asked)
        return len(tried)

    def open(self, model: TextModel, scanned: Scanned) -> Steps[Session]:
        """Open and read the corpus, if that has not just been done.

        Raises:
            UserError: the corpus or the model will not do.
        """
        layout = layout_of(model, scanned.gates)
        model.tokens_of("")  # refused at once where corpora are not read at all
        key = (id(model), scanned, signature(scanned.corpus))
        if key not in self._open:
            corpus = yield from open_corpus(scanned.corpus, scanned.text_column)
            session = yield from _session(model, layout, corpus, scanned)
            while len(self._open) >= self._most:
                del self._open[next(iter(self._open))]
            self._open[key] = session
        return self._open[key]


def _session(model: TextModel, layout: Layout, corpus: Corpus, scanned: Scanned) -> Steps[Session]:
    root = cache_folder("scans")
    places = [str(Path(source).absolute()) if Path(source).exists() else source for source in corpus.sources]
    named = json.dumps([model.info.sha256, places, layout.quantities, scanned.limit, scanned.text_column])
    folder = root / hashlib.sha256(named.encode("utf-8", "surrogateescape")).hexdigest()[:24]
    warnings: list[Notice] = []
    with refusing_a_full_disk():
        folder.mkdir(exist_ok=True)
        touch(folder)
        if _changed(folder / "corpus", corpus.sha256):
            warnings.append(Notice("The corpus has changed since it was last scanned, so it is scanned again.", "corpus_changed"))
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(exist_ok=True)
        (folder / "corpus").write_text(corpus.sha256, encoding="ascii")
        budget = min(MOST_BYTES, shutil.disk_usage(root).free // 2)
        limit = scanned.limit or max(1, budget // (_BYTES_A_UNIT * layout.units))
        reading = yield from read_corpus(model, corpus, folder, limit)
        if scanned.limit is None and any(notice.kind == "cut" for notice in reading.warnings):
            warnings.append(Notice(f"Scans may take {in_bytes(budget)} of the disk: there is no room for more.", "disk"))
        needed = _BYTES_A_UNIT * layout.units * reading.positions
        needed += min(_DRAWN_BYTES, DRAWS * layout.units * reading.positions)
        forget_until(root, max(0, MOST_BYTES - needed), keep=folder)
    if layout.windows:
        warnings.append(Notice(f"A layer reads backwards, so the corpus is read in windows of {WINDOW} tokens.", "windows"))
    if model.window is not None:
        said = (
            f"The model predicts from {model.window} tokens at a time, each time from zero; the corpus is read without a break."
        )
        warnings.append(Notice(said, "window"))
    return Session(model, layout, reading, folder, (*warnings, *reading.warnings))


def _changed(known: Path, sha256: str) -> bool:
    return known.exists() and known.read_text(encoding="ascii") != sha256
