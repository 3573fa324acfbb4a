"""``optimise``: the text that makes an output or a unit fire."""

import argparse
import sys
from typing import Any, get_args

from engine.atomic_file import save
from engine.commands.shared import (
    Parser,
    add_model,
    add_target,
    kind_of,
    open_in_workbench,
    parse_parameter,
    run_job,
    target_of,
    write_json,
)
from engine.errors import UserError
from engine.requests import OptimisationMode, OptimisationRequest, TextInput

SETTINGS = ("learning_rate", "pull")


def add(commands: Any, common: Parser) -> None:
    """The command."""
    known = OptimisationRequest("")
    optimise = commands.add_parser("optimise", parents=[common], help="the text that makes an output or a unit fire")
    add_model(optimise)
    add_target(optimise)
    modes = get_args(OptimisationMode)
    optimise.add_argument("--mode", choices=modes, default=known.mode, help="climb in embeddings, or swap one token at a time")
    optimise.add_argument("--tokens", type=int, metavar="N", default=known.tokens, help="how many, where none are given to start")
    optimise.add_argument("--start", metavar="T", help="begin at this text, all of it free; otherwise at random tokens")
    optimise.add_argument("--steps", type=int, metavar="N", default=known.steps)
    optimise.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help=f"one of {', '.join(SETTINGS)}")
    optimise.set_defaults(run=_optimise)


def _optimise(options: argparse.Namespace, draw: object) -> None:
    from engine.export.optimisation_file import to_csv, to_json_text

    kind = kind_of(options.out, (".json", ".csv"))
    settings = dict(_setting(pair) for pair in options.set)
    workbench, info = open_in_workbench(options)
    request = OptimisationRequest(
        info.sha256,
        target_of(options),
        options.mode,
        options.tokens,
        None if options.start is None else TextInput(options.start),
        options.steps,
        seed=options.seed,
        **settings,
    )
    result = run_job(workbench.job_for(request), options)
    for warning in result.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
    if kind == ".csv":
        save(options.out, to_csv(result))
    else:
        write_json(to_json_text(result), options)


def _setting(pair: str) -> tuple[str, float]:
    name, value = parse_parameter(pair)
    if name not in SETTINGS:
        raise UserError(f"There is no setting {name}; there are {' and '.join(SETTINGS)}.", "arguments")
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise UserError(f"{name} is a number, not {value!r}.", "arguments")
    return name, float(value)
