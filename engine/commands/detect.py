"""``detect``: which cells know that a position matches?"""

import argparse
import math
import sys
from dataclasses import replace
from typing import Any

from engine.cell_names import Cell
from engine.commands.shared import Parser, add_model, kind_of, open_in_workbench, run_job, write_json
from engine.detective import DetectResult
from engine.errors import UserError
from engine.requests import DetectRequest, How, Scanned, effect_request


def add(commands: Any, common: Parser) -> None:
    """The command."""
    detect = commands.add_parser("detect", parents=[common], help="rank every cell by how well it tells a pattern")
    add_model(detect)
    add_corpus(detect, detect, required=True)
    detect.add_argument("--pattern", metavar="REGEX", nargs="+", action="extend", default=[], help="group 1 marks, or the match")
    detect.add_argument("--predicate", metavar="NAME", help="in place of a pattern, such as inside_quotes")
    detect.add_argument("--column", metavar="NAME", help="in place of a pattern: what this column of a table says of each row")
    detect.add_argument("--text-column", metavar="NAME", help="a table (.csv, .tsv, .jsonl) is read row by row, the text is here")
    detect.add_argument("--gate", metavar="NAME", action="append", default=[], help="only this quantity; repeatable")
    detect.add_argument("--top", metavar="K", type=int, default=20, help="how many units to show")
    detect.add_argument(
        "--holdout", metavar="SHARE", type=float, default=0.5, help="of every file or table, at its end, for testing"
    )
    detect.add_argument("--shifts", metavar="N", type=int, default=200, help="of the labels, for the null")
    detect.add_argument(
        "--ablate",
        metavar="LAYER:INDEX",
        nargs="*",
        help="does the model use it? hold these cells (none named: the best)",
    )
    detect.add_argument("--hold", metavar="HOW", default="zero", help="where --ablate holds them: zero, mean or a number")
    detect.add_argument("--part", metavar="NAME", help="--ablate about this alternative or named group alone")
    detect.set_defaults(run=_detect)


def add_corpus(group: Any, parser: Parser, required: bool = False) -> None:
    """What is read; ``group``: of the parser, where it may be something else in its place."""
    known = "text files, folders of them, stdlib (Python's standard library) or stdlib:argparse,json"
    must = {"required": True} if required else {}
    group.add_argument("--corpus", metavar="FILE", nargs="+", action="extend", help=known, **must)
    parser.add_argument(
        "--limit", metavar="N", type=int, help="the most positions to read (default: what the cache has room for)"
    )


def scanned_of(options: argparse.Namespace) -> Scanned:
    """As ``add_corpus`` has it.

    Raises:
        UserError: a limit that is no limit.
    """
    if options.limit is not None and options.limit < 1:
        raise UserError("--limit takes a number above zero.", "arguments")
    return Scanned(tuple(options.corpus), tuple(options.gate), options.limit)


def _detect(options: argparse.Namespace, draw: object) -> None:
    from engine.export.detect_file import detect_to_json
    from engine.recurrent.columns import hypotheses_of

    kind_of(options.out, (".json",))
    if options.column is not None and options.ablate is not None:
        raise UserError("--ablate asks at places within texts, and a --column says one thing of a whole text.", "arguments")
    (how, value), cells = held_at(options.hold), tuple(map(Cell.read, options.ablate or ()))
    text_column = "" if options.text_column is None and options.column is not None else options.text_column
    request = DetectRequest(
        "",
        replace(scanned_of(options), text_column=text_column),
        tuple(options.pattern),
        options.predicate,
        column=options.column,
        top=options.top,
        holdout=options.holdout,
        shifts=options.shifts,
        seed=options.seed,
    )
    hypotheses_of(request)  # refused before a model is opened
    workbench, info = open_in_workbench(options)
    result = run_job(workbench.job_for(replace(request, model_sha256=info.sha256)), options)
    for warning in result.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
    ablation = None
    if options.ablate is not None:
        asked = effect_request(result.request, cells or (best_cell(result, options.part),), options.part, how, value)
        ablation = run_job(workbench.job_for(asked), options)
    write_json(detect_to_json(result, ablation), options)


def held_at(words: str) -> tuple[How, float]:
    """``--hold``.

    Raises:
        UserError: neither a word it knows nor a finite number.
    """
    if words == "zero":
        return "zero", 0.0
    if words == "mean":
        return "mean", 0.0
    try:
        value = float(words)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"--hold takes zero, mean or a number, not {words!r}.", "arguments")
    return "value", value


def best_cell(result: DetectResult, part: str | None) -> Cell:
    """Of the hypothesis, or of a part of it.

    Raises:
        UserError: nothing was ranked for it.
    """
    found = next((finding for finding in result.findings if part in (None, finding.pattern)), None)
    if found is None or not found.units:
        raise UserError("No unit was ranked for this; name cells after --ablate, or another --part.", "no_such_unit")
    return found.units[0].cell
