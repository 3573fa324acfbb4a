"""The tokenisers of recurrent folders: characters, words, or a regular expression, with offsets into the text as typed."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import regex

from engine.errors import LoadError, UserError

OWN = {"word": re.compile(r"\w+|[^\w\s]"), "char": re.compile(r"(?s:.)")}
PATIENCE_SECONDS = 1.0


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

    def pieces(self, text: str) -> Iterator[tuple[str, int | None, int, int]]:
        """(piece, id, start, end) in order; lower-casing happens piece by piece, so that it cannot shift an offset.

        Raises:
            UserError: the regular expression takes too long.
        """
        for start, end in self._spans(text):
            piece = text[start:end].lower() if self._lowercase else text[start:end]
            yield piece, self._look_up(piece), start, end

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        limit = {} if self._kind in OWN else {"timeout": PATIENCE_SECONDS}
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
