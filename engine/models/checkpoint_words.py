"""The vocabulary and the labels of a checkpoint: in the file, in a file beside it, in any of the forms people save."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import LoadError, UserError
from engine.models.checkpoint_file import Contents, Keys, read_beside

_THING = r"(char(acter)?|word|tok(en)?|idx|index|ix|id|int|i|s|w|c)s?"
_WORDS = re.compile(
    rf"vocab|stoi|itos|^{_THING}(2|_?to_?){_THING}$|^(all_)?(chars|characters|letters|alphabet|words|tokens|symbols)$"
    r"|word_index|index_word|^dictionary$",
    re.IGNORECASE,
)
_LABELS = re.compile(
    r"^(class_?)?(labels?|classes|names|categories|targets|tags)(_?names|_?list|_?map(ping)?)?$"
    r"|^(id|idx|label|class|int|index|cat|category)s?(2|_?to_?)(id|idx|label|class|int|index|cat|category)s?$",
    re.IGNORECASE,
)
_MOST_FILES = 500  # that are looked at beside the checkpoint
_MOST_FILLED = 4  # ids a dict may leave out, as those of a padding that is in no text


@dataclass(frozen=True, slots=True)
class Words:
    """Texts by id, and where they were found.

    ``numbered``: the ids were written down; of a list one cannot tell whether it begins with 0. ``doubled``: texts whose id
    another text has.
    """

    entries: Mapping[int, str]
    origin: str
    numbered: bool = False
    doubled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Entry i has id i; ``filled`` ids had no text and got a name; ``doubled`` texts have two ids, or share one."""

    entries: tuple[str, ...]
    origin: str
    filled: tuple[int, ...] = ()
    doubled: tuple[str, ...] = ()


def find_vocabulary(contents: Contents, size: int) -> tuple[Vocabulary | None, tuple[str, ...]]:
    """The vocabulary of ``size`` entries, in the file or beside it, and why others were not taken, in words."""
    refused: list[str] = []
    for words in _candidates(contents, _WORDS):
        try:
            return fitted(words, size), ()
        except LoadError as error:
            refused.append(error.message)
    for keys, value in contents.said:  # under any name, when it has exactly as many entries
        words_here = None if _LABELS.search(keys[-1]) else read_words(value, _at(contents, keys))
        if size > 1 and words_here is not None and len(words_here.entries) == size and _numbered(words_here):
            return fitted(words_here, size), ()
    return None, tuple(refused)


def find_labels(contents: Contents, outputs: int) -> tuple[tuple[str, ...] | None, str, tuple[str, ...]]:
    """The names of ``outputs`` classes, where they were found, and why others were not taken."""
    refused: list[str] = []
    for words in _candidates(contents, _LABELS):
        if len(words.entries) == outputs and _numbered(words) and len(set(words.entries.values())) == outputs:
            return tuple(words.entries[i] for i in range(outputs)), words.origin, ()
        refused.append(f"{words.origin} names {len(words.entries)} labels for {outputs} outputs and is not used.")
    return None, "", tuple(refused)


def read_vocabulary(path: str, size: int) -> Vocabulary:
    """The vocabulary in a file that a person named.

    Raises:
        LoadError: it cannot be read, holds none, or one of another size.
    """
    file = Path(path).expanduser()
    value = read_beside(file)
    found = read_words(value, file.name)
    if found is None:
        found = next((w for keys, v in _entries_of(value) if _WORDS.search(keys[-1]) and (w := read_words(v, file.name))), None)
    if found is None:
        raise LoadError(
            f"{file.name} holds no vocabulary; it should be a list of texts, texts with their ids, or one entry a line.",
            "bad_vocabulary",
        )
    return fitted(found, size)


