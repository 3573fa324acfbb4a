"""``counterfactual``: the least that would have to be different for another answer."""

import argparse
import sys
from typing import Any

from engine.commands.shared import Parser, add_model, add_text, kind_of, open_in_workbench, run_job, text_of, write_json
from engine.requests import CounterfactualRequest, TextInput


def add(commands: Any, common: Parser) -> None:
    """The command."""
    known = CounterfactualRequest("", TextInput(""))
    found = commands.add_parser("counterfactual", parents=[common], help="the fewest words removed, or tokens swapped, to flip")
    add_model(found)
    add_text(found)
    found.add_argument("--text-pair", metavar="T", help="the second text, for models that read pairs")
    found.add_argument("--kind", choices=("remove", "swap"), default=known.kind, help="words removed, or swaps after HotFlip")
    found.add_argument("--to", metavar="LABEL", help="the class that is wanted (default: any other)")
    found.add_argument(
        "--fill", metavar="ID", default=known.fill, help="baseline in place of a removed word, while it is searched"
    )
    found.add_argument("--most", metavar="N", type=int, default=known.most, help="changes that are tried")
    found.set_defaults(run=_counterfactual)


def _counterfactual(options: argparse.Namespace, draw: object) -> None:
    from engine.export.dataset_findings import counterfactual_to_json

    kind_of(options.out, (".json",))
    text = TextInput(text_of(options), options.text_pair)
    workbench, info = open_in_workbench(options)
    request = CounterfactualRequest(info.sha256, text, options.kind, options.to, options.fill, options.most)
    result = run_job(workbench.job_for(request), options)
    for warning in result.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
    write_json(counterfactual_to_json(result), options)
