"""What was generated, as tokens that count on from the text."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.attention_maps import GeneratedToken
from engine.models.model import Encoding, TextModel
from engine.results import Token, TokenizedText

_BROKEN = "\ufffd"


def with_written(model: TextModel, encoding: Encoding, written: Sequence[GeneratedToken]) -> TokenizedText:
    """The text with ``written`` behind it. Tokens that are a character only together share its span, as in a typed text."""
    if not written:
        return encoding.input
    given, ids = encoding.input, [token.index for token in written]
    last = given.tokens[-1].id  # whether a word begins with a space is only seen behind another
    lead = len(model.text_of([last]))
    whole = model.text_of([last, *ids])[lead:]
    lengths = [len(token.text) for token in written]
    if "".join(token.text for token in written) == whole:
        ends = np.cumsum(lengths).tolist()
        spans = list(zip([0, *ends[:-1]], ends, strict=True))
    else:
        spans = _spans([model.text_of([last, *ids[: at + 1]])[lead:] for at in range(len(ids))], whole)
    start = len(given.text)
    tokens = [
        Token(whole[first:end], piece, index, start + first, start + end, False)
        for (first, end), piece, index in zip(spans, model.pieces(ids), ids, strict=True)
    ]
    return replace(given, text=given.text + whole, tokens=(*given.tokens, *tokens))


def _spans(prefixes: Sequence[str], whole: str) -> list[tuple[int, int]]:
    """Of each token in ``whole``, from the text with it and all before it; one with an incomplete character waits for it."""
    spans: list[tuple[int, int]] = []
    waiting, start = 0, 0
    for at, so_far in enumerate(prefixes):
        waiting += 1
        complete = not so_far.endswith(_BROKEN) or whole.startswith(so_far)
        if complete or at == len(prefixes) - 1:
            end = max(start, min(len(so_far), len(whole)))
            spans += [(start, end)] * waiting
            waiting, start = 0, end
    return spans
