"""``--record``: one row of a table on the command line, as a JSON object."""

import argparse
import json
from typing import Any, NoReturn

from engine.commands.shared import text_of
from engine.errors import UserError
from engine.records import lay_out
from engine.requests import Input, RecordInput, TextInput
from engine.results import ModelInfo

_WORDS = {True: "true", False: "false", None: ""}


def add_record(parser: argparse.ArgumentParser, given: Any) -> None:
    """Beside a text, in the group of what is asked about; read by ``input_of``."""
    given.add_argument("--record", metavar="JSON", help='of a model that reads records: {"field": value, …}')
    parser.add_argument("--strict", action="store_true", help="refuse a record with missing, too long or mistyped fields")


def input_of(options: argparse.Namespace) -> Input:
    """What is asked about, a text or a record.

    Raises:
        UserError: it cannot be read.
    """
    if options.record is not None:
        return record_of(options.record)
    return TextInput(text_of(options), getattr(options, "text_pair", None))


def check_strictly(options: argparse.Namespace, given: Input, info: ModelInfo) -> None:
    """Raises: UserError: ``--strict``, and something would have to be done to make the record fit."""
    if not options.strict or not isinstance(given, RecordInput) or not info.fields:
        return
    said = lay_out(info.fields, given).said
    if said:
        raise UserError(f"{said[0][1]} With --strict that is refused.", said[0][0])


def record_of(text: str) -> RecordInput:
    """``{"field": value, …}``; numbers keep the digits they are written with, null is a field that is missing.

    Raises:
        UserError: it is no such object.
    """
    try:
        read = json.loads(text, object_pairs_hook=_pairs, parse_float=str, parse_int=str, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UserError(f'--record takes a JSON object such as {{"field": 1}} ({error}).', "arguments") from None
    if not isinstance(read, _Object):
        raise UserError('--record takes a JSON object such as {"field": 1}, not a list or a single value.', "arguments")
    return RecordInput(tuple((name, _written(name, value)) for name, value in read.pairs))


class _Object:
    """Pairs as they stand, so that a name that is there twice shows."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _pairs(pairs: list[tuple[str, Any]]) -> _Object:
    return _Object(pairs)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _written(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    raise UserError(f"The field {name} of --record holds a list or an object; give it one value.", "arguments")
