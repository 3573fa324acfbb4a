"""``dataset``: what the model says of every example of a file, and how good that is."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.atomic_file import save
from engine.commands.shared import Parser, add_model, kind_of, open_in_workbench, run_job, write_json
from engine.comparisons import BesideResult
from engine.dataset_results import PredictionsResult
from engine.errors import UserError
from engine.models.module_code import ALL
from engine.requests import (
    DEFAULT_METHOD,
    AggregateRequest,
    AttributionRequest,
    BesideRequest,
    CheckpointsRequest,
    ColumnFilter,
    ConsistencyRequest,
    DatasetReportRequest,
    DataSource,
    ExplainRowsRequest,
    NamedRows,
    NeighboursRequest,
    OtherModel,
    PredictionsRequest,
    Selection,
    SliceRequest,
    SlicesRequest,
    TextInput,
)

MOST_EXPLAINED = 50  # errors, and rows that are right, that --aggregate sums up


def add(commands: Any, common: Parser) -> None:
    """The command."""
    dataset = commands.add_parser("dataset", parents=[common], help="predict every example of a file, and count")
    add_model(dataset)
    dataset.add_argument("data", metavar="DATA", help="a CSV, TSV, JSONL or Parquet file, or a text with an example a line")
    dataset.add_argument("--text-column", metavar="C", help="where the texts are (default: guessed)")
    dataset.add_argument("--pair-column", metavar="C", help="where the second texts of pairs are; empty: there are none")
    dataset.add_argument("--label-column", metavar="C", action="append", help="where the labels are; several: each is yes or no")
    dataset.add_argument("--label", metavar="DATA=MODEL", action="append", default=[], help="the data's word for a label")
    dataset.add_argument("--delimiter", metavar="D", help="between cells (default: found)")
    dataset.add_argument("--encoding", metavar="NAME", help="such as utf-8 or cp1252 (default: found)")
    dataset.add_argument("--quotes", choices=("double", "none"), help="whether they hold cells together (default: found)")
    dataset.add_argument("--header", choices=("yes", "no"), help="whether the first line names the columns (default: found)")
    dataset.add_argument("--errors", action="store_true", help="CSV: only the rows that are wrong; of numbers, the worst first")
    dataset.add_argument("--method", metavar="ID", help="explain each row that is written: CSV gets the column top_tokens")
    dataset.add_argument("--report", metavar="FILE.html", type=Path, help="write a page with confusion, errors and words as well")
    rules = "JSON: does the prediction stay when texts are rewritten? by these rules (none named: all)"
    dataset.add_argument("--consistency", metavar="RULE", nargs="*", help=rules)
    dataset.add_argument(
        "--rule",
        metavar=("REGEX", "REPLACEMENT"),
        nargs=2,
        action="append",
        default=[],
        help="--consistency by a rule of your own",
    )
    dataset.add_argument("--aggregate", action="store_true", help="JSON: words of the worst errors, and of rows that are right")
    dataset.add_argument("--nearest", metavar="ROW", type=int, help="JSON: the rows that the model takes for most like this one")
    dataset.add_argument(
        "--beside",
        metavar="MODEL2|CHECKPOINT",
        help="a second model, or a checkpoint of this one: CSV gets its predictions and what flips, JSON the comparison",
    )
    dataset.add_argument("--checkpoints", action="store_true", help="JSON: the same at every training checkpoint")
    dataset.add_argument(
        "--slices",
        metavar="COLUMN=VALUE",
        nargs=2,
        help="JSON: rows of one kind beside rows of another, such as correct=no and correct=yes",
    )
    dataset.set_defaults(run=_dataset)


def source_of(options: argparse.Namespace) -> DataSource:
    """How the data are read.

    Raises:
        UserError: a label without an equals sign.
    """
    wrong = next((pair for pair in options.label if "=" not in pair), None)
    if wrong is not None:
        raise UserError(f"--label takes DATA=MODEL, not {wrong!r}.", "arguments")
    return DataSource(
        path=str(Path(options.data).expanduser().absolute()),
        delimiter="\t" if options.delimiter == "\\t" else options.delimiter,
        encoding=options.encoding,
        quoted=None if options.quotes is None else options.quotes == "double",
        header=None if options.header is None else options.header == "yes",
        text=options.text_column,
        pair=options.pair_column,
        labels=None if options.label_column is None else tuple(filter(None, options.label_column)),
        names=tuple((name, label) for name, _, label in (pair.rpartition("=") for pair in options.label)),
    )


def _dataset(options: argparse.Namespace, draw: object) -> None:
    from engine.export.dataset_files import dataset_to_csv, dataset_to_json, errors_of

    kind = kind_of(options.out, (".json", ".csv"))
    if options.report is not None:
        kind_of(options.report, (".html",))
    source = source_of(options)
    workbench, info = open_in_workbench(options)
    source = replace(source, fields=tuple(field.name for field in info.fields))
    request = PredictionsRequest(info.sha256, source)
    explanation = AttributionRequest(info.sha256, TextInput(""), method=options.method or DEFAULT_METHOD, seed=options.seed)
    result: PredictionsResult = run_job(workbench.job_for(request), options)
    for warning in result.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
    if options.report is not None:
        page = run_job(workbench.job_for(DatasetReportRequest(request, explanation)), options)
        save(options.report, page.html)
    if kind == ".json":
        write_json(dataset_to_json(result, _more(options, workbench, result, explanation)), options)
        return
    rows = errors_of(result) if options.errors else list(range(result.data.rows))
    top = None if options.method is None else _top_tokens(options, workbench, result, rows, explanation)
    beside = None if options.beside is None else _beside(options, workbench, result)
    save(options.out, dataset_to_csv(result, rows, top, beside))


def _more(
    options: argparse.Namespace, workbench: Any, result: PredictionsResult, explanation: AttributionRequest
) -> dict[str, Any]:
    """What else was asked for, as keys."""
    from engine.datasets.explanations import check_rows
    from engine.datasets.report import slices_of
    from engine.datasets.rewrites import RULES
    from engine.export.comparison_files import beside_as_dict, checkpoints_as_list, slices_as_dict
    from engine.export.dataset_findings import aggregate_as_dict, consistency_as_dict, neighbours_as_list

    found: dict[str, Any] = {}
    sha256, data = result.request.model_sha256, result.data
    everything = np.arange(data.rows)
    if options.consistency is not None or options.rule:
        rules = tuple(RULES) if options.consistency == [] else tuple(options.consistency or ())
        own = tuple((pattern, other) for pattern, other in options.rule)
        rows = tuple(everything.tolist())
        rewriting = ConsistencyRequest(sha256, data.source, rows, rules, own, data.sha256, seed=options.seed)
        found["consistency"] = consistency_as_dict(run_job(workbench.job_for(rewriting), options))
    if options.aggregate:
        slices = slices_of(result, everything, MOST_EXPLAINED)
        summing = AggregateRequest(data.source, slices, explanation, data.sha256)
        found["aggregate"] = aggregate_as_dict(run_job(workbench.job_for(summing), options))
    if options.nearest is not None:
        check_rows((options.nearest,), data)
        text = data.input_of(options.nearest)
        asked = NeighboursRequest(sha256, data.source, text, options.nearest, data_sha256=data.sha256)
        found["neighbours"] = neighbours_as_list(run_job(workbench.job_for(asked), options))
    if options.beside is not None:
        found["beside"] = beside_as_dict(_beside(options, workbench, result))
    if options.checkpoints:
        over = run_job(workbench.job_for(CheckpointsRequest(result.request)), options)
        found["checkpoints"] = checkpoints_as_list(over)
    if options.slices is not None:
        both = [_slice(workbench, options, result.request, each) for each in options.slices]
        comparing = SlicesRequest(result.request, (both[0], both[1]), seed=options.seed)
        found["slices"] = slices_as_dict(run_job(workbench.job_for(comparing), options))
    return found


def _beside(options: argparse.Namespace, workbench: Any, result: PredictionsResult) -> BesideResult:
    """A checkpoint of the model where it has one of that name, else what lies in that path."""
    named = options.beside in result.model.checkpoints
    other = OtherModel(
        path="" if named else options.beside,
        checkpoint=options.beside if named else "",
        accept_reinitialised=options.accept_reinitialised,
        trust=(ALL,) if options.trust else (),
    )
    found: BesideResult = run_job(workbench.job_for(BesideRequest(result.request, other, seed=options.seed)), options)
    for warning in found.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
    return found


def _slice(workbench: Any, options: argparse.Namespace, predictions: PredictionsRequest, named: str) -> NamedRows:
    """Rows whose column holds that value.

    Raises:
        UserError: there is no equals sign, no such column, or no such row.
    """
    column, equals, value = named.partition("=")
    if not equals:
        raise UserError(f"--slices takes COLUMN=VALUE, not {named!r}.", "arguments")
    chosen = run_job(workbench.job_for(SliceRequest(predictions, Selection((ColumnFilter(column, (value,)),)))), options)
    return NamedRows(named, tuple(chosen.rows.tolist()))


def _top_tokens(
    options: argparse.Namespace, workbench: Any, result: PredictionsResult, rows: list[int], explanation: AttributionRequest
) -> dict[int, list[tuple[str, float]]]:
    from engine.datasets.explanations import top_tokens
    from engine.export.dataset_files import TOP_TOKENS

    asked = ExplainRowsRequest(result.data.source, tuple(rows), explanation, result.data.sha256)
    found = run_job(workbench.job_for(asked), options)
    return {explained.row: list(top_tokens(explained, TOP_TOKENS)) for explained in found.explained}
