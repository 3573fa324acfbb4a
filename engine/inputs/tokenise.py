"""The tokenisers of recurrent folders: characters, words, or a regular expression, with offsets into the text as typed."""

import re
import unicodedata
from collections.abc import Iterator, Mapping

from engine.errors import LoadError

WORD = r"\w+|[^\w\s]"
CHARACTER = r"(?s:.)"


class Tokeniser:
    """Cuts a text into pieces and looks them up.

    Args:
        kind: ``char``, ``word`` (words and single punctuation marks), or a regular expression whose matches are the pieces.
        vocabulary: piece -> id.
        unknown: the id of every other piece; None: there is no such id, and the piece's is None.

    Raises:
        LoadError: ``kind`` is no valid regular expression.
    """

    def __init__(self, kind: str, vocabulary: Mapping[str, int], unknown: int | None, lowercase: bool) -> None:
        try:
            self._pattern = re.compile({"char": CHARACTER, "word": WORD}.get(kind, kind))
        except re.error as error:
            raise LoadError(f"The tokeniser {kind!r} is not a regular expression ({error}).", "bad_description") from None
        self._vocabulary, self._unknown, self._lowercase = vocabulary, unknown, lowercase

    def pieces(self, text: str) -> Iterator[tuple[str, int | None, int, int]]:
        """(piece, id, start, end) in order; lower-casing happens piece by piece, so that it cannot shift an offset."""
        for match in self._pattern.finditer(text):
            if match.start() < match.end():
                piece = match.group().lower() if self._lowercase else match.group()
                yield piece, self._look_up(piece), match.start(), match.end()

    def _look_up(self, piece: str) -> int | None:
        known = self._vocabulary.get(piece)
        return known if known is not None else self._vocabulary.get(unicodedata.normalize("NFC", piece), self._unknown)
