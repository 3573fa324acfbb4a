"""The sentence names what was beaten, and what was not."""

from dataclasses import replace

from engine.requests import DetectRequest, Scanned
from engine.verdict import CHANCE, LINE, TOKEN, UNTRAINED, mark, unbeaten, verdict
from tests.gui.made_cells import model
from tests.gui.made_detective import detected

REQUEST = DetectRequest("sha", Scanned(("stdlib",)), ("h",))


def test_what_does_not_beat_the_controls_is_not_called_interpretable():
    result = detected(REQUEST, model())
    weak = result.whole.units[2]
    assert unbeaten(weak, result.whole) == (UNTRAINED, TOKEN, CHANCE)
    assert mark(weak, result.whole) == "≤ untrained"
    finding = replace(result.whole, units=(weak,))
    said = verdict(result, finding)
    assert "does not beat untrained networks (0.720), the token itself (0.660) and chance (0.610)" in said
    assert "no unit is called interpretable" in said


def test_what_beats_everything_is():
    result = detected(REQUEST, model())
    said = verdict(result, result.whole)
    assert all(name in said for name in (CHANCE, TOKEN, LINE, UNTRAINED))
    assert said.endswith("It alone of the 3 best of 144 units is interpretable.")
