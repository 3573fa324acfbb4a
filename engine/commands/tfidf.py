"""``tfidf``: does attention go to the words that are rare in a corpus?"""

import argparse
import sys
from typing import Any, get_args

from engine.atomic_file import save
from engine.commands.attention import add_generation, generation_of
from engine.commands.shared import Parser, add_model, add_text, kind_of, open_in_workbench, run_job, text_of, write_json
from engine.errors import UserError
from engine.requests import AttentionRequest, HeadsMerged, Stack, TextInput, TfidfRequest


def add(commands: Any, common: Parser) -> None:
    """The command."""
    tfidf = commands.add_parser("tfidf", parents=[common], help="attention each word receives beside its TF-IDF in a corpus")
    add_model(tfidf)
    add_text(tfidf)
    known = "text files, tables, folders of them, or stdlib; each file, or each row of a table, is a document"
    tfidf.add_argument("--corpus", metavar="FILE", nargs="+", action="extend", required=True, help=known)
    tfidf.add_argument("--text-column", metavar="NAME", default="", help="of tables; without it the one that looks like a text")
    tfidf.add_argument("--layer", metavar="L", type=int, default=0, help="from 0")
    tfidf.add_argument("--head", metavar="H", default="mean", help="from 0, or mean or maximum of all heads (default: mean)")
    tfidf.add_argument("--stack", choices=get_args(Stack), default="self", help="of an encoder-decoder")
    tfidf.add_argument("--without-sinks", action="store_true", help="special tokens and the first token get nothing")
    tfidf.add_argument("--text-pair", metavar="T", help="the second text, for models that read pairs")
    tfidf.add_argument("--decoder-text", metavar="T", help="what the decoder of an encoder-decoder reads first")
    add_generation(tfidf)
    tfidf.set_defaults(run=_tfidf)


def _tfidf(options: argparse.Namespace, draw: object) -> None:
    from engine.export.tfidf_files import TFIDF_KINDS

    kind = kind_of(options.out, tuple(TFIDF_KINDS))
    head, generation = _head(options.head), generation_of(options)
    text = TextInput(text_of(options), options.text_pair)
    workbench, info = open_in_workbench(options)
    asked = AttentionRequest(info.sha256, text, generation, options.decoder_text)
    corpus = tuple(options.corpus)
    request = TfidfRequest(asked, corpus, options.layer, head, options.text_column, options.stack, options.without_sinks)
    result = run_job(workbench.job_for(request), options)
    for warning in result.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
    content = TFIDF_KINDS[kind](result)
    if options.out is None:
        write_json(content.decode("utf-8"), options)
    else:
        save(options.out, content)


def _head(said: str) -> int | HeadsMerged:
    for known in get_args(HeadsMerged):
        if said == known:
            merged: HeadsMerged = known
            return merged
    if not said.isdecimal() or len(said) > 9:
        raise UserError(f"--head takes a number from 0 on, mean or maximum, not {said!r}.", "arguments")
    return int(said)
