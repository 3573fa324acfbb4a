"""Painted stretches against a slow copy: one flag per character."""

import numpy as np

from engine.cells import Cell
from engine.requests import CorpusTextRequest, Scanned
from gui.cells.column_spans import Spans, covers, joined, with_stroke
from gui.cells.painting import HOLDOUT, Painting
from tests.gui import made_corpus, stub_engine

REQUEST = CorpusTextRequest("sha", Scanned(("stdlib",)), "cell_state", Cell(0, 0))


def flags(spans: Spans, length: int) -> list[bool]:
    return [any(start <= at < end for start, end in spans) for at in range(length)]


def test_strokes_are_what_flags_would_be() -> None:
    rng, spans, slow = np.random.default_rng(0), (), [False] * 60
    for _ in range(400):
        start, end = sorted(rng.integers(0, 61, 2).tolist())
        if start == end:
            continue
        on = bool(rng.random() < 0.6)
        spans = with_stroke(spans, (start, end), on)
        slow[start:end] = [on] * (end - start)
        assert flags(spans, 60) == slow
        assert spans == joined(spans), "in order, and nothing touches"
        assert [covers(spans, at) for at in range(60)] == slow


def test_parts_are_counted_as_files_are_split() -> None:
    """A place belongs to the part in which it begins."""
    result = made_corpus.corpus_text(REQUEST, stub_engine.lstm())
    a, b = made_corpus.FILES
    painting = Painting()
    border = round(a.tokens * (1 - HOLDOUT))
    painting.put({a.path: ((0, 2), (border - 1, border), (border + 1, border + 3)), b.path: ((b.tokens - 1, b.tokens),)})
    parts = painting.parts(result)
    assert (parts.files, parts.ranking, parts.testing) == (2, 2, 2)
    painting.put({a.path: ((border - 1, border + 5),), b.path: ()})
    assert (
        painting.parts(result).in_words()
        == "1 painted place in 1 file: 1 to rank by (first half), 0 to test on (last half); paint in both"
    )
