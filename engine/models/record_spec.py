"""What ``model.json`` may say of the fields of a record, and the checks before any of it is believed."""

from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from typing import Any, get_args

from engine.errors import LoadError
from engine.records import Align, FieldKind, RecordField

MOST_FIELDS, WIDEST, LONGEST_RECORD = 1_000, 1_000, 10_000  # a record is a row, not a document
_LONGEST_NAME, _LONGEST_UNIT = 200, 20


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """The fields in the order in which the model reads them. ``unit``: of what a regression says, such as minutes."""

    fields: tuple[RecordField, ...]
    unit: str = ""

    @property
    def width(self) -> int:
        """In characters, of the whole record."""
        return sum(field.width for field in self.fields)


def read_layout(description: Any) -> RecordLayout:
    """``{"fields": [{"name", "width", "align", "pad", "kind", "choices"}], "unit"}``.

    Raises:
        LoadError: the part that is wrong, and what it may be.
    """
    known = isinstance(description, dict) and {"fields"} <= set(description) <= {"fields", "unit"}
    _require(known, "record must hold “fields”, and nothing else but “unit”")
    _require(isinstance(description["fields"], list), "the fields of record must be a list")
    _require(0 < len(description["fields"]) <= MOST_FIELDS, f"a record has 1 to {MOST_FIELDS:,} fields")
    fields_read = tuple(_field(at, each) for at, each in enumerate(description["fields"]))
    layout = RecordLayout(fields_read, description.get("unit", ""))
    check_layout(layout)
    return layout


def _field(at: int, description: Any) -> RecordField:
    _require(isinstance(description, dict), f"field {at} of record must be an object")
    known = {f.name: f for f in fields(RecordField)}
    unknown = sorted(set(description) - set(known))
    missing = [name for name, f in known.items() if f.default is MISSING and name not in description]
    _require(not unknown, f"field {at} of record has a “{unknown[0] if unknown else ''}” that is not known")
    _require(not missing, f"field {at} of record lacks its {missing[0] if missing else ''}")
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in description.items()}
    return RecordField(**values)


def check_layout(layout: RecordLayout) -> None:
    """Refuse what no record could be laid out by.

    Raises:
        LoadError: the part that is wrong, and what it may be.
    """
    _require(0 < len(layout.fields) <= MOST_FIELDS, f"a record has 1 to {MOST_FIELDS:,} fields")
    for at, field in enumerate(layout.fields):
        _check_field(at, field)
    names = [field.name for field in layout.fields]
    twice = next((name for name in names if names.count(name) > 1), None)
    _require(twice is None, f"the field {twice} of record is there twice")
    unit = layout.unit
    is_unit = isinstance(unit, str) and len(unit) <= _LONGEST_UNIT and unit.isprintable()
    _require(is_unit, f"unit of record must be a text of at most {_LONGEST_UNIT} characters")
    _require(layout.width <= LONGEST_RECORD, f"a record has at most {LONGEST_RECORD:,} characters")


def _check_field(at: int, field: RecordField) -> None:
    name = field.name
    named = isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and name == name.strip() and name.isprintable()
    _require(named, f"field {at} of record needs a name that can be read")
    is_width = type(field.width) is int and 1 <= field.width <= WIDEST
    _require(is_width, f"the width of {name} must be a whole number from 1 to {WIDEST:,}")
    _require(field.align in get_args(Align), f"align of {name} must be left or right")
    _require(isinstance(field.pad, str) and len(field.pad) == 1, f"pad of {name} must be one character")
    _require(field.kind in get_args(FieldKind), f"kind of {name} must be {_listed(get_args(FieldKind))}")
    texts = isinstance(field.choices, tuple) and all(isinstance(choice, str) for choice in field.choices)
    _require(texts, f"choices of {name} must be a list of texts")
    _require(bool(field.choices) == (field.kind == "choice"), f"choices go with the kind choice, and {name} is {field.kind}")
    fitting = all(0 < len(choice) <= field.width and choice == choice.strip() for choice in field.choices)
    _require(fitting, f"every choice of {name} must fit into its {field.width} characters")


def check_pads(layout: RecordLayout, vocabulary: Iterable[str]) -> None:
    """Refuse a layout whose blanks the model could not read.

    Raises:
        LoadError: a pad is not in the vocabulary.
    """
    known = set(vocabulary)
    for field in layout.fields:
        _require(field.pad in known, f"pad of {field.name}, {field.pad!r}, is not in the vocabulary")


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise LoadError(f"model.json: {what}.", "bad_description")
