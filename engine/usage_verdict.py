"""What a cell encodes, and what the model uses: two findings, in plain words that keep them apart."""

from collections.abc import Sequence
from typing import Literal

from engine.cells import AblationEffect, Cell
from engine.detective import EffectResult, UnitScore
from engine.heatmaps.numerals import figures, fixed, signed_figures
from engine.requests import EffectRequest

Use = Literal["used", "redundant", "not_shown"]


def is_used(effect: AblationEffect) -> bool:
    """Holding the cells costs more where the hypothesis holds: in all of the interval, and more than any random set costs."""
    certain = effect.interval is not None and effect.interval[0] > 0
    return certain and not bool((effect.random_effects >= effect.effect).any())


def use_of(effect: AblationEffect, together: AblationEffect | None = None) -> Use:
    """``together``: of these cells and others that encode the same, held at once."""
    if is_used(effect):
        return "used"
    return "redundant" if together is not None and is_used(together) else "not_shown"


def encodes(unit: UnitScore, name: str) -> str:
    """The first half: what can be read off the unit. ``name``: the hypothesis in words."""
    what = f"Cell {unit.cell} ({unit.quantity.replace('_', ' ')})"
    auc = f"AUC {fixed(unit.auc_holdout, 3)} on held-out text"
    if unit.interpretable:
        return f"{what} encodes {name} ({auc})"
    if unit.interpretable is None:
        return f"{what} follows {name} ({auc}, not yet weighed)"
    return f"{what} follows {name} ({auc}), but beats not all that it has to beat, so it is not said to encode it"


def in_short(unit: UnitScore, use: Use) -> str:
    """Both findings in a few words."""
    first = "✓ encodes it" if unit.interpretable else "– not said to encode it"
    second = {"used": "✓ the model uses it", "redundant": "≈ redundant", "not_shown": "– not shown to be used"}[use]
    return f"{first}   {second}"


def usage_verdict(result: EffectResult, unit: UnitScore, name: str, together: EffectResult | None = None) -> str:
    """Both halves. ``together``: as of ``use_of``."""
    effect, request = result.effect, result.request
    use = use_of(effect, None if together is None else together.effect)
    held = f"Holding {named(request.cells)} {held_in_words(request)}"
    many = len(request.cells) > 1
    cells = f"these {len(request.cells)} cells together" if many else "it"
    told = (
        f"{held} adds {_nats(effect.effect)} to the loss at matches beyond what it adds elsewhere{_certainty(effect)}"
        if effect.effect >= 0
        else f"{held} adds {_nats(-effect.effect)} less to the loss at matches than elsewhere{_certainty(effect)}"
    )
    first = encodes(unit, name)
    if use == "used":
        return f"{first}, and the model uses {cells} there. {told}{_more_than(effect)}."
    if use == "redundant":
        assert together is not None
        count = len(together.request.cells)
        return (
            f"{first}, but it is redundant: the model uses the {count} cells that encode it, and does without this one. "
            f"Held {held_in_words(request)} by itself it adds {_nats(effect.effect)} to the loss at matches beyond what it adds "
            f"elsewhere; the {count} held at once add {_nats(together.effect.effect)}{_certainty(together.effect)}."
        )
    return f"{first}, but the model is not shown to use {cells} there. {told}: {_why_not(effect)}."


def named(cells: Sequence[Cell]) -> str:
    """0:7, or 0:7 and 3 others."""
    first = str(cells[0])
    return first if len(cells) == 1 else f"{first} and {len(cells) - 1} other{'s' if len(cells) > 2 else ''}"


def held_in_words(request: EffectRequest) -> str:
    """At zero, at its mean, or at a number."""
    if request.how == "value":
        return f"at {figures(request.value)}"
    return "at zero" if request.how == "zero" else "at its mean" if len(request.cells) == 1 else "at their means"


def controls_in_words(effect: AblationEffect) -> str:
    """20 random cells of like variance."""
    sets, size = len(effect.random_effects), len(effect.cells)
    if not sets:
        return "no other cells"
    what = "random cell" if size == 1 else f"random set of {size} cells" if sets == 1 else f"random sets of {size} cells"
    return f"{sets} {what}{'s' if size == 1 and sets != 1 else ''} of like variance"


def interval_in_words(effect: AblationEffect) -> str:
    """Of the difference, or why there is none."""
    if effect.interval is None:
        return f"no interval: {effect.files} file{'s are' if effect.files != 1 else ' is'} too few"
    low, high = (signed_figures(value) for value in effect.interval)
    return f"95 % interval {low} … {high}, over {effect.files} files"


def _certainty(effect: AblationEffect) -> str:
    return f" ({interval_in_words(effect)})"


def _more_than(effect: AblationEffect) -> str:
    if not len(effect.random_effects):
        return "; there are no other cells to compare"
    return f", more than any of {controls_in_words(effect)}"


def _why_not(effect: AblationEffect) -> str:
    """The first reason that stands."""
    if effect.interval is None:
        return "with so few files that may be chance"
    low, high = effect.interval
    if high < 0:
        return "it matters less there, not more"
    if low <= 0:
        return "the interval reaches zero"
    as_much = int((effect.random_effects >= effect.effect).sum())
    return f"{as_much} of {controls_in_words(effect)} do{'es' if as_much == 1 else ''} as much"


def _nats(value: float) -> str:
    return f"{figures(value)} nats"
