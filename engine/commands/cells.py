"""``cells``: what the cells of recurrent layers do."""

import argparse
import sys
from typing import Any

from engine.atomic_file import save
from engine.cell_names import Cell
from engine.commands.detect import add_corpus, scanned_of
from engine.commands.record import add_record, check_strictly, input_of
from engine.commands.shared import Parser, add_model, add_text, kind_of, open_in_workbench, run_job, write_json
from engine.errors import UserError
from engine.requests import CellsRequest, TracksRequest


def add(commands: Any, common: Parser) -> None:
    """The command."""
    cells = commands.add_parser("cells", parents=[common], help="gates and states of recurrent layers, at every token")
    add_model(cells)
    group = add_text(cells)
    add_record(cells, group)
    add_corpus(group, cells)
    cells.add_argument(
        "--unit", metavar="LAYER:INDEX[:DIRECTION]", action="append", default=[], help="only this cell; repeatable"
    )
    known = "only this quantity, such as forget_gate or cell_state; repeatable"
    cells.add_argument("--gate", metavar="NAME", action="append", default=[], help=known)
    cells.set_defaults(run=_cells)


def _cells(options: argparse.Namespace, draw: object) -> None:
    if options.corpus is not None:
        _corpus(options)
        return
    from engine.cells import check_cells
    from engine.export.cells_files import CELLS_KINDS

    kind = kind_of(options.out, tuple(CELLS_KINDS))
    chosen = tuple(dict.fromkeys(Cell.read(name) for name in options.unit))
    given = input_of(options)
    workbench, info = open_in_workbench(options)
    check_strictly(options, given, info)
    result = run_job(workbench.job_for(CellsRequest(info.sha256, given, quantities=tuple(options.gate))), options)
    check_cells(chosen, [layer.size for layer in result.layers])
    for warning in result.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
    content = CELLS_KINDS[kind](result, chosen)
    if options.out is None:
        write_json(content.decode("utf-8"), options)
    else:
        save(options.out, content)


def _corpus(options: argparse.Namespace) -> None:
    """One cell, or some quantities of all, over a corpus: streamed into a file."""
    if options.out is None:
        raise UserError("For a corpus, say with --out where to write: a file ending in .npz.", "arguments")
    kind_of(options.out, (".npz",))
    if len(options.unit) > 1:
        raise UserError("For a corpus, name one cell at a time.", "arguments")
    cell = Cell.read(options.unit[0]) if options.unit else None
    scanned = scanned_of(options)
    workbench, info = open_in_workbench(options)
    result = run_job(workbench.job_for(TracksRequest(info.sha256, scanned, str(options.out), cell)), options)
    for warning in result.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
