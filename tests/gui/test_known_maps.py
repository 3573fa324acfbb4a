"""Finished maps are known again; unfinished ones are not, and the oldest go first."""

from dataclasses import replace

import numpy as np

from engine.requests import AttributionRequest, TextInput
from gui.known_maps import MOST, MOST_BYTES, KnownMaps
from tests.gui import made
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


def test_pictures_are_counted_with_their_maps() -> None:
    """Each keeps its picture's pixels, which are far more than its values."""
    known = KnownMaps()
    pixels = np.zeros((1024, 1024, 3), dtype=np.uint8)
    held = MOST_BYTES // pixels.nbytes
    maps = [made.image_result(read=replace(made.read_image(f"/{at}.png"), pixels=pixels)) for at in range(held + 1)]
    for each in maps:
        known.add(each)
    assert maps[0].request not in known
    assert maps[1].request in known
    assert maps[-1].request in known
