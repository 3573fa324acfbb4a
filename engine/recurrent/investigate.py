"""Which job answers which question about a scanned corpus."""

import time
from typing import Any

import numpy as np

from engine.corpora.corpus import CorpusFile
from engine.detective import (
    CorpusTextResult,
    DetectResult,
    EffectResult,
    MarksResult,
    PhraseResult,
    Place,
    ScanResult,
    TracksResult,
    UnitResult,
)
from engine.jobs import Partial, Steps
from engine.models.model import TextModel
from engine.recurrent.corpus_text import corpus_text
from engine.recurrent.detect import detect
from engine.recurrent.evidence import EXAMPLES, apart, edges_of
from engine.recurrent.hypotheses import hypotheses
from engine.recurrent.phrase import match_phrase
from engine.recurrent.session import Sessions
from engine.recurrent.statistics import histograms
from engine.recurrent.tracks import write_tracks
from engine.recurrent.usage import usage
from engine.requests import (
    AboutACorpus,
    CorpusTextRequest,
    DetectRequest,
    EffectRequest,
    MarksRequest,
    PhraseRequest,
    ScanRequest,
    TracksRequest,
    UnitRequest,
)
from engine.results import Cost

MARKS_PATIENCE_SECONDS = 0.5  # somebody is typing the pattern


def investigate(
    sessions: Sessions, model: TextModel, request: AboutACorpus
) -> Steps[ScanResult | DetectResult | EffectResult | UnitResult | TracksResult | PhraseResult | CorpusTextResult]:
    """The job for ``request``; nothing runs before its first step."""
    match request:
        case ScanRequest():
            return _scan(sessions, model, request)
        case DetectRequest():
            return detect(sessions, model, request)
        case EffectRequest():
            return usage(sessions, model, request)
        case UnitRequest():
            return _unit(sessions, model, request)
        case TracksRequest():
            return write_tracks(model, request)
        case PhraseRequest():
            return match_phrase(sessions, model, request)
        case CorpusTextRequest():
            return corpus_text(sessions, model, request)


def marks(request: MarksRequest) -> Steps[MarksResult]:
    """Where the hypothesis and its parts would match; of a graded one, what is above the median."""
    yield Partial(0, 1, doing="Matching")
    found, typed = [], CorpusFile("", "this text", "", len(request.text))
    for hypothesis in hypotheses(request.patterns, request.predicate, patience=MARKS_PATIENCE_SECONDS):
        labels = hypothesis.of(typed, request.text)
        assert labels is not None
        meant = labels > np.median(labels) if hypothesis.graded and len(labels) else labels.astype(bool)
        change = np.flatnonzero(np.diff(meant, prepend=False, append=False))
        found.append((hypothesis.name, tuple((int(a), int(b)) for a, b in change.reshape(-1, 2))))
    return MarksResult(request, tuple(found))


def _scan(sessions: Sessions, model: TextModel, request: ScanRequest) -> Steps[ScanResult]:
    start = time.perf_counter()
    session = yield from sessions.open(model, request.scanned)
    store = yield from session.trained()
    cost = Cost(session.reading.positions, 0, time.perf_counter() - start, model.info.device)
    size = sum(path.stat().st_size for path in store.folder.iterdir())
    return ScanResult(request, model.info, session.corpus, session.layout.quantities, store.rows, size, cost, session.warnings)


def _unit(sessions: Sessions, model: TextModel, request: UnitRequest) -> Steps[UnitResult]:
    session = yield from sessions.open(model, request.scanned)
    store = yield from session.trained()
    row = store.row(request.quantity, request.cell)
    everywhere = [np.arange(block.positions) for block in store.plan.blocks]
    counts = yield from histograms(store, everywhere, [row])
    best = store.state()
    places: list[tuple[Place, ...]] = []
    for end, sign in (("highest", 1), ("lowest", -1)):
        values, positions = best[f"{end}_values"][row], best[f"{end}_positions"][row]
        kept = np.isfinite(values)
        own = apart(positions[kept])[:EXAMPLES]
        kind: Any = end
        places.append(tuple(session.places(kind, positions[kept][own], sign * values[kept][own])))
    edges = edges_of(store.scale(row))
    return UnitResult(request, model.info, session.corpus, edges, counts[0], places[0], places[1], session.warnings)
