"""A scanned corpus as one text to look at, and what one cell did on it: read from the scan, never from the model again."""

import numpy as np

from engine.cell_values import TANH_CELL_STATE, stored
from engine.cells import RecurrentLayer
from engine.detective import CorpusFileText, CorpusTextResult
from engine.jobs import Partial, Steps
from engine.models.model import TextModel
from engine.recurrent.network import recurrent_modules
from engine.recurrent.read import layers_of_module
from engine.recurrent.reading import Reading
from engine.recurrent.session import Sessions
from engine.requests import CorpusTextRequest
from engine.results import Token, TokenizedText

DOING = "Laying out the corpus"
_TOKENS = 50_000  # made at once
_RULE = "──"


def corpus_text(sessions: Sessions, model: TextModel, request: CorpusTextRequest) -> Steps[CorpusTextResult]:
    """The whole of what was scanned, each file below its name, with a value per token.

    Raises:
        UserError: the corpus or the model will not do, or the scan holds no such unit.
    """
    session = yield from sessions.open(model, request.scanned)
    store = yield from session.trained()
    squashed = request.quantity == TANH_CELL_STATE
    row = store.row(stored(request.quantity), request.cell)
    values = store.scale(row).values(store.track(row)).astype(np.float32)
    if session.text is None:
        session.text = yield from _laid_out(session.reading)
    document, files = session.text
    return CorpusTextResult(
        request,
        model.info,
        session.corpus,
        document,
        files,
        layers_of_model(model),
        session.layout.quantities,
        np.tanh(values) if squashed else values,
        session.warnings,
    )


def layers_of_model(model: TextModel) -> tuple[RecurrentLayer, ...]:
    """As a scan numbers them."""
    return tuple(layer for name, module in recurrent_modules(model.network).items() for layer in layers_of_module(name, module))


def _laid_out(reading: Reading) -> Steps[tuple[TokenizedText, tuple[CorpusFileText, ...]]]:
    """Files one below the other, as far as they were read; their names belong to no token."""
    parts: list[str] = []
    files: list[CorpusFileText] = []
    tokens: list[Token] = []
    length = 0
    for read in reading.files:
        heading = f"{_RULE} {read.file.name} {_RULE}\n"
        heading = f"\n{heading}" if parts and not parts[-1].endswith("\n") else heading
        text = read.file.text()[: int(reading.end[read.first + read.tokens - 1])]
        start = length + len(heading)
        files.append(CorpusFileText(read.file.path, read.file.name, read.first, read.tokens, start, start + len(text)))
        parts += heading, text
        length = start + len(text)
        for first in range(read.first, read.first + read.tokens, _TOKENS):
            last = min(first + _TOKENS, read.first + read.tokens)
            tokens += _tokens(reading, text, start, range(first, last))
            yield Partial(last, reading.positions, doing=DOING)
    return TokenizedText("".join(parts), tuple(tokens)), tuple(files)


def _tokens(reading: Reading, text: str, offset: int, positions: range) -> list[Token]:
    own = slice(positions.start, positions.stop)
    ids, starts, ends = (array[own].tolist() for array in (reading.ids, reading.start, reading.end))
    return [
        Token(piece, piece, id, offset + start, offset + end, False)
        for id, start, end in zip(ids, starts, ends, strict=True)
        for piece in (text[start:end],)
    ]
