"""Where the free tokens stand: a text of the model's own form, whose ordinary tokens can be exchanged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.attribution.noise import generator_for
from engine.errors import UserError
from engine.models.model import Encoding, TextModel
from engine.requests import TextInput
from engine.results import Token, TokenizedText

MOST_TOKENS = 512
_TRIES = 50  # tokens that are asked whether they make a text


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """An encoded text and which of its positions are free: (n,) indices, special tokens and masks left out."""

    encoding: Encoding
    free: Tensor

    def with_tokens(self, ids: Tensor) -> Tensor:
        """(k, n) ids for the free positions -> (k, seq)."""
        full = self.encoding.ids.repeat(len(ids), 1)
        full[:, self.free] = ids
        return full

    def text_of(self, model: TextModel, ids: Sequence[int]) -> TextInput:
        """(seq,) ids as someone would have to type them; of a pair both texts."""
        tokens = self.encoding.input.tokens
        texts = [
            model.text_of([i for i, token in zip(ids, tokens, strict=True) if not token.special and token.segment == segment])
            for segment in (0, 1)
        ]
        return TextInput(texts[0], None if self.encoding.input.pair is None else texts[1])


def template_of(model: TextModel, start: TextInput) -> Template:
    """The text ``start``, its ordinary tokens free.

    Raises:
        UserError: as ``encode``, or nothing in it is free.
    """
    encoding = model.encode(start)
    fixed = encoding.special | (encoding.ids[0] == model.substitutes.get("mask", -1))
    if bool(fixed.all()):
        raise UserError("There is no ordinary token in this text that could be exchanged; type a word.", "empty_text")
    return Template(encoding, (~fixed).nonzero().flatten())


def random_template(model: TextModel, tokens: int, seed: int) -> Template:
    """``tokens`` random ordinary tokens between the special ones that the model wants.

    Raises:
        UserError: so many do not fit.
    """
    small = _smallest(model)
    ordinary = model.ordinary.nonzero().flatten()
    chosen = ordinary[torch.randint(len(ordinary), (tokens,), generator=generator_for(seed, 0))].tolist()
    before = int(small.special.logical_not().nonzero()[0])
    behind = len(small.special) - before - 1
    limit = model.info.maximum_tokens
    if limit is not None and before + tokens + behind > limit:
        raise UserError(f"This model reads {limit - before - behind} tokens at most; ask for fewer.", "too_long")

    def spread(row: Tensor) -> Tensor:
        """(1, small seq) -> (1, seq): what holds for the one ordinary token holds for all."""
        middle = row[:, before : before + 1].expand(-1, tokens)
        return torch.cat((row[:, :before], middle, row[:, before + 1 :]), dim=1)

    ids = spread(small.ids).clone()
    ids[0, before : before + tokens] = torch.tensor(chosen, device=ids.device)
    encoding = Encoding(
        input=_written(model, chosen, small.input.tokens[:before], small.input.tokens[before + 1 :]),
        ids=ids,
        special=spread(small.special[None])[0],
        extras={key: spread(value) for key, value in small.extras.items()},
    )
    return Template(encoding, torch.arange(before, before + tokens, device=ids.device))


def _smallest(model: TextModel) -> Encoding:
    """A text of one ordinary token, as the model wants it framed."""
    for id in model.ordinary.nonzero().flatten().tolist()[:_TRIES]:
        try:
            encoding = model.encode(TextInput(model.text_of([id])))
        except UserError:
            continue  # a token that no text gives, such as a space alone
        if int((~encoding.special).sum()) == 1:
            return encoding
    raise UserError("No token of this model makes a text by itself; start from a text of your own.", "no_start")


def _written(model: TextModel, ids: Sequence[int], before: Sequence[Token], behind: Sequence[Token]) -> TokenizedText:
    """The pieces one after another, each where it stands in that text."""
    tokens, at = [], 0
    for id, piece in zip(ids, model.pieces(ids), strict=True):
        tokens.append(Token(piece, piece, id, at, at + len(piece), False))
        at += len(piece)
    text = "".join(token.text for token in tokens)
    framed = [replace(token, start=place, end=place) for row, place in ((before, 0), (behind, at)) for token in row]
    return TokenizedText(text, (*framed[: len(before)], *tokens, *framed[len(before) :]))
