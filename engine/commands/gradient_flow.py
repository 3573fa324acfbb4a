"""``gradient-flow``: how much of the score's gradient reaches each layer, token and step."""

import argparse
import sys
from typing import Any

from engine.atomic_file import save
from engine.commands.record import add_record, check_strictly, input_of
from engine.commands.shared import (
    Parser,
    add_model,
    add_target,
    add_text,
    kind_of,
    open_in_workbench,
    run_job,
    target_of,
    write_json,
)
from engine.requests import GradientFlowRequest


def add(commands: Any, common: Parser) -> None:
    """The command."""
    flow = commands.add_parser("gradient-flow", parents=[common], help="how much of the gradient reaches each layer and step")
    add_model(flow)
    add_record(flow, add_text(flow))
    flow.add_argument("--text-pair", metavar="T", help="the second text, for models that read pairs")
    add_target(flow)
    flow.set_defaults(run=_gradient_flow)


def _gradient_flow(options: argparse.Namespace, draw: object) -> None:
    from engine.export.flow_files import FLOW_KINDS, to_json

    kind = FLOW_KINDS[kind_of(options.out, tuple(FLOW_KINDS))]
    given = input_of(options)
    workbench, info = open_in_workbench(options)
    check_strictly(options, given, info)
    result = run_job(workbench.job_for(GradientFlowRequest(info.sha256, given, target_of(options))), options)
    for warning in result.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
    if options.out is None:
        write_json(to_json(result).decode(), options)
    elif kind.write is not None:
        save(options.out, kind.write(result))
