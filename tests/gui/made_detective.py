"""What the detective found, made by hand: cell 0:7 is a quote flag that beats everything, 0:3 is off and does not."""

import numpy as np

from engine.cells import AblatedReading, AblationEffect, AblationResult, Cell
from engine.detective import Controls, CorpusInfo, DetectResult, EffectResult, Evidence, Finding, NullInfo, Place, UnitScore
from engine.recurrent.hypotheses import hypotheses
from engine.requests import AblationRequest, DetectRequest, EffectRequest
from engine.results import ClassPrediction, Cost, ModelInfo, TokenizedText

NULL, CONTROLS = NullInfo(200, 0.61), Controls(0.72, 0.66, 0.55, "cell_state 0:4")
UNITS = ((Cell(0, 7), "cell_state", 0.99, 1), (Cell(0, 3), "hidden_state", 0.30, -1), (Cell(1, 2), "forget_gate", 0.62, 1))


def evidence() -> Evidence:
    edges = np.linspace(-3, 3, 257)
    middle = (edges[1:] + edges[:-1]) / 2
    high, low = (np.round(1000 * np.exp(-((middle - at) ** 2))).astype(np.int64) for at in (1.5, -1.5))
    rates = [np.concatenate(([0.0], np.cumsum(counts[::-1]) / counts.sum())) for counts in (low, high)]
    kinds = ("hit", "hit", "miss", "false_alarm")
    places = tuple(
        Place(kind, "ab.py", 40 + at, 40 + at, 41 + at, "say('", "hello"[at], "', 1)\n", 2.0 - at)  # type: ignore[arg-type]
        for at, kind in enumerate(kinds)
    )
    return Evidence(edges, high, low, rates[0], rates[1], places)


def unit(cell: Cell, quantity: str, auc: float, sign: int, weighed: bool) -> UnitScore:
    held = max(auc, 1 - auc) - 0.01
    known = {"p_value": 0.005, "p_family": 0.005 if held > NULL.auc_max_95 else 0.2, "interpretable": held > 0.72}
    return UnitScore(
        *(cell, quantity, auc, sign, held, True, 0.8, 0.7, 0.1, 0.9, 0.88),
        **(known if weighed else {}),  # type: ignore[arg-type]
        evidence=evidence(),
    )


def detected(request: DetectRequest, model: ModelInfo, *, weighed: bool = True) -> DetectResult:
    """Parts have their units in another order."""
    if request.column is None:
        names = [each.name for each in hypotheses(request.patterns, request.predicate)]
    else:
        names = [f"{request.column} = {value}" for value in ("yes", "no", "perhaps")]
    units = tuple(unit(*each, weighed) for each in UNITS)
    findings = tuple(
        Finding(name, False, 120 - at, units[::-1] if at else units, NULL if weighed else None, CONTROLS if weighed else None)
        for at, name in enumerate(names)
    )
    return DetectResult(
        *(request, model, CorpusInfo("c" * 64, 2, 1000, 1000), 144, findings, len(names)),
        *((("cell_state", 0, 0, 12),), Cost(1000, 0, 0.1, "cpu")),
        rows=None if request.column is None else (60, 60),
    )


def effect(request: EffectRequest, model: ModelInfo, *, files: int = 12) -> EffectResult:
    """Used are cell 0:7, and all sets that hold several; fewer than five files give no interval."""
    used = Cell(0, 7) in request.cells or len(request.cells) > 1
    change = 0.42 if used else 0.004
    interval = (change - 0.1, change + 0.1) if files >= 5 else None
    held = AblationEffect(
        *(request.cells, (request.value,) * len(request.cells), files, 400, 3600, 1.2, 1.0, change + 0.01, 0.01, interval),
        random_effects=np.linspace(-0.02, 0.03, 20),
        p_value=1 / 21 if used else 0.5,
    )
    pattern = request.part or request.predicate or " | ".join(request.patterns)
    return EffectResult(request, model, CorpusInfo("c" * 64, files, 1000, 1000), pattern, held, Cost(4000, 0, 0.1, "cpu"))


def ablated(request: AblationRequest, model: ModelInfo) -> AblationResult:
    """Whole, a quote closes; held, it does not."""

    def reading(shares: tuple[float, ...], written: str) -> AblatedReading:
        labels = zip("'a e", shares, strict=True)
        classes = [ClassPrediction(label, at, float(np.log(share)), share) for at, (label, share) in enumerate(labels)]
        classes.sort(key=lambda each: -each.logit)
        return AblatedReading(tuple(classes), generated=written if request.generate else None)

    intact, held = reading((0.7, 0.2, 0.06, 0.04), "', 1)\n"), reading((0.1, 0.5, 0.3, 0.1), "'and so on")
    input = TokenizedText(request.input.text, ())
    return AblationResult(request, model, input, (request.value,) * len(request.cells), intact, held, Cost(2, 0, 0.1, "cpu"))
