"""Finished maps are known again; unfinished ones are not, and the oldest go first."""

from dataclasses import replace

from engine.requests import AttributionRequest, TextInput
from gui.known_maps import MOST, KnownMaps
from tests.gui.stub_engine import attribution


def request(text: str) -> AttributionRequest:
    return AttributionRequest("sha", TextInput(text))


def test_what_was_finished_is_known_until_it_is_dropped() -> None:
    known, first = KnownMaps(), attribution(request("one"))
    known.add(first)
    known.add(attribution(request("two"), progress=0.5))
    assert known.get(request("one")) is first
    assert request("two") not in known
    assert known.get(replace(request("one"), seed=1)) is None
    known.drop(request("one"))
    assert known.get(request("one")) is None


def test_the_one_not_looked_at_for_longest_goes() -> None:
    known = KnownMaps()
    for number in range(MOST):
        known.add(attribution(request(f"text {number}")))
    assert known.get(request("text 0")) is not None
    known.add(attribution(request("one more")))
    assert request("text 0") in known
    assert request("text 1") not in known
    known.clear()
    assert request("one more") not in known
