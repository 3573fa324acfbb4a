"""``over-training``: how the answer came about, at every training checkpoint that is kept beside a model."""

import argparse
import sys
from typing import Any

from engine.atomic_file import save
from engine.commands.explain import add_question, question_of
from engine.commands.record import add_record, check_strictly, input_of
from engine.commands.shared import Parser, add_model, add_text, kind_of, open_in_workbench, run_job, write_json
from engine.requests import OverTrainingRequest


def add(commands: Any, common: Parser) -> None:
    """The command."""
    over = commands.add_parser("over-training", parents=[common], help="the same map at every training checkpoint")
    add_model(over)
    add_record(over, add_text(over))
    add_question(over)
    over.add_argument("--checkpoint", metavar="NAME", action="append", default=[], help="only this one; several times for more")
    over.set_defaults(run=_over_training)


def _over_training(options: argparse.Namespace, draw: object) -> None:
    from engine.export.over_training_files import OVER_TRAINING_KINDS, to_json

    kind = OVER_TRAINING_KINDS[kind_of(options.out, tuple(OVER_TRAINING_KINDS))]
    given = input_of(options)
    workbench, info = open_in_workbench(options)
    check_strictly(options, given, info)
    request = OverTrainingRequest(question_of(options, info.sha256, given), tuple(options.checkpoint))
    result = run_job(workbench.job_for(request), options)
    for warning in result.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
    if options.out is None:
        write_json(to_json(result).decode(), options)
    elif kind.write is not None:
        save(options.out, kind.write(result))
