"""``explain``: why the model said that."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.atomic_file import save
from engine.commands.record import add_record, check_strictly, input_of
from engine.commands.shared import (
    Parser,
    add_image,
    add_model,
    add_target,
    add_text,
    kind_of,
    open_in_workbench,
    parse_parameter,
    run_job,
    target_of,
    write_json,
)
from engine.errors import UserError
from engine.heatmaps.grained import at_grain
from engine.inputs.grain import GRAINS
from engine.requests import DEFAULT_METHOD, AttributionRequest, Input
from engine.results import AttributionResult

Draw = Callable[[AttributionResult, Path], None]


def add(commands: Any, common: Parser) -> None:
    """The command."""
    explain = commands.add_parser("explain", parents=[common], help="why the model said that")
    add_model(explain)
    given = add_text(explain)
    add_image(given)
    add_record(explain, given)
    add_question(explain)
    explain.add_argument(
        "--grain", choices=GRAINS, default="token", help="put the pieces of a word, a sentence or a record's field together"
    )
    explain.set_defaults(run=_explain)


def add_question(parser: argparse.ArgumentParser) -> None:
    """How a text is explained; read by ``question_of``."""
    parser.add_argument("--text-pair", metavar="T", help="the second text, for models that read pairs")
    parser.add_argument("--method", metavar="ID", default=DEFAULT_METHOD, help="see: methods")
    add_target(parser)
    known = "text: zero, zero_all, pad, mask, unk, mean, text:…, random_document; image: black, grey, white, mean, blur, noise, "
    known += "image:PATH; record: zero, blank, mean; several are averaged"
    parser.add_argument("--baseline", metavar="ID", action="append", help=known)
    parser.add_argument("--background", metavar="FILE", help="texts that random_document is drawn from: a table or one a line")
    parser.add_argument("--reduction", choices=("sum", "mean", "l1", "l2", "signed_max", "none"))
    parser.add_argument("--layer", metavar="NAME", help="the layer that methods of the CAM family look at; inspect lists them")
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="a parameter of the method")


def question_of(options: argparse.Namespace, sha256: str, given: Input) -> AttributionRequest:
    """As ``add_question`` has it."""
    return AttributionRequest(
        sha256,
        given,
        target_of(options),
        options.method,
        tuple(options.baseline or ()),
        options.reduction,
        options.seed,
        (*(() if options.layer is None else (("layer", options.layer),)), *(parse_parameter(pair) for pair in options.set)),
        options.background,
    )


def _explain(options: argparse.Namespace, draw: Draw) -> None:
    from engine.export.json_file import to_json_text
    from engine.export.registry import KINDS

    kind = KINDS[kind_of(options.out, tuple(KINDS))]
    given = _given(options)
    workbench, info = open_in_workbench(options)
    check_strictly(options, given, info)
    request = question_of(options, info.sha256, given)
    result = at_grain(run_job(workbench.job_for(request), options), options.grain)
    for warning in result.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
    if options.out is None:
        write_json(to_json_text(result), options)
    elif kind.write is not None:
        save(options.out, kind.write(result))
    else:
        _draw(result, options.out, draw)


def _given(options: argparse.Namespace) -> Input:
    """The text, picture or record that is asked about."""
    if options.image is None:
        return input_of(options)
    if options.grain != "token" or options.text_pair is not None:
        raise UserError("A picture has no words; leave --grain and --text-pair out.", "arguments")
    from engine.inputs.image import image_input

    return image_input(options.image)


def _draw(result: AttributionResult, out: Path, draw: Draw) -> None:
    try:
        draw(result, out)
    except ModuleNotFoundError as error:
        library = (error.name or "a library").partition(".")[0]
        raise UserError(f"{out.suffix} needs {library}, which is not installed; .svg needs nothing more.", "no_qt") from None
