"""The text coloured by a cell, a corpus, and the grid of cells, against the eye: a frame is 16 ms."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QAbstractScrollArea, QApplication

from bench import Row, benchmark, seconds
from engine.cells import Alternatives, Cell, CellsResult, RecurrentLayer
from engine.detective import CorpusFileText, CorpusInfo, CorpusTextResult, Place, UnitResult
from engine.requests import CellsRequest, CorpusTextRequest, Scanned, TextInput, UnitRequest
from engine.results import Cost, ModelInfo, Token, TokenizedText
from gui import theme
from gui.cells.column_heatmap import ColumnHeatmap
from gui.cells.corpus_view import CorpusView
from gui.cells.view import CellsView

CHARACTERS = 500_000
FRAME_MS = 16
GATES = ("input_gate", "forget_gate", "output_gate")
MODEL = ModelInfo(
    "/code", "recurrent", "causal_lm", (), "single_label", 1, "float32", 1, 1, "char", (), (), None, ("cells",), (), "ab"
)  # fmt: skip


def application() -> QApplication:
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, theme.LIGHT)
    return app


def code(length: int) -> TokenizedText:
    """Our own, over and over; a token per character."""
    root = Path(__file__).resolve().parent.parent.parent
    some = "".join(path.read_text(encoding="utf-8") for path in sorted((root / "gui").glob("*.py")))
    text = (some * (length // len(some) + 1))[:length]
    return TokenizedText(text, tuple(Token(c, c, 0, at, at + 1, False) for at, c in enumerate(text)))


def shown(area: QAbstractScrollArea) -> None:
    area.resize(900, 800)
    area.show()
    QApplication.processEvents()


def scroller(area: QAbstractScrollArea, step: int, whole: bool) -> Callable[[], None]:
    bar = area.verticalScrollBar()

    def turn() -> None:
        bar.setValue((bar.value() + step) % max(bar.maximum(), 1))
        if whole:
            area.viewport().repaint()
        QApplication.processEvents()

    return turn


@benchmark
def half_a_million_characters() -> Iterator[Row]:
    application()
    document, heatmap = code(CHARACTERS), ColumnHeatmap()
    tracks = [np.tanh(np.random.default_rng(seed).normal(size=CHARACTERS)) for seed in range(2)]  # every colour another
    (opening,) = seconds(lambda: heatmap.show_map(document, tracks[0], True, 1.0), repeats=1, warm_up=0)
    shown(heatmap)
    yield Row("colour 500,000 characters for the first time", opening, at_most=1.0, unit="s")
    wheel, page = seconds(scroller(heatmap, 66, False), scroller(heatmap, 5003, True), repeats=41)
    yield Row("scroll frame in 500,000 characters", wheel * 1e3, at_most=FRAME_MS, unit="ms")
    yield Row("jump a page in 500,000 characters", page * 1e3, at_most=2 * FRAME_MS, unit="ms")
    turn = [0]

    def recolour() -> None:
        turn[0] += 1
        heatmap.show_map(document, tracks[turn[0] % 2], True, 1.0)
        heatmap.viewport().repaint()

    (again,) = seconds(recolour, repeats=9)
    yield Row("another cell on 500,000 characters", again * 1e3, at_most=100, unit="ms")
    chances = np.sort(np.random.default_rng(0).dirichlet([0.3] * 5, size=CHARACTERS), axis=1)[:, ::-1]
    guesses = Alternatives(tuple(tuple("eta o") for _ in range(CHARACTERS)), chances)
    heatmap.show_map(document, tracks[0], True, 1.0, guesses)
    (wheel,) = seconds(scroller(heatmap, 66, False), repeats=41)
    yield Row("the same with five guesses below each", wheel * 1e3, at_most=FRAME_MS, unit="ms")
    heatmap.close()


def result(document: TokenizedText, layers: int, cells: int, seed: int) -> CellsResult:
    rng, shape = np.random.default_rng(seed), (len(document.tokens), layers, 1, cells)
    quantities = {name: rng.uniform(size=shape).astype(np.float32) for name in GATES}
    quantities |= {name: rng.normal(size=shape).astype(np.float32) for name in ("cell_state", "hidden_state", "candidate")}
    made = tuple(RecurrentLayer("rnn", number, "lstm", cells, cells, 1) for number in range(layers))
    return CellsResult(CellsRequest("ab", TextInput(document.text)), MODEL, document, made, quantities, Cost(1, 0, 0.1, "cpu"))


def corpus_result(document: TokenizedText, index: int) -> CorpusTextResult:
    """Ten files of equal length; every cell another track."""
    whole, file = len(document.tokens), len(document.tokens) // 10
    files = tuple(
        CorpusFileText(f"/{at}.py", f"{at}.py", at * file, file, at * file, (at + 1) * file) for at in range(whole // file)
    )
    layers = (RecurrentLayer("rnn", 0, "lstm", 512, 512, 1),)
    values = np.random.default_rng(index).normal(size=whole).astype(np.float32)
    request = CorpusTextRequest("ab", Scanned(("/",)), "tanh_cell_state", Cell(0, index))
    info = CorpusInfo("cd", len(files), whole, len(document.text))
    return CorpusTextResult(request, MODEL, info, document, files, layers, ("cell_state",), np.tanh(values))


def unit_result(corpus: CorpusTextResult) -> UnitResult:
    """Its histogram, and twenty places."""
    request = UnitRequest("ab", corpus.request.scanned, "cell_state", corpus.request.cell)
    counts = np.random.default_rng(0).integers(0, 5000, 256)
    places = tuple(Place("highest", "3.py", at, at, at + 1, "before", "x", "after", 2.5) for at in range(0, 4000, 200))
    return UnitResult(request, MODEL, corpus.corpus, np.linspace(-3, 3, 257), counts, places, places)


@benchmark
def a_corpus_of_half_a_million_characters() -> Iterator[Row]:
    """The whole view: text, histogram, and the places where the cell is highest and lowest."""
    application()
    document, view = code(CHARACTERS), CorpusView()
    results = [corpus_result(document, index) for index in range(2)]
    view.resize(900, 800)
    view.show()
    (opening,) = seconds(lambda: view.show_text(results[0]), repeats=1, warm_up=0)
    view.show_unit(unit_result(results[0]))
    QApplication.processEvents()
    yield Row("lay out a corpus of 500,000 characters", opening, at_most=1.5, unit="s")
    wheel, page = seconds(scroller(view.columns, 66, False), scroller(view.columns, 5003, True), repeats=41)
    yield Row("scroll frame in a corpus of 500,000 characters", wheel * 1e3, at_most=FRAME_MS, unit="ms")
    yield Row("jump a page in a corpus of 500,000 characters", page * 1e3, at_most=2 * FRAME_MS, unit="ms")
    turn = [0]

    def another_cell() -> None:
        turn[0] += 1
        view.show_text(results[turn[0] % 2])
        view.show_unit(unit_result(results[turn[0] % 2]))
        view.columns.viewport().repaint()
        QApplication.processEvents()

    (again,) = seconds(another_cell, repeats=9)
    yield Row("another cell on a corpus of 500,000 characters", again * 1e3, at_most=100, unit="ms")
    view.close()


@benchmark
def three_layers_of_512() -> Iterator[Row]:
    application()
    document, view = code(2000), CellsView()
    results = [result(document, 3, 512, seed) for seed in range(2)]
    view.resize(900, 800)
    view.show_result(results[0])
    view.show()
    QApplication.processEvents()
    turn = [0]

    def typed() -> None:
        turn[0] += 1
        view.show_result(results[turn[0] % 2])
        QApplication.processEvents()

    def flipped() -> None:
        view.flip(1)
        QApplication.processEvents()

    view.choose_cell(view.browser.grid.cell(0) or view.cell)
    new, flip = seconds(typed, flipped, repeats=15)
    yield Row("new states of 1,536 cells on 2,000 characters", new * 1e3, at_most=100, unit="ms")
    yield Row("flip to the next of 1,536 cells", flip * 1e3, at_most=50, unit="ms")
    (wheel,) = seconds(scroller(view.browser.grid, 66, False), repeats=41)
    yield Row("scroll frame in a grid of 1,536 cells", wheel * 1e3, at_most=FRAME_MS, unit="ms")
    view.close()
