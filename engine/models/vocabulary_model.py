"""What every model with a vocabulary and a tokeniser of its own does alike: from a text to token ids and back."""

from abc import ABC
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from engine.errors import UserError
from engine.inputs.text import Piece, tokenized_text
from engine.inputs.tokenise import Tokeniser, Tokens
from engine.models.model import LONGEST_TEXT, Encoding, RowIds, TextModel, require_text
from engine.requests import TextInput

_TRIAL = 16  # tokens


class VocabularyModel(TextModel, ABC):
    """It reads characters, words, or what a regular expression finds; no token is special.

    Args:
        padding, unknown: entries of the vocabulary, where it has such.
        maximum_tokens: None: as long a text as any model is given.
    """

    def __init__(
        self,
        network: Any,
        vocabulary: list[str],
        tokeniser: str,
        *,
        lowercase: bool,
        padding: str | None,
        unknown: str | None,
        maximum_tokens: int | None,
    ) -> None:
        self.network, self.vocabulary = network, vocabulary
        self.maximum_tokens = maximum_tokens or LONGEST_TEXT
        self._ids = {entry: i for i, entry in reversed(list(enumerate(vocabulary)))}
        named = {"pad": padding, "unk": unknown}
        self.substitutes = {name: self._ids[entry] for name, entry in named.items() if entry in self._ids}
        self._tokeniser = Tokeniser(tokeniser, self._ids, self.substitutes.get("unk"), lowercase)

    def trial(self) -> Encoding:
        """See ``Model``: a few tokens that stand for text, since networks skip padding and fold several tokens into one."""
        one = super().trial()
        length, first = min(_TRIAL, self.maximum_tokens), int(self.ordinary.int().argmax())
        ids = torch.full((1, length), first, device=self.device)
        return replace(one, ids=ids, special=torch.zeros(length, dtype=torch.bool, device=self.device))

    def encode(self, text: TextInput) -> Encoding:
        """See ``TextModel``."""
        require_text(text)
        pieces, overflowed = self._pieces(text.text)
        if not pieces:
            raise UserError("There is nothing in this text that the model's tokeniser reads; type a word.", "empty_text")
        return Encoding(
            input=tokenized_text(text.text, None, pieces, overflowed),
            ids=torch.tensor([[p.id for p in pieces]], device=self.device),
            special=torch.zeros(len(pieces), dtype=torch.bool, device=self.device),
        )

    def encode_many(self, texts: Sequence[TextInput]) -> list[RowIds | UserError]:
        """See ``TextModel``; where every word has an id, offsets are not looked for."""
        if "unk" not in self.substitutes:
            return super().encode_many(texts)
        limit = self.maximum_tokens
        found: list[RowIds | UserError] = []
        for text in texts:
            ids = self._tokeniser.ids(text.text) if text.text.strip() and text.pair is None else []
            if ids:
                found.append(RowIds(ids[:limit], {}, len(ids) > limit))
            else:
                found += super().encode_many([text])  # which says why
        return found

    def _pieces(self, text: str) -> tuple[list[Piece], bool]:
        """As many pieces as the model reads, and whether there would have been more."""
        limit = self.maximum_tokens
        pieces: list[Piece] = []
        for piece, known, start, end in self._tokeniser.pieces(text):
            if len(pieces) == limit:
                return pieces, True
            if known is None:
                raise UserError(
                    f"{piece!r} is not in the model's vocabulary, which has no entry for the unknown; leave it out.",
                    "unknown_piece",
                )
            pieces.append(Piece(self.vocabulary[known], known, start, end, 0))
        return pieces, False

    def tokens_of(self, text: str) -> Tokens:
        """See ``TextModel``."""
        return self._tokeniser.tokens(text)

    @property
    def vocabulary_size(self) -> int:
        """See ``TextModel``."""
        return len(self.vocabulary)

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """See ``TextModel``."""
        return tuple(self.vocabulary[i] for i in ids)

    def text_of(self, ids: Sequence[int]) -> str:
        """Without spaces where the tokeniser reads it so, else with one between two pieces."""
        joined = "".join(self.pieces(ids))
        reads_back = [known for _, known, _, _ in self._tokeniser.pieces(joined)] == list(ids)
        return joined if reads_back else " ".join(self.pieces(ids))

    def _ordinary(self) -> Tensor:
        ordinary = torch.ones(self.vocabulary_size, dtype=torch.bool)
        ordinary[list(self.substitutes.values())] = False
        return ordinary
