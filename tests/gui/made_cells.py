"""What cells did, made by hand: one is a quote flag, one counts the columns, one is broken, the others wander."""

from dataclasses import replace

import numpy as np

from engine.cells import Alternatives, CellsResult, RecurrentLayer
from engine.requests import CellsRequest, TextInput
from engine.results import Cost, ModelInfo, RecurrentInfo, Token, TokenizedText
from tests.gui import made

QUOTES, COLUMN, BROKEN = 7, 3, 5  # indices in layer 0
LSTM = "hidden_state", "cell_state", "input_gate", "forget_gate", "candidate", "output_gate"


def characters(text: str) -> TokenizedText:
    return TokenizedText(text, tuple(Token(c, c, ord(c), at, at + 1, False) for at, c in enumerate(text)))


def words(text: str) -> TokenizedText:
    return TokenizedText(text, tuple(made.pieces(text)))


def model(**changes: object) -> ModelInfo:
    known = replace(made.model(), recurrent=(RecurrentInfo("lstm", "lstm", 2, 12, 1),), task="causal_lm", labels=())
    return replace(known, **changes)  # type: ignore[arg-type]


def cells_result(
    document: TokenizedText | None = None,
    *,
    layers: int = 2,
    cells: int = 12,
    directions: int = 1,
    kind: str = "lstm",
    alternatives: int = 0,
    broken: bool = False,
    of: ModelInfo | None = None,
    seed: int = 0,
) -> CellsResult:
    """Layers that have names and numbers; ``broken``: cell 5 is not a number from the middle of the text on."""
    document = document or characters("say('hello', 1)  # done\n    if x: pass\n")
    seq, rng = len(document.tokens), np.random.default_rng(seed)
    shape = (seq, layers, directions, cells)
    state = np.cumsum(rng.normal(size=shape), axis=0) * 0.3
    inside = np.cumsum([token.text in "'\"" for token in document.tokens]) % 2
    if cells > QUOTES:
        state[:, 0, 0, QUOTES] = np.where(inside, 2.5, -2.5)
        state[:, 0, 0, COLUMN] = np.linspace(-1, 1, seq) if seq > 1 else 0.5
    if broken:
        state[seq // 2 :, 0, 0, BROKEN] = np.nan
    gates = {name: 1 / (1 + np.exp(-rng.normal(size=shape) * 3)) for name in ("input_gate", "forget_gate", "output_gate")}
    quantities = {
        "hidden_state": np.tanh(state) * gates["output_gate"],
        "cell_state": state,
        **gates,
        "candidate": np.tanh(rng.normal(size=shape)),
    }
    if kind == "gru":
        quantities = {"hidden_state": np.tanh(state), "reset_gate": gates["input_gate"], "update_gate": gates["forget_gate"]}
        quantities["candidate"] = np.tanh(state)
    elif kind == "rnn":
        quantities = {"hidden_state": np.tanh(state)}
    layer = RecurrentLayer("lstm", 0, kind, cells, cells, directions)  # type: ignore[arg-type]
    following = [*(token.text for token in document.tokens[1:]), " "]
    guesses = None
    if alternatives:
        texts = tuple((true, *"e at\n"[: alternatives - 1]) for true in following)
        odds = np.sort(rng.dirichlet([0.4] * alternatives, size=seq), axis=1)[:, ::-1].astype(np.float32)
        guesses = Alternatives(texts, odds)
    return CellsResult(
        CellsRequest(made.SHA, TextInput(document.text), alternatives),
        of or model(),
        document,
        tuple(replace(layer, layer_in_module=number) for number in range(layers)),
        {name: values.astype(np.float32) for name, values in quantities.items()},
        Cost(1, 0, 0.01, "cpu"),
        guesses,
    )
