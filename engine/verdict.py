"""What the cell detective found, in plain words: which unit, how well, and what it does or does not beat."""

from engine.cell_names import Cell
from engine.detective import FAMILY_LEVEL, DetectResult, Finding, UnitScore
from engine.heatmaps.numerals import fixed
from engine.requests import DetectRequest

CHANCE, TOKEN, LINE, UNTRAINED = "chance", "the token itself", "the place in the line", "untrained networks"
SIGNS = {1: "on", -1: "off"}
_WHERE = {1: "switches on", -1: "switches off"}


def bars(finding: Finding) -> tuple[tuple[str, float], ...]:
    """(name, AUC) of all that a unit has to beat, as far as it is known."""
    found = []
    if finding.null is not None:
        found.append((CHANCE, finding.null.auc_max_95))
    if finding.controls is not None:
        beside = finding.controls
        found += [(TOKEN, beside.token_identity), (LINE, beside.position_in_line), (UNTRAINED, beside.untrained_best)]
    return tuple(found)


def unbeaten(unit: UnitScore, finding: Finding) -> tuple[str, ...]:
    """Names of what ``unit`` does not beat on held-out text, the highest bar first."""
    high = sorted(((value, name) for name, value in bars(finding) if unit.auc_holdout <= value), reverse=True)
    names = [name for _, name in high]
    unlikely = unit.p_family is None or unit.p_family <= FAMILY_LEVEL
    return tuple(names if unlikely or CHANCE in names else [*names, CHANCE])


def mark(unit: UnitScore, finding: Finding) -> str:
    """In a word or two, for a table."""
    if unit.interpretable:
        return "✓ interpretable"
    if not unit.holds:
        return "turns round"
    if unit.interpretable is None:
        return "not weighed"
    return f"≤ {_SHORT[unbeaten(unit, finding)[0]]}"


_SHORT = {CHANCE: "chance", TOKEN: "the token", LINE: "line position", UNTRAINED: "untrained"}


def hypothesis_in_words(request: DetectRequest, finding: Finding | None, predicate: str | None) -> str:
    """``predicate``: its label."""
    if request.predicate is not None:
        return predicate or request.predicate
    name = finding.pattern if finding is not None else " | ".join(request.patterns)
    return name if request.painted or request.column is not None else f"“{name}”"


def verdict(result: DetectResult, finding: Finding, predicate: str | None = None) -> str:
    """Of one hypothesis; with ``predicate`` by its label."""
    name = hypothesis_in_words(result.request, finding, predicate)
    if not finding.units:
        return f"No unit was ranked for {name}."
    ended = [*_rows(result), *([_tried(result)] if result.patterns_tried > 1 else [])]
    if finding.interpretable:
        return " ".join([_found(result, finding, name), *ended])
    best = max(finding.units, key=lambda unit: (unit.holds, unit.auc_holdout))
    said = f"{_named(best.cell, best.quantity)} comes nearest to {name}: AUC {_auc(best.auc_holdout)} on {_held_out(result)}"
    missing = unbeaten(best, finding)
    if best.interpretable is None:
        return " ".join([f"{said}. {_why_open(result)}", *ended])
    if not best.holds:
        return " ".join([f"{said}, but there it points the other way, so no unit is called interpretable.", *ended])
    values = dict(bars(finding))
    beaten_by = _listed([_bar(each, values[each], finding) for each in missing])
    return " ".join([f"{said}. That does not beat {beaten_by}, so no unit is called interpretable.", *ended])


def _found(result: DetectResult, finding: Finding, name: str) -> str:
    best = max(finding.interpretable, key=lambda unit: unit.auc_holdout)
    bar = _listed([_bar(each, value, finding) for each, value in bars(finding)])
    where = f"on {_held_out(result)}, beyond {bar}."
    said = f"{_named(best.cell, best.quantity)} {_WHERE[best.sign]} for {name}: AUC {_auc(best.auc_holdout)} {where}"
    count, shown = len(finding.interpretable), len(finding.units)
    others = "It alone" if count == 1 else f"{count}"
    return f"{said} {others} of the {shown} best of {result.units_scanned:,} units {'is' if count == 1 else 'are'} interpretable."


def _why_open(result: DetectResult) -> str:
    if not result.request.shifts:
        return "Without shifts there is no null, so nothing is called interpretable."
    if not result.request.controls:
        return "Without controls nothing is called interpretable."
    return "Not yet held against chance and the controls."


def _tried(result: DetectResult) -> str:
    """p-values know nothing of the other patterns."""
    tried = result.patterns_tried
    lucky = FAMILY_LEVEL * tried
    about = "about one in twenty" if lucky < 1.5 else f"about {round(lucky)} of them"
    return f"{tried} patterns were tried on this corpus; at p ≤ {FAMILY_LEVEL} chance alone passes {about}."


def _rows(result: DetectResult) -> list[str]:
    if result.rows is None:
        return []
    return [f"The first {result.rows[0]:,} rows of the table rank, the last {result.rows[1]:,} test."]


def _held_out(result: DetectResult) -> str:
    return "held-out text" if result.rows is None else "held-out rows"


def _bar(name: str, value: float, finding: Finding) -> str:
    """With its number; of untrained networks with how far they differ."""
    draws = finding.controls.untrained_draws if finding.controls is not None and name == UNTRAINED else ()
    return (
        f"{name} ({_auc(min(draws))} to {_auc(value)} over {len(draws)} of them)" if len(draws) > 1 else f"{name} ({_auc(value)})"
    )


def _named(cell: Cell, quantity: str) -> str:
    return f"Cell {cell} ({quantity.replace('_', ' ')})"


def _auc(value: float) -> str:
    return fixed(value, 3)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
