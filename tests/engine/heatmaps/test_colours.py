"""Zero is the panel, equal steps look equal, and text can be read on every one of them."""

import numpy as np
import pytest

from engine.heatmaps.colours import STEPS, contrast, limit_of, mix, oklab, ramp
from engine.heatmaps.inks import DARK, LIGHT, Inks

RAMPS = [(look, signed) for look in (LIGHT, DARK) for signed in (True, False)]
EVERY = pytest.mark.parametrize(
    ("look", "signed"), RAMPS, ids=lambda part: getattr(part, "name", "signed" if part else "unsigned")
)


@EVERY
def test_text_is_readable_on_every_step(look: Inks, signed: bool) -> None:
    made = ramp(look, signed=signed)
    assert min(contrast(text, colour) for text, colour in zip(made.texts, made.colours, strict=True)) >= 4.5


@EVERY
def test_zero_vanishes_into_the_panel(look: Inks, signed: bool) -> None:
    made = ramp(look, signed=signed)
    assert made.colours[made.steps(np.zeros(1), 1.0)[0]] == look.panel.lower()
    assert made.colours[made.neutral] == look.panel.lower()


@EVERY
def test_lightness_moves_in_equal_steps(look: Inks, signed: bool) -> None:
    made = ramp(look, signed=signed)
    lightness = np.array([oklab(colour)[0] for colour in made.colours])
    upper = np.diff(lightness[STEPS:] if signed else lightness)
    assert (np.sign(upper[np.abs(upper) > 1e-3]) == np.sign(upper.sum())).all()
    parts = [part.sum() for part in np.array_split(upper, 5)]
    assert np.std(parts) < 0.01


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_the_ends_are_orange_and_blue(look: Inks) -> None:
    made = ramp(look, signed=True)
    assert (made.colours[0], made.colours[-1]) == (look.lowers.lower(), look.raises.lower())


def test_limits_are_symmetric_and_clip() -> None:
    made = ramp(LIGHT, signed=True)
    steps = made.steps(np.array([-9, -1, -0.5, 0, 0.5, 1, 9, np.inf, -np.inf, np.nan]), 1.0)
    middle = STEPS
    assert steps[0] == steps[1] == steps[8] == 0
    assert steps[5] == steps[6] == steps[7] == 2 * STEPS
    assert middle - steps[2] == steps[4] - middle
    assert steps[9] == -1


@pytest.mark.parametrize("limit", [0.0, float("nan"), float("inf"), 1e-320])
def test_without_a_scale_everything_is_neutral(limit: float) -> None:
    made = ramp(LIGHT, signed=True)
    assert (made.steps(np.array([0.0, 1e-300, 5.0]), limit) == STEPS).all()


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_the_size_of_the_values_does_not_matter(size: float) -> None:
    values = np.array([-1.0, 0.25, 0.5], dtype=np.float32) * np.float32(size)
    made = ramp(DARK, signed=True)
    np.testing.assert_array_equal(made.steps(values, limit_of(values)), made.steps(np.array([-1.0, 0.25, 0.5]), 1.0))


def test_the_limit_is_the_largest_finite_magnitude() -> None:
    assert limit_of(np.array([1.0, -3.0, np.nan, np.inf])) == 3.0
    assert limit_of(np.array([np.nan])) == 0.0
    assert limit_of(np.zeros(0)) == 0.0


def test_a_mixture_lies_between() -> None:
    assert mix("#000000", "#ffffff", 0.0) == "#000000"
    assert mix("#000000", "#ff0000", 0.6) == "#990000"
