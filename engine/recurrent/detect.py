"""The job behind the cell detective: which cells know that a position matches?"""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.detective import FAMILY_LEVEL, Controls, DetectResult, Finding, NullInfo, UnitScore
from engine.errors import UserError
from engine.jobs import Partial, Steps, relay
from engine.models.model import TextModel
from engine.recurrent.columns import hypotheses_of
from engine.recurrent.controls import controls, positives
from engine.recurrent.evidence import curves, examples
from engine.recurrent.fine import FineUnit, fine_units
from engine.recurrent.labels import Labelled, Split, check_holdout, check_parts, label
from engine.recurrent.session import Session, Sessions
from engine.recurrent.statistics import Counts, Dealt, Null, Rotated, auc_of, folded, null_of
from engine.recurrent.store import Store
from engine.requests import DetectRequest
from engine.results import Cost, Notice

_SPARE = 12  # units looked at more closely than are wanted: the upper bytes alone can misplace near equals


def detect(sessions: Sessions, model: TextModel, request: DetectRequest) -> Steps[DetectResult]:
    """Rank every unit on the first part of every file (of a table: its first rows), test the best on the last.

    Yields:
        The ranking as soon as it is there, then with null and controls, hypothesis by hypothesis.

    Raises:
        UserError: the request, a pattern, the corpus or the model will not do.
    """
    start = time.perf_counter()
    _check(request)
    asked = hypotheses_of(request)
    session = yield from sessions.open(model, request.scanned)
    labelled = yield from label(session.reading, asked, request.holdout)
    usable, notices = _usable(session, labelled, request.holdout)
    tried = sessions.count_tried(model, request.scanned.corpus, [(each.name, request.painted) for each in asked])
    rows = usable[0][1].files if session.reading.corpus.by_rows else None
    store = yield from session.trained()
    cases = []
    for each, split in usable:
        cases.append((yield from _rank(session, store, each, split, request.top)))

    def answer(findings: Sequence[Finding]) -> DetectResult:
        cost = Cost(session.reading.positions, 0, time.perf_counter() - start, model.info.device)
        units = tuple((group.quantity, group.layer, group.direction, group.cells) for group in store.groups)
        warnings = (*session.warnings, *notices)
        return DetectResult(request, model.info, session.corpus, store.rows, tuple(findings), tried, units, cost, warnings, rows)

    findings = [case.finding for case in cases]
    yield Partial(0, 1, answer(findings), "Ranked")
    for number, case in enumerate(cases):
        findings[number] = yield from relay(_weigh(session, store, case, request), lambda partial: replace(partial, result=None))
        yield Partial(number + 1, len(cases), answer(findings), "Weighing the evidence")
    return answer(findings)


def _check(request: DetectRequest) -> None:
    check_holdout(request.holdout)
    if not 0 <= request.shifts <= 10_000:
        raise UserError("The number of shifts must be between 0 and 10,000.", "arguments")
    if request.top < 1:
        raise UserError("Ask for at least one unit.", "arguments")


def _usable(session: Session, labelled: Sequence[Labelled], holdout: float) -> tuple[list[tuple[Labelled, Split]], list[Notice]]:
    """Those hypotheses that have both kinds of position in both parts; the whole of them must.

    Raises:
        UserError: it has not.
    """
    usable, notices = [], []
    for number, each in enumerate(labelled):
        split = Split.of(session.reading, holdout, each.asked)
        missing = check_parts(each, split)
        if missing is None:
            usable.append((each, split))
        elif number == 0:
            raise UserError(missing, "too_few_matches")
        else:
            notices.append(Notice(missing, "too_few_matches"))
    return usable, notices


class _Case:
    """One hypothesis, ranked."""

    def __init__(self, labelled: Labelled, split: Split, total: Counts, finding: Finding, rows: Sequence[int]) -> None:
        self.labelled, self.split, self.total, self.finding, self.rows = labelled, split, total, finding, rows


def _rank(session: Session, store: Store, labelled: Labelled, split: Split, top: int) -> Steps[_Case]:
    """All units by the upper bytes, the best of them again at full resolution."""
    total = yield from session.totals(store, split)
    positive = yield from positives(store, split, labelled, total)
    auc = auc_of(positive, total)
    distance = np.abs(np.nan_to_num(auc, nan=0.5) - 0.5)
    best = np.argsort(-distance, kind="stable")[: top + _SPARE]
    fine = yield from fine_units(store, best.tolist(), split, labelled)
    fine = sorted(fine, key=lambda unit: -abs(unit.auc(testing=False) - 0.5))[:top]
    scores = [_score(store, unit) for unit in fine]
    shown = [(unit.row, score.sign, score.threshold) for unit, score in zip(fine, scores, strict=True)]
    places = yield from examples(session, store, shown, split, labelled)
    units = [
        replace(score, evidence=curves(unit, store.scale(unit.row), score.sign, own))
        for unit, score, own in zip(fine, scores, places, strict=True)
    ]
    hypothesis = labelled.hypothesis
    finding = Finding(hypothesis.name, hypothesis.graded, labelled.matches, tuple(units), auc_all=auc.astype(np.float32))
    return _Case(labelled, split, total, finding, [unit.row for unit in fine])


def _score(store: Store, unit: FineUnit) -> UnitScore:
    quantity, cell = store.unit(unit.row)
    scale = store.scale(unit.row)
    auc, tested = unit.auc(testing=False), unit.auc(testing=True)
    sign = 1 if auc >= 0.5 else -1
    level, f1 = unit.threshold(sign)
    pearson, spearman = unit.correlations(scale.values(np.arange(65536)))
    return UnitScore(
        cell,
        quantity,
        auc,
        sign,
        float(folded(tested)),
        (tested - 0.5) * sign > 0,
        pearson,
        spearman,
        float(scale.values(np.clip(level - 0.5, 0, 65535))),
        f1,
        unit.f1(testing=True, level=level, sign=sign),
    )


def _weigh(session: Session, store: Store, case: _Case, request: DetectRequest) -> Steps[Finding]:
    """Add the null and the controls."""
    moved = Rotated if request.column is None else Dealt
    null: Null | None = None
    if request.shifts:
        labels = moved(case.split, case.labelled.positive, request.shifts, request.seed)
        null = yield from null_of(store, labels, case.total)
    beside: Controls | None = None
    if request.controls:
        beside = yield from controls(session, case.split, case.labelled, request.holdout, request.seed)
    finding = replace(case.finding, controls=beside)
    if null is None:
        return finding
    bar = float(np.quantile(null.best, 0.95))
    units = [
        replace(unit, p_value=float(null.p_value[row]), p_family=float(null.p_family[row]))
        for unit, row in zip(finding.units, case.rows, strict=True)
    ]
    if beside is not None:
        bar_of_all = max(bar, beside.untrained_best, beside.token_identity, beside.position_in_line)
        units = [replace(unit, interpretable=_beats(unit, bar_of_all)) for unit in units]
    return replace(finding, null=NullInfo(request.shifts, bar, moved.method), units=tuple(units))


def _beats(unit: UnitScore, bar: float) -> bool:
    """In the direction in which it was ranked, and so far from chance that no shift did as much for any unit."""
    unlikely = unit.p_family is not None and unit.p_family <= FAMILY_LEVEL
    return unit.holds and unlikely and unit.auc_holdout > bar
