"""Records as a model reads them: fields of fixed width, one behind the other, each a run of characters. Torch-free."""

import csv
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.errors import UserError
from engine.requests import RecordInput

Align = Literal["left", "right"]
FieldKind = Literal["text", "integer", "number", "choice"]
KIND_WORDS: dict[FieldKind, str] = {"text": "text", "integer": "a whole number", "number": "a number", "choice": "one of a few"}
_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SHOWN = 12  # choices, and names of fields, in a sentence
_DELIMITERS = ("\t", ",", ";")
_LONGEST_SHOWN = 40  # characters of a value


@dataclass(frozen=True, slots=True)
class RecordField:
    """One field.

    Args:
        width: in characters.
        align: where a shorter value stands.
        pad: the character around it; a field of nothing else is blank.
        kind: what its values are; ``choices`` are those of ``choice``.
    """

    name: str
    width: int
    align: Align = "left"
    pad: str = " "
    kind: FieldKind = "text"
    choices: tuple[str, ...] = ()

    @property
    def blank(self) -> str:
        """What stands for nothing."""
        return self.pad * self.width

    def laid_out(self, value: str) -> str:
        """``value`` at the field's width; what is too long loses its end."""
        cut = value[: self.width]
        return cut.rjust(self.width, self.pad) if self.align == "right" else cut.ljust(self.width, self.pad)

    def fault(self, value: str) -> str:
        """What is wrong with a value that is not empty, as the end of a sentence; empty: nothing."""
        if self.kind == "choice" and value not in self.choices:
            known = ", ".join(self.choices[:_SHOWN]) + (", …" if len(self.choices) > _SHOWN else "")
            return f"is {_quoted(value)}, which is none of {known}"
        if self.kind == "integer" and _WHOLE.fullmatch(value) is None:
            return f"should be a whole number, and is {_quoted(value)}"
        if self.kind == "number" and (_DECIMAL.fullmatch(value) is None or not math.isfinite(float(value))):
            return f"should be a number, and is {_quoted(value)}"
        return ""


@dataclass(frozen=True, slots=True)
class FieldSpan:
    """Where a field stands in the text that was laid out: ``text[start:end]``. ``value`` as it was written.

    ``cut``: it was longer than the field. ``missing``: nothing was written.
    """

    name: str
    value: str
    start: int
    end: int
    cut: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A record as the model reads it. ``said``: what was done to make it fit, each (kind, sentence)."""

    text: str
    fields: tuple[FieldSpan, ...]
    said: tuple[tuple[str, str], ...]


def lay_out(fields: Sequence[RecordField], given: RecordInput) -> LaidOut:
    """Every field of the model in its order; what is missing is blank, what is too long is cut, and both are said.

    Raises:
        UserError: a field that the model does not have, one that is there twice, or nothing in any of them.
    """
    values = _values(fields, given)
    spans, text, at = [], [], 0
    for field in fields:
        value = values.get(field.name, "")
        text.append(field.laid_out(value))
        spans.append(FieldSpan(field.name, value, at, at + field.width, len(value) > field.width, not value))
        at += field.width
    return LaidOut("".join(text), tuple(spans), tuple(_said(fields, values)))


def blank_text(fields: Sequence[RecordField]) -> str:
    """A record of nothing."""
    return "".join(field.blank for field in fields)


def _values(fields: Sequence[RecordField], given: RecordInput) -> dict[str, str]:
    """By name, without white space at the ends, which the layout writes itself."""
    known = {field.name for field in fields}
    values: dict[str, str] = {}
    for name, value in given.fields:
        if name not in known:
            there = ", ".join(field.name for field in fields[:_SHOWN]) + (", …" if len(fields) > _SHOWN else "")
            raise UserError(f"The model has no field {_quoted(name)}; it reads {there}.", "no_such_field")
        if name in values:
            raise UserError(f"The field {name} is there twice; give it once.", "field_twice")
        values[name] = unicodedata.normalize("NFC", value).strip()
    if not any(values.values()):
        raise UserError("There is no record yet; fill in a field.", "empty_text")
    return values


def _said(fields: Sequence[RecordField], values: dict[str, str]) -> list[tuple[str, str]]:
    said = []
    missing = [field.name for field in fields if not values.get(field.name)]
    if missing:
        some = "One field is" if len(missing) == 1 else "Some fields are"
        said.append(("missing_field", f"{some} missing and read as blank: {', '.join(missing)}."))
    for field in fields:
        value = values.get(field.name, "")
        if len(value) > field.width:
            cut = value[: field.width]
            words = f"The field {field.name} is longer than its {field.width} characters: {_quoted(value)} was cut to “{cut}”."
            said.append(("cut", words))
        fault = field.fault(value) if 0 < len(value) <= field.width else ""
        if fault:
            said.append(("wrong_type", f"The field {field.name} {fault}; it was read as it stands."))
    return said


def _quoted(value: str) -> str:
    line = " ".join(value.split())
    return f"“{line}”" if len(line) <= _LONGEST_SHOWN else f"“{line[: _LONGEST_SHOWN - 1]}…”"


def record_of_row(text: str, fields: Sequence[RecordField]) -> RecordInput:
    """A line of a table as it was copied: cells in the order of the fields, or under a line of their names. Others are left.

    Raises:
        UserError: it has fewer cells than the record has fields.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    rows = max(
        (list(csv.reader(lines[:2], delimiter=mark)) for mark in _DELIMITERS), key=lambda rows: len(rows[0]) if rows else 0
    )
    names = [field.name for field in fields]
    if not rows:
        raise UserError("There is no row to paste; copy one first.", "no_row")
    if len(rows) > 1 and set(names) & {cell.strip() for cell in rows[0]}:
        return _filled(zip((cell.strip() for cell in rows[0]), rows[1], strict=False), names)
    if len(rows[0]) < len(names):
        known = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
        raise UserError(f"That row has {len(rows[0])} cells, and a record {len(names)} fields: {known}.", "no_row")
    return _filled(zip(names, rows[0], strict=False), names)


def is_row(text: str, fields: Sequence[RecordField]) -> bool:
    """Whether ``text`` is more than one value, pasted."""
    if len(fields) < 2 or not text.strip():
        return False
    try:
        return len(record_of_row(text, fields).fields) > 0
    except UserError:
        return False


def filled(given: RecordInput) -> RecordInput:
    """Without the fields that hold nothing, and white space at the ends: of records that mean the same, one spelling."""
    return _filled(given.fields, [name for name, _ in given.fields])


def _filled(pairs: Iterable[tuple[str, str]], names: Sequence[str]) -> RecordInput:
    stripped = ((name, value.strip()) for name, value in pairs)
    return RecordInput(tuple((name, value) for name, value in stripped if value and name in names))
