"""What is encoded and what is used are two findings; neither is claimed without its evidence."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.cells import AblationEffect, Cell
from engine.detective import EffectResult, UnitScore
from engine.requests import DetectRequest, Scanned, effect_request
from engine.usage_verdict import controls_in_words, encodes, in_short, is_used, usage_verdict, use_of
from tests.gui import made_detective
from tests.gui.made_cells import model

RANKED = DetectRequest("sha", Scanned(("stdlib",)), ("h",))


def unit(at: int = 0, *, weighed: bool = True) -> UnitScore:
    return made_detective.detected(RANKED, model(), weighed=weighed).whole.units[at]


def held(*cells: Cell, **changes: Any) -> EffectResult:
    """Of cell 0:7 by default, used; ``changes`` of the effect."""
    result = made_detective.effect(effect_request(RANKED, cells or (Cell(0, 7),)), model())
    return replace(result, effect=replace(result.effect, **changes))


USED = held().effect


@pytest.mark.parametrize(
    ("changes", "used"),
    [
        ({}, True),
        ({"interval": None}, False),
        ({"interval": (0.0, 0.6)}, False),
        ({"interval": (-0.1, 0.6)}, False),
        ({"random_effects": np.array([0.0, 0.42 + 1e-9])}, False),
        ({"random_effects": np.array([0.41])}, True),
        ({"random_effects": np.zeros(0)}, True),
        ({"change_at_matches": -0.5, "interval": (-0.6, -0.4)}, False),
    ],
)
def test_used_is_what_is_above_zero_and_above_every_random_set(changes: dict[str, Any], used: bool):
    assert is_used(replace(USED, **changes)) is used


def test_redundant_is_what_is_used_only_with_its_like():
    alone = replace(USED, change_at_matches=0.011, interval=(-0.01, 0.02))
    assert use_of(USED) == use_of(USED, alone) == "used"
    assert use_of(alone) == use_of(alone, alone) == "not_shown"
    assert use_of(alone, USED) == "redundant"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"files": 3, "interval": None}, "(no interval: 3 files are too few): with so few files that may be chance."),
        ({"files": 1, "interval": None}, "(no interval: 1 file is too few): with so few files that may be chance."),
        ({"interval": (-0.1, 0.6)}, "(95 % interval −0.100 … +0.600, over 12 files): the interval reaches zero."),
        ({"random_effects": np.array([0.1, 0.5, 0.9])}, "2 of 3 random cells of like variance do as much."),
        ({"random_effects": np.array([0.1, 0.9])}, "1 of 2 random cells of like variance does as much."),
        ({"change_at_matches": -0.5, "interval": (-0.6, -0.4)}, "it matters less there, not more."),
    ],
)
def test_why_it_is_not_shown_to_be_used(changes: dict[str, Any], reason: str):
    said = usage_verdict(held(**changes), unit(), "“h”")
    assert "encodes “h” (AUC 0.980 on held-out text), but the model is not shown to use it there." in said
    assert said.endswith(reason)


def test_a_loss_that_falls_is_said_in_its_own_words():
    said = usage_verdict(held(change_at_matches=-0.5, interval=(-0.6, -0.4)), unit(), "“h”")
    assert "adds 0.510 nats less to the loss at matches than elsewhere" in said


def test_what_is_not_interpretable_or_not_weighed_is_not_said_to_encode():
    assert "encodes" in encodes(unit(), "“h”")
    weak, open_ = encodes(unit(2), "“h”"), encodes(unit(weighed=False), "“h”")
    assert weak.startswith("Cell 1:2 (forget gate) follows “h”")
    assert "not said to encode it" in weak
    assert "not yet weighed" in open_
    assert in_short(unit(2), "used") == "– not said to encode it   ✓ the model uses it"


def test_several_cells_are_held_together():
    said = usage_verdict(held(Cell(0, 7), Cell(0, 3)), unit(), "“h”")
    assert "the model uses these 2 cells together there. Holding 0:7 and 1 other at zero adds" in said


@pytest.mark.parametrize(
    ("sets", "cells", "words"),
    [
        (0, 1, "no other cells"),
        (1, 1, "1 random cell of like variance"),
        (20, 1, "20 random cells of like variance"),
        (1, 3, "1 random set of 3 cells of like variance"),
        (20, 3, "20 random sets of 3 cells of like variance"),
    ],
)
def test_what_it_is_compared_with(sets: int, cells: int, words: str):
    effect: AblationEffect = replace(USED, random_effects=np.zeros(sets), cells=tuple(Cell(0, at) for at in range(cells)))
    assert controls_in_words(effect) == words


def test_without_other_cells_that_is_said():
    assert "there are no other cells to compare" in usage_verdict(held(random_effects=np.zeros(0)), unit(), "“h”")
