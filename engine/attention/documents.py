"""What counts as one document of a corpus, and how many of them hold a word."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from engine.corpora.corpus import Corpus, CorpusFile, open_corpus, signature
from engine.corpora.table import is_table, read_table, text_column
from engine.errors import UserError
from engine.jobs import Partial, Steps

WORD = re.compile(r"\w+(?:['’]\w+)*")
_BLANK_LINES = re.compile(r"\n\s*\n")
_WORDS_AT_ONCE = 100_000
_MOST_KEPT = 4


@dataclass(frozen=True, slots=True)
class Documents:
    """Of one file. ``kind``: what each of them is."""

    kind: str
    texts: Iterator[str]


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """How many documents there are, what they are, and how many hold each word that was asked about."""

    documents: int
    kinds: tuple[str, ...]
    containing: Counter[str]


_Asked = tuple[tuple[tuple[str, int, int], ...], str, frozenset[str]]
_kept: dict[_Asked, Counted] = {}  # the last ones, so that another head of the same text reads no corpus again


def words_of(text: str) -> Iterator[str]:
    """As they are compared: in small letters."""
    return (found.group().lower() for found in WORD.finditer(text))


def documents_of(file: CorpusFile, alone: bool, column: str = "") -> Documents:
    """Each row of a table; any other file is one document.

    Args:
        alone: this file is all there is: it then falls into what blank lines part, or into its lines where there are none,
            since one document tells nothing.
        column: of a table's texts; empty: that which looks like it.

    Raises:
        UserError: it cannot be read, or changed since the corpus was opened.
    """
    text = file.text()
    if is_table(file.path):
        table = read_table(file.path, file.name)
        return Documents("rows", (cell for cell in table.cells(text_column(table, column)) if cell.strip()))
    if not alone:
        return Documents("files", iter((text,)))
    parts = [part for part in _BLANK_LINES.split(text) if part.strip()]
    if len(parts) > 1:
        return Documents("paragraphs", iter(parts))
    return Documents("lines", (line for line in text.splitlines() if line.strip()))


def count(sources: tuple[str, ...], column: str, wanted: frozenset[str]) -> Steps[Counted]:
    """Read the corpus, unless it was just read for the same words and is as it was.

    Raises:
        UserError: there is nothing to read, or it is not text.
    """
    asked = signature(sources), column, wanted
    found = _kept.pop(asked, None)
    if found is None:
        corpus = yield from open_corpus(sources)
        found = yield from _read(corpus, column, wanted)
    _kept[asked] = found
    while len(_kept) > _MOST_KEPT:
        del _kept[next(iter(_kept))]
    return found


def _read(corpus: Corpus, column: str, wanted: frozenset[str]) -> Steps[Counted]:
    documents, kinds, containing = 0, dict[str, None](), Counter[str]()
    done = 0
    for file in corpus.files:
        found = documents_of(file, len(corpus.files) == 1, column)
        read, unsaid = 0, 0
        for document in found.texts:
            words, holds = words_of(document), set[str]()
            while some := list(islice(words, _WORDS_AT_ONCE)):
                holds |= wanted.intersection(some)
                unsaid += len(some)
                if unsaid >= _WORDS_AT_ONCE:
                    unsaid = 0
                    yield Partial(done + min(read, file.characters), corpus.characters, doing="Counting words")
            documents, read = documents + 1, read + len(document)
            containing.update(holds)
        kinds[found.kind] = None
        done += file.characters
        yield Partial(done, corpus.characters, doing="Counting words")
    if not documents:
        raise UserError("The corpus holds no text in the column that was read; name another.", "empty_corpus")
    return Counted(documents, tuple(kinds), containing)
