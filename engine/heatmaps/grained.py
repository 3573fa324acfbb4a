"""A map at a grain: what is drawn, listed and read out."""

from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError
from engine.heatmaps.token_values import TokenValues
from engine.heatmaps.wording import DOT, baselines_in_words, progress_words, sum_parts, token_values
from engine.inputs.grain import Grouping, combined, fitting_grain, grains_of, group, grouped_text, rule_in_words
from engine.requests import Grain
from engine.results import AttributionResult, TokenizedText

_KEPT = 6
_PIECES_NAMED = 8


class Grouped:
    """A text cut at a grain: ``document`` has one token for each group of the text's own tokens."""

    def __init__(self, source: TokenizedText, grain: Grain) -> None:
        self.source, self.grain = source, grain
        self.groups: Grouping = group(source, grain)
        self.document = grouped_text(source, self.groups)

    def unit_of(self, token: int) -> int:
        """The group a token stands in; −1 for none."""
        return int(self.groups.of_token[token]) if 0 <= token < len(self.groups.of_token) else -1

    def token_of(self, unit: int) -> int:
        """The first token of a group; −1 for none."""
        return int(self.groups.first[unit]) if 0 <= unit < len(self.groups) else -1


class Grouper:
    """Cuts texts, and remembers the last ones: a map that sharpens asks for the same text again and again."""

    def __init__(self) -> None:
        self._kept: list[Grouped] = []

    def __call__(self, document: TokenizedText, wanted: Grain) -> Grouped:
        grain = fitting_grain(document, wanted)
        found = next((each for each in self._kept if each.grain == grain and _same(each.source, document)), None)
        if found is None:
            found = Grouped(document, grain)
            self._kept = [*self._kept, found][-_KEPT:]
        return found


class GrainedMap:
    """The values of ``result``, one for each unit of ``grouped``."""

    def __init__(self, result: AttributionResult, grouped: Grouped) -> None:
        self.result, self.grouped = result, grouped
        self.values: NDArray[np.float64] = combined(token_values(result), grouped.groups, result.token_reduction)

    @cached_property
    def listed(self) -> TokenValues:
        """With rank and share; computed when first asked for."""
        return TokenValues(self.grouped.document.tokens, self.values, self.result.unit)

    @property
    def document(self) -> TokenizedText:
        """What is drawn: a token for each unit."""
        return self.grouped.document

    @property
    def scale(self) -> tuple[str, bool]:
        """Unit and sign: maps that agree in both may share one colour scale."""
        return self.result.unit, self.result.signed

    def in_words(self, unit: int) -> str:
        """The read-out; of several pieces it says how they became one number."""
        words = self.listed.in_words(unit)
        pieces = int(self.grouped.groups.count[unit])
        rule = rule_in_words(self.result.token_reduction, pieces)
        if not rule:
            return words
        it = self.document.tokens[unit]
        _, _, rest = words.partition(f" · piece {it.piece}")
        named = f": {it.piece}" if pieces <= _PIECES_NAMED else ""
        return f"{_shortened(it.text)}{rest} · {rule}{named}"


def at_grain(result: AttributionResult, grain: Grain) -> AttributionResult:
    """The same map with a token, and a value, for each word or sentence; ``result`` is at the grain of tokens."""
    if grain == result.grain:
        return result
    known = grains_of(result.prediction.text)
    if grain not in known:
        reads = "a record has" if result.prediction.text.fields else "a text has"
        raise UserError(f"There is no grain {grain} here: {reads} {', '.join(known)}.", "no_such_grain")
    grouped = Grouped(result.prediction.text, grain)
    columns = result.values.reshape(len(result.tokens), -1).T
    values = np.stack([combined(column, grouped.groups, result.token_reduction) for column in columns], axis=-1)
    shape = (len(grouped.groups), *result.values.shape[1:])
    prediction = replace(result.prediction, input=grouped.document)
    return replace(result, prediction=prediction, values=values.reshape(shape).astype(np.float32), grain=grain)


def brief_words(result: AttributionResult, stopped: bool) -> str:
    """A short form of the completeness strip, for a map among others."""
    tag = progress_words(result.progress, stopped)
    sums = [words for words, role in sum_parts(result) if role in ("good", "error")]
    promised = sums or ([] if result.method.complete else ["no promise about the sum"])
    passes = result.cost.forward + result.cost.backward
    return DOT.join([*([tag] if tag else []), *promised, f"{passes} pass{'es' if passes != 1 else ''}"])


def brief_title(result: AttributionResult) -> str:
    """The method and the settings that are not its defaults."""
    defaults = {each.name: each.default for each in result.method.parameters}
    own = [f"{_plain(name)} {_value(value)}" for name, value in result.request.parameters if defaults.get(name) != value]
    return DOT.join([result.method.label, *own])


def differences(kept: AttributionResult, shown: AttributionResult) -> tuple[str, ...]:
    """What ``shown`` has otherwise than ``kept``: by name, with both values."""
    pairs = [
        ("model", kept.model.name, shown.model.name),
        ("method", kept.method.label, shown.method.label),
        ("target", _target(kept), _target(shown)),
        ("unit", kept.unit, shown.unit),
        ("baseline", _baselines(kept), _baselines(shown)),
        ("reduction", kept.reduction, shown.reduction),
        ("seed", _seed(kept), _seed(shown)),
    ]
    found = [f"{name} {old} → {new}" for name, old, new in pairs if old != new and old and new]
    if kept.request.input != shown.request.input:
        found.insert(0, "text")
    if kept.method.id == shown.method.id:
        ours, theirs = dict(kept.request.parameters), dict(shown.request.parameters)
        names = dict.fromkeys((*ours, *theirs))
        changed = [(name, ours.get(name), theirs.get(name)) for name in names if ours.get(name) != theirs.get(name)]
        found += [f"{_plain(name)} {_value(old)} → {_value(new)}" for name, old, new in changed]
    return tuple(found)


def _plain(name: str) -> str:
    return name.removeprefix("n_").replace("_", " ")


def _value(value: object) -> str:
    return "default" if value is None else str(value).replace("_", " ")


def _target(result: AttributionResult) -> str:
    target = result.target
    name = target.label if target.label is not None else f"output {target.index}"
    return name if target.versus_index is None else f"{name} versus {target.versus or f'output {target.versus_index}'}"


def _baselines(result: AttributionResult) -> str:
    return baselines_in_words(result) if result.method.uses_baseline else ""


def _seed(result: AttributionResult) -> str:
    return str(result.request.seed) if result.method.uses_seed else ""


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= 60 else f"“{line[:40]}…{line[-16:]}”"


def _same(one: TokenizedText, other: TokenizedText) -> bool:
    return one is other or (len(one.tokens) == len(other.tokens) and one == other)
