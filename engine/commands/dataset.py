"""``dataset``: what the model says of every example of a file, and how good that is."""

import argparse
import sys
from pathlib import Path
from typing import Any

from engine.atomic_file import save
from engine.commands.shared import Parser, add_model, kind_of, open_in_workbench, run_job, write_json
from engine.dataset_results import PredictionsResult
from engine.errors import UserError
from engine.requests import (
    DEFAULT_METHOD,
    AttributionRequest,
    DatasetReportRequest,
    DataSource,
    ExplainRowsRequest,
    PredictionsRequest,
    TextInput,
)


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
    dataset.add_argument("--errors", action="store_true", help="CSV: only the rows that are wrong")
    dataset.add_argument("--method", metavar="ID", help="explain each row that is written: CSV gets the column top_tokens")
    dataset.add_argument("--report", metavar="FILE.html", type=Path, help="write a page with confusion, errors and words as well")
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
    request = PredictionsRequest(info.sha256, source)
    explanation = AttributionRequest(info.sha256, TextInput(""), method=options.method or DEFAULT_METHOD, seed=options.seed)
    result: PredictionsResult = run_job(workbench.job_for(request), options)
    for warning in result.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
    if options.report is not None:
        page = run_job(workbench.job_for(DatasetReportRequest(request, explanation)), options)
        save(options.report, page.html)
    if kind == ".json":
        write_json(dataset_to_json(result), options)
        return
    rows = errors_of(result) if options.errors else list(range(result.data.rows))
    top = None if options.method is None else _top_tokens(options, workbench, result, rows, explanation)
    save(options.out, dataset_to_csv(result, rows, top))


def _top_tokens(
    options: argparse.Namespace, workbench: Any, result: PredictionsResult, rows: list[int], explanation: AttributionRequest
) -> dict[int, list[tuple[str, float]]]:
    from engine.datasets.explanations import top_tokens
    from engine.export.dataset_files import TOP_TOKENS

    asked = ExplainRowsRequest(result.data.source, tuple(rows), explanation, result.data.sha256)
    found = run_job(workbench.job_for(asked), options)
    return {explained.row: list(top_tokens(explained, TOP_TOKENS)) for explained in found.explained}
