"""Any head of a long text on screen, against patience; zooming, panning and lines, against the eye."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from PySide6.QtWidgets import QApplication

from bench import Row, benchmark, seconds
from engine.attention_maps import Alternative, AttentionResult, GeneratedToken, HeadMap, History, StackOverview
from engine.requests import AttentionRequest, HeadRequest, TextInput
from engine.results import Cost, ModelInfo, Token, TokenizedText
from gui import theme
from gui.attention.film_page import FilmPage
from gui.attention.film_take import BRANCH, TRUNK, Take
from gui.attention.view import AttentionView

TOKENS = 4096
ON_SCREEN_MS, TURN_MS, FRAME_MS = 150, 50, 16


def application() -> QApplication:
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, theme.LIGHT)
    return app


def result(count: int, layers: int = 12, heads: int = 12) -> AttentionResult:
    text = "".join(f"w{at:<5}" for at in range(count))
    tokens = tuple(Token(f"w{at}", f"w{at}", at, 6 * at, 6 * at + len(f"w{at}"), False) for at in range(count))
    thumbnails = np.random.default_rng(0).random((layers, heads, 48, 48)).astype(np.float16)
    stack = StackOverview("self", tokens, tokens, False, ("full",) * layers, thumbnails, {})
    model = ModelInfo(
        "/bert", "huggingface", "encoder", (), "single_label", 1, "float32", 1, 1, "char", (), (), None, ("attention",), (), "ab"
    )  # fmt: skip
    request, document = AttentionRequest("ab", TextInput(text)), TokenizedText(text, tokens)
    return AttentionResult(request, model, document, count, (stack,), (), None, None, Cost(1, 0, 0.1, "cpu"))


def head(of: AttentionResult, seed: int) -> HeadMap:
    count = len(of.input.tokens)
    pattern = np.random.default_rng(seed).random((count, count), dtype=np.float32) ** 4
    pattern /= pattern.sum(axis=1, keepdims=True)
    return HeadMap(HeadRequest(of.request), of.input.tokens, of.input.tokens, False, pattern, "weight", None, of.cost)


def until_drawn(view: AttentionView, shown: HeadMap, held: list[float]) -> Callable[[], None]:
    """From the answer to the picture; ``held`` gets, once for each time, the longest that the window had no turn."""

    def turn() -> None:
        drawn: list[bool] = []
        view.drawn.connect(lambda: drawn.append(True))
        start = time.perf_counter()
        view.show_map(shown)
        longest = time.perf_counter() - start
        while not drawn:
            start = time.perf_counter()
            QApplication.processEvents()
            longest = max(longest, time.perf_counter() - start)
        view.matrix.plot.viewport().repaint()
        QApplication.processEvents()
        view.drawn.disconnect()
        held.append(longest)

    return turn


@benchmark
def four_thousand_tokens() -> Iterator[Row]:
    application()
    of, view = result(TOKENS), AttentionView()
    view.resize(860, 560)
    view.show()
    view.show_result(of)
    view.show_page("matrix")
    QApplication.processEvents()
    held: list[float] = []
    first, second = (until_drawn(view, head(of, seed), held) for seed in range(2))
    first()  # what every other head begins from
    held.clear()
    times = seconds(first, second, repeats=5)
    yield Row("any head of 4,096 tokens on screen", max(times) * 1e3, at_most=ON_SCREEN_MS, unit="ms")
    longest = f"once {max(held) * 1e3:.0f} ms, other programs included"
    yield Row("the window is held meanwhile", statistics.median(held) * 1e3, at_most=TURN_MS, unit="ms", figures=longest)
    box = view.matrix.plot._box

    def zoomer() -> None:
        box.scaleBy((0.9, 0.9), center=(2000, 1800))
        view.matrix.plot.viewport().repaint()
        if box.viewRange()[0][1] - box.viewRange()[0][0] < 40:
            view.matrix.plot._reset()

    def panner() -> None:
        box.translateBy(x=3, y=3)
        view.matrix.plot.viewport().repaint()

    (zoom,) = seconds(zoomer, repeats=81)
    view.matrix.plot._reset()
    box.setRange(xRange=(0, 1500), yRange=(0, 1500), padding=0)
    (pan,) = seconds(panner, repeats=41)
    yield Row("zoom frame of 4,096² cells", zoom * 1e3, at_most=FRAME_MS, unit="ms")
    yield Row("pan frame of 4,096² cells", pan * 1e3, at_most=FRAME_MS, unit="ms")
    at = [0]

    def pointer() -> None:
        at[0] = (at[0] + 7) % TOKENS
        view.matrix.plot.go_to(at[0], at[0])
        view.matrix.plot.viewport().repaint()

    (cross,) = seconds(pointer, repeats=41)
    yield Row("cross and read-out in 4,096² cells", cross * 1e3, at_most=FRAME_MS, unit="ms")
    view.close()


def lines_of(count: int) -> Iterator[Row]:
    """Diffuse heads: as many lines as there can be."""
    of, view = result(count, 2, 2), AttentionView()
    view.resize(860, 560)
    view.show()
    view.show_result(of)
    view.show_page("lines")
    until_drawn(view, head(of, 0), [])()
    lines = view.lines.lines

    def scroll() -> None:
        bar = lines.verticalScrollBar()
        bar.setValue((bar.value() + 22) % max(bar.maximum(), 1))
        lines.viewport().repaint()

    def hover() -> None:
        lines._hover((lines.rows_in_sight()[3], -1) if lines._hovered == (-1, -1) else (-1, -1))
        lines.viewport().repaint()

    wheel, pointed = seconds(scroll, hover, repeats=41)
    yield Row(f"scroll frame of the lines of {count:,} tokens", wheel * 1e3, at_most=2 * FRAME_MS, unit="ms")
    yield Row(f"pointer on a token among {count:,}", pointed * 1e3, at_most=2 * FRAME_MS, unit="ms")
    view.close()


WRITTEN, WINDOW = 400, 40


def written(of: AttentionResult) -> AttentionResult:
    """The last tokens of a text as if they had been generated."""
    last = of.input.tokens[-WRITTEN:]
    others = tuple(Alternative(f"w{at}", at, 0.1) for at in range(5))
    steps = tuple(GeneratedToken(token.text, token.id, 0.2, others) for token in last)
    return replace(of, generated=steps, prompt=len(of.input.tokens) - WRITTEN)


def recurrent(of: AttentionResult) -> AttentionResult:
    rng = np.random.default_rng(0)
    patterns = rng.dirichlet(np.ones(WINDOW) / 10, WRITTEN).astype(np.float32)
    positions = np.arange(of.prompt, of.prompt + WRITTEN)[:, None] - np.arange(WINDOW, 0, -1)
    added, bias = rng.normal(size=patterns.shape).astype(np.float32), np.zeros(WRITTEN, dtype=np.float32)
    return replace(of, stacks=(), history=History(patterns, (), positions, added, bias, added.sum(1)))


def scrubbed(page: FilmPage) -> Callable[[], None]:
    def frame() -> None:
        slider = page.transport.slider
        slider.setValue((slider.value() + 7) % (slider.maximum() + 1))
        QApplication.processEvents()  # whatever has to be painted

    return frame


@benchmark
def scrubbing_a_film() -> Iterator[Row]:
    """Every step of 400 written tokens, painted; two branches as well."""
    application()
    text = written(result(WRITTEN + 600, 1, 1))
    takes = {
        f"a window of {WINDOW}": Take(recurrent(text)),
        "a head over 1,000 tokens": Take(text, replace(head(text, 0), causal=True)),
    }
    for words, take in takes.items():
        page = FilmPage()
        page.resize(860, 420)
        page.show()
        page.show_take(TRUNK, take)
        QApplication.processEvents()
        (alone,) = seconds(scrubbed(page), repeats=101)
        yield Row(f"film scrubbing frame, {words}", alone * 1e3, at_most=FRAME_MS, unit="ms")
        page.show_take(BRANCH, take)
        page.set_look(replace(page.look, picture="difference"))
        QApplication.processEvents()
        (both,) = seconds(scrubbed(page), repeats=101)
        yield Row(f"film scrubbing frame, {words}, two branches", both * 1e3, at_most=FRAME_MS, unit="ms")
        page.close()


@benchmark
def lines_of_a_text() -> Iterator[Row]:
    application()
    for count in (512, TOKENS):
        yield from lines_of(count)
