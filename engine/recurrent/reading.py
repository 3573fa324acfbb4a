"""A corpus as a model reads it: token ids and where each came from, on disk, in the order of the files."""

import os
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.corpora.corpus import Corpus, CorpusFile
from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.models.model import TextModel
from engine.results import Notice

DOING = "Reading the corpus"


@dataclass(frozen=True, slots=True)
class ReadFile:
    """One file's tokens: ``tokens`` of them from position ``first`` of the corpus on."""

    file: CorpusFile
    first: int
    tokens: int


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Every token of a corpus, by its position.

    Args:
        ids: (positions,) int32; start, end: (positions,) uint32, code points into the file's text.
        warnings: what was left out.
    """

    corpus: Corpus
    files: tuple[ReadFile, ...]
    ids: NDArray[np.int32]
    start: NDArray[np.uint32]
    end: NDArray[np.uint32]
    warnings: tuple[Notice, ...]

    @property
    def name(self) -> str:
        """In a sentence: not all of the corpus may have been read."""
        whole = not any(notice.kind == "cut" for notice in self.warnings)
        return "this corpus" if whole else f"the {self.positions:,} positions that were read of this corpus"

    @property
    def positions(self) -> int:
        """How many tokens there are."""
        return sum(file.tokens for file in self.files)

    def sample(self, most: int) -> "Reading":
        """A fair part of it, of at most so many positions, each in its own place: files in an order drawn from their contents."""
        if self.positions <= most:
            return self
        taken: list[ReadFile] = []
        for file in sorted(self.files, key=lambda file: file.file.sha256):
            tokens = min(file.tokens, most)
            taken += [replace(file, tokens=tokens)] if tokens else []
            most -= tokens
        taken.sort(key=lambda file: file.first)
        return replace(self, files=tuple(taken))

    def place(self, position: int) -> tuple[ReadFile, int]:
        """(file, token of that file) of a position."""
        at = bisect_right(self.files, position, key=lambda file: file.first) - 1
        return self.files[at], position - self.files[at].first


def read_corpus(model: TextModel, corpus: Corpus, folder: Path, limit: int | None = None) -> Steps[Reading]:
    """Tokenise ``corpus`` into ``folder``.

    Args:
        limit: the most positions wanted. Where there are more, files are taken in an order drawn from their contents, so that
            what is read is a fair sample, and the last is cut.

    Raises:
        UserError: more than half of the text is outside the model's vocabulary, or nothing can be read.
        OSError: the disk is full.
    """
    chosen = corpus.files
    if limit is not None and corpus.characters > limit:
        chosen = tuple(sorted(corpus.files, key=lambda file: file.sha256))
    names = [folder / f"{name}.bin" for name in ("ids", "start", "end")]
    drafts = [folder / f".draft-{os.getpid()}-{name.name}" for name in names]  # whoever has mapped the files keeps them whole
    files: list[ReadFile] = []
    positions = left_out = replaced = 0
    unknown = model.substitutes.get("unk", -1)
    cut = False
    with ExitStack() as stack:
        for draft in drafts:
            stack.callback(draft.unlink, missing_ok=True)
        outs = [stack.enter_context(draft.open("wb")) for draft in drafts]
        for at, file in enumerate(chosen):
            room = None if limit is None else limit - positions
            if room == 0:
                cut = True
                break
            tokens = model.tokens_of(file.text())
            left_out += tokens.unknown
            kept = len(tokens.ids) if room is None else min(room, len(tokens.ids))
            cut = cut or kept < len(tokens.ids)
            for out, values in zip(outs, (tokens.ids, tokens.start, tokens.end), strict=True):
                out.write(values[:kept].tobytes())
            if kept:
                files.append(ReadFile(file, positions, kept))
            positions += kept
            replaced += int(np.count_nonzero(tokens.ids[:kept] == unknown))
            if at % corpus.stride == 0:
                yield Partial(at + 1, len(chosen), doing=DOING)
        for out, draft, name in zip(outs, drafts, names, strict=True):
            out.close()
            os.replace(draft, name)
    if not positions or left_out + replaced > positions - replaced:
        raise UserError("Most of this corpus is outside the model's vocabulary; choose text of the kind it reads.", "unknown")
    kinds: tuple[Any, ...] = (np.int32, np.uint32, np.uint32)
    ids, start, end = (np.asarray(np.memmap(name, kind, "r")) for name, kind in zip(names, kinds, strict=True))
    return Reading(corpus, tuple(files), ids, start, end, tuple(_warnings(corpus, files, left_out, replaced, cut)))


def _warnings(corpus: Corpus, files: Sequence[ReadFile], left_out: int, replaced: int, cut: bool) -> list[Notice]:
    positions, warnings = sum(file.tokens for file in files), list(corpus.warnings)
    if cut:
        read, there = (_counted(len(each), "row" if corpus.by_rows else "file") for each in (files, corpus.files))
        said = f"Read {positions:,} positions of {read}; the corpus has {there}, "
        warnings.append(Notice(said + f"{corpus.characters:,} characters.", "cut"))
    for count, fate in ((left_out, "were skipped"), (replaced, "were read as the unknown")):
        if count:
            share = 100 * count / (left_out + positions)
            said = f"{count:,} pieces ({share:.2g} %) are outside the model's vocabulary and {fate}."
            warnings.append(Notice(said, "unknown"))
    return warnings


def _counted(count: int, kind: str) -> str:
    return f"{count:,} {kind}{'' if count == 1 else 's'}"
