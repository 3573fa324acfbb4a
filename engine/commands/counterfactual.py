"""``counterfactual``: the least that would have to be different for another answer, or what an edit of one's own changes."""

import argparse
import sys
from typing import Any

from engine.commands.shared import Parser, add_model, add_text, kind_of, open_in_workbench, run_job, text_of, write_json
from engine.errors import UserError
from engine.requests import DEFAULT_METHOD, AttributionRequest, CounterfactualRequest, EditRequest, HeadsMerged, Target, TextInput


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
    edit = found.add_argument_group("an edit of your own", "What it changes, word by word, instead of a search.")
    edit.add_argument("--edited", metavar="T2", help="the text as it was edited")
    edit.add_argument("--edited-pair", metavar="T2", help="the second text as it was edited (default: as it was)")
    edit.add_argument("--target", metavar="LABEL", default="predicted", help="what is explained of both (default: of --text)")
    edit.add_argument("--versus", metavar="LABEL", help="explain the target's score minus this one's")
    edit.add_argument("--method", metavar="ID", default=DEFAULT_METHOD, help="how it is explained")
    edit.add_argument("--layer", metavar="L", type=int, help="whose attention is compared (default: the last)")
    edit.add_argument("--head", metavar="H", type=_head, default="mean", help="a number, mean or maximum (default: mean)")
    found.set_defaults(run=_counterfactual)


def _head(text: str) -> int | HeadsMerged:
    named: dict[str, HeadsMerged] = {"mean": "mean", "maximum": "maximum"}
    if text not in named and not text.isdecimal():
        raise argparse.ArgumentTypeError("must be a number, mean or maximum")
    return named[text] if text in named else int(text)


def _counterfactual(options: argparse.Namespace, draw: object) -> None:
    from engine.export.dataset_findings import counterfactual_to_json
    from engine.export.edit_file import edit_to_json

    kind_of(options.out, (".json",))
    if options.edited is None and options.edited_pair is not None:
        raise UserError("--edited-pair is the second text of an edit; give its first one with --edited.", "arguments")
    text = TextInput(text_of(options), options.text_pair)
    workbench, info = open_in_workbench(options)
    request: CounterfactualRequest | EditRequest
    if options.edited is None:
        request = CounterfactualRequest(info.sha256, text, options.kind, options.to, options.fill, options.most)
    else:
        request = _edit(options, info.sha256, text)
    result = run_job(workbench.job_for(request), options)
    for warning in result.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
    write_json(counterfactual_to_json(result) if options.edited is None else edit_to_json(result), options)


def _edit(options: argparse.Namespace, sha256: str, text: TextInput) -> EditRequest:
    target = Target(options.target, versus=options.versus)
    before = AttributionRequest(sha256, text, target, options.method, seed=options.seed)
    after = TextInput(options.edited, text.pair if options.edited_pair is None else options.edited_pair)
    return EditRequest(before, after, layer=options.layer, head=options.head)
