"""The tokenisers of recurrent folders: characters, words, or a regular expression, with offsets into the text as typed."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import regex
from numpy.typing import NDArray

from engine.errors import LoadError, UserError

OWN = {"word": re.compile(r"\w+|[^\w\s]"), "char": re.compile(r"(?s:.)")}
PATIENCE_SECONDS = 1.0
SLOWEST_CHARACTERS_PER_SECOND = 200_000
_MOST_MET = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """What of a text is read: ids, and the code points each covers. ``unknown``: pieces that have no id, and are left out."""

    ids: NDArray[np.int32]
    start: NDArray[np.uint32]
    end: NDArray[np.uint32]
    unknown: int


class Tokeniser:
    """Cuts a text into pieces and looks them up.

    Args:
        kind: ``char``, ``word`` (words and single punctuation marks), or a regular expression whose matches are the pieces;
            it comes with the model, so it is given to ``regex``, which can be stopped where ``re`` would backtrack for ever.
        vocabulary: piece -> id.
        unknown: the id of every other piece; None: there is no such id, and the piece's is None.

    Raises:
        LoadError: ``kind`` is no valid regular expression.
    """

    def __init__(self, kind: str, vocabulary: Mapping[str, int], unknown: int | None, lowercase: bool) -> None:
        self._kind = kind
        try:
            self._pattern: Any = OWN.get(kind) or regex.compile(kind)
        except regex.error as error:
            raise LoadError(f"The tokeniser {kind!r} is not a regular expression ({error}).", "bad_description") from None
        self._vocabulary, self._unknown, self._lowercase = vocabulary, unknown, lowercase
        self._met: dict[str, int | None] = {}  # pieces that were looked up before

    def pieces(self, text: str) -> Iterator[tuple[str, int | None, int, int]]:
        """(piece, id, start, end) in order; lower-casing happens piece by piece, so that it cannot shift an offset.

        Raises:
            UserError: the regular expression takes too long.
        """
        for start, end in self._spans(text):
            piece = text[start:end].lower() if self._lowercase else text[start:end]
            yield piece, self._look_up(piece), start, end

    def tokens(self, text: str) -> Tokens:
        """All of ``pieces`` at once, however long the text.

        Raises:
            UserError: the regular expression takes too long.
        """
        if self._kind == "char":
            points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
            start = np.arange(len(text), dtype=np.uint32)
            end = start + np.uint32(1)
            different, which = np.unique(points, return_inverse=True)
            pieces = [chr(point) for point in different]
        else:
            spans = np.array(list(self._spans(text)), np.uint32).reshape(-1, 2)
            start, end = spans[:, 0], spans[:, 1]
            numbers: dict[str, int] = {}
            which = np.array([numbers.setdefault(text[a:b], len(numbers)) for a, b in spans.tolist()], np.intp)
            pieces = list(numbers)
        known = [self._look_up(piece.lower() if self._lowercase else piece) for piece in pieces]
        ids = np.array([-1 if id is None else id for id in known], np.int32)[which] if pieces else np.zeros(0, np.int32)
        read = ids >= 0
        return Tokens(ids[read], start[read], end[read], int((~read).sum()))

    def ids(self, text: str) -> list[int]:
        """What ``tokens`` reads, without the offsets: for many short texts one after the other.

        Raises:
            UserError: the regular expression takes too long.
        """
        if self._kind in OWN:
            pieces: Iterable[str] = self._pattern.findall(text)
        else:
            pieces = [text[start:end] for start, end in self._spans(text)]
        found = []
        for piece in pieces:
            if piece not in self._met:
                if len(self._met) >= _MOST_MET:
                    self._met.clear()
                self._met[piece] = self._look_up(piece.lower() if self._lowercase else piece)
            known = self._met[piece]
            if known is not None:
                found.append(known)
        return found

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        limit = {} if self._kind in OWN else {"timeout": PATIENCE_SECONDS + len(text) / SLOWEST_CHARACTERS_PER_SECOND}
        try:
            for match in self._pattern.finditer(text, **limit):
                if match.start() < match.end():
                    yield match.span()
        except TimeoutError:
            raise UserError(
                f"The model's tokeniser {self._kind!r} takes too long on this text; simplify it in model.json.", "tokeniser"
            ) from None

    def _look_up(self, piece: str) -> int | None:
        known = self._vocabulary.get(piece)
        return known if known is not None else self._vocabulary.get(unicodedata.normalize("NFC", piece), self._unknown)
