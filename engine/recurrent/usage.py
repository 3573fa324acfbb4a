"""The job that asks whether a model uses cells where a hypothesis holds: ``ablation_effect`` on the held-out part of a corpus."""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from engine.cells import AblationEffect
from engine.detective import EffectResult
from engine.errors import UserError
from engine.jobs import Partial, Steps, relay
from engine.models.model import TextModel
from engine.recurrent.ablation import check_held
from engine.recurrent.effect import Segment, ablation_effect
from engine.recurrent.hypotheses import Hypothesis, hypotheses
from engine.recurrent.labels import Labelled, Split, check_holdout, label
from engine.recurrent.session import Session, Sessions
from engine.requests import EffectRequest
from engine.results import Cost

STRETCH = 320  # scored positions in a row, at least, where a file has them
WARM_UP = 128  # tokens read before them, so that the state is not that of a beginning


def usage(sessions: Sessions, model: TextModel, request: EffectRequest) -> Steps[EffectResult]:
    """Hold the cells while stretches of the held-out part are read.

    Yields:
        The effect so far, after each stretch that leaves something to compare.

    Raises:
        UserError: the request, a pattern, the corpus or the model will not do.
    """
    start = time.perf_counter()
    _check(model, request)
    asked = _part(request, hypotheses(request.patterns, request.predicate, request.painted))
    session = yield from sessions.open(model, request.scanned)
    (labelled,) = yield from label(session.reading, [asked], request.holdout)
    split = Split.of(session.reading, request.holdout, labelled.asked)
    segments = list(stretches(session, labelled, split, request.positions, request.seed))
    if not segments:
        raise UserError(f"{asked.name!r} matches nowhere in the part held out; more text is needed.", "too_few_matches")

    def answer(effect: AblationEffect) -> EffectResult:
        cost = Cost(sum(len(s.ids) for s in segments), 0, time.perf_counter() - start, model.info.device)
        return EffectResult(request, model.info, session.corpus, asked.name, effect, cost, session.warnings)

    def so_far(partial: Partial) -> Partial:
        return replace(partial, result=answer(partial.result) if isinstance(partial.result, AblationEffect) else None)

    job = ablation_effect(
        model,
        segments,
        request.cells,
        how=request.how,
        value=request.value,
        n_random=request.random_sets,
        seed=request.seed,
    )
    return answer((yield from relay(job, so_far)))


def _check(model: TextModel, request: EffectRequest) -> None:
    """Refuse what can be refused before anything is read."""
    if model.info.task != "causal_lm":
        raise UserError("This model is no language model, so no cell can change its loss at a position.", "unavailable")
    check_held(request.cells, request.value)
    if request.positions < 1 or not 0 <= request.random_sets <= 1000:
        raise UserError("Score at least one position, beside no more than 1,000 random sets.", "arguments")
    check_holdout(request.holdout)


def _part(request: EffectRequest, known: tuple[Hypothesis, ...]) -> Hypothesis:
    wanted = known[0].name if request.part is None else request.part
    found = next((hypothesis for hypothesis in known if hypothesis.name == wanted), None)
    if found is None:
        names = ", ".join(f"“{hypothesis.name}”" for hypothesis in known)
        raise UserError(f"There is no part “{wanted}” of this hypothesis; there is {names}.", "arguments")
    return found


def stretches(session: Session, labelled: Labelled, split: Split, positions: int, seed: int) -> Iterator[Segment]:
    """One stretch of each file that has a match held out, around a match drawn by chance, until ``positions`` are scored.

    Files come in an order drawn by chance; fewer of them give longer stretches. Choosing by labels favours neither kind of
    position: losses are compared between the means of each.
    """
    random = np.random.default_rng(seed)
    reading, parts = session.reading, list(split.slices(testing=True))
    matching = [(file, own, np.flatnonzero(labelled.positive[own])) for file, own in parts]
    matching = [each for each in matching if len(each[2])]
    length = max(STRETCH, positions // max(1, len(matching)))
    scored = 0
    for at in random.permutation(len(matching)).tolist():
        if scored >= positions:
            break
        number, own, matches = matching[at]
        middle = own.start + int(random.choice(matches))
        first = max(own.start, min(middle - length // 2, own.stop - length))
        last = min(first + length, own.stop)
        file = reading.files[number]
        begin, end = max(file.first, first - WARM_UP), min(last + 1, file.first + file.tokens)
        counted = np.zeros(end - begin, dtype=bool)
        counted[first - begin : last - begin] = True
        scored += last - first
        yield Segment(np.array(reading.ids[begin:end]), np.array(labelled.positive[begin:end]), number, counted)
