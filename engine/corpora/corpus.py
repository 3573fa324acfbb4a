"""A corpus: text files, or the rows of tables, read one after the other, known by what they hold."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.corpora.content import content_of, decoded
from engine.corpora.standard_library import NAME as STDLIB
from engine.corpora.standard_library import standard_library
from engine.corpora.table import read_table, text_column
from engine.datasets.columns import TEXT
from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.results import Notice

_SUFFIXES = (
    ".txt .md .rst .text .log .csv .tsv .json .jsonl .xml .html .htm .tex .py .pyi .js .ts .c .h .cc .cpp .hpp .cs .java .go .rs"
    " .rb .php .pl .sh .sql .r .jl .lua .swift .kt .scala .hs .ml .toml .yaml .yml .ini .cfg"
)
TEXT_SUFFIXES = frozenset(_SUFFIXES.split())


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """One file, or one row of a table. ``name`` is what is shown: the path as given, or below the folder that was given.

    Args:
        row: of the table, from 0 on; its text is in ``column``. None: the file as it stands.
    """

    path: str
    name: str
    sha256: str
    characters: int
    row: int | None = None
    column: str = ""

    def text(self) -> str:
        """What it holds, a byte order mark dropped.

        Raises:
            UserError: it cannot be read, or changed since the corpus was opened.
        """
        content = content_of(self.path, self.name) if self.row is None else self._cell(self.row).encode()
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise UserError(f"{self.name} changed while it was being read; start again.", "corpus_changed")
        return decoded(content, self.name) if self.row is None else content.decode()

    def _cell(self, row: int) -> str:
        table = read_table(self.path, self.name)
        return table.cell(row, self.column) if row < table.rows else ""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Files in reading order.

    Args:
        sha256: over their names and contents, wherever they lie and however they were named.
        by_rows: files are the rows of tables.
        warnings: what was left out.
    """

    sources: tuple[str, ...]
    files: tuple[CorpusFile, ...]
    sha256: str
    by_rows: bool = False
    warnings: tuple[Notice, ...] = ()

    @property
    def characters(self) -> int:
        """Of all files."""
        return sum(file.characters for file in self.files)

    @property
    def stride(self) -> int:
        """After how many files a job says how far it is: rows are short and many."""
        return 50 if self.by_rows else 1


def open_corpus(sources: Sequence[str], text_column: str | None = None) -> Steps[Corpus]:
    """Find and check every file of ``sources``.

    Args:
        sources: files, folders (searched whole for files with a text's suffix), ``stdlib`` (Python's standard library),
            or ``stdlib:argparse,json`` for some of its modules.
        text_column: the files are tables, each row of them is a text by itself, and this is its column; empty: that which
            looks like it. None: files are read as they stand.

    Raises:
        UserError: there is no such file, one is not text, or there is nothing to read.
    """
    places = places_of(sources)
    found: list[CorpusFile] = []
    for at, (path, name) in enumerate(places):
        found += [_file(path, name)] if text_column is None else _rows(path, name, text_column)
        if at % 20 == 0:
            yield Partial(at, len(places), doing="Opening the corpus")
    files, digest = tuple(file for file in found if file.characters), hashlib.sha256()
    for file in files:
        digest.update(f"{Path(file.path).name}\0{file.row}\0{file.sha256}\0".encode("utf-8", "surrogateescape"))
    if not files:
        shown = ", ".join(sources) or "nothing"
        raise UserError(f"The corpus ({shown}) holds no text; name a text file, a folder of them, or stdlib.", "empty_corpus")
    by_rows = text_column is not None
    warnings = _about_rows(found, len(found) - len(files), text_column == "") if by_rows else ()
    return Corpus(tuple(sources), files, digest.hexdigest(), by_rows, warnings)


def _about_rows(found: Sequence[CorpusFile], empty: int, chosen: bool) -> tuple[Notice, ...]:
    said = [f"{empty:,} of {len(found):,} rows hold no text and were left out."] if empty else []
    columns = sorted({file.column for file in found if file.column.strip().lower() not in TEXT})
    if chosen and columns:
        said.append(f"The text of each row was taken from the column {' or '.join(f'“{column}”' for column in columns)}.")
    return tuple(Notice(words, "rows") for words in said)


def places_of(sources: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(absolute path, name as shown) of every file of ``sources``, each once.

    Raises:
        UserError: a source is gone.
    """
    return tuple(dict(place for source in sources for place in _places(source)).items())


def _places(source: str) -> Iterator[tuple[str, str]]:
    """(absolute path, name as shown) of every file."""
    kind, _, names = source.partition(":")
    if kind == STDLIB and not Path(source).exists():
        for found, name in standard_library(only=[n.strip() for n in names.split(",") if n.strip()]):
            yield str(found), name
        return
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in TEXT_SUFFIXES and p.is_file())
            yield from ((str(p.absolute()), p.relative_to(path).as_posix()) for p in inside)
            return
        there = path.exists()
    except (OSError, ValueError):  # a name too long, a NUL
        there = False
    if not there:
        raise UserError(f"There is no file or folder {source}; name text files, folders of them, or stdlib.", "no_such_path")
    yield str(path.absolute()), source


def _file(path: str, name: str) -> CorpusFile:
    content = content_of(path, name)
    return CorpusFile(path, name, hashlib.sha256(content).hexdigest(), len(decoded(content, name)))


def _rows(path: str, name: str, column: str) -> list[CorpusFile]:
    table = read_table(path, name)
    column = text_column(table, column)
    texts = enumerate(table.cells(column))
    return [
        CorpusFile(path, f"{name} row {number + 1}", _sha256(text), len(text) if text.strip() else 0, number, column)
        for number, text in texts
    ]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def signature(sources: Sequence[str]) -> tuple[tuple[str, int, int], ...]:
    """What changes when files come, go or are written to: path, size and time of each; cheap beside reading them.

    Raises:
        UserError: a source is gone.
    """
    try:
        return tuple(
            (path, status.st_size, status.st_mtime_ns) for path, _ in places_of(sources) for status in [Path(path).stat()]
        )
    except OSError as error:
        raise UserError(f"{error.filename} cannot be read ({error.strerror}).", "unreadable") from None
