"""``import``: a bare file of weights kept as a recurrent folder."""

import argparse
import sys
from pathlib import Path
from typing import Any

from engine.checkpoints import SOURCE_WORDS, CheckpointFinding, ImportResult, ImportTrial
from engine.commands.shared import Parser, kind_of, run_job, text_of, write_json
from engine.errors import UserError
from engine.requests import ImportAnswers, ImportRequest

SAMPLE_TEXT = "Not once does it come close to being exciting. The film was good, and the ending is the best part of it."


def add(commands: Any, common: Parser) -> None:
    """The command."""
    importer = commands.add_parser("import", parents=[common], help="keep a bare file of weights as a recurrent folder")
    importer.add_argument("checkpoint", metavar="CHECKPOINT", help="a .pt, .pth, .bin, .ckpt, .tar or .safetensors file")
    importer.add_argument("folder", metavar="DIR", help="the folder to make; it must not exist, or be empty")
    importer.add_argument("--vocabulary", metavar="FILE", help="JSON, or one entry a line; else as found in or beside it")
    importer.add_argument("--tokeniser", metavar="word|char|REGEX", help="how texts are cut into entries of the vocabulary")
    importer.add_argument("--lowercase", action=argparse.BooleanOptionalAction, help="whether pieces are lower-cased first")
    importer.add_argument("--unknown", metavar="TOKEN|ID", help="the entry for whatever is in no vocabulary, or none")
    importer.add_argument("--padding", metavar="TOKEN|ID", help="the entry that stands for nothing, or none")
    importer.add_argument("--labels", metavar="A,B,C", help="the names of the outputs, in their order")
    importer.add_argument("--readout", metavar="last|last_step|mean|max", help="which hidden states the linear layers read")
    importer.add_argument("--activation", metavar="relu|tanh|…", help="between linear layers; one for all, or with commas")
    importer.add_argument("--task", metavar="T", help="text_classification, multi_label, regression or causal_lm")
    text = importer.add_mutually_exclusive_group()
    text.add_argument("--text", metavar="T", default=SAMPLE_TEXT, help="what it is tried on")
    text.add_argument("--text-file", metavar="FILE", type=Path)
    importer.set_defaults(run=_import)


def _import(options: argparse.Namespace, draw: object) -> None:
    from engine.export.json_file import import_as_dict, strict
    from engine.workbench import Workbench

    kind_of(options.out, (".json",))
    if not options.folder:
        raise UserError("DIR is empty; name the folder to make.", "arguments")
    lowercase = None if options.lowercase is None else "yes" if options.lowercase else "no"
    names = ("task", "vocabulary", "tokeniser", "unknown", "padding", "labels", "readout", "activation")
    answers = ImportAnswers(lowercase=lowercase, **{name: getattr(options, name) for name in names})
    request = ImportRequest(options.checkpoint, answers, options.folder, text_of(options))
    result: ImportResult = run_job(Workbench().job_for(request), options)
    if not options.quiet:
        print(in_words(result.finding, result.trial), file=sys.stderr)
    write_json(strict(import_as_dict(result)), options)


def in_words(finding: CheckpointFinding, trial: ImportTrial | None) -> str:
    """The table of tensors, what was assumed, and how the model fares."""
    rows = [(tensor.name, " × ".join(map(str, tensor.shape)), tensor.taken_for) for tensor in finding.tensors]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"{name:<{widths[0]}}  {shape:>{widths[1]}}  {words}" for name, shape, words in rows]
    lines += ["", finding.model.architecture, *finding.settled]
    for question in finding.questions:
        why = f" ({question.why})" if question.why not in ("", question.value) else ""
        lines.append(f"{question.title}: {question.value} – {SOURCE_WORDS[question.source]}{why}")
    lines += [f"Note: {notice.message}" for notice in finding.warnings]
    return "\n".join([*lines, *(_trial_in_words(trial) if trial else ())])


def _trial_in_words(trial: ImportTrial) -> list[str]:
    shown = ", ".join(repr(piece) for piece in trial.unknown_pieces[:8])
    lines = [f"Of {trial.pieces} pieces of the text, the vocabulary has {100 * trial.coverage:.0f} %."]
    if shown:
        lines[0] = f"{lines[0][:-1]}; it has not {shown}."
    if trial.perplexity is not None:
        bits = f", {trial.bits_per_character:.2f} bits per character" if trial.bits_per_character is not None else ""
        lines.append(f"Perplexity {trial.perplexity:.4g}{bits}; {trial.choices:,} would be a blind guess.")
    if trial.prediction is not None:
        first = trial.prediction.predicted
        share = f" ({first.probability:.3f})" if first.probability is not None else f" {first.logit:.4g}"
        lines.append(f"It says: {first.label!r}{share}" if first.label is not None else f"It says:{share}")
    return lines
