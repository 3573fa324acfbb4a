"""Frozen dataclasses as plain JSON values and back, believing nothing: every field is checked against its annotation."""

import base64
import binascii
import math
import types
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

T = TypeVar("T")
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_MOST_NUMBERS = 50_000_000


def as_plain(value: Any) -> Any:
    """What ``json.dumps(…, allow_nan=False)`` takes; arrays of one dimension are lists, others and bytes base64."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [as_plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return _array_as_plain(value)
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value


def _array_as_plain(array: np.ndarray) -> dict[str, Any]:
    if array.dtype == np.uint8:
        return {"uint8": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii"), "shape": list(array.shape)}
    kind = "float32" if array.dtype == np.float32 else "float64"
    if array.ndim == 1:
        return {kind: [as_plain(float(str(value))) for value in array.astype(kind)]}
    content = np.ascontiguousarray(array, dtype=np.dtype(kind).newbyteorder("<")).tobytes()
    return {kind: base64.b64encode(content).decode("ascii"), "shape": list(array.shape)}


def from_plain(kind: type[T], plain: Any, where: str = "") -> T:
    """The ``kind`` that ``as_plain`` made this of.

    Raises:
        ValueError: naming the field that is missing or of another kind.
    """
    return cast(T, _read(kind, plain, where or kind.__name__))


def _read(kind: Any, plain: Any, where: str) -> Any:
    origin = get_origin(kind)
    if is_dataclass(kind):
        return _dataclass(cast(type, kind), plain, where)
    if origin in (Union, types.UnionType):
        return _union(get_args(kind), plain, where)
    if origin is Literal:
        return _checked(plain, plain in get_args(kind), where)
    if origin is tuple:
        return _tuple(get_args(kind), plain, where)
    if origin is np.ndarray:
        return _array(plain, where, np.uint8 in get_args(get_args(kind)[1]))
    if kind is types.NoneType:
        return _checked(plain, plain is None, where)
    if kind is float:
        return _number(plain, where)
    return _checked(plain, type(plain) is kind, where)  # True is an int to isinstance, not here


def _checked(plain: Any, good: bool, where: str) -> Any:
    if not good:
        raise ValueError(f"{where} is not usable")
    return plain


def _number(plain: Any, where: str) -> float:
    if isinstance(plain, str) and plain in _NOT_FINITE:
        return _NOT_FINITE[plain]
    _checked(plain, type(plain) in (int, float), where)
    try:
        return float(plain)
    except OverflowError:
        raise ValueError(f"{where} is not usable") from None


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _dataclass(kind: type, plain: Any, where: str) -> Any:
    """What is not there takes its default, where it has one; what is not known is left."""
    _checked(plain, isinstance(plain, dict), where)
    known = {}
    for field in fields(kind):
        if field.name in plain:
            known[field.name] = _read(_hints(kind)[field.name], plain[field.name], f"{where}.{field.name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{where}.{field.name} is missing")
    return kind(**known)


def _union(kinds: tuple[Any, ...], plain: Any, where: str) -> Any:
    """The first that fits: ``bool | int | float | str`` tells True from 1 and 1 from 1.0."""
    for kind in kinds:
        if kind is float and type(plain) is int and int in kinds:
            continue
        if kind is float and isinstance(plain, str) and str in kinds:
            continue
        try:
            return _read(kind, plain, where)
        except ValueError:
            continue
    raise ValueError(f"{where} is not usable")


def _tuple(kinds: tuple[Any, ...], plain: Any, where: str) -> tuple[Any, ...]:
    _checked(plain, isinstance(plain, list), where)
    if kinds[-1] is Ellipsis:
        return tuple(_read(kinds[0], each, f"{where}[{at}]") for at, each in enumerate(plain))
    _checked(plain, len(plain) == len(kinds), where)
    return tuple(_read(kind, each, f"{where}[{at}]") for at, (kind, each) in enumerate(zip(kinds, plain, strict=True)))


def _array(plain: Any, where: str, of_bytes: bool) -> np.ndarray:
    _checked(plain, isinstance(plain, dict), where)
    kind = "uint8" if of_bytes else "float32" if "float32" in plain else "float64"
    content, shape = plain.get(kind), plain.get("shape")
    if isinstance(content, list) and not of_bytes:
        return _numbers([_number(each, where) for each in content], kind, where)
    _checked(plain, isinstance(content, str) and isinstance(shape, list), where)
    _checked(plain, all(type(n) is int and n >= 0 for n in shape) and 0 < math.prod(shape) <= _MOST_NUMBERS, where)
    try:
        read = np.frombuffer(base64.b64decode(content, validate=True), dtype=np.dtype(kind).newbyteorder("<"))
    except (ValueError, binascii.Error):
        raise ValueError(f"{where} is not usable") from None
    return cast(np.ndarray, _checked(read, read.size == math.prod(shape), where)).reshape(shape).astype(kind)


def _numbers(numbers: list[float], kind: str, where: str) -> np.ndarray:
    """A finite number that ``kind`` cannot hold is damage, not an infinity."""
    try:
        with np.errstate(over="raise"):
            return np.array(numbers, dtype=kind)
    except FloatingPointError:
        raise ValueError(f"{where} is not usable") from None
