"""A corpus: text files read one after the other, known by what they hold."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.corpora.standard_library import NAME as STDLIB
from engine.corpora.standard_library import standard_library
from engine.errors import UserError
from engine.jobs import Partial, Steps

_SUFFIXES = (
    ".txt .md .rst .text .log .csv .tsv .json .jsonl .xml .html .htm .tex .py .pyi .js .ts .c .h .cc .cpp .hpp .cs .java .go .rs"
    " .rb .php .pl .sh .sql .r .jl .lua .swift .kt .scala .hs .ml .toml .yaml .yml .ini .cfg"
)
TEXT_SUFFIXES = frozenset(_SUFFIXES.split())


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """One file. ``name`` is what is shown: the path as given, or below the folder that was given."""

    path: str
    name: str
    sha256: str
    characters: int

    def text(self) -> str:
        """What it holds, a byte order mark dropped.

        Raises:
            UserError: it cannot be read, or changed since the corpus was opened.
        """
        content = _content(self.path, self.name)
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise UserError(f"{self.name} changed while it was being read; start again.", "corpus_changed")
        return _decoded(content, self.name)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Files in reading order. ``sha256``: over their names and contents."""

    sources: tuple[str, ...]
    files: tuple[CorpusFile, ...]
    sha256: str

    @property
    def characters(self) -> int:
        """Of all files."""
        return sum(file.characters for file in self.files)


def open_corpus(sources: Sequence[str]) -> Steps[Corpus]:
    """Find and check every file of ``sources``.

    Args:
        sources: files, folders (searched whole for files with a text's suffix), ``stdlib`` (Python's standard library),
            or ``stdlib:argparse,json`` for some of its modules.

    Raises:
        UserError: there is no such file, one is not text, or there is nothing to read.
    """
    places = list(dict(place for source in sources for place in _places(source)).items())
    files: list[CorpusFile] = []
    digest = hashlib.sha256()
    for at, (path, name) in enumerate(places):
        content = _content(path, name)
        text = _decoded(content, name)
        if text:
            files.append(CorpusFile(path, name, hashlib.sha256(content).hexdigest(), len(text)))
            digest.update(f"{name}\0{files[-1].sha256}\0".encode("utf-8", "surrogateescape"))
        if at % 20 == 0:
            yield Partial(at, len(places), doing="Opening the corpus")
    if not files:
        shown = ", ".join(sources) or "nothing"
        raise UserError(f"The corpus ({shown}) holds no text; name a text file, a folder of them, or stdlib.", "empty_corpus")
    return Corpus(tuple(sources), tuple(files), digest.hexdigest())


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


def _content(path: str, name: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{name} cannot be read ({error.strerror}).", "unreadable") from None


def _decoded(content: bytes, name: str) -> str:
    if b"\0" in content:
        raise UserError(f"{name} is not a text file (it holds zero bytes); leave it out of the corpus.", "binary")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{name} is not UTF-8 text; save it as UTF-8, or leave it out of the corpus.", "binary") from None


def signature(sources: Sequence[str]) -> tuple[tuple[str, int, int], ...]:
    """What changes when files come, go or are written to: path, size and time of each; cheap beside reading them.

    Raises:
        UserError: a source is gone.
    """
    places = list(dict(place for source in sources for place in _places(source)))
    try:
        return tuple((path, status.st_size, status.st_mtime_ns) for path in places for status in [Path(path).stat()])
    except OSError as error:
        raise UserError(f"{error.filename} cannot be read ({error.strerror}).", "unreadable") from None
