"""What a map says of itself, in words: the same in the window and in a saved picture."""

from collections import Counter
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from engine.heatmaps.numerals import aligned, figures, percent, seconds, whole_percent
from engine.results import AttributionResult, BaselineInfo, Completeness, Cost, ReadImage

DOT = " · "
_MOST_SAID = 4
Part = tuple[str, str]  # words that stay together, and their role: text, muted, good, warning or error


def token_values(result: AttributionResult) -> NDArray[np.floating]:
    """(seq,) what is painted: rows of d_model are added up, which keeps completeness."""
    return result.values if result.values.ndim == 1 else result.values.sum(axis=1)


def title_of(result: AttributionResult) -> str:
    """Which method, and for which target."""
    target = result.target
    if result.model.problem_type == "regression" and target.layer is None and result.method.uses_target:
        unit = f", in {result.model.value_unit}" if result.model.value_unit else ""
        return f"{result.method.label}: {'what raises' if result.signed else 'what matters for'} the value{unit}"
    name = target.label if target.label is not None else f"output {target.index}"
    if target.versus_index is not None:
        name = f"{name} versus {target.versus if target.versus is not None else f'output {target.versus_index}'}"
    if not result.method.uses_target:
        return result.method.label
    return f"{result.method.label}: {'what speaks for' if result.signed else 'what matters for'} {name}"


def progress_words(progress: float, stopped: bool) -> str:
    """The tag of an unfinished map; empty for a finished one."""
    if progress >= 1:
        return ""
    return f"stopped at {whole_percent(progress)}" if stopped else whole_percent(progress)


def completeness_words(result: AttributionResult, stopped: bool = True) -> str:
    """Everything the completeness strip says, as one sentence."""
    tag = progress_words(result.progress, stopped)
    return DOT.join(([tag] if tag else []) + [words for words, _ in (*sum_parts(result), *circumstances(result))])


def sum_parts(result: AttributionResult) -> list[Part]:
    """The first line: the sum, or that none is promised."""
    if result.completeness is not None:
        part = "pixels" if isinstance(result.prediction.input, ReadImage) else "tokens"
        return _arithmetic(result.completeness, part, partial=result.progress < 1)
    if result.method.complete:
        return [("Whether the attributions add up is known once all steps are done", "muted")]
    return [(f"{result.method.label} makes no promise about the sum", "text")]


def _arithmetic(sums: Completeness, part: str, *, partial: bool) -> list[Part]:
    if sums.conservation:
        return _conserved(sums, part)
    outcome = sums.f_input - sums.f_baseline
    f_input, f_baseline, difference, total = aligned([sums.f_input, sums.f_baseline, outcome, sums.sum], outcome)
    parts = [
        (f"f(input) {f_input} − f(baseline) {f_baseline} = {difference}", "text"),
        (f"attributions sum to {total}", "text"),
    ]
    off = f"off by {percent(sums.relative_delta)} of Σ|values|"
    if partial:
        return [*parts, (off, "muted")]
    return [*parts, (f"{off} ✓", "good") if sums.converged else (f"{off} ✗ not converged", "error")]


def _conserved(sums: Completeness, part: str) -> list[Part]:
    """Of the score itself; what is missing stayed where no ``part`` is, as it has to."""
    f_input, total, kept = aligned([sums.f_input, sums.sum, -sums.delta], sums.f_input)
    parts = [(f"f(input) {f_input}", "text"), (f"attributions sum to {total}", "text")]
    if sums.converged:
        return [*parts, (f"off by {percent(sums.relative_delta)} of Σ|values| ✓", "good")]
    return [*parts, (f"{kept} stays with biases, positions and softmax, which are no {part}", "muted")]


def circumstances(result: AttributionResult) -> list[Part]:
    """The second line: what the model says of the baseline, and what the map cost."""
    alike = [list(those) for _, those in groupby(result.baselines, lambda each: each.name)]
    return [*map(_said_on, alike), *_cost(result.cost)]


def _said_on(alike: list[BaselineInfo]) -> Part:
    """What the model says on one baseline, or on several of a name."""
    named = f"the {alike[0].name} baseline" if len(alike) == 1 else f"{len(alike)} {alike[0].name}s"
    said = [_said(each) for each in alike[:_MOST_SAID] if each.prediction]
    more = ", …" if len(alike) > _MOST_SAID else ""
    return f"on {named}: {', '.join(said)}{more}", "warning" if any(each.confident for each in alike) else "muted"


def _said(baseline: BaselineInfo) -> str:
    top = baseline.prediction[0]
    if top.probability is None or top.label is None:
        return figures(top.logit)
    return f"{top.label} {figures(top.probability)}" + (" ⚠ confident" if baseline.confident else "")


def baselines_in_words(result: AttributionResult) -> str:
    """Each once, with how often."""
    counts = Counter(baseline.name for baseline in result.baselines)
    return ", ".join(name if count == 1 else f"{count} {name}s" for name, count in counts.items())


def _cost(cost: Cost) -> list[Part]:
    passes = cost.forward + cost.backward
    counted = f"{cost.forward} forward + {cost.backward} backward passes" if cost.backward else f"{passes} passes"
    return [("1 pass" if passes == 1 else counted, "muted"), (seconds(cost.seconds), "muted"), (cost.device, "muted")]


def settings_words(result: AttributionResult) -> str:
    """What else the map depends on, in one line."""
    words = [result.model.name, f"score in {result.unit}"]
    if result.method.uses_baseline and result.baselines:
        words.append(f"baseline {baselines_in_words(result)}")
    words += [f"{name.replace('_', ' ')} {value}" for name, value in result.parameters if value is not None]
    if result.method.uses_seed:
        words.append(f"seed {result.request.seed}")
    return DOT.join(words)