def fitted(words: Words, size: int) -> Vocabulary:
    """One entry for each id below ``size``; a few ids that are given out to nobody are filled.

    Raises:
        LoadError: it has more entries than there are rows, or too few.
    """
    count = len(words.entries)
    beyond = any(not 0 <= i < size for i in words.entries)
    if beyond and count <= size:
        raise LoadError(
            f"The ids in {words.origin} run up to {max(words.entries):,}, and the network has only the ids 0 to {size - 1:,}: "
            "they are of another model, or they are counts.",
            "vocabulary_size",
        )
    if beyond or size - count > (_MOST_FILLED if words.numbered else 0):
        more = "more" if count > size else "fewer"
        raise LoadError(
            f"The vocabulary in {words.origin} has {count:,} entries, {more} than the {size:,} that the network reads; it is of "
            "another model, or lacks its special entries.",
            "vocabulary_size",
        )
    filled = tuple(i for i in range(size) if i not in words.entries)
    entries = tuple(words.entries.get(i, "<pad>" if i == 0 else f"<unused {i}>") for i in range(size))
    doubled = dict.fromkeys((*words.doubled, *(text for text, times in Counter(entries).items() if times > 1)))
    return Vocabulary(entries, words.origin, filled, tuple(doubled))


def read_words(value: Any, origin: str) -> Words | None:
    """Texts by their ids, in whatever form; None: it is something else."""
    if isinstance(value, str):
        return Words(dict(enumerate(value)), origin) if len(set(value)) == len(value) > 1 else None
    if isinstance(value, list | tuple):
        return Words(dict(enumerate(value)), origin) if value and all(isinstance(v, str) for v in value) else None
    if not isinstance(value, dict) or not value:
        return None
    items = list(dict.items(value))
    if all(isinstance(k, str) and type(v) is int for k, v in items):
        return _by_id(((v, k) for k, v in items), origin)
    if all(isinstance(v, str) and _is_id(k) for k, v in items):
        return _by_id(((int(k), v) for k, v in items), origin)
    return None


def _is_id(key: Any) -> bool:
    return type(key) is int or (isinstance(key, str) and key.isdecimal() and len(key) < 10)


def _by_id(pairs: Iterable[tuple[int, str]], origin: str) -> Words:
    entries: dict[int, str] = {}
    doubled = []
    for number, text in pairs:
        if number in entries:
            doubled.append(text)
        entries.setdefault(number, text)
    return Words(entries, origin, True, tuple(doubled))


def _numbered(words: Words) -> bool:
    """0, 1, 2, … without a gap."""
    return min(words.entries) == 0 and max(words.entries) == len(words.entries) - 1


def _candidates(contents: Contents, wanted: re.Pattern[str]) -> Iterator[Words]:
    """In the file first, then beside it."""
    for keys, value in contents.said:
        if wanted.search(keys[-1]):
            words = read_words(_as_texts(value) if wanted is _LABELS else value, _at(contents, keys))
            if words is not None:
                yield words
    for file in _beside(contents.path):
        stem = file.stem.removeprefix(contents.path.stem).strip("._- ") or file.stem
        try:
            value = read_beside(file) if wanted.search(stem) else None
        except UserError:  # of no use, whatever it is
            continue
        words = read_words(_as_texts(value) if wanted is _LABELS else value, file.name)
        if words is not None:
            yield words
        for keys, inner in _entries_of(value):
            words = read_words(inner, file.name) if wanted.search(keys[-1]) else None
            if words is not None:
                yield words


def _as_texts(value: Any) -> Any:
    """Labels are often numbers."""
    if isinstance(value, list | tuple) and all(isinstance(v, str | int | float) for v in value):
        return [v if isinstance(v, str) else f"{v:g}" for v in value if isinstance(v, str) or abs(v) < 1e15]
    return value


def _entries_of(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """A JSON object's, two deep."""
    if not isinstance(value, dict):
        return
    for key, entry in value.items():
        yield (*keys, str(key)), entry
        if len(keys) < 1:
            yield from _entries_of(entry, (*keys, str(key)))


def _beside(path: Path) -> list[Path]:
    """Files that may hold words: those named after the checkpoint first."""
    try:
        files = [file for file, _ in zip(path.resolve().parent.iterdir(), range(_MOST_FILES), strict=False)]
        found = [file for file in files if file.suffix.lower() in (".json", ".txt") and file.is_file()]
    except OSError:
        return []
    return sorted(found, key=lambda file: (not file.name.startswith(path.stem), file.name))


def _at(contents: Contents, keys: Keys) -> str:
    return f"“{'.'.join(keys)}” in {contents.path.name}"
