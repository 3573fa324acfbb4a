"""A corpus of two files made by hand: a cell is on inside quotes, and every place can be foretold."""

import numpy as np

from engine.cells import Cell, RecurrentLayer
from engine.detective import (
    CorpusFileText,
    CorpusInfo,
    CorpusTextResult,
    PhrasePlace,
    PhraseResult,
    Place,
    UnitResult,
)
from engine.requests import CorpusTextRequest, PhraseRequest, UnitRequest
from engine.results import ModelInfo, Token, TokenizedText

TEXTS = {"a.py": "say('hello', 1)\nx = 'there'\n" * 4, "b.py": "print('x')\n" * 12}
INFO = CorpusInfo("sha of a corpus", 2, sum(map(len, TEXTS.values())), sum(map(len, TEXTS.values())))


def _laid_out() -> tuple[TokenizedText, tuple[CorpusFileText, ...]]:
    text, files, tokens = "", [], []
    for name, own in TEXTS.items():
        text += f"── {name} ──\n"
        start = len(text)
        files.append(CorpusFileText(f"/corpus/{name}", name, len(tokens), len(own), start, start + len(own)))
        tokens += [Token(c, c, ord(c), start + at, start + at + 1, False) for at, c in enumerate(own)]
        text += own
    return TokenizedText(text, tuple(tokens)), tuple(files)


DOCUMENT, FILES = _laid_out()
LAYERS = tuple(RecurrentLayer("lstm", number, "lstm", 12, 12, 1) for number in range(2))
QUANTITIES = ("hidden_state", "cell_state", "input_gate", "forget_gate", "candidate", "output_gate")


def corpus_text(request: CorpusTextRequest, model: ModelInfo) -> CorpusTextResult:
    inside = np.cumsum([token.text == "'" for token in DOCUMENT.tokens]) % 2
    values = np.where(inside, 0.9, -0.9) * (1 - request.cell.index / 20)
    held = request.scanned.gates or QUANTITIES
    return CorpusTextResult(request, model, INFO, DOCUMENT, FILES, LAYERS, held, values.astype(np.float32))


def _place(kind: str, name: str, at: int, value: float) -> Place:
    text = TEXTS[name]
    around = text[max(0, at - 9) : at], text[at], text[at + 1 : at + 9]
    return Place(kind, name, at, at, at + 1, *around, value)  # type: ignore[arg-type]


def unit(request: UnitRequest, model: ModelInfo) -> UnitResult:
    edges = np.linspace(-3, 3, 257)
    counts = np.round(5000 * np.exp(-((edges[1:] - 1) ** 2))).astype(np.int64)
    highest, lowest = (
        (_place("highest", "a.py", 5, 2.5), _place("highest", "b.py", 7, 2.25)),
        (_place("lowest", "b.py", 2, -2.5),),
    )
    return UnitResult(request, model, INFO, edges, counts, highest, lowest)


def phrase(request: PhraseRequest, model: ModelInfo) -> PhraseResult:
    """Every “'x'” of the second file; nothing beyond 0.9."""
    text = TEXTS["b.py"]
    found = [at for at in range(len(text)) if text.startswith("'x'", at)] if request.threshold < 0.9 else []
    places = tuple(
        PhrasePlace("b.py", at, at + 3, text[max(0, at - 9) : at], "'x'", text[at + 3 : at + 9], 3, 3 + number)
        for number, at in enumerate(found[: request.top])
    )
    return PhraseResult(request, model, INFO, (Cell(0, 7), Cell(0, 3), Cell(1, 2)), places)
