"""Dataclasses that come back equal, and plain values that are not believed."""

import json
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.plain import as_plain, from_plain
from engine.requests import AttributionRequest, Parameter, Target, TextInput
from engine.results import FloatArray

VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())


@dataclass(frozen=True)
class Inner:
    kind: Literal["a", "b"]
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Outer:
    inner: Inner
    value: float
    values: FloatArray
    pair: tuple[str, Parameter] | None = None


def there_and_back(value: Outer) -> Outer:
    return from_plain(Outer, json.loads(json.dumps(as_plain(value), allow_nan=False)))


@pytest.mark.parametrize("shape", [(0,), (3,), (2, 4)])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_arrays_come_back_to_the_bit(shape: tuple[int, ...], kind: type):
    values = np.random.default_rng(0).normal(size=shape).astype(kind)
    if values.size:
        values.flat[:3] = [np.nan, np.inf, -np.inf][: values.size]
    back = there_and_back(Outer(Inner("a"), math.nan, values))
    np.testing.assert_array_equal(back.values, values)
    assert back.values.dtype == kind
    assert math.isnan(back.value)


@given(VALUES)
def test_parameters_keep_their_kind(value: Parameter):
    back = there_and_back(Outer(Inner("b", (1, 2)), 1.5, np.zeros(1), ("name", value)))
    assert back.inner == Inner("b", (1, 2))
    assert back.pair is not None
    if isinstance(value, float) and not math.isfinite(value):
        assert str(back.pair[1]) == repr(value)
    else:
        assert (type(back.pair[1]), back.pair[1]) == (type(value), value)


@pytest.mark.parametrize("text", ["", "nul \0", "\ud800", "\u202e", "שלום"])
def test_a_request_comes_back_equal(text: str):
    request = AttributionRequest(
        "sha", TextInput(text, None), Target("index:1", "x", None, "probability", 3), "m", ("zero", "text:a"), "l2", 5,
        (("n_steps", 4), ("exact", True), ("scale", 1.0)),
    )  # fmt: skip
    assert from_plain(AttributionRequest, json.loads(json.dumps(as_plain(request)))) == request


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        {"inner": {"kind": "c"}},
        {"inner": {"kind": "a", "numbers": [True]}},
        {"inner": {"kind": "a", "numbers": "12"}},
        {"value": "1.0"},
        {"value": 10**400},
        {"values": []},
        {"values": {"float32": [None]}},
        {"values": {"float32": "AAAA", "shape": [4]}},
        {"values": {"float32": "!", "shape": [1]}},
        {"values": {"float32": "", "shape": [2**40]}},
        {"pair": ["a"]},
        {"pair": ["a", {}]},
    ],
)
def test_what_does_not_fit_is_named(broken: object):
    good = as_plain(Outer(Inner("a"), 1.0, np.zeros(2)))
    plain = {**good, **broken} if broken and isinstance(broken, dict) else broken
    with pytest.raises(ValueError, match=r"Outer.* (is not usable|is missing)"):
        from_plain(Outer, plain)


def test_a_number_that_float32_cannot_hold_is_damage():
    plain = {"inner": {"kind": "a"}, "value": 1.0, "values": {"float32": [3.4028235677973366e38]}}
    with pytest.raises(ValueError, match=r"Outer\.values is not usable"):
        from_plain(Outer, plain)
    assert from_plain(Outer, plain | {"values": {"float64": [3.4028235677973366e38]}}).values[0] == 3.4028235677973366e38
    largest = float(np.finfo(np.float32).max)
    kept = from_plain(Outer, plain | {"values": {"float32": [largest, "-inf", "nan"]}}).values
    np.testing.assert_array_equal(kept, np.array([largest, -np.inf, np.nan], np.float32))
